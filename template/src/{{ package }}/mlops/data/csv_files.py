"""CSV files, read in pieces; an error names the line and the key of conf that reads the file."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

import pandas as pd
from pandas.errors import ParserError, ParserWarning
from pandas.io.parsers import TextFileReader

from ..base.errors import MlopsError
from ..base.settings import Table
from .frames import with_columns
from .request import TableRequest
from .times import formats_of

ROWS_COUNTED_AT_ONCE = 1_000_000  # counting reads one column only
SEPARATORS = (";", ",", "\t", "|")
MARKS = {  # that a file starts with, and its encoding; the longer ones first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
ONE_BYTE = re.compile("iso8859|cp125|latin")  # encodings in which UTF-8 reads as other letters
SAMPLE = 1_000_000  # bytes in which letters are looked for
# Whether pandas counts the fields of every line, if it reads all columns; before version 3 it does
# not for the first line of a piece. If it reads some columns, it never does.
COUNTS_FIELDS = int(pd.__version__.split(".")[0]) >= 3
WITH_POINT = r"[+-]?\d+(?:\.\d*)?"  # a number for every library, which conf writes otherwise


def read_csv(path: Path, request: TableRequest, file: str) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file; `file` is its name in messages.

    Raises MlopsError for lines that have more or fewer fields than the first one, for another
    encoding or separator than in conf, and for numbers that conf would misread.
    """
    name = request.name
    table = request.table
    where = f"table {name}: {file}"
    _refuse_marks(path, request, where)
    try:
        header = _read_header(path, table)
        _refuse_header(header, request, where)
        text = {*table.text, *request.text, *formats_of(request)}
        if table.columns or not COUNTS_FIELDS:
            _refuse_ragged(path, table, where)
        types = dict.fromkeys(text, "str")
        with _open(path, table, types, list(table.columns) or None, request.batch_rows) as frames:
            for frame in _without_loss(frames, path, table, where):
                if _may_be_short(frame, header):
                    _refuse_ragged(path, table, where)
                yield _read_numbers(frame, request, text, where, header)
    except UnicodeDecodeError:
        raise MlopsError(_wrong_encoding(path, request, where)) from None


def count_rows(path: Path, table: Table) -> int:
    """Return the number of a file's rows, without the header."""
    with _open(path, table, "str", [0], ROWS_COUNTED_AT_ONCE) as frames:
        return sum(map(len, frames))


def _open(
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
        index_col=False,  # else a separator at the end of each line shifts all columns
        keep_default_na=False,  # "NA" is ordinary text
        na_values=[""],
        dtype=types,
        usecols=columns,
        chunksize=rows,
        engine="c" if len(table.separator) == 1 else "python",  # a pattern
    )


# The first line


def _read_header(path: Path, table: Table) -> list[str]:
    """Return the names in the first line as they are there; empty for a pattern as separator."""
    if len(table.separator) > 1:
        return []
    with _open_text(path, table) as file:
        return next(csv.reader(file, delimiter=table.separator), [])


def _refuse_header(header: list[str], request: TableRequest, where: str) -> None:
    table = request.table
    if header and header[0].lower().startswith("sep="):
        raise MlopsError(
            f"{where}: the first line is a note for Excel (sep=…) and does not name the columns; "
            "remove it, or have the table delivered without it."
        )
    first = header[0] if len(header) == 1 else ""
    others = [each for each in SEPARATORS if each in first and each != table.separator]
    if others:
        raise MlopsError(
            f"{where}: the first line is a single column with the separator "
            f"{shown(table.separator)}, but has {shown(others[0])} in it; set "
            f"tables.{request.name}.separator to {shown(others[0])}."
        )
    wanted = set(table.columns) or {name for name in header if name}
    repeated = sorted(name for name in wanted if header.count(name) > 1)
    if repeated:
        column = _name(repeated[0], header, request)
        raise MlopsError(
            f"{where}: the first line names {column} {header.count(repeated[0])} times; ask "
            "whoever delivers the table for one of each name, or list the columns to read, without "
            f"this one, in tables.{request.name}.columns."
        )
    missing = sorted(set(table.columns) - set(header)) if header else []
    if missing:
        raise MlopsError(
            f"{where} has no column {missing[0]}, which tables.{request.name}.columns lists; "
            "correct that list, or ask whoever delivers the table for the column."
        )


