"""The contract in `schema.py`: the roles and types of columns, and rows that comply with it.

Everything else is derived from it: features, signature, the check of each batch.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from ..base.errors import Misconfigured, MlopsError
from ..base.settings import Problem

if TYPE_CHECKING:
    from pandera.errors import SchemaErrors
    from pandera.pandas import DataFrameModel, DataFrameSchema

# The roles that the columns of each class may have.
ROLES: dict[str, tuple[str, ...]] = {
    "Inputs": ("key", "event_time", "group", "protected", "excluded", "personal", "known_at"),
    "Labels": ("key", "label_time", "target"),
}
TIMES = ("event_time", "label_time", "known_at")  # roles of columns of type datetime

# Columns of the predictions; a key must not have one of these names.
REASONS = ("reason_1", "reason_2", "reason_3")
TAKEN = {
    "batch",
    "date",
    "decision",
    "label",
    "predicted_at",
    "score",
    "scoring_date",
    "value",
    "version",
}

ColumnType = Literal["int64", "float64", "bool", "str", "datetime"]
MLFLOW_TYPES: dict[ColumnType, str] = {
    "int64": "long",
    "float64": "double",
    "bool": "boolean",
    "str": "string",
    "datetime": "datetime",
}

# What to declare instead of a type that neither MLflow nor every estimator supports.
WHOLE = (
    "use int, or, if values can be missing, float with pa.Field(nullable=True): it holds whole "
    "numbers exactly up to 9,007,199,254,740,992"
)
WAYS = {
    **dict.fromkeys((f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)), WHOLE),
    **dict.fromkeys(("float16", "float32", "float64"), "use float"),
    "boolean": (
        "use bool, or, if values can be missing, float with pa.Field(nullable=True): true becomes "
        "1 and false 0"
    ),
    "category": "use str, and make categories of it in features.py",
}

# What pandera reports of a check that raises an error, whose text may quote a value.
RAISED = re.compile(r"(\w*(?:Error|Exception|Warning))\(")

# The dtype of text in pandas 3 and in pandas 2; the type stubs know only one of them.
TEXT: Any = "str" if int(pd.__version__.split(".")[0]) >= 3 else "object"

# Returns why a column of a table is not of a type and which key helps; empty if that is unknown.
Explain = Callable[[str, ColumnType], str]


@dataclass(frozen=True)
class Schema:
    """One class of `schema.py`, `Inputs` or `Labels`, with its columns' types and roles."""

    name: str
    """`Inputs` or `Labels`."""
    model: "type[DataFrameModel]"
    """The class itself."""
    checks: "DataFrameSchema"
    """What pandera validates: all columns of the class, unless a caller selects some."""
    types: dict[str, ColumnType]
    """The type of each column."""
    roles: dict[str, list[str]]
    """The columns of each role; a role without a column is absent."""

    def one(self, role: str) -> str | None:
        """Return the only column with a role, or None.

        Raises Misconfigured if there are several.
        """
        columns = self.roles.get(role, [])
        if len(columns) > 1:
            raise Misconfigured(
                f"schema.py: {' and '.join(columns)} have the role {role}, which only one column "
                "may have; remove it from all but one."
            )
        return columns[0] if columns else None

    def need(self, role: str, reason: str) -> str:
        """Return the only column with a role that `reason`, such as a setting, needs.

        Raises Misconfigured if there is none, or if there are several.
        """
        column = self.one(role)
        if column is None:
            raise Misconfigured(
                f"schema.py: {reason} needs a column of {self.name} with the role {role}; give it "
                "to one."
            )
        return column

    def clean(
        self, frame: pd.DataFrame, where: str, explain: "Explain | None" = None
    ) -> pd.DataFrame:
        """Return a frame with the schema's columns only, cast without loss, and validated.

        Raises MlopsError that names the column and what is wrong with it; `where` names the rows
        in the message, such as "training window 2025-01-01..2026-01-01". `explain` may find the
        reason in the tables, as `Tables.explain` does.
        """
        from pandera.config import ValidationDepth, config_context
        from pandera.errors import SchemaErrors

        for name in self.types:
            if name not in frame:
                raise MlopsError(
                    f"{where}: column {name} is missing; data.py must return it, because "
                    f"{self.name} has it in schema.py, or in the copy of schema.py that a version "
                    "keeps."
                )
        columns = {
            name: _cast(self._flags_as_numbers(frame[name]), kind, where, explain)
            for name, kind in self.types.items()
        }
        result = pd.DataFrame(columns, index=frame.index)
        for name in result.columns[result.dtypes == "float64"]:
            if np.isinf(result[name]).any():
                raise MlopsError(
                    f"{where}: column {name} is infinite in some rows; data.py must return these "
                    "values as missing."
                )
        depth = ValidationDepth.SCHEMA_AND_DATA
        try:
            with config_context(validation_enabled=True, validation_depth=depth):  # whatever is set
                valid = pd.DataFrame(self.checks.validate(result, lazy=True))
        except SchemaErrors as error:
            raise MlopsError(f"{where}: {self._first_failure(error, result)}") from None
        if len(valid) != len(result):
            raise MlopsError(
                f"{where}: schema.{self.name} drops rows, and {len(result) - len(valid)} of "
                f"{len(result)} would be lost unnoticed; remove drop_invalid_rows, or the parser "
                "that drops them, from schema.py, and leave rows out in data.py."
            )
        return valid

    def _flags_as_numbers(self, column: pd.Series) -> pd.Series:
        """Return flags as 1 and 0 if the column is a nullable float.

        A batch in which one flag is missing has them as numbers already; another batch may not.
        """
        name = str(column.name)
        if self.types[name] != "float64" or not pd.api.types.is_bool_dtype(column):
            return column
        return column.astype("float64") if self.checks.columns[name].nullable else column

    def _first_failure(self, error: "SchemaErrors", frame: pd.DataFrame) -> str:
        """Return where the first value is that breaks a check; never the value."""
        cases = error.failure_cases
        first = cases.iloc[0]
        check = f"the check {first['check']} of schema.{self.name}"
        raised = RAISED.match(str(first["failure_case"])) if pd.isna(first["index"]) else None
        if raised:
            return f"{check} raises {raised[1]}; correct it in schema.py."
        context = first["schema_context"]
        alike = cases["check"].eq(first["check"]) & cases["schema_context"].eq(context)
        if context == "Column":
            alike &= cases["column"].eq(first["column"])
        rows = np.flatnonzero(frame.index.isin(cases["index"][alike]))
        remedy = "correct the source, or the check in schema.py."
        place = f"in {len(rows)} of {len(frame)} rows"
        if len(rows):
            place += f", the first in row {rows[0]} (counted from 0)"
        if context == "Column" and len(rows):
            return f"column {first['column']} fails {check} {place}; {remedy}"
        if context == "Column":
            return (
                f"column {first['column']} fails {check}, which is about all rows together, of "
                f"which there are {len(frame)}; {remedy}"
            )
        if first["check"] == "multiple_fields_uniqueness":
            columns = ", ".join(cases["column"][alike].unique())
            return f"rows have the same {columns}, which {check} forbids, {place}; {remedy}"
        if len(rows):
            return f"{check}, which is about whole rows, fails {place}; {remedy}"
        return (
            f"{check}, which is about all rows together, fails for these {len(frame)} rows; "
            f"{remedy}"
        )


