"""Rules of `mlops/job.py`: which arguments reach the program, and which ends fail a task."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from rendering import platform

job = platform("job")
cli = platform("cli")


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["score", "--as-of", "2026-01-01"], ["score", "--as-of", "2026-01-01"]),
        (["score", "--as-of", "", "--env", "dev"], ["score", "--env", "dev"]),
        (["score", "--as-of", ""], ["score"]),
        (["gate", ""], ["gate"]),
        (["gate", "", "--env", "test"], ["gate", "--env", "test"]),
        (["retrain", "--hold"], ["retrain", "--hold"]),
        ([], []),
    ],
)
def test_empty_arguments_are_left_out_with_their_options(
    arguments: list[str], left: list[str]
) -> None:
    assert job.without_empty(arguments) == left


@pytest.fixture
def task(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, Any], list[str]]]:
    """Run a task whose program ends with a code and facts; return code, values and command."""
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)

    def run(code: int, facts: dict[str, Any], *arguments: str) -> tuple[int, Any, list[str]]:
        commands = []

        def program(command: list[str], *, standalone_mode: bool) -> int:
            assert not standalone_mode
            commands.append(command)
            print(json.dumps(facts))
            return code

        monkeypatch.setattr(cli, "app", program)
        monkeypatch.setattr(sys, "argv", ["loan-risk-job", *arguments])
        ended = 0
        try:
            job.main()
        except SystemExit as end:
            ended = int(str(end.code))
        return ended, json.loads(capsys.readouterr().out), commands[0]

    return run


@pytest.mark.parametrize(
    ("code", "outcome", "ended"),
    [(0, "ok", 0), (1, "failed", 1), (2, "failed", 2), (3, "rejected", 0), (4, "waiting", 0)],
)
def test_a_verdict_ends_the_task_normally_and_a_failure_does_not(
    task: Callable[..., Any], code: int, outcome: str, ended: int
) -> None:
    said = {"outcome": "failed" if code else "ok", "message": "a sentence"}
    assert task(code, said, "gate") == (
        ended,
        {"outcome": outcome, "version": 0},
        ["gate", "--json"],
    )


@pytest.mark.parametrize("code", [3, 4])
def test_a_verdict_fails_the_task_that_must_succeed(task: Callable[..., Any], code: int) -> None:
    ended, values, command = task(code, {"outcome": "waiting", "version": 7}, "--must", "promote")
    assert ended == code
    assert values["version"] == 7
    assert command == ["promote", "--json"]


def test_a_decision_is_passed_on(task: Callable[..., Any]) -> None:
    said = {"outcome": "ok", "decision": "retrain", "reasons": ["it is stale"]}
    _, values, _ = task(0, said, "monitor")
    assert values == {"outcome": "ok", "version": 0, "decision": "retrain"}
