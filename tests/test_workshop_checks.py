"""What the checks of the workshop say about single mistakes, without training a model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workshop.missing import Missing
from workshop.modules import gate, own_data, repository
from workshop.place import Journal, Place

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


def of_nobody(frame: Frame) -> Frame:
    income = frame["income"].where(frame["income"] < 0)
    return frame.assign(instalment_to_income=frame["amount"] / frame["term_months"] / income)


def without_gaps(frame: Frame) -> Frame:
    return burden(frame[frame["income"] > 0])


def misspelt(frame: Frame) -> Frame:
    return burden(frame.rename(columns={"amount": "amuont"}))


def test_a_right_feature_passes() -> None:
    own_data._check_burden(burden)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (in_place, "add_burden changes the frame that it is given"),
        (infinite, "For an income of 0, instalment_to_income is infinite"),
        (of_the_whole_loan, "you get 3"),
        (filled, "A missing income gets a value"),
        (of_nobody, "you get nan"),
        (without_gaps, "add_burden does not return one row for each that it is given"),
        (misspelt, "misspelt fails: KeyError: 'amount'"),
        (lambda _: None, "does not return a frame with the column"),
        (lambda frame: frame["income"], "does not return a frame with the column"),
    ],
)
def test_a_wrong_feature_is_explained(function: Callable[[Frame], Any], message: str) -> None:
    with pytest.raises(Missing, match=message):
        own_data._check_burden(function)


def columns(**role: str) -> Any:
    """A model of a schema, with the role of each column."""
    described = {name: SimpleNamespace(metadata={"role": role[name]}) for name in role}
    return SimpleNamespace(to_schema=lambda: SimpleNamespace(columns=described))


@dataclass(frozen=True)
class Pretended(Place):
    """A project with these modules and settings, which are in no file."""

    modules: dict[str, Any] = field(default_factory=dict)
    given: Any = None

    def module(self, name: str) -> Any:
        return SimpleNamespace(**self.modules[name])

    def settings(self, env: str = "dev") -> Any:
        return self.given


INPUTS = columns(application_id="key", phone="personal", amount="")
LABELS = columns(application_id="key", reviewed_on="label_time", defaulted="target")


def labelled(select: Callable[[Frame], Any]) -> Place:
    """A project whose data.labels selects these rows."""
    return Pretended(
        Path(),
        {
            "schema": {"Inputs": INPUTS, "Labels": LABELS},
            "data": {"labels": lambda tables, window: select(tables.read("loans", window))},
        },
    )


def reviewed(rows: Frame) -> Frame:
    return rows[rows["defaulted"].notna() & rows["reviewed_on"].notna()]


def test_labels_of_reviewed_loans_pass() -> None:
    own_data._check_labels(labelled(reviewed))


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (lambda rows: rows[rows["defaulted"].notna()], "returns a loan without a review"),
        (lambda rows: rows[rows["reviewed_on"].isna()], "returns a loan without a review"),
        (lambda rows: rows[rows["reviewed_on"].isna()].head(1), "returns a loan without a review"),
        (lambda rows: reviewed(rows).head(0), "leaves out a loan that was reviewed"),
        (lambda rows: rows["defaulted"], "does not return a frame with the column reviewed_on"),
        (lambda rows: rows["reveiwed_on"], "fails: KeyError: 'reveiwed_on'"),
    ],
)
def test_wrong_labels_are_explained(select: Callable[[Frame], Any], message: str) -> None:
    with pytest.raises(Missing, match=message):
        own_data._check_labels(labelled(select))


def test_the_schema_of_the_example_is_recognized(tmp_path: Path) -> None:
    (tmp_path / "build/draft").mkdir(parents=True)
    (tmp_path / "build/draft/schema.py").touch()
    settings = SimpleNamespace(tables={"loans": SimpleNamespace(path="data/loans.csv")})
    example = {"Inputs": columns(application_id="key", amount=""), "Labels": LABELS}
    project = Pretended(tmp_path, {"schema": example}, settings)
    message = "src/loan_risk/schema.py still describes the rows of the example."
    assert what_is_missing(own_data.check_schema, project) == message


def test_a_part_that_is_not_there_is_what_is_missing() -> None:
    with pytest.raises(Missing, match=r"src/loan_risk/data\.py defines no labels\."):
        Pretended(Path(), {"data": {}}).own("data", "labels")


def test_a_pipeline_that_is_not_returned_calls_no_function() -> None:
    assert own_data._functions(None) == set()


@pytest.mark.parametrize("answer", [float("nan"), 0.7, "0.7694"])
def test_a_wrong_auc_is_explained(answer: object) -> None:
    with pytest.raises(Missing, match="this is not the AUC of your version"):
        repository._check_auc(answer, 0.7694)


def test_answers_are_about_a_version_that_is_judged() -> None:
    sheet = recorded(entry(1, "train", "1"), entry(2, "gate", "1"), entry(3, "train", "2"))
    sheet.answers = lambda _: {}
    message = "The gate has not judged version 2."
    assert what_is_missing(repository.check_must_haves, sheet) == message


def entry(number: int, command: str, subject: str = "1", **details: Any) -> Any:
    return SimpleNamespace(
        number=number,
        command=command,
        subject=subject,
        overrides=details.pop("overrides", ()),
        details=SimpleNamespace(**details),
    )


def recorded(*entries: Any, champion: str = "1", **cards: Any) -> Any:
    """A project whose store has these entries, and these cards: `v1`, `v2`."""
    journal = Journal(Place(Path()), "dev")
    journal.__dict__["_store"] = SimpleNamespace(
        entries=entries,
        recorded_champion=champion,
        fetch=lambda number: SimpleNamespace(card=cards[f"v{number}"]),
    )
    return SimpleNamespace(journal=lambda: journal)


def what_is_missing(check: Callable[[Any], Iterator[str]], place: Any) -> str:
    with pytest.raises(Missing) as missing:
        list(check(place))
    return missing.value.what


PROMOTED = (entry(1, "promote", "1"), entry(2, "promote", "5"))
WITHDRAWN = entry(3, "rollback", "5", reason="branches report odd scores")


def test_a_rollback_with_a_reason_is_right() -> None:
    assert len(list(gate.check_rollback(recorded(*PROMOTED, WITHDRAWN)))) == 3


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
    assert what_is_missing(gate.check_rollback, recorded(*PROMOTED, *later)) == message


def card(
    trees: int = 50, seed: int = 0, auc: float = 0.8, rows: str = "all", leak: str = ""
) -> Any:
    return SimpleNamespace(
        model=SimpleNamespace(params={"max_iter": trees}, seed=seed),
        figures={"auc": auc},
        lineage=SimpleNamespace(data=rows),
        windows=rows,
        features=("amount", leak),
    )


def typed(version: str, setting: str = "model.params.max_iter") -> Any:
    return entry(int(version), "train", version, overrides=(f"--set {setting}",))


FIRST = entry(1, "train", "1")


def test_an_experiment_on_other_rows_does_not_count() -> None:
    tried = (FIRST, typed("2"), typed("3"), typed("4"), entry(5, "gate", "4"))
    cards = {"v1": card(), "v2": card(5, rows="few"), "v3": card(10), "v4": card(200, auc=0.9)}
    assert list(gate.check_experiments(recorded(*tried, **cards))) == [
        "Versions 3 and 4 try other parameters on the same rows.",
        "The gate has judged the better one, version 4.",
    ]


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"v2": card(5, rows="few")}, "Version 2 was trained on other rows than the champion."),
        (
            {"v2": card(200), "v3": card(seed=1)},
            "A version differs from the champion in the seed only.",
        ),
        ({"v2": card(200, seed=1)}, "Only version 2 tries a parameter."),
    ],
)
def test_wrong_experiments_are_explained(cards: dict[str, Any], message: str) -> None:
    tried = recorded(FIRST, *(typed(name[1:]) for name in cards), v1=card(), **cards)
    assert what_is_missing(gate.check_experiments, tried) == message


def test_experiments_need_a_champion() -> None:
    tried = recorded(typed("1"), champion="", v1=card(200))
    assert what_is_missing(gate.check_experiments, tried) == "dev has no champion."


@pytest.mark.parametrize(
    ("limit", "champion", "verdict", "message"),
    [
        (0.999, "1", "rejected", "gate.thresholds.auc.suspicious_above is 0.999 now."),
        (0.95, "1", "passed", "The gate has not rejected version 2."),
        (0.95, "2", "rejected", "Version 2, which has learned from reminders_sent, is in use."),
    ],
)
def test_a_leak_that_is_let_through_is_explained(
    limit: float, champion: str, verdict: str, message: str
) -> None:
    judged = (FIRST, entry(2, "train", "2"), entry(3, "gate", "2", verdict=verdict))
    leaking = card(auc=0.99, leak="reminders_sent")
    project = recorded(*judged, champion=champion, v1=card(), v2=leaking)
    auc = SimpleNamespace(suspicious_above=limit)
    settings = SimpleNamespace(gate=SimpleNamespace(thresholds={"auc": auc}))
    project.settings = lambda: settings
    assert what_is_missing(gate.check_leak, project) == message


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
