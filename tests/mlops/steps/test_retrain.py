"""What an attempt to retrain records when user code fails."""

from types import SimpleNamespace
from typing import Any

import pytest
from rendering import platform


@pytest.mark.filterwarnings("ignore:.*Any type hint")  # MLflow's, of the scorer
def test_the_journal_gets_the_place_of_an_error_but_not_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An entry cannot be deleted, and the text may quote a customer."""
    retrain = platform("steps.retrain")
    recorded: list[Any] = []

    def fail(*_: object) -> int:
        raise ValueError("could not convert string to float: 'DE89370400440532013000'")

    monkeypatch.setattr(retrain, "_challenger", fail)
    monkeypatch.setattr(retrain, "_record", lambda *given: recorded.append(given[1]))
    cause = retrain.Cause("retrain", ("it is stale",), "2026-01-01")
    with pytest.raises(ValueError, match="DE89"):
        retrain._attempt(SimpleNamespace(), cause, hold=False)
    [outcome] = recorded
    assert outcome.message.startswith("ValueError in test_retrain.py, line ")
