"""The contract that `schema.py` states: roles, types, and rows that keep it.

Everything else is derived from it: features, signature, the check of each batch.
"""

import contextlib
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from ..base.errors import Misconfigured, MlopsError
from ..base.settings import Problem

ROLES = {
    "Inputs": ("key", "event_time", "group", "protected", "excluded", "personal", "known_at"),
    "Labels": ("key", "label_time", "target"),
}
TIMES = ("event_time", "label_time", "known_at")
REASONS = ("reason_1", "reason_2", "reason_3")
TAKEN = {"batch", "date", "decision", "label", "predicted_at", "score", "value", "version"}
MLFLOW_TYPES = {"int64": "long", "float64": "double", "bool": "boolean"}
MLFLOW_TYPES |= {"str": "string", "datetime": "datetime"}
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
        _refuse(len(columns) > 1, f"{' and '.join(columns)} have the role {role}; keep one")
        return columns[0] if columns else None

    def need(self, role: str, reason: str) -> str:
        """Return the only column with `role`; raises Misconfigured where there is none."""
        _refuse(role not in self.roles, f"{reason} needs a column of {self.name} with role {role}")
        return str(self.one(role))

    def clean(self, frame: pd.DataFrame, where: str) -> pd.DataFrame:
        """Return `frame` with the schema's columns only, cast without loss, and validated.

        Raises MlopsError that names the column and what is wrong with it.
        """
        from pandera.errors import SchemaErrors

        lost = next((name for name in self.types if name not in frame), None)
        MlopsError.when(lost, f"{where}: column {lost} is missing; data.py must return it.")
        columns = {name: _cast(frame[name], kind, where) for name, kind in self.types.items()}
        result = pd.DataFrame(columns, index=frame.index)
        for name in result.columns[result.dtypes == "float64"]:
            if np.isinf(result[name]).any():
                raise MlopsError(f"{where}: {name} is infinite in some rows; make these missing.")
        try:
            return pd.DataFrame(self.model.validate(result, lazy=True))
        except SchemaErrors as error:
            first, count = error.failure_cases.iloc[0], len(error.failure_cases)
        broken = f"column {first['column']} breaks {first['check']} of schema.{self.name}"
        such = f"(such as {first['failure_case']}), {count} values in all"
        raise MlopsError(f"{where}: {broken} {such}.")


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
        taken = set[str]().union(*self.inputs.roles.values())
        return [name for name in self.inputs.types if name not in taken]

    @property
    def text(self) -> tuple[str, ...]:
        """The columns of text, which no reader may turn into numbers."""
        types = self.labels.types | self.inputs.types
        return tuple(name for name, kind in types.items() if kind == "str")


def read_contract(schema: ModuleType, problem: Problem) -> Contract:
    """Read the contract from the user's `schema` module."""
    inputs, labels = _side(schema, "Inputs", "key"), _side(schema, "Labels", "target")
    contract = Contract(problem, inputs, labels)
    _refuse(labels.roles.get("key") != contract.keys, "Inputs and Labels must have the same keys")
    for key in contract.keys:
        _refuse(inputs.types[key] != labels.types[key], f"give {key} one type in Inputs and Labels")
        _refuse(key in {*TAKEN, *REASONS}, f"the predictions have a column {key}; rename the key")
    there = contract.target in inputs.types
    _refuse(there, f"take the target {contract.target} out of Inputs")
    _refuse(not contract.features, "Inputs has no column without a role, so no feature")
    return contract


def refuse_duplicates(frame: pd.DataFrame, keys: list[str], where: str) -> None:
    """Raise MlopsError where a key stands twice."""
    doubled = frame[frame.duplicated(keys)]
    if len(doubled):
        example = ", ".join(f"{key}={doubled[key].iloc[0]}" for key in keys)
        remedy = "data.py must return one row for each"
        raise MlopsError(f"{where}: {len(doubled)} keys stand twice, such as {example}; {remedy}.")


def _refuse(wrong: object, sentence: str) -> None:
    Misconfigured.when(wrong, f"schema.py: {sentence}.")


def _side(schema: ModuleType, name: str, needed: str) -> Side:
    """Read one class, which must have a column of the role `needed`."""
    _refuse(not hasattr(schema, name), f"class {name} is missing")
    model, types = getattr(schema, name), dict[str, str]()
    roles: dict[str, list[str]] = {}
    for column, field in model.to_schema().columns.items():
        types[column] = _type_name(str(field.dtype), f"{name}.{column}")
        role = (field.metadata or {}).get("role")
        if role is not None:
            told, known = f"{name}.{column} has the role {role}", ROLES[name]
            _refuse(role not in known, f"{told}; use {', '.join(known)}")
            _refuse(role in TIMES and types[column] != "datetime", f"{told}; type it datetime")
            roles.setdefault(role, []).append(column)
    _refuse(needed not in roles, f"give one column of {name} the role {needed}")
    return Side(name, model, types, roles)


def _type_name(dtype: str, where: str) -> str:
    name = "datetime" if dtype.startswith("datetime64") else "str" if "str" in dtype else dtype
    _refuse(name not in MLFLOW_TYPES, f"{where} is {dtype}; use int, float, bool, str or datetime")
    return name


def _cast(column: Any, kind: str, where: str) -> Any:
    """Cast to the schema's type, because readers guess integers and all-missing columns."""
    result, alone = _convert(column, kind), partial(pd.Series, dtype=column.dtype)
    if result is not None:
        return result
    lost = next((one for one in column if _convert(alone([one]), kind) is None), "its mixture")
    told = f"is {column.dtype} and cannot become {kind} without loss (such as {lost!r})"
    remedy = "mend the source or the type in schema.py"
    raise MlopsError(f"{where}: column {column.name} {told}; {remedy}.")


def _convert(column: Any, kind: str) -> Any:
    """Return the column as `kind`, None where that would lose something."""
    flags, numbers = pd.api.types.is_bool_dtype(column), pd.api.types.is_numeric_dtype(column)
    if kind == "str" and isinstance(column.dtype, pd.StringDtype):
        return column.astype(TEXT)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
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
        return result if good else None
    return None
