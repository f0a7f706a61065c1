"""A version that answers requests: typed rows in, records out.

pydantic checks types, ranges and missing values, because pandera takes longer for one row than a
model does. What else a schema checks stays with pandera, and costs its time.
"""

import asyncio
from concurrent.futures import Future
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Any, NotRequired

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from ..data.contract import TEXT
from ..records.registry import LoadedVersion

PLAIN = {"int64": int, "float64": float, "bool": bool, "str": str, "datetime": str}
DTYPES = {"str": TEXT, "datetime": "object"}  # the others are called as in pandas
NULLABLE = ("float64", "str", "datetime")  # what can hold a missing value
INT64 = {"ge": -(2**63), "le": 2**63 - 1}
LIMITS: dict[str, Any] = {"int64": INT64, "float64": {"allow_inf_nan": False}}
LOWER = {"greater_than": "gt", "greater_than_or_equal_to": "ge"}  # pandera's names: pydantic's
CHECKS = LOWER | {"less_than": "lt", "less_than_or_equal_to": "le"}

Rows = list[dict[str, Any]]
typed: Any = TypedDict  # by a schema that is known when it is read


class Live:
    """A loaded version, and the rows that it takes: its features, and its keys where given."""

    def __init__(self, scorer: LoadedVersion) -> None:
        self.version, self.contract = scorer.version, scorer.contract
        inputs, features = self.contract.inputs, self.contract.features
        schema = inputs.checks.select_columns(features)
        self._side = replace(inputs, checks=schema, types={n: inputs.types[n] for n in features})
        fields = {name: _field(schema.columns[name], inputs.types[name]) for name in features}
        unusual = schema.checks or schema.parsers or schema.unique or schema.coerce
        self._stated = not unusual and all(stated for _, stated in fields.values())
        row: dict[str, Any] = {k: NotRequired[_typed(inputs.types[k])] for k in self.contract.keys}
        row |= {name: kind for name, (kind, _) in fields.items()}
        rows: Any = Annotated[list[typed("Row", row)], Field(min_length=1)]  # type: ignore[misc]
        self._body = TypeAdapter[Any](typed("Body", {"rows": rows}))
        self._model = scorer.model.unwrap_python_model()
        self._waiting: list[tuple[Rows, Future[Rows]]] = []

    @cached_property
    def predicted(self) -> list[pa.Field]:
        """The columns of a prediction, as Arrow has them."""
        golden = pq.read_schema(self.version.artifact("golden_predictions.parquet"))
        return [field for field in golden if not field.name.startswith("__index")]

    @cached_property
    def names(self) -> dict[str, str]:
        """What keys and features are called where they are kept beside their prediction."""
        taken = {"version", "predicted_at", *(field.name for field in self.predicted)}
        names = (*self.contract.keys, *self.contract.features)
        return {name: f"input_{name}" if name in taken else name for name in names}

    def schema(self) -> dict[str, Any]:
        """Return what a body holds, as JSON Schema without references."""
        schema = self._body.json_schema()
        schema["properties"]["rows"]["items"] = schema.pop("$defs")["Row"]
        return schema

    def parse(self, body: bytes) -> Rows:
        """Return the rows of a body; raises ValidationError that names row and field."""
        return list(self._body.validate_json(body, strict=True)["rows"])

    def frame(self, rows: Rows) -> pd.DataFrame:
        """Return parsed rows as `contract.inputs.clean` does; raises MlopsError as that."""
        columns = {n: _array([row[n] for row in rows], t) for n, t in self._side.types.items()}
        frame = pd.DataFrame(columns)
        return frame if self._stated else self._side.clean(frame, "the request")

    async def predict(self, rows: Rows) -> Rows:
        """Return a record for each row.

        The model holds Python's lock as long as it predicts, so a thread of its own would only
        stand in the way: the requests that arrived meanwhile are predicted together, here.
        """
        future: Future[Rows] = Future()
        self._waiting.append((rows, future))
        await asyncio.sleep(0)  # those that have arrived get here, too
        if not future.done():
            jobs, self._waiting = self._waiting, []
            self._answer(jobs)
        return future.result()

    def _answer(self, jobs: list[tuple[Rows, "Future[Rows]"]]) -> None:
        try:
            frame = self.frame([row for rows, _ in jobs for row in rows])
            records = self._model.predict(None, frame).to_dict("records")
        except Exception as error:  # noqa: BLE001 - whatever a model raises: each gets its own
            if len(jobs) == 1:
                jobs[0][1].set_exception(error)
            for job in jobs if len(jobs) > 1 else ():
                self._answer([job])
            return
        for rows, future in jobs:
            future.set_result(records[: len(rows)])
            del records[: len(rows)]


def _array(values: list[Any], kind: str) -> Any:
    """Return values of one type; a Series would take three times as long for a single one."""
    make: Any = pd.array if kind == "str" else np.array  # numpy's own text has a fixed width
    return make(values, DTYPES.get(kind, kind))


def _field(column: Any, kind: str) -> tuple[Any, bool]:
    """Return a feature's type with its limits, and whether the schema asks for no more."""
    limits: dict[str, Any] = {}
    unusual = (column.parsers, column.unique, column.coerce, column.default is not None)
    stated = kind != "datetime" and not any(unusual)
    for check in column.checks:
        limit = next(iter((check.statistics or {}).values()), None)
        known = check.name in CHECKS and kind in LIMITS and isinstance(limit, (int, PLAIN[kind]))
        if known and check.ignore_na and not check.raise_warning:
            limits[CHECKS[check.name]] = limit
        else:
            stated = False
    field = _typed(kind, description=column.description, **limits)
    return field | None if column.nullable and kind in NULLABLE else field, stated


def _typed(kind: str, **more: Any) -> Any:
    """Return the type of a value that Parquet can keep."""
    plain: Any = PLAIN[kind]
    return Annotated[plain, Field(**LIMITS.get(kind, {}) | more)]
