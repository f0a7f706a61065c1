"""The evidence for a column, in sentences: comments of `schema.py`, and lines of the report."""

from .layout import quote
from .profile import Category, Column

LISTED = 5  # values
BRIEF = 60  # characters of a value


def describe(column: Column) -> list[str]:
    """Return what was seen in a column; its values only if it is neither a key nor personal."""
    parts = [_values(column), _missing(column), *column.notes]
    return [part for part in parts if part]


def _values(column: Column) -> str:
    if column.role == "target":
        return ""  # its notes have the classes
    if column.first is not None and column.last is not None:
        return f"from {column.first:%Y-%m-%d} to {column.last:%Y-%m-%d}"
    if column.type in ("int64", "float64") and column.quantiles:
        if column.closed:
            return ""
        numbers = f"{number(column.quantiles[0])} to {number(column.quantiles[-1])}"
        kind = ", whole numbers" if column.whole and column.type == "float64" else ""
        return f"{numbers}{kind}"
    if column.type == "str" and column.categories and not column.closed:
        listed = column.categories[:LISTED]
        shown = ", ".join(quote(_brief(each)) for each in listed)
        most = "" if len(listed) == column.distinct else "; the most frequent are "
        return f"{column.distinct} different values{most or ': '}{shown}"
    return ""


def _brief(category: Category) -> str:
    text = str(category.value)
    return text if len(text) <= BRIEF else f"{text[:BRIEF]}..."


def _missing(column: Column) -> str:
    if not column.missing or column.role == "target":
        return ""
    share = f"{column.missing:.1%}"
    rows = "under 0.1%" if share == "0.0%" else share
    marks = ", ".join(quote(marker) for marker in column.markers)
    written = f", most of them written as {marks}" if marks else ""
    return f"{rows} missing{written}"


def number(value: float) -> str:
    """Return a number for people: 12, 0.375 or 1,250,000."""
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 100 else f"{value:.4g}"
