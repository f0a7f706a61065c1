"""Rules of `serving/service.py`: when another champion answers, and what keeps it away."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rendering import platform

service = platform("serving.service")
MlopsError = platform("base.errors").MlopsError


class Store:
    """The registry and the journal of an environment, as a test sets them."""

    def __init__(self, folder: Path) -> None:
        serving = platform("base.settings").Serving()
        settings = SimpleNamespace(serving=serving, predictions="predictions")
        self.project = SimpleNamespace(
            name="dev.loans", env="dev", settings=settings, path=lambda name: folder / name
        )
        self.number = 1
        self.pause_reason = ""
        self.broken: set[int] = set()
        self.loaded: list[int] = []
        self.registry = SimpleNamespace(client=self, load=self.load)

    def get_registered_model(self, _: str) -> Any:
        tags = {"head": f"{self.number}{self.pause_reason}"}
        return SimpleNamespace(aliases={"champion": str(self.number)}, tags=tags)

    def champion(self) -> int:
        return self.number

    def fetch_champion(self) -> Any:
        return SimpleNamespace(number=self.number)

    def load(self, version: Any) -> Any:
        if version.number in self.broken:
            raise MlopsError(f"version {version.number} does not load here.")
        self.loaded.append(version.number)
        return version


@pytest.fixture
def store(tmp_path: Path, make_model: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with version 1 as champion, whose versions load at once."""
    opened = Store(tmp_path)
    monkeypatch.setattr(service, "open_store", lambda _: opened)
    monkeypatch.setattr(service, "ServedModel", lambda version, _: make_model(version.number))
    return opened


def answering(running: Any) -> str:
    """Return the version whose application answers."""
    return str(running._app.version)


def test_a_new_champion_is_loaded_once_and_takes_over(store: Store) -> None:
    running = service.Service(store)
    assert answering(running) == "1"
    store.number = 2
    for _ in range(3):
        assert running._look_for_champion() == ""
    assert answering(running) == "2"
    assert store.loaded == [1, 2]


def test_a_champion_that_does_not_load_is_tried_again_while_the_old_one_answers(
    store: Store,
) -> None:
    running = service.Service(store)
    store.number = 2
    store.broken = {2}
    for _ in range(2):
        assert running._look_for_champion() == "version 2 does not load here."
        assert answering(running) == "1"
    store.broken = set()
    assert running._look_for_champion() == ""
    assert answering(running) == "2"


def test_a_pause_is_seen_without_loading_the_champion_again(store: Store) -> None:
    running = service.Service(store)
    store.pause_reason = "prices look odd"
    running._look_for_champion()
    assert running._state.pause_reason == "prices look odd"
    store.pause_reason = ""
    running._look_for_champion()
    assert running._state.pause_reason == ""
    assert store.loaded == [1]


def test_a_champion_that_does_not_load_at_the_start_is_an_error(store: Store) -> None:
    store.broken = {1}
    with pytest.raises(MlopsError, match="version 1"):
        service.Service(store)