def _name(column: str, header: list[str], request: TableRequest) -> str:
    """Return what a message calls a column; the first line may be a row, which is not quoted."""
    if request.are_names(header):
        return f"column {column}"
    number = header.index(column) + 1 if column in header else 0
    return f"its column number {number}" if number else "a column"


# Lines with too many or too few fields


def _without_loss(
    frames: TextFileReader, path: Path, table: Table, where: str
) -> Iterator[pd.DataFrame]:
    """Yield the frames; pandas warns of fields that it drops, which is an error here."""
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", ParserWarning)
                frame = next(frames, None)
        except (ParserError, ParserWarning) as error:
            if "EOF inside string" not in str(error):  # of an open quote, pandas names the line
                _refuse_ragged(path, table, where)
            if isinstance(error, ParserWarning):
                raise MlopsError(
                    f"{where} has lines with more fields than the first one names; correct the "
                    "file, or its separator in conf/."
                ) from None
            longer = re.search(r"Expected \d+ fields in line (\d+), saw", str(error))
            if longer and len(table.separator) == 1:  # all lines have been found to be complete
                raise MlopsError(
                    f"{where}, line {longer[1]} ends with more separators than the lines before "
                    "it; ask whoever delivers the table for the same number in each line."
                ) from None
            raise
        if frame is None:
            return
        yield frame


def _may_be_short(frame: pd.DataFrame, header: list[str]) -> bool:
    """Return whether a line may have too few fields: pandas takes the last ones for missing."""
    named = [name for name in header if name]
    return bool(named) and named[-1] in frame and bool(frame[named[-1]].isna().any())


def _refuse_ragged(path: Path, table: Table, where: str) -> None:
    """Raise MlopsError for the first line whose number of fields is not that of the first line."""
    found = _find_ragged(path, table.separator, table.encoding, path.stat().st_mtime_ns)
    if found is None:
        return
    line, fields, named = found
    less = fields < named
    remedy = (
        "a line that was cut off, a line break without quotes, or a footer"
        if less
        else "text with the separator but without quotes, a decimal comma without quotes, or "
        "values without a name in the first line"
    )
    raise MlopsError(
        f"{where}, line {line} has {fields} {'field' if fields == 1 else 'fields'}, but the first "
        f"line names {named} {'column' if named == 1 else 'columns'}, so values would be read as "
        f"those of other columns or as missing; look there for {remedy}, and correct the file."
    )


@cache  # a command reads a table many times
def _find_ragged(
    path: Path, separator: str, encoding: str, _modified: int
) -> tuple[int, int, int] | None:
    """Return the number of the first line that differs, its fields, and the named columns.

    Separators at the end of a line are allowed.
    """
    if len(separator) > 1:
        return None
    with _open_text_of(path, encoding) as file:
        lines = csv.reader(file, delimiter=separator)
        header = next(lines, [])
        named = max((number for number, name in enumerate(header, 1) if name), default=0)
        try:
            for fields in lines:
                if len(fields) != named and fields and (len(fields) < named or any(fields[named:])):
                    return lines.line_num, len(fields), named
        except csv.Error:  # pandas reports it
            return None
    return None


# The encoding


def _refuse_marks(path: Path, request: TableRequest, where: str) -> None:
    """Raise MlopsError for a file whose first bytes tell another encoding than conf."""
    encoding = request.table.encoding
    known = codecs.lookup(encoding).name.replace("_", "-")
    with _open_bytes(path) as file:
        sample = file.read(SAMPLE)
    mark = next((name for bytes_, name in MARKS.items() if sample.startswith(bytes_)), "")
    if mark and not known.startswith(mark):
        raise MlopsError(
            f"{where} is {mark.upper()}, by its first bytes, and not {encoding}; set "
            f"tables.{request.name}.encoding to {mark}."
        )
    wide = known.startswith(("utf-16", "utf-32"))
    if b"\0" in sample and not wide:
        raise MlopsError(
            f"{where} has bytes that are zero, so it is neither Parquet nor CSV in {encoding}; if "
            f"it is CSV in UTF-16, set tables.{request.name}.encoding to utf-16-le, else correct "
            f"tables.{request.name}.path."
        )
    if wide and sample and b"\0" not in sample:
        raise MlopsError(
            f"{where} is not {encoding}; set tables.{request.name}.encoding to utf-8, or to cp1252 "
            "if the file comes from Windows or Excel."
        )
    if ONE_BYTE.match(known) and not sample.isascii() and _is_utf8(sample):
        raise MlopsError(
            f"{where} is UTF-8, so letters such as ä would be misread in {encoding}; set "
            f"tables.{request.name}.encoding to utf-8."
        )


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # the last letter may be cut off
    except UnicodeDecodeError:
        return False
    return True


