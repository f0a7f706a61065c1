"""The contract that `schema.py` states: roles, types, and rows that keep it.

Everything else is derived from it: features, signature, the check of each batch.
"""

import contextlib
from dataclasses import dataclass
from itertools import chain
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from .errors import Misconfigured, MlopsError
from .settings import Problem

INPUT_ROLES = ("key", "event_time", "group", "protected", "excluded", "personal", "known_at")
LABEL_ROLES = ("key", "label_time", "target")
TIMES = ("event_time", "label_time", "known_at")
TAKEN = {"batch", "date", "decision", "label", "predicted_at", "score", "value", "version"}
MLFLOW_TYPES = {
    "int64": "long",
    "float64": "double",
    "bool": "boolean",
    "str": "string",
    "datetime": "datetime",
}
TEXT = "str" if int(pd.__version__.split(".")[0]) >= 3 else "object"


@dataclass(frozen=True)
class Side:
    """One schema, `Inputs` or `Labels`, with its columns' types and roles."""

    name: str
    model: Any  # a pandera DataFrameModel
    types: dict[str, str]  # column -> int64, float64, bool, str or datetime
    roles: dict[str, list[str]]

    def one(self, role: str) -> str | None:
        """Return the only column with `role`, None where there is none."""
        columns = self.roles.get(role, [])
        if len(columns) > 1:
            raise Misconfigured(
                f"schema.py: {' and '.join(columns)} have the role {role}; keep one."
            )
        return columns[0] if columns else None

    def need(self, role: str, reason: str) -> str:
        """Return the only column with `role`; raises Misconfigured where there is none."""
        column = self.one(role)
        if column is None:
            raise Misconfigured(
                f"schema.py: {reason} needs a column of {self.name} with role {role}."
            )
        return column

    def clean(self, frame: pd.DataFrame, where: str) -> pd.DataFrame:
        """Return `frame` with the schema's columns only, cast without loss, and validated.

        Raises MlopsError that names the column and what is wrong with it.
        """
        for name in self.types:
            if name not in frame:
                raise MlopsError(f"{where}: column {name} is missing; data.py must return it.")
        columns = {name: _cast(frame[name], kind, where) for name, kind in self.types.items()}
        result = pd.DataFrame(columns, index=frame.index)
        for name in result.columns[result.dtypes == "float64"]:
            if np.isinf(result[name]).any():
                raise MlopsError(f"{where}: {name} is infinite in some rows; make these missing.")
        return self._validated(result, where)

    def _validated(self, frame: pd.DataFrame, where: str) -> pd.DataFrame:
        from pandera.errors import SchemaErrors

        try:
            return pd.DataFrame(self.model.validate(frame, lazy=True))
        except SchemaErrors as error:
            first, count = error.failure_cases.iloc[0], len(error.failure_cases)
        raise MlopsError(
            f"{where}: column {first['column']} breaks {first['check']} of schema.{self.name} "
            f"(such as {first['failure_case']}), {count} values in all."
        )


@dataclass(frozen=True)
class Contract:
    """Both sides of the schema of one problem."""

    problem: Problem
    inputs: Side
    labels: Side

    @property
    def keys(self) -> list[str]:
        """The columns that name a row."""
        return self.inputs.roles["key"]

    @property
    def target(self) -> str:
        """The column that the model predicts."""
        return self.labels.roles["target"][0]

    @property
    def features(self) -> list[str]:
        """The columns that the model sees: inputs without a role."""
        taken = {*chain(*self.inputs.roles.values())}
        return [name for name in self.inputs.types if name not in taken]

    @property
    def text(self) -> tuple[str, ...]:
        """The columns of text, which no reader may turn into numbers."""
        types = self.labels.types | self.inputs.types
        return tuple(name for name, kind in types.items() if kind == "str")


