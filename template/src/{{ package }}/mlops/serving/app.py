"""The HTTP interface of `serve`, for one version."""

import sys
import time
import uuid
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from ..base.console import print_result
from ..base.errors import MlopsError, full_trace, trace
from .interface import interface_page
from .model import ServedModel
from .state import ServingState

MOST_ERRORS = 20  # in the response to an invalid request
SECONDS = Histogram("predict_seconds", "Time from a request to its answer.", ["status"])
ROWS = Counter("predicted_rows", "Rows predicted.")
VERSION = Gauge("model_version", "The version that answers.")
OUTDATED = Gauge(
    "model_outdated", "1 while the registry cannot be read or a new champion cannot be loaded."
)

GONE = 499  # the client has left, so nobody reads the answer
POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"}

Facts = dict[str, Any]  # a JSON object that FastAPI encodes


class BodyTooLongError(Exception):
    """A body has more bytes than `serving.max_bytes`."""


def build_app(model: ServedModel, state: ServingState) -> FastAPI:
    """Return the application that answers with one version."""
    version = model.version
    description = describe(model)
    body = {
        "required": True,
        "content": {"application/json": {"schema": model.parser.json_schema()}},
    }
    # FastAPI's own pages load scripts from elsewhere
    app = FastAPI(title=version.name, version=str(version.number), docs_url=None, redoc_url=None)
    VERSION.set(version.number)
    OUTDATED.set_function(lambda: bool(state.registry_problem))

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Answer while the process is running."""
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> JSONResponse:
        """Return 200 if /predict accepts requests.

        A loaded model has already passed its golden-row check.
        """
        if state.pause_reason:
            return _paused(state)
        return JSONResponse({"status": "ok"})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        """Return a page that describes the interface."""
        page = interface_page(version.name, version.number, model.parser)
        return HTMLResponse(page, headers=POLICY)

    @app.get("/model")
    async def describe_model() -> Facts:
        """Return which version answers, problems with the registry, and the shadow's state."""
        shadow = asdict(state.shadow.status)
        return description | {"trouble": state.registry_problem, "shadow": shadow}

    @app.get("/metrics")
    async def metrics() -> Response:
        """Return the metrics that Prometheus collects."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.post("/predict", openapi_extra={"requestBody": body})
    async def predict(request: Request) -> Response:
        """Predict rows; keys are optional, and are returned."""
        start = time.perf_counter()
        response = await _answer(model, state, request)
        SECONDS.labels(response.status_code).observe(time.perf_counter() - start)
        return response

    return app


def describe(model: ServedModel) -> Facts:
    """Return the facts of a version that a client may see."""
    version = model.version
    card = version.card
    return {
        "name": version.name,
        "version": version.number,
        "digest": version.digest,
        "problem": card.problem,
        "features": list(card.features),
        "windows": card.windows.to_json(),
        "trained_as_of": card.time.as_of,
    }


async def _answer(model: ServedModel, state: ServingState, request: Request) -> JSONResponse:
    if state.pause_reason:
        return _paused(state)
    if not _is_json(request):
        return _detail(415, "send JSON, with the header Content-Type: application/json")
    try:
        return await _predict(model, state, request)
    except ClientDisconnect:
        return _detail(GONE, "the client has left")


async def _predict(model: ServedModel, state: ServingState, request: Request) -> JSONResponse:
    limits = state.limits
    try:
        body = await _read_body(request, limits.max_bytes)
    except BodyTooLongError:
        return _detail(413, f"the body is longer than {limits.max_bytes:,} bytes; send fewer rows")
    try:
        rows = model.parser.parse(body)
        predictions = await model.predict(rows)
        answers = [
            {key: row[key] for key in model.contract.keys if key in row} | prediction
            for row, prediction in zip(rows, predictions, strict=True)
        ]
        response = JSONResponse({"version": model.version.number, "predictions": answers})
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        if (errors[0]["type"], errors[0]["loc"]) == ("too_long", ("rows",)):
            return _detail(413, f"there are more than {limits.max_rows:,} rows; send fewer")
        return _detail(422, errors[:MOST_ERRORS])
    except MlopsError as error:
        return _detail(422, str(error))
    except Exception as error:  # noqa: BLE001 - a model can raise anything, or return NaN, which JSON cannot encode
        error_id = _log_error(model, error, shows_text=state.shows_texts)
        return _detail(
            500,
            f"{model.version} of {model.version.name} cannot answer this request; "
            f"give the team of the model the error id {error_id}",
        )
    ROWS.inc(len(rows))
    answered_at = state.log.add(model, rows, predictions)
    state.shadow.add(body, len(rows), answered_at)
    return response


def _is_json(request: Request) -> bool:
    """Return whether a body is said to be JSON, which no page elsewhere can send unasked."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "application/json"


async def _read_body(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise BodyTooLongError
    return bytes(body)


def _log_error(model: ServedModel, error: Exception, *, shows_text: bool) -> str:
    """Write an unexpected error with its traceback to stderr; return the error's id.

    The request itself is not written, because its rows may be personal data. The text of the error
    may quote values of the request, so it is written in dev only.
    """
    version = model.version
    error_id = uuid.uuid4().hex[:12]
    print_result(
        "error", f"{version} of {version.name} cannot answer a request; error id {error_id}"
    )
    sys.stderr.write(full_trace(error) if shows_text else trace(error))
    return error_id


def _paused(state: ServingState) -> JSONResponse:
    return _detail(503, f"paused: {state.pause_reason}")


def _detail(status: int, detail: object) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)
