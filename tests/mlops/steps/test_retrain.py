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


def test_a_version_that_is_promoted_at_once_is_not_said_to_be_promoted_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    retrain = platform("steps.retrain")
    passed = retrain.Outcome("ok", "version 2 passed the gate", next_command="`x promote`")
    promoted = retrain.Outcome("ok", "version 2 is the champion", next_command="`x score`")
    steps: list[str] = []
    monkeypatch.setattr(retrain, "_challenger", lambda *_: 2)
    monkeypatch.setattr(retrain, "_last_verdict", lambda *_: passed)
    monkeypatch.setattr(retrain, "promote", lambda *_, **__: promoted)
    monkeypatch.setattr(retrain, "_record", lambda *_: None)
    monkeypatch.setattr(retrain, "print_step", steps.append)
    cause = retrain.Cause("retrain", ("it is stale",), "2026-01-01")
    ended = retrain._attempt(SimpleNamespace(), cause, hold=False)
    assert steps == ["version 2 passed the gate"]
    assert ended.full_message == (
        "version 2 is the champion; retrained because it is stale; next: `x score`"
    )
