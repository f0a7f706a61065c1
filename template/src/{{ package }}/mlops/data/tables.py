"""Tables by name: the only way in which rows enter the project."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

import pandas as pd

from ..base.errors import Misconfigured, MlopsError
from ..base.project import Project
from ..base.settings import Table
from ..base.windows import Window


@dataclass(frozen=True)
class Tables:
    """What `data.py` reads from.

    `text` names columns that a CSV file must not turn into numbers; `batch` holds frames that
    stand for a table, as scoring hands them over piece by piece.
    """

    project: Project
    text: tuple[str, ...] = ()
    batch: dict[str, pd.DataFrame] | None = None

    def read(self, name: str, window: Window | None = None) -> pd.DataFrame:
        """Return the rows of table `name`, those of `window` where the table knows its time.

        Raises Misconfigured for an unknown table, MlopsError for a missing file or column.
        """
        if self.batch and name in self.batch:
            return self.batch[name].copy()
        frames = list(self.pieces(name, window))  # empty ones would only blur the types
        return pd.concat([frame for frame in frames if len(frame)] or frames[:1])

    def pieces(self, name: str, window: Window | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows of a table in frames of at most `scoring.batch_rows` rows."""
        table, rows = self.table(name), 0
        reader = import_module(f".{table.kind}", __package__)  # a module for each kind
        for frame in reader.pieces(self, name, window):
            yield _inside(frame.set_axis(range(rows, rows + len(frame))), name, table, window)
            rows += len(frame)

    def table(self, name: str) -> Table:
        """Return what conf says of a table; raises Misconfigured for an unknown one."""
        tables = self.project.settings.tables
        told = f"data.py reads table {name}, which conf does not name"
        Misconfigured.when(name not in tables, f"{told}: {', '.join(tables)}.")
        return tables[name]


def _inside(frame: pd.DataFrame, name: str, table: Table, window: Window | None) -> pd.DataFrame:
    if table.time is None or window is None:
        return frame
    if table.time not in frame:
        raise MlopsError(f"table {name}: column {table.time}, its time in conf, is missing.")
    try:
        return frame[window.contains(pd.to_datetime(frame[table.time], format="ISO8601"))]
    except (ValueError, TypeError):  # text of another kind, or times of a zone
        remedy = "write them as 2026-01-31 or 2026-01-31 12:00, without a zone"
        raise MlopsError(f"table {name}: {table.time} has no plain times; {remedy}.") from None
