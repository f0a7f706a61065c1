"""The command `serve`: the champion answers over HTTP, and so does each one that follows it."""

import os
import signal
import socket
import threading

from ..base.console import Outcome, print_step
from ..base.errors import Misconfigured
from ..base.project import Project, import_extra
from ..records.store import open_store


def serve(project: Project, host: str, port: int) -> Outcome:
    """Answer until SIGTERM or SIGINT; then finish what was begun, and write what was predicted."""
    # on few rows, threads that wait for each other cost most; read when a library is loaded
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    store = open_store(project)
    store.refuse_pause()
    uvicorn, *_ = (import_extra(n, "serve") for n in ("uvicorn", "fastapi", "prometheus_client"))
    from .app import build  # FastAPI is an extra
    from .service import Service

    service = Service(store, build)
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        words = f"cannot listen on {host}:{port} ({error.strerror})"
        raise Misconfigured(f"{words}; give another --host or --port.") from None
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms
    for sign in (signal.SIGINT, signal.SIGTERM):  # uvicorn stops by it, then raises it once more
        signal.signal(sign, lambda *_: None)
    print_step(f"listening on http://{host}:{listener.getsockname()[1]}; its pages are at /docs")
    threading.Thread(target=service.follow, daemon=True).start()
    config = uvicorn.Config(service, lifespan="off", log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
    service.log.flush()
    service.shadow.flush()
    return Outcome("ok", f"stopped; {project.name} has answered every request that it took")
