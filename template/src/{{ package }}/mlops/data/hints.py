"""Which key of a table of files would give a column the type of the schema.

Only an error asks for it: the files are read again, so that no reader has to remember anything.
"""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from ..base.errors import MlopsError
from . import files
from .contract import ColumnType
from .csv_files import number_pattern, shown
from .request import PLACE, TableRequest
from .times import guess_formats, has_zone

GROUPS = ("", ".", ",", "'", "\u2019", " ", "\u00a0", "\u202f")  # separators of thousands
NumberFormat = tuple[str, str]
"""The decimal separator, and that of thousands."""


def explain(request: TableRequest, column: str, kind: ColumnType) -> str:
    """Return where a column is not of a type and which key helps; empty if the files do not tell.

    The answer quotes no value.
    """
    if kind not in ("int64", "float64", "datetime"):
        return ""
    try:
        for frame in _read(request, column):
            found = (
                _explain_time(frame, column, request)
                if kind == "datetime"
                else _explain_number(frame, column, request)
            )
            if found:
                return f"table {request.name}: {found}"
    except MlopsError:  # another table has the column, or the command has failed for this reason
        return ""
    return ""


def _read(request: TableRequest, column: str) -> Iterator[pd.DataFrame]:
    """Yield the rows of all files, with this column alone, as text if it is text."""
    changed = {"columns": (column,), "text": (column,), "control": "", "max_late": None}
    table = request.table.model_copy(update=changed)
    return files.read_pieces(replace(request, table=table, window=None))


def _explain_time(frame: pd.DataFrame, column: str, request: TableRequest) -> str:
    values = frame[column]
    key = f"tables.{request.name}"
    where = f"column {column} of {frame.attrs[PLACE]}"
    if has_zone(values):
        return (
            f"{where} has times with a time zone; set {key}.zone to the zone in which its days "
            'begin, such as "Europe/Berlin" or "UTC"'
        )
    if pd.api.types.is_datetime64_any_dtype(values) or _is_iso(values):
        return ""
    formats = guess_formats(values)
    if not formats:
        return ""
    wanted = " or ".join("{" + f'{column}: "{each}"' + "}" for each in formats)
    which = ", whichever it is" if len(formats) > 1 else ""
    return (
        f"{where} has dates, but not such as 2026-01-31; set {key}.date_format to {wanted}{which}"
    )


def _is_iso(values: pd.Series) -> bool:
    """Return whether text needs no format; digits alone would be read as a number."""
    text = values.dropna().astype("string")
    if text.str.fullmatch(r"\d+").any():
        return False
    dates = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    return bool(dates.notna().all())


def _explain_number(frame: pd.DataFrame, column: str, request: TableRequest) -> str:
    values = frame[column].dropna()
    if values.empty or pd.api.types.infer_dtype(values) != "string":
        return ""
    table = request.table
    matches = values.str.fullmatch(number_pattern(table.decimal, table.thousands)).to_numpy()
    if matches.all():
        return ""
    where = f"column {column} of {frame.attrs[PLACE]}"
    formats = list(_formats_of(values))
    if formats:
        ways = " or ".join(_keys(request, each) for each in formats)
        which = ", whichever these numbers mean" if len(formats) > 1 else ""
        return f"{where} has numbers in another format; set {ways}{which}"
    is_number = values.str.fullmatch(r"[+-]?\d[\d.,'\u2019 \u00a0\u202f]*").to_numpy()
    other = values.index[~is_number]
    if len(other) == 0:
        return ""
    return (
        f"{where} has text that is no number, first in row {other[0]}, counted from 0; correct the "
        f"file, or make numbers of it in data.py"
    )


def _formats_of(values: "pd.Series[str]") -> Iterator[NumberFormat]:
    """Yield the formats that all values have, one for each decimal separator."""
    for decimal in ".,":
        for thousands in GROUPS:
            if (
                thousands != decimal
                and values.str.fullmatch(number_pattern(decimal, thousands)).all()
            ):
                yield decimal, thousands
                break


def _keys(request: TableRequest, form: NumberFormat) -> str:
    """Return the settings of a format that differ from the table's own."""
    table = request.table
    wanted = {"decimal": form[0], "thousands": form[1]}
    present = {"decimal": table.decimal, "thousands": table.thousands}
    return " and ".join(
        f"tables.{request.name}.{key} to {shown(value)}"
        for key, value in wanted.items()
        if value != present[key]
    )
