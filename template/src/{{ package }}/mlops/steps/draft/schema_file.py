"""The drafted `schema.py`: types, limits, roles, and the evidence for them as comments."""

from collections.abc import Iterable
from typing import Any

from ...data.contract import declared
from .evidence import describe
from .layout import STEP, Bracketed, comment, lay_out, quote, readable
from .names import words
from .profile import Column, Role, TableProfile

# The order in which the columns are listed; by convention, those with a role come first.
ORDER: tuple[Role, ...] = (
    "key",
    "event_time",
    "group",
    "protected",
    "personal",
    "excluded",
    "feature",
)
SHARES = {"fraction", "percent", "percentage", "probability", "pct", "share"}
PERCENT = {"percent", "percentage", "pct"}


def write_schema(profile: TableProfile) -> str:
    """Return the text of `schema.py`."""
    inputs = [column for role in ORDER for column in profile.of_role(role)]
    labels = [*profile.of_role("key"), profile.target]
    imports = ["import pandera.pandas as pa"]
    if any(column.type == "datetime" for column in inputs):
        imports = ["from datetime import datetime", "", *imports]
    name = readable(profile.name)
    lines = [
        '"""What the rows must look like: types, limits and the role of each column.',
        "",
        "`draft` has inferred this from the rows of one table. Check each role: the platform uses",
        "the columns with a role, and every other column of `Inputs` is a feature.",
        '"""',
        "",
        *imports,
        "",
        "",
        "class Inputs(pa.DataFrameModel):",
        f'    """One row of the table {name}, as it is known when the model predicts."""',
        "",
        *_fields(inputs),
        "",
        "",
        "class Labels(pa.DataFrameModel):",
        f'    """The target, {profile.target.name}, of a row."""',
        "",
        *_fields(labels, with_comments=("target",)),
    ]
    return "\n".join(lines) + "\n"


def _fields(columns: Iterable[Column], with_comments: tuple[Role, ...] = ORDER) -> list[str]:
    """Return the lines of a class's columns."""
    lines: list[str] = []
    for column in columns:
        if column.role in with_comments:
            lines += comment(describe(column))
        arguments = [*_limits(column), *_rest(column)]
        before = f"{STEP}{column.name}: {declared(column.type)}"
        if arguments:
            lines += lay_out(f"{before} = ", Bracketed("pa.Field(", tuple(arguments), ")"))
        else:
            lines.append(before)
    return lines


def _rest(column: Column) -> list[str]:
    """Return the arguments of a column's field that are no limits."""
    arguments = []
    if column.nullable and column.role != "target":
        arguments.append("nullable=True")
    if column.role != "feature":
        arguments.append('metadata={"role": ' + quote(column.role) + "}")
    return arguments


def _limits(column: Column) -> "list[str | Bracketed]":
    """Return limits for what is impossible, judged by what occurs; no limit if in doubt."""
    if column.closed and column.type != "bool":
        return [Bracketed("isin=[", tuple(map(quote, _allowed(column))), "]")]
    if column.low is None or column.high is None or column.low < 0 or column.role == "target":
        return []
    found = words(column.source)
    if column.high <= 1 and column.type == "float64" and not SHARES.isdisjoint(found):
        return ["ge=0", "le=1"]
    if 1 < column.high <= 100 and not PERCENT.isdisjoint(found):
        return ["ge=0", "le=100"]
    return ["ge=0"]


def _allowed(column: Column) -> list[Any]:
    """Return the values that a column may have; those of a target as it is learned."""
    values = [category.value for category in column.categories]
    if column.role == "target" and column.type == "int64" and len(values) == 2:
        return [0, 1]
    return sorted(map(int, values) if column.type != "str" else map(str, values))
