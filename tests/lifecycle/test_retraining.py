"""Automatic retraining: started by monitoring, judged by the gate, and never done twice."""

import pytest
from filelock import FileLock

from lifecycle import behind
from lifecycle.alerts import ALERTS, SECRET, Channel
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Answer, Project

MODEL = "dev.loan-risk"
LATER = "2026-09-01"
# by then the champion is 8 months old, and 7 are allowed
OLD = ("--as-of", LATER, "--set", "monitoring.max_age=1")


def commands(project: Project, after: int) -> list[tuple[str, str]]:
    """Return the commands in the journal since an entry, each with its outcome."""
    entries = project.call(behind.entries)
    return [(entry["command"], entry["outcome"]) for entry in entries[after:]]


def retrain(project: Project, *words: str, code: int = 0) -> Answer:
    return project.run("retrain", *OLD, *words, code=code)


def test_a_healthy_champion_stays(scored: Project) -> None:
    before = len(scored.call(behind.entries))
    answer = scored.run("retrain", "--as-of", AS_OF)
    assert "version 1 stays the champion of dev.loan-risk: monitor says healthy" in answer.said
    assert answer.facts["decision"] == "healthy"
    assert commands(scored, before) == [("monitor", "ok")]
    assert scored.call(behind.versions, MODEL) == [1]


def test_an_old_champion_is_replaced_by_one_trained_on_newer_rows(
    live: Project, channel: Channel
) -> None:
    before = len(live.call(behind.entries))
    answer = live.run("retrain", *OLD, *ALERTS, variables=channel.secret)
    assert "version 2 is the champion" in answer.said
    assert "the champion's age is 8 months, more than 7" in answer.said
    assert live.call(behind.aliases, MODEL) == {"champion": 2}
    steps = ["monitor", "train", "gate", "promote", "retrain"]
    assert commands(live, before) == [(step, "ok") for step in steps]
    assert live.call(behind.card, MODEL, 2)["time"]["as_of"] == LATER
    old, new = channel.messages
    assert [old["title"], new["title"]] == ["dev.loan-risk: monitor", "dev.loan-risk: retrain"]
    assert "version 2 is the champion" in new["message"]
    assert SECRET not in answer.said + answer.printed

    again = retrain(live)
    assert "version 2 stays the champion" in again.said
    assert live.call(behind.versions, MODEL) == [1, 2]


@pytest.mark.full
def test_a_new_environment_gets_its_first_champion(opened: Project) -> None:
    answer = opened.run("retrain", "--as-of", AS_OF)
    assert "there is no champion yet" in answer.said
    assert opened.call(behind.aliases, MODEL) == {"champion": 1}


@pytest.mark.full
def test_a_challenger_that_needs_a_person_waits_for_one(live: Project) -> None:
    live.configure("dev", promotion="approval")
    answer = retrain(live, code=4)
    assert "loan-risk promote 2 --approved-by NAME" in answer.said
    assert live.call(behind.aliases, MODEL) == {"challenger": 2, "champion": 1}

    again = retrain(live, code=4)
    assert "--approved-by NAME" in again.said
    assert "the next one is due on 2026-10-01" in again.said
    assert live.call(behind.versions, MODEL) == [1, 2]

    live.run("promote", "2", "--approved-by", "A. Nother")
    assert "version 2 stays the champion" in retrain(live).said


@pytest.mark.full
def test_a_broken_challenger_never_becomes_the_champion(live: Project) -> None:
    live.edit("features.py", "def prepare()", "BROKEN = True\n\n\ndef prepare()")
    live.edit("model.py", "build(", "build_well(")
    live.edit(
        "model.py",
        "def build_well(",
        "def build(params: dict) -> object:\n"
        "    from sklearn.dummy import DummyClassifier\n\n"
        "    return DummyClassifier(strategy='prior')\n\n\n"
        "def build_well(",
    )
    answer = retrain(live, code=3)
    assert "version 2 is rejected by:" in answer.said
    assert live.call(behind.aliases, MODEL)["champion"] == 1

    rest = retrain(live)  # it would fail in the same way
    assert "version 1 stays the champion" in rest.said
    assert "the next one is due on 2026-10-01" in rest.said
    assert live.call(behind.versions, MODEL) == [1, 2]
    assert retrain(live, "--set", "retraining.cooldown=0", code=3).facts["decision"] == "retrain"


