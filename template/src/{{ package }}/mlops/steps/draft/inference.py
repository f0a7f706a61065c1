"""What the values of a column say: its type, what is missing, its range and its categories.

Types are those that `schema.py` knows, for rows as the readers of tables give them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_numeric_dtype

from . import names
from .profile import Category, Column

MOST_CATEGORIES = 30
MOST_NUMBERS = 20  # numbers with more different values have no categories
RARE = 0.01  # values with a smaller share of the rows are not listed
FEWEST = 10  # nor are those that fewer rows have: they could name a person

# A text column whose values are this few, and all frequent, allows no other.
MOST_CLOSED = 12
LONGEST = 60  # characters of a value that is listed

# Texts that stand for a missing value, the last ones only among numbers and dates.
MARKERS = {"#n/a", "(null)", "?", "n/a", "na", "nan", "null"}
MORE_MARKERS = {*MARKERS, "", "-", "--", ".", "missing", "none", "unknown"}

DATES = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M"),
    *("%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S"),
    *("%d/%m/%y", "%m/%d/%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%b %d, %Y", "%d %B %Y"),
)
AMBIGUOUS = {"%d/%m/%Y": "%m/%d/%Y", "%d-%m-%Y": "%m-%d-%Y", "%d/%m/%y": "%m/%d/%y"}
ZONE = re.compile(r":\d{2}\S*(?:Z|[+-]\d{2}:?\d{2})$")
TRIED = 200  # different values on which all forms of dates are tried
YEARS = (1900, 2100)  # of whole numbers that are dates, such as 20260131


@dataclass(frozen=True)
class Inferred:
    """A column, and its values with the type that was found."""

    column: Column
    """What is known about it; its role is `feature` until others are assigned."""
    data: pd.Series
    """Numbers, truth values, times or text; without the markers of missing values."""


def infer_columns(frame: pd.DataFrame) -> list[Inferred]:
    """Return what the values of each column of a table say, in its order."""
    return [
        infer(frame[source], name) for source, name in names.python_names(map(str, frame)).items()
    ]


def infer(raw: pd.Series, name: str) -> Inferred:
    """Return what the values of one column say."""
    column = Column(name, str(raw.name), "str", "feature", len(raw))
    if isinstance(raw.dtype, pd.CategoricalDtype):
        raw = raw.astype(raw.cat.categories.dtype)
    kind = infer_dtype(raw, skipna=True)
    if raw.isna().all():
        return Inferred(replace(column, missing=1.0, left_out="it has no value"), raw)
    if kind == "boolean":
        return _flags(column, raw)
    if kind in ("datetime", "datetime64", "date"):
        return _times(column, raw)
    if is_numeric_dtype(raw) or kind in ("integer", "floating", "decimal", "mixed-integer-float"):
        return _numbers(column, pd.to_numeric(raw))
    if kind == "string":
        return _from_text(column, raw)
    reason = f"its values are of the type {kind}, which schema.py does not know"
    if kind.startswith("mixed"):  # lists as well
        reason = "its values are of several types, or of one that schema.py does not know"
    return Inferred(replace(column, left_out=reason), raw)


def list_categories(
    values: pd.Series, least_share: float = RARE, fewest: int = FEWEST
) -> tuple[Category, ...]:
    """Return the values that a share of the rows and a number of them have."""
    counts = values.value_counts()
    known = max(int(counts.sum()), 1)
    frequent = counts[(counts >= least_share * known) & (counts >= fewest)].head(MOST_CATEGORIES)
    shares = (frequent / known).tolist()
    return tuple(map(Category, frequent.index.tolist(), shares))


def _flags(column: Column, raw: pd.Series) -> Inferred:
    """Describe truth values; those with missing values are 1 and 0 in schema.py."""
    missing = float(raw.isna().mean())
    values = raw.astype("bool") if not missing else pd.to_numeric(raw.astype("object"))
    found = replace(
        column,
        type="float64" if missing else "bool",
        missing=missing,
        distinct=int(raw.nunique()),
        categories=list_categories(raw, 0, 1),
        closed=missing > 0 and raw.nunique() == 2,
        whole=True,
        quantiles=_quantiles(values.astype("float64")) if missing else (),
    )
    return Inferred(found, values)


def _numbers(column: Column, values: pd.Series) -> Inferred:
    known = values.dropna()
    if not np.isfinite(known.to_numpy("float64")).all():
        infinite = int(np.isinf(known.to_numpy("float64")).sum())
        reason = f"it has {infinite} infinite values, which data.py would have to return as missing"
        return Inferred(replace(column, left_out=reason), values)
    if values.dtype.kind in "iu" and names.has_word(column.source, names.EVENT):
        times = _as_times(known.astype("str"), "%Y%m%d")
        if times is not None and times.dt.year.between(*YEARS).all():
            return _described_times(replace(column, conversion="date", date_format="%Y%m%d"), times)
    distinct = int(known.nunique())
    whole = bool((known == known.round()).all())
    is_whole_type = values.dtype.kind in "iu" and len(known) == len(values)
    is_flag = set(known.unique()) == {0, 1}
    found = replace(
        column,
        type="int64" if is_whole_type else "float64",
        missing=1 - len(known) / len(values),
        distinct=distinct,
        whole=whole,
        quantiles=_quantiles(known),
        categories=_categories_of_numbers(known, all_of_them=is_flag),
        closed=is_flag,
    )
    return Inferred(found, values)


def _categories_of_numbers(known: pd.Series, *, all_of_them: bool) -> tuple[Category, ...]:
    if all_of_them:
        return list_categories(known, 0, 1)
    return list_categories(known) if known.nunique() <= MOST_NUMBERS else ()


def _quantiles(values: pd.Series) -> tuple[float, ...]:
    steps = np.linspace(0, 1, 11)
    return tuple(map(float, np.quantile(values.dropna().to_numpy("float64"), steps)))


def _times(column: Column, raw: pd.Series) -> Inferred:
    """Describe times of a source that has a type for them."""
    times = pd.to_datetime(raw, utc=True)
    zoned = isinstance(raw.dtype, pd.DatetimeTZDtype)
    found = replace(column, conversion="zone") if zoned else column
    return _described_times(found, times.dt.tz_localize(None))


def _described_times(column: Column, times: "pd.Series[pd.Timestamp]") -> Inferred:
    first = times.min()
    last = times.max()
    if first < pd.Timestamp.min or last > pd.Timestamp.max:
        reason = (
            f"some of its dates are before {pd.Timestamp.min.year + 1} or after "
            f"{pd.Timestamp.max.year - 1}, which data.py would have to return as missing"
        )
        return Inferred(replace(column, left_out=reason), times)
    found = replace(
        column,
        type="datetime",
        missing=float(times.isna().mean()),
        distinct=int(times.nunique()),
        whole=bool((times.dropna() == times.dropna().dt.normalize()).all()),
        first=first,
        last=last,
    )
    return Inferred(found, times)


def _from_text(column: Column, raw: pd.Series) -> Inferred:
    """Find out what a text is: numbers, dates, or just text."""
    distinct = raw.dropna().unique().tolist()
    for parse in (_numbers_of_text, _times_of_text):
        marked = _markers(distinct, MORE_MARKERS)
        plain = [value for value in distinct if value not in marked]
        inferred = parse(replace(column, markers=marked), raw, plain)
        if inferred is not None:
            return inferred
    marked = _markers(distinct, MARKERS)
    values = raw.mask(raw.isin(marked)) if marked else raw
    if values.isna().all():
        reason = "it has only texts that stand for a missing value"
        return Inferred(replace(column, missing=1.0, left_out=reason), values)
    categories = list_categories(values)
    count = len(distinct) - len(marked)
    found = replace(
        column,
        markers=marked,
        missing=float(values.isna().mean()),
        distinct=count,
        categories=categories,
        closed=len(categories) == count <= MOST_CLOSED
        and all(_can_be_listed(str(category.value)) for category in categories),
    )
    return Inferred(found, values)


def _markers(distinct: Iterable[str], texts: set[str]) -> tuple[str, ...]:
    return tuple(sorted(value for value in distinct if value.strip().lower() in texts))


def _can_be_listed(value: str) -> bool:
    """Return whether a value can stand in the code of schema.py as it is."""
    return value.isprintable() and len(value) <= LONGEST and not {"'", '"', "\\"} & {*value}


def _numbers_of_text(column: Column, raw: pd.Series, plain: list[str]) -> Inferred | None:
    """Return a column of text as numbers, unless some is not a number, or is a code such as 007."""
    if not plain or names.is_identifier(column.source):
        return None
    codes = any(len(value) > 1 and value[0] == "0" and value[1].isdigit() for value in plain)
    numbers = pd.to_numeric(pd.Series(plain, dtype="object"), errors="coerce")
    if codes or numbers.isna().any():
        return None
    values = raw.map(dict(zip(plain, numbers.astype("float64"), strict=True)))
    return _numbers(column, values.astype("float64"))


def _times_of_text(column: Column, raw: pd.Series, plain: list[str]) -> Inferred | None:
    """Return a column of text as times, if all of it has one form."""
    form = _find_form(plain)
    if not form:
        return None
    times = _as_times(pd.Series(plain, dtype="object"), form)
    if times is None:
        return None
    values = pd.to_datetime(raw.map(dict(zip(plain, times, strict=True))))
    if form == "ISO8601":
        zoned = any(ZONE.search(value) for value in plain)
        found = replace(column, conversion="zone") if zoned else column
    else:
        found = replace(column, conversion="date", date_format=form)
        other = AMBIGUOUS.get(form)
        if other and _as_times(pd.Series(plain, dtype="object"), other) is not None:
            note = f"its dates can be read as {form} and as {other}; check data.py"
            found = replace(found, notes=(note,))
    return _described_times(found, values)


def _find_form(plain: list[str]) -> str:
    """Return the form that some of the values have, if they are dates."""
    few = pd.Series(plain[:TRIED], dtype="object")
    if not len(few) or not few.str.contains(r"\d").all():
        return ""
    for form in ("ISO8601", *DATES):
        if _as_times(few, form) is not None:
            return form
    return ""


def _as_times(text: pd.Series, form: str) -> "pd.Series[pd.Timestamp] | None":
    """Return text as times without a zone, or None if some of it has another form."""
    if form == "ISO8601" and not text.str.match(r"\d{4}-\d{2}(-\d{2}|$)").all():
        return None  # a year alone, or 20260131, is a number as well
    if form == "%Y%m%d" and not text.str.fullmatch(r"\d{8}").all():
        return None  # such as 202611, a month
    try:
        return pd.to_datetime(text, format=form, utc=True).dt.tz_localize(None)
    except (ValueError, OverflowError):
        return None
