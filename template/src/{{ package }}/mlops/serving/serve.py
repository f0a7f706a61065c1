"""The command `serve`: the champion answers over HTTP, and so does each one that follows it."""

import os
import signal
import socket
import threading
import time
from typing import Any

from ..base.console import Outcome, step
from ..base.errors import Misconfigured
from ..base.project import Project, optional
from ..records.predictions import ONLINE
from ..records.registry import CHALLENGER
from ..records.store import Store, open_store
from ..records.tracking import store_trouble


def serve(project: Project, host: str, port: int) -> Outcome:
    """Answer until SIGTERM or SIGINT; then finish what was begun, and write what was predicted."""
    # on few rows, threads that wait for each other cost most; read when a library is loaded
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    store = open_store(project)
    store.refuse_pause()
    uvicorn, *_ = (optional(n, "serve") for n in ("uvicorn", "fastapi", "prometheus_client"))
    service = Service(store)
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        words = f"cannot listen on {host}:{port} ({error.strerror})"
        raise Misconfigured(f"{words}; give another --host or --port.") from None
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms
    for sign in (signal.SIGINT, signal.SIGTERM):  # uvicorn stops by it, then raises it once more
        signal.signal(sign, lambda *_: None)
    step(f"listening on http://{host}:{listener.getsockname()[1]}; its pages are at /docs")
    threading.Thread(target=service.follow, daemon=True).start()
    config = uvicorn.Config(service, lifespan="off", log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
    service.log.flush()
    service.shadow.flush()
    return Outcome("ok", f"stopped; {project.name} has answered every request that it took")


class Service:
    """The champion that answers, and what is known of the registry."""

    def __init__(self, store: Store) -> None:
        from .log import Log, Shadow

        self.project, self.paused, self.trouble = store.project, "", ""
        folder = self.project.path(self.project.settings.predictions) / self.project.env
        self.log, self.shadow = Log(folder / ONLINE), Shadow(folder)
        self._registry, self._number = store.registry, 0
        self._seen: dict[str, str] = {}
        self._take_over(store)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand a call to the application of this moment's champion, with which it also ends."""
        await self._application(scope, receive, send)

    def follow(self) -> None:
        """Write what was predicted, look at the registry, and so on without end."""
        while True:
            time.sleep(self.project.settings.serving.refresh)
            self.log.flush()
            self.shadow.flush()
            trouble = self._look()
            if trouble != self.trouble:
                step(trouble or "the registry and its champion are well again")
            self.trouble = trouble

    def _look(self) -> str:
        """Take a new champion over; return what keeps it away, while the old one answers on."""
        try:
            model = self._registry.client.get_registered_model(self.project.name)
            now = {**model.aliases, **model.tags}  # each entry of the journal moves a tag
            if now != self._seen:
                self._take_over(open_store(self.project))
            self._seen = now
            if self.project.settings.serving.shadow:
                self.shadow.take_over(self._registry, int(model.aliases.get(CHALLENGER, 0)))
        except Exception as error:  # noqa: BLE001 - a store, and a model, can raise anything
            return " ".join(str(store_trouble(error) or error).split())
        return ""

    def _take_over(self, store: Store) -> None:
        """Load the champion where it is another one, then swap the application."""
        from .app import build
        from .model import Live

        self.paused = store.pause["details"]["reason"] if store.pause else ""
        if store.champion() != self._number or not self._number:
            live = Live(store.registry.load(store.fetch_champion()))
            self._application, self._number = build(live, self), live.version.number
            step(f"{live.version} of {self.project.name} answers")
