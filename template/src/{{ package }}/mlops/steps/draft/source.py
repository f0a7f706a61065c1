"""The table that `draft` reads: one that conf/ names, or a path, whose settings are found out."""

import codecs
import csv
import glob
import gzip
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import infer_dtype

from ...base.errors import Misconfigured, MlopsError
from ...base.project import Project
from ...base.settings import Table
from ...data.frames import with_columns
from ...data.request import TableRequest
from ...data.tables import READERS
from . import names

MOST_CELLS = 60_000_000  # about half a gigabyte; further rows are not read
SAMPLE = 200_000  # characters of a CSV file that are looked at to find its separator
FEWEST_ROWS = 20
SEPARATORS = (",", ";", "\t", "|")

# Files that are neither Parquet nor CSV, whatever their settings.
OTHERS = {
    *(".avro", ".db", ".dta", ".feather", ".json", ".jsonl", ".orc", ".pkl", ".rda", ".rds"),
    *(".sas7bdat", ".sav", ".sqlite", ".xls", ".xlsx", ".xml", ".zip"),
}


@dataclass(frozen=True)
class SourceRows:
    """The rows of a table."""

    name: str
    """The table's name in conf/."""
    table: Table
    """Its settings there, given or found out."""
    frame: pd.DataFrame
    """The rows, as a reader of tables gives them."""
    complete: bool
    """Whether these are all rows."""

    @property
    def is_csv(self) -> bool:
        """Whether types are guessed from text, so that schema.py must say which columns are."""
        return self.table.kind == "files" and not self.table.path.endswith(".parquet")


def read_source(project: Project, given: str) -> SourceRows:
    """Return the rows of a table that conf/ names, or of a file, pattern or folder.

    Raises Misconfigured if there is no such table or file, and MlopsError if it cannot be read.
    """
    if given in project.settings.tables:
        name = given
        table = project.settings.tables[given].model_copy(update={"time": None})
    else:
        name, table = _from_path(project, given)
    if table.kind == "synthetic":
        raise Misconfigured(
            f"table {name} is of kind synthetic: synthetic.py invents its rows, and schema.py "
            "describes them already; give the path of a file with real rows."
        )
    frame, complete = _read(TableRequest(project, name, table))
    rows = SourceRows(name, table, frame, complete)
    if len(frame) < FEWEST_ROWS:
        raise MlopsError(
            f"table {name} has {len(frame)} rows, from which nothing can be inferred; give a table "
            f"with at least {FEWEST_ROWS}."
        )
    return _with_text(project, rows) if rows.is_csv else rows


def _from_path(project: Project, given: str) -> tuple[str, Table]:
    """Return a name and settings for a file, a pattern or a folder."""
    here = Path.cwd() / given
    pattern = here if glob.glob(str(here)) else project.path(given)
    paths = sorted(map(Path, glob.glob(str(pattern))))
    if not paths:
        tables = ", ".join(project.settings.tables)
        raise Misconfigured(
            f"{given} is neither a table of conf/ ({tables}) nor a file; correct the name or the "
            "path."
        )
    first = paths[0]
    path = project.shown(pattern).as_posix()
    suffix = first.suffix.lower()
    if suffix in OTHERS:
        raise Misconfigured(
            f"{given} is a {suffix} file, which no kind of table reads; save it as Parquet or CSV."
        )
    keys: dict[str, Any] = {"kind": "files", "origin": "production", "path": path}
    if (first / "_delta_log").is_dir():
        keys["kind"] = "delta"
    elif first.is_file() and suffix != ".parquet":
        keys |= _sniff(first)
    stem = first.name.partition(".")[0] if len(paths) == 1 else pattern.parent.name
    name = "_".join(names.words(stem)) or "rows"
    return name, Table.model_validate(keys)


