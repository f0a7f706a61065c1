"""The roles of a proposal: key, event time, group, protected, personal, or left out, and why.

Each rule gives the evidence as a note. None quotes a value of a key or of a personal column.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import pandas as pd

from ...base.settings import Problem
from ...data.contract import REASONS, TAKEN
from . import names
from .inference import Inferred
from .profile import Column, Role
from .separation import choose_rows, separation
from .target import Target

LEAK = 0.98  # a column that predicts the target this well gives it away
REMARKABLE = 0.8  # one that is worth a thought
SAME = 0.8  # the share of the values that must look like e-mail addresses, for example
LOOKED_AT = 1_000  # different values
MOST_GROUPS = 0.95  # of the rows; with more different values a column is no group
FEWEST_GROUPS = 20
MOST_PROTECTED = 20  # values that the gate can compare
MOST_TEXTS = 1_000  # different values of text that is a category
FEW_TEXTS = 50

PATTERNS = {
    "e-mail addresses": re.compile(r"[^@\s]+@[^@\s]+\.\w+"),
    "account numbers (IBAN)": re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7} ?[A-Z0-9]{0,3}"),
    "phone numbers": re.compile(r"(?=(?:\D*\d){9})(?:\+|0|\()[\d ()/-]+"),
}
CODE = re.compile(r"(?=.*\d)[\w./-]{1,40}")  # of an identifier: no spaces, and a digit

ROW_NUMBER = "row_number"
ROW_KEY = "row_key"


@dataclass
class Assignment:
    """The columns of a table, while roles are assigned to them."""

    inferred: dict[str, Inferred]
    """The columns by their names in schema.py, without the target; roles are changed in place."""
    key_of: tuple[str, ...] = ()
    """The columns of which data.py makes a key; empty if it makes none, or a row number."""
    made: list[Column] = field(default_factory=list)
    """The columns that data.py makes."""

    def free(self) -> Iterator[tuple[str, Inferred]]:
        """Yield the columns that are still features."""
        for name, each in list(self.inferred.items()):
            if each.column.role == "feature" and not each.column.left_out:
                yield name, each

    def give(self, name: str, role: Role, *notes: str) -> None:
        """Give a column a role, and say why; hide the values of keys and personal columns."""
        each = self.inferred[name]
        found = replace(each.column, role=role, notes=(*each.column.notes, *notes))
        if role in ("key", "personal"):
            found = hide_values(found)
        self.inferred[name] = replace(each, column=found)

    def hide(self, name: str) -> None:
        """Hide the values of a column that may be personal."""
        each = self.inferred[name]
        self.inferred[name] = replace(each, column=hide_values(each.column))

    def note(self, name: str, *notes: str) -> None:
        """Add evidence to a column."""
        self.give(name, self.inferred[name].column.role, *notes)

    def leave_out(self, name: str, reason: str) -> None:
        """Leave a column out of the proposal."""
        each = self.inferred[name]
        self.inferred[name] = replace(each, column=replace(each.column, left_out=reason))


def assign_roles(inferred: list[Inferred], target: Target, problem: Problem) -> Assignment:
    """Return the columns of a table with their roles."""
    others = [each for each in inferred if each.column.name != target.column.name]
    assignment = Assignment({each.column.name: each for each in others})
    _leave_out_useless(assignment)
    _find_personal(assignment)
    _find_event_time(assignment)
    _find_key(assignment)
    _find_group(assignment)
    _find_protected(assignment)
    _exclude_texts(assignment)
    _measure_separation(assignment, target, problem)
    return assignment


def hide_values(column: Column) -> Column:
    """Return a column without anything that shows one of its values."""
    return replace(column, quantiles=(), categories=(), closed=False, first=None, last=None)


def _leave_out_useless(assignment: Assignment) -> None:
    """Leave out columns that are the same in all rows, or equal to an earlier one."""
    seen: dict[bytes, str] = {}
    for name, each in assignment.free():
        column = each.column
        if column.distinct == 1 and not column.missing:
            assignment.leave_out(name, "it is the same in all rows")
            continue
        values = each.data if column.type in ("str", "datetime") else each.data.astype("float64")
        content = pd.util.hash_pandas_object(values, index=False).to_numpy().tobytes()
        same = seen.setdefault(content, column.source)
        if same != column.source:
            assignment.leave_out(name, f"it is equal to {same} in all rows")


def _find_personal(assignment: Assignment) -> None:
    for name, each in assignment.free():
        column = each.column
        pattern = _pattern_of(each.data) if column.type == "str" else ""
        if pattern:
            assignment.give(name, "personal", f"its values look like {pattern}")
        elif column.type == "datetime" and names.has_word(column.source, names.BIRTH):
            assignment.give(name, "personal", "by its name, it is a date of birth")
        elif names.has_word(column.source, names.PERSONAL) and column.type in ("str", "int64"):
            if column.distinct > FEW_TEXTS:
                assignment.give(name, "personal", "its name suggests personal data")
            elif column.distinct > 2:
                assignment.hide(name)
                assignment.note(
                    name, "its name suggests personal data; if so, give it the role personal"
                )


def _pattern_of(text: pd.Series) -> str:
    """Return what most values of a column look like, such as e-mail addresses."""
    distinct = pd.Series(text.dropna().unique()[:LOOKED_AT], dtype="object")
    for kind, pattern in PATTERNS.items():
        if distinct.map(lambda value, p=pattern: bool(p.fullmatch(value))).mean() > SAME:
            return kind
    return ""


def _find_event_time(assignment: Assignment) -> None:
    """Give the role to the time that a name calls one, else to the earliest one."""
    times = [name for name, each in assignment.free() if each.column.type == "datetime"]
    complete = [name for name in times if not assignment.inferred[name].column.missing]
    chosen = min(complete or times, key=lambda name: _rank_time(assignment, name), default=None)
    for name in times:
        if name == chosen:
            assignment.give(name, "event_time", *_evidence_of_time(assignment, name))
        else:
            assignment.give(name, "excluded", *_evidence_of_other(assignment, name, chosen))


def _rank_time(assignment: Assignment, name: str) -> tuple[bool, bool, float]:
    """Return a rank, of which the least is best: a name's words, then how early it is."""
    each = assignment.inferred[name]
    source = each.column.source
    return (
        names.has_word(source, names.LATER),
        not names.has_word(source, names.EVENT),
        pd.Timestamp(each.data.median()).timestamp(),
    )


