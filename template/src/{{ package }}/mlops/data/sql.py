"""Tables of kind `sql`: rows streamed from a database through SQLAlchemy."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from ..base.errors import Misconfigured, MlopsError, Unreachable
from ..base.secrets import resolve
from ..base.settings import Table
from ..base.text import hide_values
from ..base.windows import Window
from .addresses import refuse_variables, remember
from .request import TableRequest

UNDECODED = "Could not decode"  # what SQLite says before a value that is not UTF-8


def read_pieces(request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield the rows of a window in frames of at most `scoring.batch_rows` rows, as they arrive.

    Raises Unreachable for a database that does not answer, and MlopsError for one that refuses.
    """
    with _connect(request) as connection:
        streaming = connection.execution_options(yield_per=request.batch_rows)
        result = streaming.execute(_statement(request.table, request.window))
        names = list(result.keys())
        yield pd.DataFrame(columns=names)
        for rows in result.partitions():
            yield pd.DataFrame.from_records(rows, columns=names, coerce_float=True)


def count_undated(request: TableRequest) -> int:
    """Return the number of rows without a time, which no window selects."""
    time: sa.ColumnClause[object] = sa.column(str(request.table.time))
    with _connect(request) as connection:
        undated: sa.ColumnElement[bool] = time.is_(None)
        if connection.dialect.name == "sqlite":  # whose times are text
            undated = undated | (time == "")
        statement = sa.select(sa.func.count()).select_from(_rows_of(request.table)).where(undated)
        return int(connection.execute(statement).scalar_one())


@contextlib.contextmanager
def _connect(request: TableRequest) -> Iterator[sa.Connection]:
    """Connect to the database, and turn its errors into messages."""
    engine = _engine(request.name, request.table)
    refuse_variables(request, engine.dialect)
    connected = False
    try:
        with engine.connect() as connection:
            connected = True
            remember(request.name, connection)
            yield connection
    except SQLAlchemyError as error:
        reason = _reason(error, connected=connected, env=request.project.env)
        if engine.url.password:
            reason = reason.replace(str(engine.url.password), "***")
        kind = MlopsError if _is_about_rows(error) else Unreachable
        raise kind(
            f"table {request.name}: the database reports: {reason}; correct "
            f"tables.{request.name} in conf/, or ask whoever runs the database."
        ) from None


def _reason(error: SQLAlchemyError, *, connected: bool, env: str) -> str:
    """Return on one line what a database reports, without a value of a row.

    What it says of the connection, a name or the syntax stays. Of an error that is about rows, only
    the type and the SQLSTATE are shown beyond dev, because each database quotes values in its own
    way.
    """
    original: BaseException = getattr(error, "orig", None) or error
    if not connected or isinstance(error, ProgrammingError):
        return str(original).split("\n", maxsplit=1)[0]
    if env == "dev" or not _is_about_rows(error):
        return hide_values(str(original)).split("\n", maxsplit=1)[0]
    state = getattr(original, "sqlstate", None)  # of psycopg
    return f"{type(original).__name__} {state or ''}".rstrip()


def _is_about_rows(error: SQLAlchemyError) -> bool:
    return not isinstance(error, OperationalError) or UNDECODED in str(error)


def _engine(name: str, table: Table) -> sa.Engine:
    try:
        return sa.create_engine(resolve(table.address), poolclass=sa.NullPool)
    except ImportError as error:
        raise Misconfigured(
            f"table {name}: the driver that its address needs is not installed ({error}); add it "
            "with `uv add NAME`, for PostgreSQL `uv add 'psycopg[binary]'`."
        ) from None
    except NoSuchModuleError as error:
        kind = str(error).rpartition(":")[2]
        raise Misconfigured(
            f"table {name}: SQLAlchemy does not know databases of the kind {kind}; correct the "
            "address, as in postgresql+psycopg://user:…@host/database, or add the package for this "
            "kind with `uv add NAME`."
        ) from None
    except (ArgumentError, ValueError):  # the text of these may contain a password
        raise Misconfigured(
            f"table {name}: tables.{name}.address, or the secret that it names, is not the address "
            "of a database; write an SQLAlchemy URL, such as "
            "postgresql+psycopg://user:…@host/database."
        ) from None


def _statement(table: Table, window: Window | None) -> Any:  # its columns have unknown types
    columns: list[Any] = [sa.column(name) for name in table.columns] or [sa.text("*")]
    statement = sa.select(*columns).select_from(_rows_of(table))
    if window is None or table.time is None:
        return statement
    time: sa.ColumnClause[object] = sa.column(table.time)
    # dates, because a database compares them with a time of any type
    return statement.where(time >= window.start.date(), time < window.end.ceil("D").date())


def _rows_of(table: Table) -> sa.FromClause:
    if table.query:
        query = table.query.rstrip("; \n").replace(":", r"\:")  # colons do not start parameters
        return sa.text(query).columns().subquery("query")
    schema, _, name = table.table.rpartition(".")
    return sa.table(name, schema=schema or None)
