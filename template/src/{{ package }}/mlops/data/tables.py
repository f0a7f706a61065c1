"""Tables by name: the only way in which rows enter the project."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from ..base.errors import Misconfigured, MlopsError
from ..base.project import Project
from ..base.settings import Kind, Table
from ..base.windows import Window
from .contract import ColumnType
from .paths import PARQUET
from .request import PLACE, TableRequest
from .times import guess_formats, has_zone
from .window_rows import WindowRows

Reader = Callable[[TableRequest], Iterator[pd.DataFrame]]
SHOWN = 3  # positions of rows in a message


@dataclass
class Tables:
    """What `data.py` reads from; it counts the rows that it leaves out."""

    project: Project
    """The project that reads."""
    text: tuple[str, ...] = ()
    """Columns of text; a CSV reader must not turn them into numbers."""
    batch: Mapping[str, pd.DataFrame] | None = None
    """Frames that are read in place of a table: scoring passes its rows piece by piece."""
    batch_window: Window | None = None
    """The window whose rows `batch` has; None if they have no time."""
    nullable_times: Mapping[str, bool] = field(default_factory=dict)
    """Whether a column of times may be missing, as `Contract.nullable_times` says it."""
    undated: dict[str, int] = field(default_factory=dict, init=False)
    """How many rows were left out because their time may be missing and is, by table and column:
    `{"applications.applied_on": 14}`. It is complete once `data.py` has read its tables."""

    def read(self, name: str, window: Window | None = None) -> pd.DataFrame:
        """Return the rows of a table; only those of `window` if the table has a time in conf.

        Raises Misconfigured for an unknown table and for rows beyond those of the batch, and
        MlopsError for a missing file or column.
        """
        if self.batch and name in self.batch:
            return self._read_batch(self.batch[name].copy(), name, window)
        frames = list(self.pieces(name, window))
        with_rows = [frame for frame in frames if len(frame)]  # empty frames would change the types
        return pd.concat(with_rows or frames[:1])

    def pieces(self, name: str, window: Window | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows of a table in frames of at most `scoring.batch_rows` rows.

        Raises MlopsError for rows without a time, unless `nullable_times` allows them. It counts
        all of them first, and yields none of the rows that come after the first one.
        """
        request = self.request(name, window)
        self.count_undated(request)
        counted = None if window is None else WindowRows(window)
        places: list[str] = []
        rows = 0
        for frame in READERS[request.table.kind](request):
            piece = frame.set_axis(range(rows, rows + len(frame)))
            piece.attrs = {}
            rows += len(frame)
            if counted is None or request.table.time is None:
                yield piece
                continue
            times = _times(frame, request).set_axis(piece.index)
            selected = counted.select(piece, times)
            if counted.undated == 0 or self.nullable_times.get(request.table.time):
                yield selected
            elif len(places) < SHOWN:
                places += _places(frame, times.isna())
        if counted is not None:
            counted.check()
            self._settle(request, counted.undated, places)

    def count_undated(self, request: TableRequest) -> None:
        """Count the rows without a time of a table whose engine selects the window.

        Raises MlopsError if there are any, unless `nullable_times` allows them.
        """
        count = COUNTERS.get(request.table.kind)
        if count is not None and request.window is not None and request.table.time is not None:
            self._settle(request, count(request), [])

    def request(self, name: str, window: Window | None = None) -> TableRequest:
        """Return the request for the rows of a table; raises Misconfigured for an unknown one."""
        times = tuple(self.nullable_times)
        return TableRequest(self.project, name, self.table(name), window, self.text, times)

    def table(self, name: str) -> Table:
        """Return the settings of a table; raises Misconfigured for an unknown one."""
        tables = self.project.settings.tables
        if name not in tables:
            raise Misconfigured(
                f"data.py reads table {name}, which conf/ does not define; add tables.{name}, or "
                f"read one of {', '.join(tables)}."
            )
        return tables[name]

    def explain(self, column: str, kind: ColumnType) -> str:
        """Return why a column of a table of files is not of a type, and which key helps.

        The answer is empty if the files do not tell.
        """
        from . import hints

        requests = (self.request(name) for name in self.project.settings.tables)
        found = (
            hints.explain(request, column, kind)
            for request in requests
            if request.table.kind == "files"
        )
        return next(filter(None, found), "")

    def _read_batch(self, batch: pd.DataFrame, name: str, window: Window | None) -> pd.DataFrame:
        """Return the rows of a batch; training would get those of the whole window."""
        held = self.batch_window
        request = self.request(name, window)
        if held is None or window == held or (window is None and request.table.time is None):
            return batch
        if window is None or window.start < held.start or window.end > held.end:
            asked = f"the window {window}" if window else "all rows"
            raise Misconfigured(
                f"data.py reads {asked} of table {name}, but while scoring it gets the rows of "
                f"{held} only, in batches; read other rows under a second name: in conf/base.yml, "
                f"add tables.{name}_history with the same settings as tables.{name}, and read "
                f"{name}_history in data.py."
            )
        if request.table.time is None:
            return batch
        return batch[window.contains(_times(batch, request))]

    def _settle(self, request: TableRequest, undated: int, places: list[str]) -> None:
        """Refuse rows without a time, or note how many are left out."""
        time = request.table.time
        if not undated or time is None:
            return
        if self.nullable_times.get(time):
            self.undated[f"{request.name}.{time}"] = undated
            return
        rows = "1 row" if undated == 1 else f"{undated} rows"
        shown = f"{', '.join(places[:SHOWN])}, counted from 0" if places else f"{time} IS NULL"
        source = "the source"
        is_text = any(not each.lower().endswith(PARQUET) for each in places)
        if is_text and request.table.kind == "files":
            source = "the source, in which a footer counts as a row"
        remedy = f"declare {time} nullable in schema.py to leave such rows out"
        if time not in self.nullable_times:
            remedy = f"remove tables.{request.name}.time, and select the rows in data.py"
        raise MlopsError(
            f"table {request.name}: {time} is missing in {rows} ({shown}), and no window contains "
            f"a row without it; correct {source}, or {remedy}."
        )


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


