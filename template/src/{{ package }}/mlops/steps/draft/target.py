"""The target of a proposal: whether it fits the problem, and how `data.py` makes it of a column."""

from dataclasses import dataclass, replace

import pandas as pd

from ...base.errors import Misconfigured
from ...base.settings import Problem
from ...data.contract import TAKEN, ColumnType
from .inference import Inferred, list_categories
from .profile import Category, Column

MOST_CLASSES = 100
FEWEST_OF_A_CLASS = 10
NAMES = 15  # columns that a message lists
LISTED = 12  # classes

# Words for the outcome that a binary model predicts, which becomes 1.
OUTCOMES = {
    *("1", "accepted", "approved", "bad", "cancelled", "charged off", "churn", "churned", "claim"),
    *("converted", "dead", "default", "defaulted", "died", "fail", "failed", "fraud", "left"),
    *("lost", "malignant", "no longer", "positive", "spam", "success", "t", "true", "y", "yes"),
}


@dataclass(frozen=True)
class Target:
    """The column that the model is to predict."""

    column: Column
    """What is known about it, with all of its classes."""
    truth: pd.Series
    """The target of each row as the model learns it: 0 and 1, names of classes, or numbers."""
    outcome: str | float | bool | None = None
    """The value that becomes 1 in a binary problem, unless it is 1 already."""


def find_target(columns: list[Inferred], name: str, problem: Problem) -> Target:
    """Return the target with a name in the table or in schema.py.

    Raises Misconfigured if there is none, or if it does not fit the problem.
    """
    for inferred in columns:
        if name in (inferred.column.source, inferred.column.name):
            return _READ[problem](inferred)
    listed = ", ".join(inferred.column.source for inferred in columns[:NAMES])
    more = f" and {len(columns) - NAMES} more" if len(columns) > NAMES else ""
    raise Misconfigured(
        f"the table has no column {name}, which --target names; name one of its columns: "
        f"{listed}{more}."
    )


def _read_binary(inferred: Inferred) -> Target:
    column = inferred.column
    _refuse_unusable(column)
    values = sorted(inferred.data.dropna().unique().tolist())
    if len(values) != 2:
        other = _fitting_problem(column)
        raise Misconfigured(
            f"the target {column.source} has {len(values)} different values, but this project's "
            "problem is binary, so it needs two; name another column"
            + (
                f", add one with two values to the table, or create a project with the answer "
                f"problem={other}."
                if other
                else ", or add one with two values to the table."
            )
        )
    classes = list_categories(inferred.data, 0, 1)
    outcome = _choose_outcome(classes)
    truth = inferred.data.map({value: float(value == outcome) for value in values})
    notes = [*_notes_of_classes(classes, column.rows), *_note_missing(column)]
    is_flag = column.type == "bool" or any(isinstance(each.value, bool) for each in classes)
    is_ready = set(values) == {0, 1} and not is_flag
    if not is_ready:
        notes.append(
            f"1 stands for {outcome!s}; if that is not what the model should predict, "
            "change it in data.py"
        )
    found = replace(
        column,
        type="int64",
        categories=classes,
        closed=True,
        role="target",
        whole=True,
        notes=tuple(notes),
        quantiles=(),
    )
    return Target(found, truth, None if is_ready else outcome)


def _fitting_problem(column: Column) -> str:
    """Return the problem whose target a column of many values can be; empty if there is none."""
    if column.quantiles and (column.distinct > MOST_CLASSES or not column.whole):
        return "regression"
    is_time = column.type == "datetime"
    return "" if is_time or column.distinct > MOST_CLASSES else "multiclass"


def _choose_outcome(classes: tuple[Category, ...]) -> str | float | bool:
    """Return the greater number, a word for an outcome, or else the rarer class."""
    values = [category.value for category in classes]
    if not isinstance(values[0], str):
        return max(values)
    named = [value for value in values if str(value).strip().lower() in OUTCOMES]
    return named[0] if len(named) == 1 else values[-1]