def _wrong_encoding(path: Path, request: TableRequest, where: str) -> str:
    """Return in which line a file has bytes that its encoding does not know."""
    encoding = request.table.encoding
    known = codecs.lookup(encoding).name
    is_utf8 = known.startswith("utf-8")
    remedy = "cp1252 if the file comes from Windows or Excel, or latin-1" if is_utf8 else "utf-8"
    with _open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            if known.startswith(("utf-16", "utf-32")):  # whose line breaks are not one byte
                break
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return (
                    f"{where}, line {number} is not {encoding}; set "
                    f"tables.{request.name}.encoding to the right one, such as {remedy}."
                )
    return (
        f"{where} is not {encoding}; set tables.{request.name}.encoding to the right one, such as "
        f"{remedy}."
    )


# Numbers


def _read_numbers(
    frame: pd.DataFrame, request: TableRequest, text: set[str], where: str, header: list[str]
) -> pd.DataFrame:
    """Return a frame in which numbers with `thousands` are numbers.

    pandas would drop the character wherever it is, also from dates and from 1.5. Raises MlopsError
    for a column of numbers with a point if conf says that they have none: they would be read later
    as other numbers.
    """
    decimal = request.table.decimal
    thousands = request.table.thousands
    if decimal == "." and not thousands:
        return frame
    converted: dict[str, pd.Series] = {}
    for name in frame:
        values = frame[name].dropna()
        if name in text or values.empty or pd.api.types.infer_dtype(values) != "string":
            continue
        if thousands and values.str.fullmatch(number_pattern(decimal, thousands)).all():
            plain = frame[name].str.replace(thousands, "", regex=False)
            converted[str(name)] = pd.to_numeric(plain.str.replace(decimal, ".", regex=False))
        elif values.str.fullmatch(WITH_POINT).all() and values.str.contains(".", regex=False).any():
            column = _name(str(name), header, request)
            key = f"tables.{request.name}"
            grouped = "" if thousands == "." else f'{key}.thousands to "." if 1.234 means 1234, or '
            raise MlopsError(
                f"{where}: {column} has numbers with a point, but {key}.decimal is "
                f'{shown(decimal)}; set {grouped}{key}.decimal to "." if 1.234 is between 1 and 2, '
                f"or add the column to {key}.text if it is no number."
            )
    return with_columns(frame, converted) if converted else frame


def number_pattern(decimal: str, thousands: str) -> str:
    """Return the pattern of a number whose digits may be in groups of three."""
    point, comma = re.escape(decimal), re.escape(thousands)
    groups = r"\d{1,3}(?:" + comma + r"\d{3})+"
    return rf"[+-]?(?:\d+|{groups})(?:{point}\d*)?"


# Files


def _open_text(path: Path, table: Table) -> IO[str]:
    return _open_text_of(path, table.encoding)


def _open_text_of(path: Path, encoding: str) -> IO[str]:
    """Open a file as text; the mark of UTF-8 is not part of it."""
    is_utf8 = codecs.lookup(encoding).name == "utf-8"
    return io.TextIOWrapper(
        _open_bytes(path), encoding="utf-8-sig" if is_utf8 else encoding, newline=""
    )


def _open_bytes(path: Path) -> Any:  # the stubs know no common type of these files
    """Open a file, which may be compressed as its name tells."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return gzip.open(path)
    if suffix == ".bz2":
        return bz2.open(path)
    if suffix == ".xz":
        return lzma.open(path)
    if suffix == ".zip":
        archive = zipfile.ZipFile(path)
        return archive.open(archive.namelist()[0])
    return path.open("rb")


def shown(character: str) -> str:
    """Return a character as YAML writes it."""
    return '"\\t"' if character == "\t" else f'"{character}"'