@dataclass(frozen=True)
class Contract:
    """Both classes of `schema.py`, for one problem."""

    problem: Problem
    """What is predicted: one of two classes, one of several, or a number."""
    inputs: Schema
    """The class `Inputs`."""
    labels: Schema
    """The class `Labels`."""

    @property
    def keys(self) -> list[str]:
        """The columns that identify a row."""
        return self.inputs.roles["key"]

    @property
    def target(self) -> str:
        """The column that the model predicts."""
        return self.labels.roles["target"][0]

    @property
    def features(self) -> list[str]:
        """The columns that the model sees: inputs without a role."""
        with_role = set[str]().union(*self.inputs.roles.values())
        return [name for name in self.inputs.types if name not in with_role]

    @property
    def columns(self) -> set[str]:
        """All columns of both classes."""
        return {*self.inputs.types, *self.labels.types}

    @property
    def text(self) -> tuple[str, ...]:
        """The columns of text, which no reader may turn into numbers."""
        types = self.labels.types | self.inputs.types
        return tuple(name for name, kind in types.items() if kind == "str")

    @property
    def nullable_times(self) -> dict[str, bool]:
        """Whether each column of times may be missing, by every class that has it."""
        found: dict[str, bool] = {}
        for schema in (self.inputs, self.labels):
            for name in (each for each, kind in schema.types.items() if kind == "datetime"):
                nullable = bool(schema.checks.columns[name].nullable)
                found[name] = nullable and found.get(name, True)
        return found


def read_contract(schema: ModuleType, problem: Problem) -> Contract:
    """Return the contract of the user's module `schema`.

    Raises Misconfigured for a class that is missing, and for roles and types that do not fit.
    """
    inputs = _read_schema(schema, "Inputs", "key")
    labels = _read_schema(schema, "Labels", "target")
    labels.need("target", f"a {problem} problem")
    contract = Contract(problem, inputs, labels)
    if labels.roles.get("key") != contract.keys:
        raise Misconfigured(
            f"schema.py: Inputs has the key {', '.join(contract.keys)}, but Labels has "
            f"{', '.join(labels.roles.get('key', ['none']))}; give both the same key, in the same "
            "order."
        )
    for key in contract.keys:
        if inputs.types[key] != labels.types[key]:
            raise Misconfigured(
                f"schema.py: the key {key} has different types in Inputs and Labels; give it the "
                "same type in both."
            )
        if key in {*TAKEN, *REASONS}:
            raise Misconfigured(
                f"schema.py: the key {key} has the same name as another column of the predictions; "
                "rename the key, here and in data.py."
            )
    if contract.target in inputs.types:
        raise Misconfigured(
            f"schema.py: Inputs contains the target {contract.target}, so the model would see the "
            "answer; remove it from Inputs, and from what data.inputs returns."
        )
    if not contract.features:
        raise Misconfigured(
            "schema.py: every column of Inputs has a role, so there is no feature; add a column "
            "without one."
        )
    return contract


