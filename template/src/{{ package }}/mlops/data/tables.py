"""Tables by name: the only way in which rows enter the project."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from ..base.errors import Misconfigured, MlopsError
from ..base.project import Project
from ..base.settings import Kind, Table
from ..base.windows import Window
from .request import TableRequest

Reader = Callable[[TableRequest], Iterator[pd.DataFrame]]


@dataclass(frozen=True)
class Tables:
    """What `data.py` reads from."""

    project: Project
    """The project that reads."""
    text: tuple[str, ...] = ()
    """Columns of text; a CSV reader must not turn them into numbers."""
    batch: Mapping[str, pd.DataFrame] | None = None
    """Frames that are read in place of a table: scoring passes its rows piece by piece."""

    def read(self, name: str, window: Window | None = None) -> pd.DataFrame:
        """Return the rows of a table; only those of `window` if the table has a time in conf.

        Raises Misconfigured for an unknown table, and MlopsError for a missing file or column.
        """
        if self.batch and name in self.batch:
            return self.batch[name].copy()
        frames = list(self.pieces(name, window))
        with_rows = [frame for frame in frames if len(frame)]  # empty frames would change the types
        return pd.concat(with_rows or frames[:1])

    def pieces(self, name: str, window: Window | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows of a table in frames of at most `scoring.batch_rows` rows."""
        request = self.request(name, window)
        rows = 0
        for frame in READERS[request.table.kind](request):
            yield _select_window(frame.set_axis(range(rows, rows + len(frame))), request)
            rows += len(frame)

    def request(self, name: str, window: Window | None = None) -> TableRequest:
        """Return the request for the rows of a table; raises Misconfigured for an unknown one."""
        return TableRequest(self.project, name, self.table(name), window, self.text)

    def table(self, name: str) -> Table:
        """Return the settings of a table; raises Misconfigured for an unknown one."""
        tables = self.project.settings.tables
        if name not in tables:
            raise Misconfigured(
                f"data.py reads table {name}, which conf/ does not define; add tables.{name}, or "
                f"read one of {', '.join(tables)}."
            )
        return tables[name]


def _read_files(request: TableRequest) -> Iterator[pd.DataFrame]:
    from . import files

    return files.read_pieces(request)


def _read_delta(request: TableRequest) -> Iterator[pd.DataFrame]:
    from . import delta

    return delta.read_pieces(request)


def _read_sql(request: TableRequest) -> Iterator[pd.DataFrame]:
    from . import sql

    return sql.read_pieces(request)


def _read_spark(request: TableRequest) -> Iterator[pd.DataFrame]:
    from . import spark

    return spark.read_pieces(request)


def _read_synthetic(request: TableRequest) -> Iterator[pd.DataFrame]:
    from . import synthetic

    return synthetic.read_pieces(request)


# One function per kind, so that its libraries are imported only when a table needs them. A reader
# yields at least one frame; the first one has all columns, even if it has no rows.
READERS: Mapping[Kind, Reader] = {
    "files": _read_files,
    "delta": _read_delta,
    "sql": _read_sql,
    "spark": _read_spark,
    "synthetic": _read_synthetic,
}


def _select_window(frame: pd.DataFrame, request: TableRequest) -> pd.DataFrame:
    """Return the rows of the window; some readers cannot filter by time and return more."""
    window = request.window
    time = request.table.time
    if time is None or window is None:
        return frame
    if time not in frame:
        raise MlopsError(
            f"table {request.name} has no column {time}; correct tables.{request.name}.time in "
            "conf/, or the table."
        )
    try:
        return frame[window.contains(pd.to_datetime(frame[time], format="ISO8601"))]
    except (ValueError, TypeError):  # text that is no time, or times with a zone
        raise MlopsError(
            f"table {request.name}: column {time}, which tables.{request.name}.time names, must "
            "contain dates or times without a time zone, such as 2026-01-31 or 2026-01-31 12:00; "
            "correct the table, or name another column."
        ) from None