@pytest.mark.full
def test_a_failed_attempt_is_recorded_and_tried_again_next_time(live: Project) -> None:
    before = len(live.call(behind.entries))
    live.edit("data.py", "inputs(tables", "inputs_of(tables")
    live.edit(
        "data.py",
        "def inputs_of(",
        "def inputs(tables, window):\n"
        "    return inputs_of(tables, window).iloc[:0]\n\n\n"
        "def inputs_of(",
    )
    answer = retrain(live, code=1)
    assert "data.inputs returned no rows" in answer.said
    assert ("retrain", "failed") in commands(live, before)
    assert live.call(behind.aliases, MODEL) == {"champion": 1}
    live.edit("data.py", ".iloc[:0]", "")
    assert "version 2 is the champion" in retrain(live).said


@pytest.mark.full
def test_a_challenger_of_the_same_date_is_reused(live: Project) -> None:
    """After a retraining that was killed after training, the next one does not train again."""
    live.run("train", "--as-of", LATER)
    answer = retrain(live)
    assert "version 2 was already trained on the same rows" in answer.said
    assert live.call(behind.versions, MODEL) == [1, 2]
    assert live.call(behind.aliases, MODEL) == {"champion": 2}


@pytest.mark.full
def test_scheduled_training_makes_a_version_only_if_something_has_changed(trained: Project) -> None:
    def version(*words: str) -> int:
        return int(trained.run("train", "--changed", *words).facts["version"])

    assert version("--as-of", AS_OF) == 1, "it is there, and the gate has not judged it"
    trained.run("gate")
    answer = trained.run("train", "--changed", "--as-of", AS_OF)
    assert "version 1 of dev.loan-risk has the same code, configuration" in answer.said
    assert answer.facts["version"] == 0
    trained.run("promote")
    assert version("--as-of", AS_OF) == 0
    assert version("--as-of", AS_OF, "--set", "model.seed=8") == 2
    assert version("--as-of", LATER) == 3
    trained.edit("features.py", "def prepare()", "CHANGED = True\n\n\ndef prepare()")
    assert version("--as-of", LATER) == 4
    trained.path("uv.lock").write_text(trained.path("uv.lock").read_text() + "\n")
    assert version("--as-of", LATER) == 5
    assert trained.call(behind.versions, MODEL) == [1, 2, 3, 4, 5]


@pytest.mark.full
def test_a_challenger_of_other_settings_is_not_reused(live: Project) -> None:
    live.run("train", "--as-of", LATER, "--set", "model.seed=8")
    retrain(live)
    assert live.call(behind.aliases, MODEL) == {"champion": 3}


def test_an_interrupted_promotion_is_finished(live: Project) -> None:
    """The process died after writing the journal and before moving the alias."""
    live.call(behind.drop_alias, MODEL, "champion")
    live.call(behind.tag_model, MODEL, behind.MOVED, "1")
    live.run("retrain", "--as-of", AS_OF)
    assert live.call(behind.aliases, MODEL) == {"champion": 1}


def test_only_one_retraining_runs_at_a_time(live: Project) -> None:
    with FileLock(live.path("build/retrain-dev.lock")):
        answer = retrain(live, code=1)
    assert "is being retrained by another process" in answer.said
    assert live.call(behind.versions, MODEL) == [1]


def test_a_pause_stops_retraining(live: Project) -> None:
    live.run("pause", "audit")
    assert "paused" in retrain(live, code=4).said
    assert live.call(behind.versions, MODEL) == [1]


@pytest.mark.full
@pytest.mark.parametrize("problem", ["multiclass", "regression"])
@pytest.mark.wide
def test_each_problem_is_retrained(at: At, problem: str) -> None:
    assert retrain(at("live", problem=problem)).facts["version"] == 2
