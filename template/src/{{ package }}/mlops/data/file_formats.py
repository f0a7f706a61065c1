"""Parquet and CSV, read in pieces so that memory does not grow with a file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pandas.io.parsers import TextFileReader

from ..base.settings import Table
from ..base.windows import Window
from .request import TableRequest

ROWS_COUNTED_AT_ONCE = 1_000_000  # counting reads one column only


def read_file(path: Path, request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield a file's rows; a file that does not end in `.parquet` is read as CSV."""
    if path.suffix == ".parquet":
        return _read_parquet(path, request)
    return _read_csv(path, request)


def count_rows(path: Path, table: Table) -> int:
    """Return the number of a file's rows, without the header."""
    if path.suffix == ".parquet":
        return int(ds.dataset(path).count_rows())
    with _open_csv(path, table, "str", [0], ROWS_COUNTED_AT_ONCE) as frames:
        return sum(map(len, frames))


# pyarrow has no types, so its datasets, schemas and expressions are `Any` to mypy


def scan(dataset: Any, request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield the rows of an Arrow dataset, first a frame without rows that has the columns.

    Arrow selects the columns, and the window if the time column is a date or a time.
    """
    scanner = dataset.scanner(
        columns=list(request.table.columns) or None,
        filter=_arrow_filter(dataset.schema, request.table, request.window),
        batch_size=request.batch_rows,
        batch_readahead=1,  # this and the next three lines halve the memory
        fragment_readahead=1,
        fragment_scan_options=ds.ParquetFragmentScanOptions(
            use_buffered_stream=True, pre_buffer=False
        ),
    )
    yield scanner.projected_schema.empty_table().to_pandas()
    for batch in scanner.to_batches():
        yield batch.to_pandas()


def _read_parquet(path: Path, request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield a file's rows; a scan would keep a whole row group in memory, often a million rows."""
    fragment = next(ds.dataset(path).get_fragments())
    kept = _arrow_filter(fragment.physical_schema, request.table, request.window)
    groups = [group.id for group in fragment.subset(kept).row_groups]
    with pq.ParquetFile(path, buffer_size=1_000_000, pre_buffer=False) as file:
        columns = list(request.table.columns) or file.schema_arrow.names
        yield file.schema_arrow.empty_table().select(columns).to_pandas()
        read = 0
        for batch in file.iter_batches(request.batch_rows, groups, columns, use_threads=False):
            rows = np.arange(read, read + len(batch))
            yield batch.to_pandas().set_axis(_positions(rows, file.metadata, groups))
            read += len(batch)


def _positions(rows: npt.NDArray[np.int64], metadata: Any, groups: list[int]) -> Any:
    """Return the positions in a file of rows that are counted through some row groups only."""
    sizes = np.array(
        [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    )
    starts = np.cumsum(sizes) - sizes
    ends = np.cumsum(sizes[groups])
    group = np.searchsorted(ends, rows, side="right")
    return rows + (starts[groups] - (ends - sizes[groups]))[group]


def _arrow_filter(schema: pa.Schema, table: Table, window: Window | None) -> Any:
    """Return the window as an Arrow expression; it keeps all rows if the time is not typed.

    It keeps the rows without a time as well, so that they are counted.
    """
    kind = schema.field(table.time).type if table.time in schema.names else pa.null()
    if window is None or not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return pc.scalar(True)
    start = pa.scalar(window.start.to_pydatetime(), kind)
    end = pa.scalar(window.end.to_pydatetime(), kind)
    time = ds.field(table.time)
    return ((time >= start) & (time < end)) | time.is_null()


def _read_csv(path: Path, request: TableRequest) -> Iterator[pd.DataFrame]:
    types = dict.fromkeys((*request.table.text, *request.text), "str")
    columns = list(request.table.columns) or None
    with _open_csv(path, request.table, types, columns, request.batch_rows) as frames:
        yield from frames


def _open_csv(
    path: Path,
    table: Table,
    types: str | Mapping[str, str],
    columns: list[str] | list[int] | None,
    rows: int,
) -> TextFileReader:
    """Open a CSV file to iterate over frames of at most `rows` rows."""
    return pd.read_csv(
        path,
        sep=table.separator,
        encoding=table.encoding,
        decimal=table.decimal,
        keep_default_na=False,  # "NA" is ordinary text
        na_values=[""],
        dtype=types,
        usecols=columns,
        chunksize=rows,
    )
