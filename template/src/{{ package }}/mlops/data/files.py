"""Tables of kind `files`: Parquet or CSV, and the control files that a sourcing job adds.

Such a file states `rows=660`, `sha256=…` (or sha512, sha1, md5) and perhaps
`delivered=2026-01-01T04:00`, each on a line of its own, or all on one line between pipes, commas
or semicolons.
"""

import glob
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from ..base.errors import MlopsError, readable
from ..base.settings import Table
from ..base.windows import Window
from .tables import Tables

SUMS = ("sha256", "sha512", "sha1", "md5")
FACT = re.compile(r"(\w+)\s*=\s*([^|,;\n]*[^|,;\s])")


def pieces(tables: Tables, name: str, window: Window | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of all files in frames of at most `scoring.batch_rows`."""
    table, rows = tables.table(name), tables.project.settings.scoring.batch_rows
    paths = _paths(str(tables.project.path(table.path)))
    remedy = f"put it there or mend tables.{name}.path"
    MlopsError.when(not paths, f"table {name}: no file at {table.path}; {remedy}.")
    if table.control:
        _verify(name, table, paths, window)
    types, known = dict.fromkeys((*table.text, *tables.text), "str"), set[Any]()
    for path in paths:
        with readable(f"table {name}: {path.name}"):
            if path.suffix == ".parquet":
                frames = _parquet(path, table, window, rows)
            else:
                columns = list(table.columns) or None
                frames = _csv(path, table, dtype=types, usecols=columns, chunksize=rows)
            for frame in frames:
                if len(frame):
                    lost = ", ".join(sorted(known.difference(frame)))
                    told = f"table {name}: {path.name} lacks {lost}, which an earlier file has"
                    MlopsError.when(lost, f"{told}; deliver it again.")
                    known.update(frame)
                yield frame


def _paths(pattern: str) -> list[Path]:
    """Return the files of a pattern; Spark writes a folder with parts in place of each."""
    found = map(Path, sorted(glob.glob(pattern)))
    parts = (sorted(p.rglob("[!_.]*.parquet")) if p.is_dir() else [p] for p in found)
    return [path for several in parts for path in several]


def scan(dataset: Any, table: Table, window: Window | None, rows: int) -> Iterator[pd.DataFrame]:
    """Yield a dataset's rows; the columns and the window are left to Arrow where it can."""
    memory = ds.ParquetFragmentScanOptions(use_buffered_stream=True, pre_buffer=False)  # half of it
    little = {"batch_readahead": 1, "fragment_readahead": 1, "fragment_scan_options": memory}
    kept = _kept(dataset.schema, table, window)
    found = dataset.scanner(list(table.columns) or None, kept, batch_size=rows, **little)
    yield found.projected_schema.empty_table().to_pandas()
    for batch in found.to_batches():
        yield batch.to_pandas()


def _parquet(path: Path, table: Table, window: Window | None, rows: int) -> Iterator[pd.DataFrame]:
    """Yield a file's rows; a scan would hold a whole row group, mostly a million rows."""
    fragment = next(ds.dataset(path).get_fragments())
    groups = fragment.subset(_kept(fragment.physical_schema, table, window)).row_groups
    with pq.ParquetFile(path, buffer_size=1_000_000, pre_buffer=False) as file:
        columns = list(table.columns) or file.schema_arrow.names
        yield file.schema_arrow.empty_table().select(columns).to_pandas()
        for batch in file.iter_batches(rows, [g.id for g in groups], columns, use_threads=False):
            yield batch.to_pandas()


def _kept(schema: pa.Schema, table: Table, window: Window | None) -> Any:
    """Return the window as Arrow understands it, which keeps all where the time is of no type."""
    kind = schema.field(table.time).type if table.time in schema.names else pa.null()
    if window is None or not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return pc.scalar(True)
    start, end = (pa.scalar(t.to_pydatetime(), kind) for t in (window.start, window.end))
    return (ds.field(table.time) >= start) & (ds.field(table.time) < end)


def unzoned(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose moments, which are in UTC, have no zone."""
    zoned = frame.select_dtypes("datetimetz")
    plain: dict[Any, Any] = {name: zoned[name].dt.tz_localize(None) for name in zoned}
    return frame.assign(**plain)


def _count(path: Path, table: Table) -> int:
    if path.suffix == ".parquet":
        return int(ds.dataset(path).count_rows())
    return sum(map(len, _csv(path, table, dtype="str", usecols=[0], chunksize=1_000_000)))


def _csv(path: Path, table: Table, **how: Any) -> Any:
    how |= {"sep": table.separator, "encoding": table.encoding, "decimal": table.decimal}
    how |= {"keep_default_na": False, "na_values": [""]}  # NA is a text like any other
    return pd.read_csv(path, **how)


def _verify(name: str, table: Table, paths: list[Path], window: Window | None) -> None:
    """Hold every delivery against its control file, before any of its rows is used.

    Raises MlopsError where one is missing or disagrees, or the newest came too long before the
    window's end to hold it all.
    """
    _refuse_lost(name, table, paths)
    arrivals = [_agree(name, table, path, path.stat().st_mtime_ns) for path in paths]
    if table.max_late is None or window is None:
        return
    newest, due = pd.Series(arrivals).max(), window.end - pd.Timedelta(hours=table.max_late)
    told = f"table {name}: no control file states when its delivery came (delivered)"
    MlopsError.when(pd.isna(newest), f"{told}, which max_late asks for.")
    late = f"table {name} is late: its newest delivery is of {newest}, and one since {due} is due"
    MlopsError.when(newest < due, f"{late} (max_late); ask for it.")


def _refuse_lost(name: str, table: Table, paths: list[Path]) -> None:
    """Raise MlopsError for a control file whose data file is not there."""
    before, _, after = table.control.partition("*")
    for control in sorted({each for path in paths for each in path.parent.glob(table.control)}):
        stem = control.name.removeprefix(before).removesuffix(after)
        data = control.with_name(f"{stem}{paths[0].suffix}")
        told = f"table {name}: {control.name} is there, but {data.name}, which it states, is not"
        lost = after and data.match(table.path) and not data.exists()
        MlopsError.when(lost, f"{told}; ask for it.")


@cache  # a step reads a table many times
def _agree(name: str, table: Table, path: Path, _: int) -> pd.Timestamp:
    """Compare a file with what is stated; return when it came, NaT where it is not stated."""
    control = path.parent / table.control.replace("*", path.stem)
    with readable(f"table {name}: the control file {control.name}"):
        facts = {key.lower(): value for key, value in FACT.findall(control.read_text("utf-8"))}
        kind = next(filter(facts.get, SUMS), "sha256")
        lost = ", ".join(sorted({"rows", kind} - facts.keys()))
        MlopsError.when(lost, f"table {name}: {control.name} does not state {lost}.")
        arrival = pd.Timestamp(facts.get("delivered", "NaT")).tz_localize(None)
        stated = int(facts["rows"])
    with readable(f"table {name}: {path.name}"), path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False))
        count = _count(path, table)
    told, remedy = f"table {name}: {path.name} and {control.name} disagree", "deliver both again"
    MlopsError.when(count != stated, f"{told}: {count} rows, {stated} stated; {remedy}.")
    wrong = digest.hexdigest() != facts[kind].lower()
    MlopsError.when(wrong, f"{told}: it has another {kind} than is stated; {remedy}.")
    return arrival
