"""Predictions made online, kept for monitoring as Parquet files.

predictions/<env>/online/date=2026-01-01/<uuid>.parquet; batches are in predictions/<env>/ as well.
"""

import contextlib
import datetime
import threading
import uuid
from collections import deque
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from prometheus_client import Counter

from ..base.console import print_result
from ..base.errors import summarize
from .model import ServedModel
from .rows import Rows

MOST_WAITING = 100_000  # rows in memory that are not written yet
ARROW_TYPES = {"int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}  # others are text
LOST = Counter("predictions_not_logged", "Rows answered but not kept: too many, or disk full.")

# Values of a request and of its prediction, and the time of the answer, by column.
Record = dict[str, str | int | float | bool | datetime.datetime | None]


class PredictionLog:
    """Rows that wait to be written: keys if given, features, prediction, version, time.

    A feature with the name of one of the other columns is kept as `input_<name>`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing = threading.Lock()
        self._waiting = deque[tuple[ServedModel, Record]]()

    def add(
        self,
        model: ServedModel,
        rows: Rows,
        predictions: Rows,
        answered_at: datetime.datetime | None = None,
    ) -> datetime.datetime | None:
        """Add answered rows and return their time, by default now in UTC. It never waits.

        Returns None if too many rows wait already; then these rows are counted as lost.
        """
        if len(self._waiting) + len(rows) > MOST_WAITING:
            LOST.inc(len(rows))
            return None
        time = answered_at or datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        names = input_names(model)
        for row, prediction in zip(rows, predictions, strict=True):
            record: Record = {names[name]: value for name, value in row.items()}
            record.update(prediction)
            record["version"] = model.version.number
            record["predicted_at"] = time
            self._waiting.append((model, record))
        return time

    def flush(self) -> None:
        """Write the rows that wait, one part for each version."""
        with self._writing:
            waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
            for model in {model for model, _ in waiting}:
                self._write(model, [record for owner, record in waiting if owner is model])

    def _write(self, model: ServedModel, records: list[Record]) -> None:
        folder = self._folder / f"date={records[0]['predicted_at']:%Y-%m-%d}"
        name = f"{uuid.uuid4().hex}.parquet"
        unfinished = folder / f"_{name}"  # readers skip names that begin with _
        try:
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(records, arrow_schema(model)), unfinished)
            unfinished.rename(folder / name)  # whole or not at all
        except Exception as error:  # noqa: BLE001 - the thread that writes must go on
            with contextlib.suppress(OSError):
                unfinished.unlink()
            LOST.inc(len(records))
            print_result("failed", f"{len(records)} predictions are not logged: {summarize(error)}")


def input_names(model: ServedModel) -> dict[str, str]:
    """Return the column in which each key and feature of a request is kept."""
    taken = {"version", "predicted_at", *(field.name for field in model.prediction_fields)}
    names = (*model.contract.keys, *model.contract.features)
    return {name: f"input_{name}" if name in taken else name for name in names}


def arrow_schema(model: ServedModel) -> pa.Schema:
    """Return the columns of a version's parts."""
    types = model.contract.inputs.types
    inputs = [
        pa.field(column, ARROW_TYPES.get(types[name], pa.string()))
        for name, column in input_names(model).items()
    ]
    stamp = [pa.field("version", pa.int64()), pa.field("predicted_at", pa.timestamp("us"))]
    return pa.schema([*inputs, *model.prediction_fields, *stamp])
