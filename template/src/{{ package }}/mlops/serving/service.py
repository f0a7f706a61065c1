"""The service: answers requests with the champion, and switches to each new champion."""

import time
from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from ..base.console import print_result, print_step
from ..base.errors import summarize
from ..base.text import plain
from ..records.predictions import ONLINE, SHADOW
from ..records.registry import CHALLENGER
from ..records.store import Store, open_store
from ..records.tracking import store_error
from .app import build_app
from .hosts import THIS_MACHINE, is_allowed
from .log import PredictionLog
from .model import ServedModel
from .shadow import Shadow
from .state import ServingState

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

WRONG_HOST = JSONResponse(
    {
        "detail": "this server does not answer for this host; serving.hosts in conf/ lists those "
        "that it answers for"
    },
    421,
)


class Service:
    """An ASGI application that passes each request to the application of the champion."""

    def __init__(self, store: Store, listens_on: str = THIS_MACHINE) -> None:
        self._project = store.project
        self._client = store.registry.client
        settings = self._project.settings
        folder = self._project.path(settings.predictions) / self._project.env
        log = PredictionLog(folder / ONLINE)
        shadow = Shadow(folder / SHADOW / ONLINE)
        is_dev = self._project.env == "dev"
        self._state = ServingState(settings.serving, log, shadow, shows_texts=is_dev)
        self._listens_on = listens_on
        self._champion: int | None = None
        self._last_seen: dict[str, str] = {}
        self._load_champion(store)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer with the current champion, even if another one takes over in the meantime."""
        app: ASGIApp = self._app
        if scope["type"] == "http":
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            host = headers.get(b"host", "")
            if not is_allowed(host, self._listens_on, self._state.limits.hosts):
                app = WRONG_HOST
        try:
            await app(scope, receive, send)
        except Exception as error:  # the server sends 500
            print_result("error", f"a request failed: {summarize(error)}")
            raise

    def follow_registry(self) -> None:
        """Write predictions and look for a new champion, every `serving.refresh` seconds."""
        while True:
            time.sleep(self._project.settings.serving.refresh)
            self.flush()
            problem = self._look_for_champion()
            if problem != self._state.registry_problem:
                print_step(problem or "the registry answers, and its champion is in use")
            self._state.registry_problem = problem

    def flush(self) -> None:
        """Write the waiting predictions, and make and write those of the challenger."""
        self._state.log.flush()
        self._state.shadow.flush()

    def _look_for_champion(self) -> str:
        """Switch to a new champion if there is one; return what prevents it, or an empty text."""
        try:
            model = self._client.get_registered_model(self._project.name)
            seen = {**model.aliases, **model.tags}  # the journal's head is a tag
            if seen != self._last_seen:
                self._load_champion(open_store(self._project))
            self._last_seen = seen
            if self._project.settings.serving.shadow:
                challenger = model.aliases.get(CHALLENGER)
                self._state.shadow.load(
                    partial(open_store, self._project), challenger and int(challenger)
                )
        except Exception as error:  # noqa: BLE001 - a store and a model can raise anything
            return " ".join(str(store_error(error) or summarize(error)).split())
        return ""

    def _load_champion(self, store: Store) -> None:
        """Load the champion if it is a different version, and switch to its application."""
        self._state.pause_reason = plain(store.pause_reason)
        champion = store.champion()
        if champion is not None and champion == self._champion:
            return
        champion_model = store.registry.load(store.fetch_champion())
        model = ServedModel(champion_model, self._project.settings.serving.max_rows)
        self._app = build_app(model, self._state)
        self._champion = model.version.number
        print_step(f"{model.version} of {self._project.name} answers")
