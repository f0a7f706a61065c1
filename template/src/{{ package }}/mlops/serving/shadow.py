"""The challenger in the shadow: it predicts the requests that the champion has answered.

Its predictions are kept in predictions/<env>/_shadow/online, which no reader of predictions uses.
"""

import asyncio
import datetime
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from prometheus_client import Counter
from pydantic import ValidationError

from ..base.errors import summarize
from ..records.store import Store
from .log import PredictionLog
from .model import ServedModel

REQUESTS_AT_ONCE = 100  # few enough that new requests do not have to wait long
MISSED = Counter("shadow_rows_missed", "Rows answered that the challenger could not predict.")


class AnsweredRequest(NamedTuple):
    """A request that the champion has answered."""

    body: bytes
    """The body of the request, JSON."""
    rows: int
    """Number of rows in it."""
    answered_at: datetime.datetime
    """When the champion answered, in UTC without a zone."""


@dataclass(frozen=True)
class ShadowStatus:
    """The version in the shadow, and what is wrong with it; both are shown at /model."""

    version: int | None = None
    """The challenger; None if none is loaded."""
    trouble: str = ""
    """Why none is loaded, or why it fails; may be empty."""


class Shadow:
    """Predicts answered requests again with the challenger."""

    def __init__(self, folder: Path) -> None:
        self._log = PredictionLog(folder)
        self._flushing = threading.Lock()
        self._waiting = deque[AnsweredRequest]()
        self._model: ServedModel | None = None
        self.status = ShadowStatus()

    def load(self, open_store: Callable[[], Store], challenger: int | None) -> None:
        """Load the challenger unless it is loaded; without one, nothing is in the shadow."""
        if challenger is not None and challenger == self.status.version:
            return
        self._model = None
        self.status = ShadowStatus()
        if challenger is None:
            self.status = ShadowStatus(trouble="the model has no challenger; run `train` first")
            return
        try:
            store = open_store()
            version = store.fetch(challenger)
            self._model = ServedModel(store.registry.load(version))
            self.status = ShadowStatus(version.number)
        except Exception as error:  # noqa: BLE001 - a store and a model can raise anything
            self.status = ShadowStatus(trouble=summarize(error))

    def add(self, body: bytes, rows: int, answered_at: datetime.datetime | None) -> None:
        """Keep an answered request, unless the log had no room for it (`answered_at` is None)."""
        if self._model is not None and answered_at is not None:
            self._waiting.append(AnsweredRequest(body, rows, answered_at))

    def flush(self) -> None:
        """Predict the requests that wait, many together, and write the predictions."""
        with self._flushing:
            left = len(self._waiting)  # later requests wait for the next call
            while left:
                count = min(left, REQUESTS_AT_ONCE)
                asyncio.run(self._predict([self._waiting.popleft() for _ in range(count)]))
                left -= count
            self._log.flush()

    async def _predict(self, requests: list[AnsweredRequest]) -> None:
        await asyncio.gather(*(self._predict_one(request) for request in requests))

    async def _predict_one(self, request: AnsweredRequest) -> None:
        model = self._model
        if model is None:
            return
        try:
            rows = model.parser.parse(request.body)  # by the challenger's own schema
            self._log.add(model, rows, await model.predict(rows), request.answered_at)
        except Exception as error:  # noqa: BLE001 - a model can raise anything
            MISSED.inc(request.rows)
            self.status = replace(self.status, trouble=f"it fails: {failure(error)}")


def failure(error: Exception) -> str:
    """Return the type of an error and the field that it names, but no value of a request."""
    kind = type(error).__name__
    if not isinstance(error, ValidationError):
        return kind
    location = error.errors(include_input=False, include_context=False)[0]["loc"]
    return " ".join([kind, str(location)])