def read_contract(schema: ModuleType, problem: Problem) -> Contract:
    """Read the contract from the user's `schema` module."""
    for name, role in (("Inputs", "key"), ("Labels", "target")):
        if not hasattr(schema, name):
            raise Misconfigured(f"schema.py: class {name} is missing.")
        if role not in _side(schema, name).roles:
            raise Misconfigured(f"schema.py: give one column of {name} the role {role}.")
    contract = Contract(problem, _side(schema, "Inputs"), _side(schema, "Labels"))
    if contract.labels.roles.get("key") != contract.keys:
        raise Misconfigured("schema.py: Inputs and Labels must have the same keys.")
    for key in contract.keys:
        if contract.inputs.types[key] != contract.labels.types[key]:
            raise Misconfigured(f"schema.py: give {key} one type in Inputs and Labels.")
        if key in TAKEN:
            raise Misconfigured(f"schema.py: the predictions have a column {key}; rename the key.")
    if contract.target in contract.features:
        raise Misconfigured(f"schema.py: take the target {contract.target} out of Inputs.")
    if not contract.features:
        raise Misconfigured("schema.py: Inputs has no column without a role, so no feature.")
    return contract


def refuse_duplicates(frame: pd.DataFrame, keys: list[str], where: str) -> None:
    """Raise MlopsError where a key stands twice."""
    doubled = frame[frame.duplicated(keys)]
    if len(doubled):
        example = ", ".join(f"{key}={doubled[key].iloc[0]}" for key in keys)
        remedy = "data.py must return one row for each"
        raise MlopsError(f"{where}: {len(doubled)} keys stand twice, such as {example}; {remedy}.")


def _side(schema: ModuleType, name: str) -> Side:
    model, allowed = getattr(schema, name), INPUT_ROLES if name == "Inputs" else LABEL_ROLES
    types: dict[str, str] = {}
    roles: dict[str, list[str]] = {}
    for column, field in model.to_schema().columns.items():
        types[column] = _type_name(str(field.dtype), f"schema.py: {name}.{column}")
        role = (field.metadata or {}).get("role")
        if role is not None and role not in allowed:
            known = ", ".join(allowed)
            raise Misconfigured(f"schema.py: {name}.{column} has the role {role}; use {known}.")
        if role in TIMES and types[column] != "datetime":
            raise Misconfigured(
                f"schema.py: {name}.{column} has the role {role}; type it datetime."
            )
        if role is not None:
            roles.setdefault(role, []).append(column)
    return Side(name, model, types, roles)


def _type_name(dtype: str, where: str) -> str:
    name = "datetime" if dtype.startswith("datetime64") else "str" if "str" in dtype else dtype
    if name not in MLFLOW_TYPES:
        raise Misconfigured(f"{where} is {dtype}; use int, float, bool, str or datetime.")
    return name


def _cast(column: Any, kind: str, where: str) -> Any:
    """Cast to the schema's type, because readers guess integers and all-missing columns."""
    try:
        return _convert(column, kind)
    except (ValueError, TypeError, OverflowError):
        bad = [value for value in column if not _fits(pd.Series([value], dtype=column.dtype), kind)]
    raise MlopsError(
        f"{where}: column {column.name} is {column.dtype} and cannot become {kind} without loss "
        f"(such as {next(iter(bad), 'its mixture')!r}); mend the source or the type in schema.py."
    )


def _fits(column: Any, kind: str) -> bool:
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        _convert(column, kind)
        return True
    return False


def _convert(column: Any, kind: str) -> Any:
    """Return the column as `kind`; raises ValueError where that would lose something."""
    flags, numbers = pd.api.types.is_bool_dtype(column), pd.api.types.is_numeric_dtype(column)
    if kind == "str" and isinstance(column.dtype, pd.StringDtype):
        return column.astype(TEXT)
    if kind == "str":
        good = all(isinstance(value, str) for value in column.dropna())
        result = column.astype("object").where(column.notna(), None).astype(TEXT)
    elif kind == "datetime":
        good = not numbers or column.isna().all()
        result = pd.to_datetime(column, format="ISO8601").astype("datetime64[ns]")
    elif kind == "bool":
        good = column.isin([True, False]).all()  # 0 and 1 equal False and True
        result = column.astype("bool")
    else:
        read = pd.to_numeric(column)
        result = read.astype(kind)
        good = not flags and (kind == "float64" or (result == read).all())
    if not good:
        raise ValueError
    return result
