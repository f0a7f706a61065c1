"""The rows of a request: what a body may contain, derived from a version's own schema.

pydantic checks types, ranges and missing values, because pandera takes longer for one row than a
model does. All other checks of a schema are left to pandera, and take that time.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NotRequired

import numpy as np
import pandas as pd
from pydantic import Field, JsonValue, TypeAdapter
from typing_extensions import TypedDict

from ..data.contract import TEXT, Contract

if TYPE_CHECKING:
    from pandera.pandas import Column

Value = str | int | float | bool | None
Row = dict[str, Value]
Rows = list[Row]

PYTHON_TYPES: dict[str, type] = {
    "int64": int,
    "float64": float,
    "bool": bool,
    "str": str,
    "datetime": str,
}
KEY_LIMITS = {"max_length": 1000}  # of keys that are text, because an answer repeats them
NULLABLE = ("float64", "str", "datetime")  # the types that can hold a missing value
TYPE_LIMITS: dict[str, dict[str, int | bool]] = {
    "int64": {"ge": -(2**63), "le": 2**63 - 1},
    "float64": {"allow_inf_nan": False},
}
PANDERA_LIMITS = {  # pandera's names of checks: pydantic's names of the same limits
    "greater_than": "gt",
    "greater_than_or_equal_to": "ge",
    "less_than": "lt",
    "less_than_or_equal_to": "le",
}

# Any: mypy only knows a TypedDict whose fields are written in the code.
make_typed_dict: Any = TypedDict


class RowParser:
    """Parses the bodies of requests: rows with all features, and with keys if given."""

    def __init__(self, contract: Contract, max_rows: int | None = None) -> None:
        """Accept up to `max_rows` rows in a body; None sets no limit."""
        inputs = contract.inputs
        schema = inputs.checks.select_columns(contract.features)
        types = {name: inputs.types[name] for name in contract.features}
        fields = {name: _feature_type(schema.columns[name], kind) for name, kind in types.items()}
        self._types = types
        self._features = replace(inputs, checks=schema, types=types)
        checked_as_a_whole = schema.checks or schema.parsers or schema.unique or schema.coerce
        self.complete = not checked_as_a_whole and all(field.complete for field in fields.values())
        """Whether pydantic checks all that the schema requires, so that pandera is skipped."""
        row = {key: NotRequired[_key_type(inputs.types[key])] for key in contract.keys}
        row |= {name: field.type for name, field in fields.items()}
        limits = Field(min_length=1, max_length=max_rows)
        # mypy requires a type that is written in the code
        rows: Any = Annotated[list[make_typed_dict("Row", row)], limits]  # type: ignore[misc]
        self._body = TypeAdapter[dict[str, Rows]](make_typed_dict("Body", {"rows": rows}))

    def json_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of a body, without references."""
        schema = self._body.json_schema()
        schema["properties"]["rows"]["items"] = schema.pop("$defs")["Row"]
        return schema

    def parse(self, body: bytes) -> Rows:
        """Return the rows of a body; raises ValidationError that names row and field."""
        return self._body.validate_json(body, strict=True)["rows"]

    def frame(self, rows: Rows) -> pd.DataFrame:
        """Return the features of parsed rows, as `contract.inputs.clean` does.

        Raises MlopsError that names the column if a check fails that only pandera can make.
        """
        columns = {
            name: _column([row[name] for row in rows], kind) for name, kind in self._types.items()
        }
        frame = pd.DataFrame(columns)
        return frame if self.complete else self._features.clean(frame, "the request")


class FeatureType(NamedTuple):
    """The type of a feature in a body."""

    type: Any  # made at run time, so no static type describes it
    """The type for pydantic, with its limits."""
    complete: bool
    """Whether the type checks everything that the schema requires of the feature."""


def _feature_type(column: "Column", kind: str) -> FeatureType:
    """Return a feature's type with its limits."""
    limits: dict[str, Any] = {}
    unusual = column.parsers or column.unique or column.coerce or column.default is not None
    complete = kind != "datetime" and not unusual
    for check in column.checks:
        limit = next(iter((check.statistics or {}).values()), None)
        known = (
            check.name in PANDERA_LIMITS
            and kind in TYPE_LIMITS
            and isinstance(limit, (int, PYTHON_TYPES[kind]))
        )
        if known and check.ignore_na and not check.raise_warning:
            limits[PANDERA_LIMITS[check.name]] = limit
        else:
            complete = False
    value_type = _value_type(kind, description=column.description, **limits)
    optional = column.nullable and kind in NULLABLE
    return FeatureType(value_type | None if optional else value_type, complete)


def _key_type(kind: str) -> Any:
    """Return the pydantic type of a key."""
    return _value_type(kind, **KEY_LIMITS) if PYTHON_TYPES[kind] is str else _value_type(kind)


def _value_type(kind: str, **limits: Any) -> Any:
    """Return the pydantic type of a value that Parquet can store."""
    python_type: Any = PYTHON_TYPES[kind]
    return Annotated[python_type, Field(**TYPE_LIMITS.get(kind, {}) | limits)]


def _column(values: list[Value], kind: str) -> Any:
    """Return an array of the values of a column; making a Series takes three times as long."""
    if kind == "str":
        # NumPy's own text has a fixed width. Any: the stubs of pandas accept only literal dtypes.
        make_array: Any = pd.array
        return make_array(values, TEXT)
    return np.array(values, "object" if kind == "datetime" else kind)