def _sniff(path: Path) -> dict[str, str]:
    """Return the settings of a CSV file that differ from the defaults.

    Raises MlopsError if its first line does not name the columns.
    """
    encoding = _find_encoding(path)
    with _open(path) as file:
        text = codecs.getreader(encoding)(file).read(SAMPLE)
    counted = {each: [len(row) for row in _parse(text, each)] for each in SEPARATORS}
    best = max(SEPARATORS, key=lambda each: (_agree(counted[each]), counted[each][0]))
    lines = _parse(text, best)
    header = lines[0]
    if len(header) > 1 and all(_is_number(cell) for cell in header):
        raise MlopsError(
            f"{path.name}: the first line has only numbers, but it must name the columns; add a "
            "line with names."
        )
    for number, line in enumerate(lines[1:], 2):
        if len(line) > len(header):
            raise MlopsError(
                f"{path.name}: row {number}, not counting empty lines, has {len(line)} fields, but "
                f"the first line names {len(header)} columns; add the missing name, or correct the "
                "row."
            )
    keys = {} if best == "," else {"separator": best}
    if encoding != "utf-8":
        keys["encoding"] = encoding
    cells = [cell for line in lines[1:] for cell in line]
    with_comma = sum(_is_number(cell.replace(",", ".", 1)) for cell in cells if "," in cell)
    if best != "," and with_comma > sum(_is_number(cell) for cell in cells if "." in cell):
        keys["decimal"] = ","
    return keys


def _agree(counts: list[int]) -> bool:
    """Return whether lines have several fields, and nearly all of them equally many."""
    return counts[0] > 1 and sum(count == counts[0] for count in counts) > 0.9 * len(counts)


def _parse(text: str, separator: str) -> list[list[str]]:
    """Return the fields of the lines of a text, without the last line, which may be cut off."""
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    full = lines[:-1] if len(text) == SAMPLE else lines
    return [line for line in full if line] or [[""]]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _open(path: Path) -> Any:  # a binary file, of a type that depends on the suffix
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _find_encoding(path: Path) -> str:
    """Return the encoding of a text file: UTF-8, else one of Western Europe."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    windows = False
    with _open(path) as file:
        for piece in iter(lambda: file.read(1_000_000), b""):
            if piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                windows = windows or any(0x80 <= byte < 0xA0 for byte in piece)
                return "cp1252" if windows else "latin-1"
    return "utf-8"


def _read(request: TableRequest) -> tuple[pd.DataFrame, bool]:
    """Return the rows of a table, and whether they are all; there is a limit for large tables."""
    frames: list[pd.DataFrame] = []
    cells = 0
    complete = True
    for frame in READERS[request.table.kind](request):
        if cells >= MOST_CELLS:
            complete = False
            break
        frame.attrs = {}
        frames.append(frame)
        cells += frame.size
    with_rows = [frame for frame in frames if len(frame)]  # empty frames would change the types
    rows = pd.concat(with_rows or frames[:1], ignore_index=True)
    return rows.rename(columns=str), complete


def _with_text(project: Project, rows: SourceRows) -> SourceRows:
    """Return the rows with text where a reader of CSV guesses numbers and loses something.

    These are codes such as 007, and columns with text and numbers, which pieces would mix.
    """
    frame = rows.frame
    whole = [name for name in map(str, frame) if frame[name].dtype == "int64"]
    mixed = [name for name in map(str, frame) if infer_dtype(frame[name]).startswith("mixed")]
    text = (*_with_leading_zeros(project, rows, whole), *mixed)
    if not text:
        return rows
    as_text, _ = _read(TableRequest(project, rows.name, rows.table, text=text))
    return replace(rows, frame=with_columns(frame, {name: as_text[name] for name in text}))


def _with_leading_zeros(project: Project, rows: SourceRows, names: list[str]) -> list[str]:
    """Return which columns of whole numbers have one such as 007 in the first rows."""
    if not names:
        return []
    request = TableRequest(project, rows.name, rows.table, text=tuple(names))
    first = next(READERS[rows.table.kind](request))
    return [name for name in names if first[name].str.match(r"0\d").any()]