def declared(kind: ColumnType) -> str:
    """Return a type as schema.py declares it: `int` for `int64`."""
    return kind.removesuffix("64")


def refuse_duplicates(frame: pd.DataFrame, keys: list[str], where: str) -> None:
    """Raise MlopsError if a key occurs in more than one row; the index has the rows' numbers."""
    repeated = frame.index[frame.duplicated(keys)]
    if not len(repeated):
        return
    rows = "1 row repeats" if len(repeated) == 1 else f"{len(repeated)} rows repeat"
    raise MlopsError(
        f"{where}: {rows} the key ({', '.join(keys)}) of an earlier row (row {repeated[0]}, "
        "counted from 0, is the first to do so); data.py must return one row for each key."
    )


def _read_schema(schema: ModuleType, name: str, required_role: str) -> Schema:
    """Read one class, which must have a column with the required role."""
    model: type[DataFrameModel] | None = getattr(schema, name, None)
    if model is None:
        raise Misconfigured(f"schema.py: the class {name} is missing; define it.")
    checks = model.to_schema()
    types: dict[str, ColumnType] = {}
    roles: dict[str, list[str]] = {}
    for column, field in checks.columns.items():
        types[column] = _type_name(str(field.dtype), f"{name}.{column}")
        role = (field.metadata or {}).get("role")
        if role is None:
            continue
        if role not in ROLES[name]:
            raise Misconfigured(
                f"schema.py: {name}.{column} has the role {role}, which is not allowed in {name}; "
                f"use one of {', '.join(ROLES[name])}."
            )
        if role in TIMES and types[column] != "datetime":
            raise Misconfigured(
                f"schema.py: {name}.{column} has the role {role} and the type "
                f"{declared(types[column])}; give it the type datetime."
            )
        roles.setdefault(role, []).append(column)
    if required_role not in roles:
        raise Misconfigured(
            f"schema.py: no column of {name} has the role {required_role}; give it to one."
        )
    return Schema(name, model, checks, types, roles)


def _type_name(dtype: str, where: str) -> ColumnType:
    if dtype.startswith("datetime64"):
        return "datetime"
    if "str" in dtype:
        return "str"
    if dtype not in MLFLOW_TYPES:
        remedy = WAYS.get(dtype.lower(), "use int, float, bool, str or datetime")
        raise Misconfigured(
            f"schema.py: {where} has the type {dtype}, which is not supported; {remedy}."
        )
    return dtype


def _cast(column: pd.Series, kind: ColumnType, where: str, explain: Explain | None) -> pd.Series:
    """Cast a column to the schema's type: readers guess types of integers and empty columns."""
    result = _convert(column, kind)
    if result is not None:
        return result
    way = ""
    if kind in ("int64", "bool") and column.isna().any():
        way = " (float with pa.Field(nullable=True) if values can be missing)"
    reason = explain(str(column.name), kind) if explain else ""
    remedy = reason or f"correct the source, or the type in schema.py{way}"
    raise MlopsError(
        f"{where}: column {column.name} is {column.dtype} and cannot become {declared(kind)} "
        f"without loss ({_first_lost(column, kind)}); {remedy}."
    )


def _first_lost(column: pd.Series, kind: ColumnType) -> str:
    """Return where the first value is that the type would change, and its type; never the value."""
    for row, value in enumerate(column):
        if _convert(pd.Series([value], dtype=column.dtype), kind) is None:
            found = "no value" if pd.isna(value) else f"a value of type {type(value).__name__}"
            return f"row {row}, counted from 0, has {found}"
    return "it is a mixture of types"


def _convert(column: pd.Series, kind: ColumnType) -> pd.Series | None:
    """Return a column as another type, or None if values would be lost."""
    try:
        if kind == "str":
            return _as_text(column)
        if kind == "datetime":
            return _as_datetime(column)
        if kind == "bool":
            return column.astype("bool") if column.isin([True, False]).all() else None
        return _as_number(column, kind)
    except (ValueError, TypeError, OverflowError):
        return None


def _as_text(column: pd.Series) -> pd.Series | None:
    if not isinstance(column.dtype, pd.StringDtype):
        if not all(isinstance(value, str) for value in column.dropna()):
            return None
        column = column.astype("object").where(column.notna(), None)
    text: pd.Series = column.astype(TEXT)
    return text


def _as_datetime(column: pd.Series) -> pd.Series | None:
    if pd.api.types.is_numeric_dtype(column) and not column.isna().all():
        return None  # a number could count days as well as seconds
    return pd.to_datetime(column, format="ISO8601").astype("datetime64[ns]")


def _as_number(column: pd.Series, kind: Literal["int64", "float64"]) -> pd.Series | None:
    if pd.api.types.is_bool_dtype(column):
        return None
    numbers = pd.to_numeric(column)
    result = numbers.astype(kind)
    return result if kind == "float64" or (result == numbers).all() else None
