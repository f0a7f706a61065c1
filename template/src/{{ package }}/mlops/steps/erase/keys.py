"""The keys of the persons to erase, and their rows in a Parquet file.

The keys come from a file, so that they are neither in the shell's history nor in a list of running
commands. No message and no entry of the journal quotes one.
"""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...base.errors import Misconfigured, MlopsError, reading
from ...data.contract import ColumnType, declared
from ...records.integrity import HashedFile

Line = dict[str, str]  # values by column

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "str": pa.string(),
    "datetime": pa.timestamp("us"),
}
INPUT = "input_"  # precedes a column of the request log whose name is taken


@dataclass(frozen=True)
class Keys:
    """The lines of a file; a row is erased if it matches all columns of one of them."""

    lines: tuple[Line, ...]
    """The values of each line by column: all columns of the key, or some of them."""

    @property
    def columns(self) -> list[str]:
        """The columns that the file has."""
        return list(self.lines[0])

    def columns_in(self, schema: pa.Schema) -> list[str] | None:
        """Return what these columns are called in a Parquet file; None if it lacks one."""
        names = [f"{INPUT}{n}" if f"{INPUT}{n}" in schema.names else n for n in self.columns]
        return names if set(names) <= set(schema.names) else None

    def match(self, table: pa.Table) -> pa.ChunkedArray:
        """Return for each row of a table with these columns whether it matches a line."""
        kinds = table.schema.types
        cast_lines = (cast_line(line, kinds) for line in self.lines)
        lines = [line for line in cast_lines if line is not None]
        found: pa.ChunkedArray | None = None
        for position, column in enumerate(table.columns):
            values = pa.array([line[position] for line in lines], kinds[position])
            matches = pc.is_in(column, value_set=values)
            found = matches if found is None else pc.and_(found, matches)
        if len(kinds) == 1 or not pc.any(found).as_py():
            return found
        # Each column matches a line: is it the same one?
        wanted = set(lines)
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        return pa.chunked_array([[row in wanted for row in rows]], pa.bool_())


def read_keys(file: Path, types: Mapping[str, ColumnType]) -> Keys:
    """Return the keys in a CSV file whose header names columns of the key.

    `types` has the type of each column of the key. Raises Misconfigured for another column, no
    line, and a value that is missing or of another type.
    """
    remedy = "give a CSV file in UTF-8 whose header names columns of the key"
    with reading(str(file), remedy):
        text = file.read_text(encoding="utf-8-sig")
    reader = csv.DictReader(text.splitlines(), restkey="", restval="")
    header = reader.fieldnames or []
    if not header or not set(header) <= set(types) or len(set(header)) < len(header):
        raise Misconfigured(
            f"{file.name}: the first line must name one or more columns of the key "
            f"({', '.join(types)}), separated by commas, each only once, and no other; correct it."
        )
    lines = tuple({name: str(value).strip() for name, value in line.items()} for line in reader)
    if not lines:
        raise Misconfigured(f"{file.name} has no line after its header; write one for each key.")
    kinds = [ARROW_TYPES[types[name]] for name in header]
    for number, line in enumerate(lines, start=1):
        if len(line) > len(header) or not all(line.values()):
            raise Misconfigured(
                f"{file.name}: line {number} after the header, not counting empty ones, must have "
                f"exactly one value of each column ({', '.join(header)}); correct it."
            )
        if cast_line(line, kinds) is None:
            wanted = " and ".join(f"{name} is {declared(types[name])}" for name in header)
            raise Misconfigured(
                f"{file.name}: line {number} after the header, not counting empty ones, has a "
                f"value that does not fit its type in schema.py, where {wanted}; correct it."
            )
    return Keys(lines)


def cast_line(line: Line, kinds: list[pa.DataType]) -> tuple[object, ...] | None:
    """Return the values of a line in these types; None if one of them has no such value."""
    values = zip(line.values(), kinds, strict=True)
    try:
        return tuple(pa.scalar(value).cast(kind).as_py() for value, kind in values)
    except pa.ArrowInvalid:  # its text quotes the value
        return None


def count_matches(part: Path, keys: Keys) -> int | None:
    """Return how many rows of a Parquet file match; None if it lacks a column of the key."""
    where = "/".join(part.parts[-3:])  # every batch has a file of the same name
    with reading(where, "restore it from a backup, or delete it"), pq.ParquetFile(part) as file:
        columns = keys.columns_in(file.schema_arrow)
        if columns is None:
            return None
        pieces = (pa.Table.from_batches([b]) for b in file.iter_batches(columns=columns))
        return sum(pc.sum(keys.match(piece.select(columns))).as_py() or 0 for piece in pieces)


def count_without_key(part: Path, keys: Keys) -> int:
    """Return how many rows of a Parquet file have no key, so that nobody knows whose they are."""
    with pq.ParquetFile(part) as file:
        columns = keys.columns_in(file.schema_arrow) or []
        table = file.read(columns=columns)
    return max((table[name].null_count for name in columns), default=0)


def write_without(part: Path, keys: Keys, target: Path, expected: str = "") -> str:
    """Write the rows of a Parquet file that do not match to another one; return its SHA-256.

    Raises MlopsError if the file does not have the expected SHA-256, if one is given.
    """
    with pa.OSFile(str(part)) as source, HashedFile(target) as written:
        if expected and hashlib.file_digest(source, "sha256").hexdigest() != expected:
            raise MlopsError(
                f"{part.parent.parent.name}/{part.parent.name}/{part.name} changed while its rows "
                "were read; find out who writes there, restore it from a backup, then erase again."
            )
        source.seek(0)  # the same open file, so that nothing can take its place
        with pq.ParquetFile(source) as file:
            columns = keys.columns_in(file.schema_arrow) or []
            with pq.ParquetWriter(written, file.schema_arrow) as writer:
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group)
                    kept = table.filter(pc.invert(keys.match(table.select(columns))))
                    writer.write_table(kept)
    return written.sha256.hexdigest()
