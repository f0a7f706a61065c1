"""Parquet and CSV, read in pieces so that memory does not grow with a file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from ..base.errors import MlopsError
from ..base.settings import Table
from ..base.windows import Window
from . import csv_files
from .paths import is_parquet
from .request import TableRequest

EXCEL = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
JSON = (".json", ".jsonl", ".ndjson")


def read_file(path: Path, request: TableRequest, file: str = "") -> Iterator[pd.DataFrame]:
    """Yield a file's rows; one that is not Parquet is read as CSV.

    `file` is its name in messages. Raises MlopsError for the formats that people take for these.
    """
    if is_parquet(path):
        return _read_parquet(path, request, file or path.name)
    _refuse_other_formats(path, request, file or path.name)
    return csv_files.read_csv(path, request, file or path.name)


def count_rows(path: Path, table: Table) -> int:
    """Return the number of a file's rows, without the header of a CSV file."""
    return _count_parquet(path) if is_parquet(path) else csv_files.count_rows(path, table)


def _count_parquet(path: Path) -> int:
    with pq.ParquetFile(path) as file:
        return int(file.metadata.num_rows)


def _refuse_other_formats(path: Path, request: TableRequest, file: str) -> None:
    """Raise MlopsError for a workbook, JSON, and what is not text at all."""
    where = f"table {request.name}: {file}"
    with path.open("rb") as opened:
        head = opened.read(4096)
    suffix = path.suffix.lower()
    if suffix in EXCEL or head.startswith(OLD_EXCEL) or (b"[Content_Types].xml" in head):
        raise MlopsError(
            f"{where} is an Excel workbook, which is not read; in Excel, save its sheet as `CSV "
            f"UTF-8`, and set tables.{request.name}.path to that file."
        )
    if suffix in JSON or re.match(rb"\s*(\[\s*)?\{", head):
        raise MlopsError(
            f"{where} is JSON, which is not read; convert it to Parquet, as by "
            "`pandas.read_json(…).to_parquet(…)`, and set "
            f"tables.{request.name}.path to that file."
        )


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


def _read_parquet(path: Path, request: TableRequest, file: str) -> Iterator[pd.DataFrame]:
    """Yield a file's rows; a scan would keep a whole row group in memory, often a million rows."""
    with pq.ParquetFile(path, buffer_size=1_000_000, pre_buffer=False) as opened:
        schema = opened.schema_arrow
        columns = list(request.table.columns) or schema.names
        _refuse_columns(columns, schema, request, file)
        fragment = next(ds.dataset(path, format="parquet").get_fragments())
        kept = _arrow_filter(fragment.physical_schema, request.table, request.window)
        groups = [group.id for group in fragment.subset(kept).row_groups]
        yield schema.empty_table().select(columns).to_pandas()
        read = 0
        for batch in opened.iter_batches(request.batch_rows, groups, columns, use_threads=False):
            rows = np.arange(read, read + len(batch))
            yield batch.to_pandas().set_axis(_positions(rows, opened.metadata, groups))
            read += len(batch)


def _refuse_columns(columns: list[str], schema: Any, request: TableRequest, file: str) -> None:
    """Raise MlopsError for columns that a file does not have, or has more than once."""
    where = f"table {request.name}: {file}"
    for column in columns:
        count = schema.names.count(column)
        if count == 0:
            raise MlopsError(
                f"{where} has no column {column}, which tables.{request.name}.columns lists; "
                "correct that list, or ask whoever delivers the table for the column."
            )
        if count > 1:
            raise MlopsError(
                f"{where} has {count} columns of the name {column}; ask whoever delivers the table "
                "for one of each name, or list the columns to read, without this one, in "
                f"tables.{request.name}.columns."
            )


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
    zone = table.zone if pa.types.is_timestamp(kind) and kind.tz else None
    start = pa.scalar(window.start.tz_localize(zone or None).to_pydatetime(), kind)
    end = pa.scalar(window.end.tz_localize(zone or None).to_pydatetime(), kind)
    time = ds.field(table.time)
    return ((time >= start) & (time < end)) | time.is_null()
