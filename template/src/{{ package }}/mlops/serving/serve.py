"""The command `serve`: serve the champion's predictions over HTTP, and follow new champions."""

import logging
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

from ..base.console import Outcome, print_step
from ..base.errors import Misconfigured
from ..base.project import Project, import_extra
from ..base.settings import Serving
from ..records.rules import refuse_unfit
from ..records.store import open_store

if TYPE_CHECKING:
    import uvicorn

    from .service import Service

MOST_CONNECTIONS = 1000  # further ones get 503
MOST_HEADER_BYTES = 16_384


def serve(project: Project, host: str, port: int) -> Outcome:
    """Answer until SIGTERM or SIGINT, then finish requests and write their predictions.

    Raises PersonNeeded while the environment is paused, and Misconfigured for an address that is
    not free or a missing extra.
    """
    refuse_unfit(project, "serve")
    # On few rows, threads spend most of their time waiting. Libraries read this when loaded.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    store = open_store(project)
    store.refuse_pause()
    import_extra("uvicorn", "serve")
    import_extra("fastapi", "serve")
    import_extra("prometheus_client", "serve")
    from .service import Service  # imports those extras

    service = Service(store, host)
    listener = _listen(host, port)
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn stops, then raises the signal again
        signal.signal(number, lambda *_: None)
    print_step(f"listening on http://{host}:{listener.getsockname()[1]}; its pages are at /docs")
    threading.Thread(target=service.follow_registry, daemon=True).start()
    make_server(service, project.settings.serving).run(sockets=[listener])
    service.flush()
    return Outcome("ok", f"stopped; {project.name} has answered every request that it accepted")


def make_server(service: "Service", limits: Serving) -> "uvicorn.Server":
    """Return the HTTP server of a service, which limits what a client can hold."""
    import uvicorn

    from .protocol import TimedProtocol

    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # the service reports defects
    config = uvicorn.Config(
        service,
        http=type("Protocol", (TimedProtocol,), {"seconds": limits.timeout}),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
    )
    return uvicorn.Server(config)


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise Misconfigured(
            f"cannot listen on {host}:{port} ({error.strerror}); give another --host or --port."
        ) from None
    # Without this option, each answer takes 40 ms longer.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
