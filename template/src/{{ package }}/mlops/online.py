"""Predictions made online, kept for monitoring: Parquet parts, written beside the answers.

predictions/<env>/online/date=2026-01-01/<uuid>.parquet; batches lie beside `online`.
"""

import datetime
import threading
import uuid
from collections import deque
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from prometheus_client import Counter

from .console import show
from .live import Live, Rows

MOST = 100_000  # rows that wait to be written
ARROW = {"int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}  # all else is text
LOST = Counter("predictions_not_logged", "Rows answered but not kept: too many, or disk full.")


class Log:
    """Rows that wait to be written: keys where given, features, prediction, version, time."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._one_writer = folder, threading.Lock()
        self._waiting = deque[tuple[Live, dict[str, Any]]]()

    def add(self, live: Live, rows: Rows, predictions: Rows) -> None:
        """Take answered rows, or count them as lost; never wait."""
        if len(self._waiting) + len(rows) > MOST:
            LOST.inc(len(rows))
            return
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        stamp = {"version": live.version.number, "predicted_at": now}
        for row, prediction in zip(rows, predictions, strict=True):
            self._waiting.append((live, row | prediction | stamp))

    def flush(self) -> None:
        """Write what waits, a part for each version."""
        with self._one_writer:
            taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
            for live in {live for live, _ in taken}:
                self._write(live, [record for owner, record in taken if owner is live])

    def _write(self, live: Live, records: Rows) -> None:
        part = self._folder / f"date={records[0]['predicted_at']:%Y-%m-%d}/{uuid.uuid4().hex}"
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(records, _schema(live)), part)
            part.rename(part.with_suffix(".parquet"))  # whole or not at all
        except (OSError, ValueError) as error:  # pyarrow's are of these two
            LOST.inc(len(records))
            show("failed", f"{len(records)} predictions are not logged: {error}")


def _schema(live: Live) -> pa.Schema:
    types, contract = live.contract.inputs.types, live.contract
    names = (*contract.keys, *contract.features)
    example = live.version.artifact("golden_predictions.parquet")
    inputs = [pa.field(name, ARROW.get(types[name], pa.string())) for name in names]
    stamp = [pa.field("version", pa.int64()), pa.field("predicted_at", pa.timestamp("us"))]
    return pa.schema([*inputs, *pq.read_schema(example).remove_metadata(), *stamp])
