"""Rules of `serving/shadow.py`: the challenger predicts what was answered, and fails alone."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from rendering import platform

shadow = platform("serving.shadow")

LOAN = {"amount": 9000.0, "months": 48, "purpose": "car"}
NOON = datetime.datetime(2026, 3, 1, 12)  # noqa: DTZ001 - the log keeps UTC without a zone


@pytest.fixture
def challenger(tmp_path: Path) -> Any:
    return shadow.Shadow(tmp_path / "online")


def body(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"rows": rows}).encode()


class Registry:
    """A registry whose versions load to models that a test made."""

    def __init__(self, models: dict[int, Any]) -> None:
        self.models = models
        self.loaded: list[int] = []

    @property
    def registry(self) -> Any:
        return self

    def fetch(self, number: int) -> Any:
        return SimpleNamespace(number=number)

    def load(self, version: Any) -> Any:
        self.loaded.append(version.number)
        if version.number not in self.models:
            raise ValueError("broken file")
        return version


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, make_model: Callable[..., Any]) -> Registry:
    models = {2: make_model(2), 3: make_model(3)}
    monkeypatch.setattr(shadow, "ServedModel", lambda version: models[version.number])
    return Registry(models)


def test_a_challenger_is_loaded_once_and_the_next_one_takes_its_place(
    challenger: Any, served: Registry
) -> None:
    for number in (2, 2, 3, 3):
        challenger.load(lambda: served, number)
    assert served.loaded == [2, 3]
    assert challenger.status == shadow.ShadowStatus(version=3)


def test_without_a_challenger_the_shadow_is_empty_and_says_so(
    challenger: Any, served: Registry, tmp_path: Path
) -> None:
    challenger.load(lambda: served, 2)
    challenger.load(lambda: served, None)
    assert challenger.status.version is None
    assert "has no challenger" in challenger.status.trouble
    challenger.add(body(LOAN), 1, NOON)
    challenger.flush()
    assert not (tmp_path / "online").exists()


def test_a_challenger_that_does_not_load_is_tried_again(challenger: Any, served: Registry) -> None:
    challenger.load(lambda: served, 9)
    challenger.load(lambda: served, 9)
    assert served.loaded == [9, 9]
    assert challenger.status == shadow.ShadowStatus(trouble="ValueError in test_shadow.py, line 46")


def test_answered_requests_are_predicted_with_the_time_of_their_answer(
    challenger: Any, served: Registry, tmp_path: Path
) -> None:
    challenger.load(lambda: served, 2)
    for _ in range(250):
        challenger.add(body(LOAN, LOAN), 2, NOON)
    challenger.add(body(LOAN), 1, None)  # the log of answers was full
    challenger.flush()
    kept = pd.read_parquet(tmp_path / "online")
    assert len(kept) == 500
    assert set(kept["predicted_at"]) == {pd.Timestamp(NOON)}
    assert set(kept["version"]) == {2}


def test_a_failure_is_counted_and_reveals_no_value(
    challenger: Any, make_model: Callable[..., Any], tmp_path: Path
) -> None:
    def refuse(rows: pd.DataFrame) -> pd.DataFrame:
        raise ValueError(f"no such amount: {rows['amount'].iloc[0]}")

    before = shadow.MISSED._value.get()
    challenger._model = make_model(2, refuse)
    challenger.add(body(LOAN, LOAN), 2, NOON)
    challenger.flush()
    assert shadow.MISSED._value.get() - before == 2
    assert challenger.status.trouble == "it fails: ValueError"

    challenger.add(body({"amount": 9000.0, "months": 48}), 1, NOON)
    challenger.flush()
    assert challenger.status.trouble == "it fails: ValidationError ('rows', 0, 'purpose')"
    assert not (tmp_path / "online").exists()
