"""The interface of `serve`: what a client may ask of one version."""

import time
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from pydantic import ValidationError

from ..base.errors import MlopsError
from .model import Live
from .service import Service

SECONDS = Histogram("predict_seconds", "Time from a request to its answer.", ["status"])
ROWS = Counter("predicted_rows", "Rows predicted.")
VERSION = Gauge("model_version", "The version that answers.")
TROUBLE = Gauge("model_outdated", "1 while the registry's champion cannot be taken over.")


def build(live: Live, service: Service) -> FastAPI:
    """Return the application that answers with one version."""
    version, card = live.version, live.version.card
    facts = {"name": version.name, "version": version.number, "digest": version.digest()}
    facts |= {"problem": card.problem, "features": list(card.features)}
    facts |= {"windows": card.windows.to_json(), "trained_as_of": card.time.as_of}
    body = {"required": True, "content": {"application/json": {"schema": live.schema()}}}
    app = FastAPI(title=version.name, version=str(version.number))
    VERSION.set(version.number)
    TROUBLE.set_function(lambda: bool(service.trouble))

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Tell that the process lives."""
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> JSONResponse:
        """Tell whether /predict answers; a version that is loaded has replayed its golden rows."""
        return _reply(503, service.paused) if service.paused else JSONResponse({"status": "ok"})

    @app.get("/model")
    async def model() -> dict[str, Any]:
        """Tell which version answers, what keeps a newer one away, and what is in the shadow."""
        return facts | {"trouble": service.trouble, "shadow": service.shadow.told}

    @app.get("/metrics")
    async def metrics() -> Response:
        """Return the figures that Prometheus collects."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.post("/predict", openapi_extra={"requestBody": body})
    async def predict(request: Request) -> Response:
        """Predict rows; keys are optional, and come back."""
        start = time.perf_counter()
        paused = service.paused and _reply(503, service.paused)
        reply = paused or await _predict(live, service, request)
        SECONDS.labels(reply.status_code).observe(time.perf_counter() - start)
        return reply

    return app


def _reply(status: int, detail: Any) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)


async def _predict(live: Live, service: Service, request: Request) -> JSONResponse:
    body, limits = bytearray(), service.project.settings.serving
    async for chunk in request.stream():
        body += chunk
        if len(body) > limits.max_bytes:
            words = f"the body is longer than {limits.max_bytes:,} bytes; send fewer rows"
            return _reply(413, words)
    try:
        sent = bytes(body)
        rows = live.parse(sent)
        if len(rows) > limits.max_rows:
            return _reply(413, f"{len(rows):,} rows are more than {limits.max_rows:,}; send fewer")
        predictions = await live.predict(rows)
        keys = [{key: row[key] for key in live.contract.keys if key in row} for row in rows]
        answer = [key | prediction for key, prediction in zip(keys, predictions, strict=True)]
        reply = JSONResponse({"version": live.version.number, "predictions": answer})
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return _reply(422, found[:20])
    except MlopsError as error:
        return _reply(422, str(error))
    except Exception as error:  # noqa: BLE001 - whatever a model raises, and what is no number
        return _reply(500, f"{live.version} cannot predict this: {error}")
    ROWS.inc(len(rows))
    service.shadow.add(sent, len(rows), service.log.add(live, rows, predictions))
    return reply