def _evidence_of_time(assignment: Assignment, name: str) -> list[str]:
    column = assignment.inferred[name].column
    if not column.missing:
        return ["a date in all rows"]
    rows = round(column.missing * column.rows)
    return [f"the only date, but missing in {rows} rows, which are left out of every window"]


def _evidence_of_other(assignment: Assignment, name: str, chosen: str | None) -> list[str]:
    note = "estimators take no dates: compute an age or a duration of it in features.py"
    if chosen is None:
        return [note]
    own = assignment.inferred[name].data
    event = assignment.inferred[chosen].data
    both = own.notna() & event.notna()
    if both.any() and (own[both] >= event[both]).all() and (own[both] > event[both]).any():
        note = (
            f"never before {chosen}; if the label became known then, move it to Labels with the "
            "role label_time"
        )
    return [note]


def _find_key(assignment: Assignment) -> None:
    """Give the role to a column that identifies each row; else let data.py make a key."""
    unique = [
        name
        for name, each in assignment.free()
        if each.column.type in ("str", "int64")
        and not each.column.missing
        and each.column.distinct == each.column.rows
    ]
    keys = [name for name in unique if _looks_like_key(assignment.inferred[name])]
    chosen = min(keys, key=lambda name: _rank_key(assignment, name), default=None)
    if chosen is not None:
        assignment.give(chosen, "key", "different in all rows, and never missing")
        _rename_taken_key(assignment, chosen)
    for name in keys:
        if name != chosen:
            assignment.give(name, "excluded", "another value that is different in all rows")
            assignment.hide(name)
    if chosen is None and not _make_key_of_two(assignment):
        _number_rows(assignment)


def _looks_like_key(each: Inferred) -> bool:
    """Return whether values that are different in all rows identify them, and not by chance."""
    if names.is_identifier(each.column.source):
        return True
    if each.column.type == "int64":
        return int(each.data.max()) - int(each.data.min()) + 1 == each.column.rows
    few = each.data.head(LOOKED_AT)
    return bool(few.map(lambda value: bool(CODE.fullmatch(value))).all())


def _rank_key(assignment: Assignment, name: str) -> tuple[bool, bool, int]:
    source = assignment.inferred[name].column.source
    found = names.words(source)
    is_index = not found or found[0] in ("unnamed", "rownames", "index")
    return is_index, not names.is_identifier(source), list(assignment.inferred).index(name)


def _rename_taken_key(assignment: Assignment, name: str) -> None:
    """Rename a key that has the name of another column of the predictions."""
    if name not in {*TAKEN, *REASONS}:
        return
    each = assignment.inferred[name]
    assignment.inferred[name] = replace(each, column=replace(each.column, name=f"{name}_key"))


