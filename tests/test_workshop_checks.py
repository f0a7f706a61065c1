"""What the checks of the workshop say about single mistakes, without training a model."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workshop.missing import Missing
from workshop.modules import gate, own_data, repository

Frame = pd.DataFrame


def burden(frame: Frame) -> Frame:
    income = frame["income"].where(frame["income"] > 0)
    return frame.assign(instalment_to_income=frame["amount"] / frame["term_months"] / income)


def in_place(frame: Frame) -> Frame:
    frame["instalment_to_income"] = burden(frame)["instalment_to_income"]
    return frame


def infinite(frame: Frame) -> Frame:
    share = frame["amount"] / frame["term_months"] / frame["income"]
    return frame.assign(instalment_to_income=share)


def of_the_whole_loan(frame: Frame) -> Frame:
    return frame.assign(instalment_to_income=frame["amount"] / frame["income"].replace(0, np.nan))


def filled(frame: Frame) -> Frame:
    return burden(frame.assign(income=frame["income"].fillna(frame["income"].median())))


def test_a_right_feature_passes() -> None:
    own_data._check_burden(burden)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (in_place, "add_burden changes the frame that it is given"),
        (infinite, "For an income of 0, instalment_to_income is infinite"),
        (of_the_whole_loan, "you get 3"),
        (filled, "A missing income gets a value"),
        (lambda _: None, "does not return a frame with the column"),
    ],
)
def test_a_wrong_feature_is_explained(function: Callable[[Frame], Any], message: str) -> None:
    with pytest.raises(Missing, match=message):
        own_data._check_burden(function)


def entry(number: int, command: str, subject: str = "1", **details: Any) -> Any:
    return SimpleNamespace(
        number=number, command=command, subject=subject, details=SimpleNamespace(**details)
    )


def place(*entries: Any, champion: str = "1") -> Any:
    """A project whose journal has these entries."""
    journal = SimpleNamespace(
        champion=champion, of=lambda *names: [each for each in entries if each.command in names]
    )
    return SimpleNamespace(journal=lambda: journal)


def what_is_missing(check: Callable[[Any], Iterator[str]], place: Any) -> str:
    with pytest.raises(Missing) as missing:
        list(check(place))
    return missing.value.what


PROMOTED = (entry(1, "promote", "1"), entry(2, "promote", "5"))
WITHDRAWN = entry(3, "rollback", "5", reason="branches report odd scores")


def test_a_rollback_with_a_reason_is_right() -> None:
    assert len(list(gate.check_rollback(place(*PROMOTED, WITHDRAWN)))) == 3


@pytest.mark.parametrize(
    ("later", "message"),
    [
        ([], "No version is withdrawn."),
        ([entry(3, "gate", "1")], "You asked the gate about version 1 again."),
        (
            [entry(3, "pause", "")],
            "The model is paused, and the bad version is still the champion.",
        ),
        ([entry(3, "rollback", "5", reason="not given")], 'The reason is "not given".'),
        ([WITHDRAWN, entry(4, "promote", "5")], "Version 1 was promoted after the rollback."),
    ],
)
def test_a_wrong_rollback_is_explained(later: list[Any], message: str) -> None:
    assert what_is_missing(gate.check_rollback, place(*PROMOTED, *later)) == message


@pytest.mark.parametrize(
    ("commit", "message"),
    [
        ("", "Nothing is answered yet."),
        ("main", "commit is main: a branch, not a commit."),
        ("1a2b", "commit is 1a2b: version 1 is not from this commit."),
        ("9999999", "commit is 9999999: version 1 is not from this commit."),
    ],
)
def test_a_wrong_commit_is_explained(commit: str, message: str) -> None:
    with pytest.raises(Missing) as missing:
        repository._check_commit(commit, entry(1, "train", commit="1a2b3c4d5e"))
    assert missing.value.what == message


def test_a_commit_of_seven_characters_is_enough() -> None:
    repository._check_commit("1a2b3c4", entry(1, "train", commit="1a2b3c4d5e"))
