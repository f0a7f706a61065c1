"""Times in files: text in the format of a country, and times with a time zone."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..base.errors import MlopsError
from .frames import with_columns
from .request import TableRequest

# Formats in which systems write dates, besides 2026-01-31, which needs no setting.
DATES = ("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%Y%m%d")
FORMATS = tuple(f"{date}{time}" for date in DATES for time in ("", " %H:%M", " %H:%M:%S"))
WITH_ZONE = r":\d\d.*?(?:Z|[+-]\d\d(?::?\d\d)?)$"
MOST = 0.5
SHOWN = 3  # positions of rows in a message


def formats_of(request: TableRequest) -> Mapping[str, str]:
    """Return the format of each column of dates that has one in conf."""
    given = request.table.date_format
    if isinstance(given, dict):
        return given
    times = (*request.times, *filter(None, [request.table.time]))
    return dict.fromkeys(times, given) if given else {}


def read_times(frame: pd.DataFrame, request: TableRequest, file: str) -> pd.DataFrame:
    """Return a frame whose times are of conf's format and zone, as times without a zone.

    Raises MlopsError for a date in another format. Without these keys, the frame is as it was.
    """
    formats = formats_of(request)
    zone = request.table.zone
    read: dict[str, pd.Series] = {}
    for name in map(str, frame):
        column = frame[name]
        if name in formats and not pd.api.types.is_datetime64_any_dtype(column):
            read[name] = _parse(column, formats[name], request, file)
        elif zone and isinstance(column.dtype, pd.DatetimeTZDtype):
            read[name] = column.dt.tz_convert(zone).dt.tz_localize(None)
        elif zone and name in (*request.times, request.table.time):
            read[name] = _without_zone(column, zone)
    return with_columns(frame, read) if read else frame


def guess_formats(column: pd.Series) -> list[str]:
    """Return the formats in which most values of a column of text or numbers are dates.

    A footer, or a word for a missing date, is none.
    """
    text = _as_text(column.dropna())
    if text.empty:
        return []
    shares = {each: float(_dates(text, each).notna().mean()) for each in FORMATS}
    best = max(shares.values())
    return [each for each, share in shares.items() if share == best >= MOST][:2]


def has_zone(column: pd.Series) -> bool:
    """Return whether a column has times with a time zone, as a type or as text."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return True
    return bool(_as_text(column.dropna()).str.contains(WITH_ZONE).any())


def places(frame: pd.DataFrame, rows: Any, file: str) -> str:
    """Return where the first of some rows are in a file, by the frame's index."""
    found = [f"row {row} of {file}" for row in frame.index[rows][:SHOWN]]
    return f"{', '.join(found)}, counted from 0"


def _parse(column: pd.Series, form: str, request: TableRequest, file: str) -> pd.Series:
    text = _as_text(column)
    times = _dates(text, form)
    wrong = (times.isna() & text.notna()).to_numpy()
    if wrong.any():
        name = request.name
        rows = "1 row" if wrong.sum() == 1 else f"{wrong.sum()} rows"
        where = places(column.to_frame(), wrong, file)
        raise MlopsError(
            f"table {name}: {column.name} is not a date of the format {form} in {rows} ({where}); "
            f"correct tables.{name}.date_format, or the file."
        )
    if times.dt.tz is not None:
        times = times.dt.tz_convert(request.table.zone or "UTC").dt.tz_localize(None)
    return times


def _dates(text: pd.Series, form: str) -> "pd.Series[pd.Timestamp]":
    return pd.to_datetime(text, format=form, errors="coerce", utc="%z" in form)


def _as_text(column: pd.Series) -> "pd.Series[str]":
    """Return a column as text; a number such as 20260131 may be a date, empty text is none."""
    if pd.api.types.is_float_dtype(column) and column.dropna().mod(1).eq(0).all():
        column = column.astype("Int64")
    text: pd.Series[str] = column.astype("string")
    return text.where(text != "")


def _without_zone(column: pd.Series, zone: str) -> pd.Series:
    """Return text with time zones as times in one zone; other columns as they are."""
    text = _as_text(column)
    zoned = text.str.contains(WITH_ZONE).fillna(value=False).astype(bool)
    if not zoned.any():
        return column
    try:
        times = pd.to_datetime(text.where(~zoned), format="ISO8601")
        with_zone = pd.to_datetime(text.where(zoned), format="ISO8601", utc=True)
    except ValueError:  # some are no times: the caller refuses the column
        return column
    local = with_zone.dt.tz_convert(zone).dt.tz_localize(None)
    return local.where(zoned, times)