def _make_key_of_two(assignment: Assignment) -> bool:
    """Let data.py make a key of an identifier and the event time, as in a panel by month."""
    times = [n for n, each in assignment.inferred.items() if each.column.role == "event_time"]
    for time in times:
        if assignment.inferred[time].data.is_unique:
            return False  # any pair would do
        for name, each in assignment.free():
            column = each.column
            identifies = names.is_identifier(column.source) or names.has_word(
                column.source, names.PERSONS
            )
            if not identifies or column.missing or column.distinct < FEWEST_GROUPS:
                continue
            if column.type not in ("str", "int64"):
                continue
            pair = pd.DataFrame({"id": each.data, "time": assignment.inferred[time].data})
            if pair["time"].isna().any() or pair.duplicated().any():
                continue
            note = f"no column identifies a row, but {column.source} and {time} together do"
            key = Column(ROW_KEY, "", "str", "key", column.rows, notes=(note,))
            assignment.made.append(replace(key, distinct=column.rows))
            assignment.key_of = (name, time)
            return True
    return False


def _number_rows(assignment: Assignment) -> None:
    rows = next(iter(assignment.inferred.values())).column.rows
    note = (
        "no column identifies a row, so data.py numbers the rows; that holds only while nobody "
        "sorts or shortens the table"
    )
    assignment.made.append(
        Column(ROW_NUMBER, "", "int64", "key", rows, distinct=rows, whole=True, notes=(note,))
    )


def _find_group(assignment: Assignment) -> None:
    """Give the role to the identifier of what several rows belong to, such as a customer."""
    candidates = [
        name
        for name, each in assignment.free()
        if each.column.type in ("str", "int64") and _repeats(each.column)
    ]
    chosen = next(iter(sorted(candidates, key=lambda name: _rank_group(assignment, name))), None)
    for name in candidates:
        column = assignment.inferred[name].column
        if name == chosen:
            each = column.rows / column.distinct
            note = f"an identifier with {column.distinct} values, of {each:.1f} rows each"
            assignment.give(name, "group", note)
        else:
            assignment.give(name, "excluded", "another identifier that repeats")
        assignment.hide(name)


def _repeats(column: Column) -> bool:
    identifies = names.is_identifier(column.source) and column.distinct > FEW_TEXTS
    person = names.has_word(column.source, names.PERSONS) and column.type == "str"
    enough = FEWEST_GROUPS <= column.distinct <= MOST_GROUPS * column.rows
    return (identifies or (person and column.distinct > FEW_TEXTS)) and enough


def _rank_group(assignment: Assignment, name: str) -> tuple[bool, bool]:
    column = assignment.inferred[name].column
    return column.missing > 0, not names.has_word(column.source, names.PERSONS)


def _find_protected(assignment: Assignment) -> None:
    for name, each in assignment.free():
        column = each.column
        if column.distinct > MOST_PROTECTED:
            if {"age", *names.PROTECTED} & {*names.words(column.source)}:
                assignment.note(
                    name,
                    "if the law protects it, add a column of bands in data.py "
                    "with the role protected, and exclude this one",
                )
            continue
        if names.has_word(column.source, names.PROTECTED) or "age" in names.words(column.source):
            assignment.give(
                name,
                "protected",
                "its name suggests a protected characteristic, "
                "which the gate compares and the model does not see",
            )


def _exclude_texts(assignment: Assignment) -> None:
    """Exclude text that is no category: each value is in few rows, and may name a person."""
    for name, each in assignment.free():
        column = each.column
        if column.type != "str" or column.distinct <= FEW_TEXTS:
            continue
        if column.distinct > MOST_TEXTS or column.distinct > 0.5 * column.rows:
            note = (
                f"text with {column.distinct} different values, which is no category; if it can "
                "contain personal data, give it the role personal"
            )
            assignment.give(name, "excluded", note)
            assignment.hide(name)


def _measure_separation(assignment: Assignment, target: Target, problem: Problem) -> None:
    """Exclude columns that predict the target almost perfectly, and note what comes close."""
    rows = choose_rows(target.truth, problem)
    truth = target.truth.iloc[rows]
    for name, each in assignment.inferred.items():
        column = each.column
        if column.left_out or column.role in ("key", "personal", "group"):
            continue
        figure = separation(each.data.iloc[rows], truth, problem)
        assignment.inferred[name] = replace(each, column=replace(column, separation=figure))
        if figure >= LEAK and column.role == "feature":
            assignment.give(
                name,
                "excluded",
                f"it predicts the target almost perfectly on its own ({figure:.2f} of 1), so it "
                "probably became known afterwards; if not, remove the role",
            )
        elif figure >= REMARKABLE:
            assignment.note(
                name,
                f"it predicts the target well on its own ({figure:.2f} of 1); is it known when "
                "the model predicts?",
            )


def ordered(assignment: Assignment, target: Column, sources: Iterable[str]) -> tuple[Column, ...]:
    """Return all columns: those that data.py makes, then the others in the order of the table."""
    columns = {each.column.source: each.column for each in assignment.inferred.values()}
    columns[target.source] = target
    return (*assignment.made, *(columns[source] for source in sources))
