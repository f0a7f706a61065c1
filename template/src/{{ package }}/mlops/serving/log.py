"""Predictions made online, kept for monitoring: Parquet parts, written beside the answers.

predictions/<env>/online/date=2026-01-01/<uuid>.parquet; batches lie beside `online`. What the
challenger says of the same requests lies in predictions/<env>/_shadow/online.
"""

import asyncio
import contextlib
import datetime
import threading
import uuid
from collections import deque
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from prometheus_client import Counter

from ..base.console import print_result
from ..records.predictions import ONLINE
from ..records.registry import Registry
from ..steps.score.shadow import HIDDEN, describe_failure
from .model import Live, Rows

MOST = 100_000  # rows that wait to be written
AT_ONCE = 100  # requests, so that one that comes meanwhile gets its turn
Moment = datetime.datetime | None
ARROW = {"int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}  # all else is text
LOST = Counter("predictions_not_logged", "Rows answered but not kept: too many, or disk full.")
MISSED = Counter("shadow_rows_missed", "Rows answered that the challenger could not predict.")


class Log:
    """Rows that wait to be written: keys where given, features, prediction, version, time.

    A feature that is called like one of the others is kept as `input_<name>`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._one_writer = folder, threading.Lock()
        self._waiting = deque[tuple[Live, dict[str, Any]]]()

    def add(self, live: Live, rows: Rows, predictions: Rows, at: Moment = None) -> Moment:
        """Take answered rows, and return their time, or count them as lost; never wait."""
        if len(self._waiting) + len(rows) > MOST:
            LOST.inc(len(rows))
            return None
        now = at or datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        stamp = {"version": live.version.number, "predicted_at": now}
        for row, prediction in zip(rows, predictions, strict=True):
            asked = {live.names[name]: value for name, value in row.items()}
            self._waiting.append((live, asked | prediction | stamp))
        return now

    def flush(self) -> None:
        """Write what waits, a part for each version."""
        with self._one_writer:
            taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
            for live in {live for live, _ in taken}:
                self._write(live, [record for owner, record in taken if owner is live])

    def _write(self, live: Live, records: Rows) -> None:
        date, name = f"date={records[0]['predicted_at']:%Y-%m-%d}", f"{uuid.uuid4().hex}.parquet"
        part = self._folder / date / f"_{name}"  # no reader looks at what begins like this
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(records, _schema(live)), part)
            part.rename(part.with_name(name))  # whole or not at all
        except Exception as error:  # noqa: BLE001 - the thread that writes must live on
            with contextlib.suppress(OSError):
                part.unlink()
            LOST.inc(len(records))
            print_result("failed", f"{len(records)} predictions are not logged: {error}")


class Shadow:
    """The challenger, which predicts what is answered already, and so can only fail itself."""

    def __init__(self, folder: Path) -> None:
        self._log, self._one_reader = Log(folder / HIDDEN / ONLINE), threading.Lock()
        self._waiting = deque[tuple[bytes, int, Moment]]()
        self._live: Live | None = None
        self.told: dict[str, Any] = {"version": None, "trouble": ""}

    def take_over(self, registry: Registry, number: int) -> None:
        """Load the challenger where it is another one; 0 stands for none."""
        if number != self.told["version"]:
            self._live, self.told = None, {"version": None, "trouble": ""}
            try:
                self._live = Live(
                    registry.load(registry.fetch(number) if number else registry.fetch_challenger())
                )
                self.told["version"] = number
            except Exception as error:  # noqa: BLE001 - of a store, and of a model
                self.told["trouble"] = describe_failure(error)

    def add(self, body: bytes, rows: int, answered: Moment) -> None:
        """Take a request whose rows are kept: there are never too many."""
        if self._live and answered:
            self._waiting.append((body, rows, answered))

    def flush(self) -> None:
        """Predict what was answered meanwhile, many requests together, and write it."""
        with self._one_reader:
            for left in range(len(self._waiting), 0, -AT_ONCE):  # what comes meanwhile waits
                asyncio.run(self._predict(min(left, AT_ONCE)))
            self._log.flush()

    async def _predict(self, requests: int) -> None:
        await asyncio.gather(*(self._ask(*self._waiting.popleft()) for _ in range(requests)))

    async def _ask(self, body: bytes, count: int, answered: Moment) -> None:
        try:
            if self._live:
                rows = self._live.parse(body)  # by its own schema
                self._log.add(self._live, rows, await self._live.predict(rows), answered)
        except Exception as error:  # noqa: BLE001 - whatever a model raises; no value is told
            MISSED.inc(count)
            places = [each["loc"] for each in getattr(error, "errors", list)()[:1]]
            self.told["trouble"] = " ".join(map(str, ("it fails:", type(error).__name__, *places)))


def _schema(live: Live) -> pa.Schema:
    types = live.contract.inputs.types
    inputs = [pa.field(as_, ARROW.get(types[n], pa.string())) for n, as_ in live.names.items()]
    stamp = [pa.field("version", pa.int64()), pa.field("predicted_at", pa.timestamp("us"))]
    return pa.schema([*inputs, *live.predicted, *stamp])
