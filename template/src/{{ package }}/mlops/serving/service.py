"""The champion that answers, and what is known of the registry while it does."""

import time
from collections.abc import Callable
from typing import Any

from ..base.console import print_step
from ..records.predictions import ONLINE
from ..records.registry import CHALLENGER
from ..records.store import Store, open_store
from ..records.tracking import store_error
from .log import Log, Shadow
from .model import Live

Application = Any  # ASGI: called with scope, receive and send
Build = Callable[[Live, "Service"], Application]


class Service:
    """The champion that answers, and what is known of the registry."""

    def __init__(self, store: Store, build: Build) -> None:
        self._build = build
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
                print_step(trouble or "the registry and its champion are well again")
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
            return " ".join(str(store_error(error) or error).split())
        return ""

    def _take_over(self, store: Store) -> None:
        """Load the champion where it is another one, then swap the application."""
        self.paused = store.pause_reason
        if store.champion() != self._number or not self._number:
            live = Live(store.registry.load(store.fetch_champion()))
            self._application, self._number = self._build(live, self), live.version.number
            print_step(f"{live.version} of {self.project.name} answers")
