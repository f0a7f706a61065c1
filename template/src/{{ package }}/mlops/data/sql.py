"""Tables of kind `sql`: rows streamed from a database that SQLAlchemy reaches."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from ..base.errors import Misconfigured, MlopsError, Unreachable
from ..base.secrets import resolve
from ..base.settings import Table
from ..base.windows import Window
from .tables import Tables


def pieces(tables: Tables, name: str, window: Window | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of a window in frames of at most `scoring.batch_rows`, as they arrive.

    Raises Unreachable for a database that does not answer, MlopsError for one that says no.
    """
    table, rows = tables.table(name), tables.project.settings.scoring.batch_rows
    engine = _engine(name, table)
    try:
        with engine.connect().execution_options(yield_per=rows) as connection:  # streams, too
            result = connection.execute(_statement(table, window))
            names = list(result.keys())
            yield pd.DataFrame(columns=names)
            for part in result.partitions():
                yield pd.DataFrame.from_records(part, columns=names, coerce_float=True)
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).split("\n", maxsplit=1)[0]
        said = said.replace(str(engine.url.password or "\n"), "***")
        kind = Unreachable if isinstance(error, OperationalError) else MlopsError
        raise kind(f"table {name}: the database says: {said}; mend tables.{name}.") from None


def _engine(name: str, table: Table) -> sa.Engine:
    try:
        return sa.create_engine(resolve(table.address), poolclass=sa.NullPool)
    except ImportError as error:
        remedy = "add its driver, such as `uv add 'psycopg[binary]'`"
        raise Misconfigured(f"table {name}: {error}, which its address needs; {remedy}.") from None
    except (ArgumentError, ValueError):  # in whose words a password may stand
        form = "postgresql+psycopg://user:…@host/database"
        raise Misconfigured(f"table {name}: write its address as {form}.") from None


def _statement(table: Table, window: Window | None) -> Any:
    schema, _, plain = table.table.rpartition(".")
    source: Any = sa.table(plain, schema=schema or None)
    if table.query:  # a colon in there begins no parameter
        source = sa.text(table.query.rstrip("; \n").replace(":", r"\:")).columns().subquery("query")
    columns: Any = map(sa.column, table.columns) if table.columns else [sa.text("*")]
    statement = sa.select(*columns).select_from(source)
    if window is None or table.time is None:
        return statement
    time: Any = sa.column(table.time)  # which a database compares with dates, whatever its type
    return statement.where(time >= window.start.date(), time < window.end.ceil("D").date())
