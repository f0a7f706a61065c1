"""A version that answers requests."""

import asyncio
from concurrent.futures import Future
from functools import cached_property
from typing import NamedTuple, Protocol, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..records.registry import LoadedVersion
from .rows import RowParser, Rows


class Scorer(Protocol):
    """What MLflow loads from a version: `records.scorer.Scorer` as it was at training."""

    def predict(self, context: None, model_input: pd.DataFrame) -> pd.DataFrame:
        """Return the prediction frame of rows."""


class PendingRequest(NamedTuple):
    """Rows that wait for their predictions."""

    rows: Rows
    """The parsed rows."""
    predictions: "Future[Rows]"
    """Becomes the predictions, one for each row."""


class ServedModel:
    """A loaded version with the parser of its requests."""

    def __init__(self, loaded: LoadedVersion, max_rows: int | None = None) -> None:
        """Serve a version to requests of up to `max_rows` rows; None sets no limit."""
        self.version = loaded.version
        self.contract = loaded.contract
        self.parser = RowParser(loaded.contract, max_rows)
        self._scorer: Scorer = loaded.model.unwrap_python_model()  # type: ignore[no-untyped-call]
        self._pending: list[PendingRequest] = []

    @cached_property
    def prediction_fields(self) -> list[pa.Field]:
        """The columns of a prediction as Arrow fields."""
        golden = pq.read_schema(self.version.artifact("golden_predictions.parquet"))
        return [field for field in golden if not field.name.startswith("__index")]

    async def predict(self, rows: Rows) -> Rows:
        """Return one prediction for each row.

        A model keeps Python's global lock while it predicts, so threads would only wait for each
        other. Instead, requests that arrived in the meantime are predicted together.
        """
        request = PendingRequest(rows, Future())
        self._pending.append(request)
        await asyncio.sleep(0)  # requests that have arrived get here before the next line runs
        if not request.predictions.done():
            requests = self._pending
            self._pending = []
            self._predict_together(requests)
        return request.predictions.result()

    def _predict_together(self, requests: list[PendingRequest]) -> None:
        try:
            frame = self.parser.frame([row for request in requests for row in request.rows])
            records = cast("Rows", self._scorer.predict(None, frame).to_dict("records"))
        except Exception as error:  # noqa: BLE001 - a model can raise anything
            if len(requests) == 1:
                requests[0].predictions.set_exception(error)
                return
            for request in requests:  # one request's error must not become another's
                self._predict_together([request])
            return
        start = 0
        for request in requests:
            end = start + len(request.rows)
            request.predictions.set_result(records[start:end])
            start = end