def _read_multiclass(inferred: Inferred) -> Target:
    column = inferred.column
    _refuse_unusable(column)
    if column.type == "datetime":
        raise Misconfigured(
            f"the target {column.source} has times, but this project's problem is multiclass, so "
            "it needs classes; name another column."
        )
    if column.type == "float64" and not column.whole:
        raise Misconfigured(
            f"the target {column.source} has numbers with fractions, but this project's problem is "
            "multiclass, so it needs classes; name another column, or create a project with the "
            "answer problem=regression."
        )
    if column.distinct > MOST_CLASSES:
        raise Misconfigured(
            f"the target {column.source} has {column.distinct} different values, but a multiclass "
            f"problem may have at most {MOST_CLASSES} classes; name another column, or merge "
            "classes in the table."
        )
    if column.distinct == 2:
        raise Misconfigured(
            f"the target {column.source} has two different values, but this project's problem is "
            "multiclass; name another column, or create a project with the answer problem=binary."
        )
    classes = list_categories(inferred.data, 0, 1)
    if column.type == "float64":  # whole numbers, some of them missing
        classes = tuple(replace(each, value=int(each.value)) for each in classes)
    taken = sorted(TAKEN & {str(category.value) for category in classes})
    if taken:
        raise Misconfigured(
            f"the target {column.source} has the class {taken[0]}, which is the name of a column "
            "of the predictions; rename the class in the table."
        )
    notes = (*_notes_of_classes(classes, column.rows), *_note_missing(column))
    kind: ColumnType = "str" if column.type == "str" else "int64"
    found = replace(
        column, type=kind, categories=classes, closed=True, role="target", notes=notes, quantiles=()
    )
    return Target(found, inferred.data)


def _read_regression(inferred: Inferred) -> Target:
    column = inferred.column
    _refuse_unusable(column)
    if column.type == "datetime":
        raise Misconfigured(
            f"the target {column.source} has times, but this project's problem is regression, so "
            "it needs numbers; name another column."
        )
    if column.type not in ("int64", "float64"):
        raise Misconfigured(
            f"the target {column.source} is {column.type}, but this project's problem is "
            "regression, so it needs numbers; name another column, or create a project with the "
            "answer problem=multiclass, or binary if it has two values."
        )
    if column.distinct <= 2:
        raise Misconfigured(
            f"the target {column.source} has two different values, but this project's problem is "
            "regression; name another column, or create a project with the answer problem=binary."
        )
    notes = [*_note_missing(column)]
    if column.distinct < 10:
        notes.append(
            f"it has only {column.distinct} different values; are they classes rather than amounts?"
        )
    found = replace(
        column, type="float64", role="target", categories=(), closed=False, notes=tuple(notes)
    )
    return Target(found, inferred.data.astype("float64"))


_READ = {"binary": _read_binary, "multiclass": _read_multiclass, "regression": _read_regression}


def _refuse_unusable(column: Column) -> None:
    if column.left_out:
        raise Misconfigured(
            f"the target {column.source} cannot be used: {column.left_out}; name another column."
        )
    if column.distinct < 2:
        raise Misconfigured(
            f"the target {column.source} is the same in all rows, so there is nothing to learn; "
            "name another column, or give a table with more rows."
        )


def _notes_of_classes(classes: tuple[Category, ...], rows: int) -> list[str]:
    listed = ", ".join(f"{each.share:.1%} {each.value!s}" for each in classes[:LISTED])
    more = f" and {len(classes) - LISTED} other classes" if len(classes) > LISTED else ""
    notes = [f"its classes: {listed}{more}"]
    rare = [each for each in classes if each.share * rows < FEWEST_OF_A_CLASS]
    if rare:
        notes.append(
            f"{len(rare)} of {len(classes)} classes have fewer than {FEWEST_OF_A_CLASS} rows; "
            "merge them in data.py, or leave them out"
        )
    return notes


def _note_missing(column: Column) -> list[str]:
    if not column.missing:
        return []
    rows = round(column.missing * column.rows)
    return [f"{rows} rows have no value, so data.labels leaves them out"]