def _count_sql(request: TableRequest) -> int:
    from . import sql

    return sql.count_undated(request)


def _count_spark(request: TableRequest) -> int:
    from . import spark

    return spark.count_undated(request)


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

# The kinds whose engine selects the window, so that rows without a time never come here.
COUNTERS: Mapping[Kind, Callable[[TableRequest], int]] = {
    "sql": _count_sql,
    "spark": _count_spark,
}


def _times(frame: pd.DataFrame, request: TableRequest) -> "pd.Series[pd.Timestamp]":
    """Return the times of the rows; raises MlopsError for a column that is missing or no time."""
    time = str(request.table.time)
    columns = request.table.columns
    if columns and time not in columns:
        raise Misconfigured(
            f"tables.{request.name}.columns does not list {time}, which tables.{request.name}.time "
            "names; add it in conf/."
        )
    if time not in frame:
        raise MlopsError(
            f"table {request.name} has no column {time}{_similar(time, frame)}; correct "
            f"tables.{request.name}.time in conf/, or the table."
        )
    times: pd.Series[pd.Timestamp] | None
    try:
        times = pd.to_datetime(frame[time], format="ISO8601")
    except (ValueError, TypeError):  # text that is no time
        times = None
    if times is None or not pd.api.types.is_datetime64_dtype(times):  # which has no zone
        raise MlopsError(_no_times(frame, request))
    return times


def _no_times(frame: pd.DataFrame, request: TableRequest) -> str:
    """Return why a column cannot select the rows of a window, and the key that helps."""
    name = request.name
    column = frame[str(request.table.time)]
    where = f"table {name}: column {column.name}, which tables.{name}.time names,"
    if request.table.kind == "files" and has_zone(column):
        return (
            f"{where} has times with a time zone; set tables.{name}.zone to the zone in which its "
            'days begin, such as "Europe/Berlin" or "UTC".'
        )
    formats = guess_formats(column) if request.table.kind == "files" else []
    if formats:
        shown = " or ".join(f'"{each}"' for each in formats)
        return (
            f"{where} has dates, but not such as 2026-01-31; set tables.{name}.date_format to "
            f"{shown}{', whichever it is' if len(formats) > 1 else ''}."
        )
    dates = pd.to_datetime(column.astype("string"), format="ISO8601", errors="coerce", utc=True)
    found = _places(frame, dates.isna() & column.notna())
    place = f" ({', '.join(found)}, counted from 0, has none)" if found else ""
    return (
        f"{where} must contain dates or times without a time zone, such as 2026-01-31 or "
        f"2026-01-31 12:00{place}; correct the table, or name another column."
    )


def _similar(name: str, frame: pd.DataFrame) -> str:
    """Return which column has almost the same name; others may be values of a missing header."""
    for column in map(str, frame):
        if column.strip().casefold() == name.strip().casefold():
            return f', but "{column}"'
    return ""


def _places(frame: pd.DataFrame, wrong: pd.Series) -> list[str]:
    """Return where the first wrong rows are, if the reader says from where they come."""
    if PLACE not in frame.attrs:
        return []
    rows = frame.index[wrong.to_numpy()][:SHOWN]
    return [f"row {row} of {frame.attrs[PLACE]}" for row in rows]
