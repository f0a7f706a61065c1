"""Tables by name: the only way in which rows enter the project."""

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .errors import Misconfigured, MlopsError
from .project import Project, user_module
from .settings import Table
from .windows import Window


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
        return pd.concat(self.pieces(name, window))

    def pieces(self, name: str, window: Window | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows of a table in frames of at most `scoring.batch_rows` rows."""
        tables, rows = self.project.settings.tables, 0
        told = f"data.py reads table {name}, which conf does not name"
        Misconfigured.when(name not in tables, f"{told}: {', '.join(tables)}.")
        table, synthetic = tables[name], tables[name].kind == "synthetic"
        for frame in self._synthetic(name, window) if synthetic else self._files(name, table):
            numbered = frame.set_axis(range(rows, rows + len(frame)))
            yield _inside(numbered, name, table, window)
            rows += len(frame)

    def _files(self, name: str, table: Table) -> Iterator[pd.DataFrame]:
        paths = sorted(glob.glob(str(self.project.path(table.path))))
        remedy = f"put it there or mend tables.{name}.path"
        MlopsError.when(not paths, f"table {name}: no file at {table.path}; {remedy}.")
        for path in map(Path, paths):
            read = self._parquet if path.suffix == ".parquet" else self._csv
            try:
                yield from read(path, table)
            except (OSError, ValueError, LookupError) as error:  # pyarrow's are of the first two
                reason = " ".join(str(error).split())
                raise MlopsError(f"table {name}: {path.name} cannot be read: {reason}") from error

    def _parquet(self, path: Path, _: Table) -> Iterator[pd.DataFrame]:
        from pyarrow.parquet import ParquetFile

        rows = self.project.settings.scoring.batch_rows
        with ParquetFile(path, buffer_size=2**16, pre_buffer=False) as file:  # bit by bit
            if file.metadata.num_rows == 0:
                yield file.schema_arrow.empty_table().to_pandas()
            for batch in file.iter_batches(rows, use_threads=False):
                yield batch.to_pandas()

    def _csv(self, path: Path, table: Table) -> Iterator[pd.DataFrame]:
        types = dict.fromkeys((*table.text, *self.text), "str")
        rows = self.project.settings.scoring.batch_rows
        dialect = table.model_dump(include={"encoding", "decimal"}) | {"sep": table.separator}
        dialect |= {"keep_default_na": False, "na_values": [""]}  # NA is a text like any other
        yield from pd.read_csv(path, dtype=types, chunksize=rows, **dialect)

    def _synthetic(self, name: str, window: Window | None) -> Iterator[pd.DataFrame]:
        if window is None:
            raise Misconfigured(f"table {name} is synthetic, and its months need a window of time.")
        first = window.start.replace(day=1)
        for month in pd.date_range(first, window.end, freq="MS", inclusive="left"):
            frames = user_module("synthetic").rows(month, self.project.settings.model.seed)
            if name not in frames:
                raise Misconfigured(f"synthetic.rows makes {', '.join(frames)}, but not {name}.")
            yield frames[name]


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
