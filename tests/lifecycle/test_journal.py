"""The journal records every action, and `status` detects a changed record."""

import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from lifecycle import behind
from lifecycle.project import AS_OF, Facts, Project


def refuse(project: Project, *words: str) -> None:
    """Expect that `status` names the problem, and that nothing is promoted until it is fixed."""
    status = project.run("status", code=1)
    assert any(all(word in problem for word in words) for problem in status.facts["problems"])
    assert all(word in status.said for word in words)
    answer = project.run("promote", "1", code=1)
    assert "cannot be trusted" in answer.said
    assert all(word in answer.said for word in words)
    assert "restore" in answer.said


def test_every_act_is_an_entry_that_names_the_one_before(live: Project) -> None:
    live.run("score", "--as-of", AS_OF)
    live.run("pause", "a test")
    live.run("resume")
    entries = live.call(behind.entries)
    assert [entry["command"] for entry in entries] == [
        *("train", "gate", "promote", "score", "pause", "resume"),
    ]
    assert [entry["number"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert {entry["outcome"] for entry in entries} == {"ok"}
    assert [entry["previous"] for entry in entries] == [
        "0" * 64,
        *(behind.digest(entry) for entry in entries[:-1]),
    ]
    assert all(entry["time"] and entry["actor"] for entry in entries)
    status = live.run("status")
    assert status.facts["problems"] == []
    assert status.facts["entries"] == 6


def test_the_journal_is_listed_and_an_entry_is_shown_with_its_evidence(live: Project) -> None:
    listed = live.run("journal")
    assert [entry["number"] for entry in listed.facts["entries"]] == [3, 2, 1]
    assert "version 1 passed the gate: auc" in listed.said
    shown = live.run("journal", "2")
    assert shown.facts["entry"] == live.call(behind.entries)[1]
    assert {check["name"] for check in shown.facts["evidence"]["checks"]} >= {"auc", "events"}
    assert "stands alone" in shown.said
    assert "has no entry 4; its last one is entry 3" in live.run("journal", "4", code=1).said
    assert live.run("status").facts["entries"] == 3, "reading writes nothing"


@pytest.mark.full
def test_rejected_and_waiting_verdicts_are_entries_too(trained: Project) -> None:
    trained.run("gate", "--set", "gate.thresholds.auc.min=0.9", code=3)
    trained.run("gate", "--set", "gate.min_events=1000", code=4)
    outcomes = [entry["outcome"] for entry in trained.call(behind.entries)]
    assert outcomes == ["ok", "rejected", "waiting"]


def test_an_entry_names_the_actor_and_how_the_actor_was_identified(live: Project) -> None:
    bob = {"USER": "bob", "LOGNAME": "bob"}
    live.run("pause", "a test", variables=bob, person="carol")
    entry = live.call(behind.entries)[-1]
    assert entry["actor"].startswith("carol@"), "the system knows who it is, whatever variables say"
    assert entry["actor_source"] == "login"


def test_an_entry_names_the_overrides_and_has_a_hash_of_the_settings(live: Project) -> None:
    before = live.call(behind.entries)
    assert {tuple(entry["overrides"]) for entry in before} == {()}
    assert len({entry["settings_sha256"] for entry in before}) == 1
    assert "overridden" not in live.run("status").said
    live.run("gate", "1", "--set", "reports=elsewhere")
    assert "overridden" in live.run("status").said
    options = ("--set", "reports=elsewhere")
    live.run("pause", "a test", *options, variables={"MLOPS_TIME__TRAIN": "6"})
    entry = live.call(behind.entries)[-1]
    assert entry["overrides"] == ["MLOPS_TIME__TRAIN", "--set reports"]
    assert entry["settings_sha256"] != before[-1]["settings_sha256"]
    assert "elsewhere" not in str(entry)


def test_a_deleted_last_entry_is_detected(live: Project) -> None:
    live.call(behind.cut, 3)
    refuse(live, "entry 3", "missing")


def test_a_deleted_middle_entry_is_detected(live: Project) -> None:
    live.call(behind.cut, 1)
    refuse(live, "entry 1", "missing")


@pytest.mark.parametrize("number", [2, 3])
def test_an_altered_entry_is_detected(live: Project, number: int) -> None:
    live.call(behind.alter, number, {"actor": "somebody else"})
    refuse(live, f"entry {number}", "altered")


def test_an_entry_that_is_altered_in_its_tags_is_detected(live: Project) -> None:
    live.call(behind.alter_tags, 2, {"actor": "somebody else"})
    refuse(live, "entry 2", "altered")
    assert "cannot be trusted" in live.run("score", "--as-of", AS_OF, code=1).said


def test_a_machine_that_knows_an_entry_keeps_scoring_with_it_after_it_was_altered(
    live: Project,
) -> None:
    live.run("status")
    live.call(behind.alter_tags, 3, {"subject": "9"})
    live.run("score", "--as-of", AS_OF)
    refuse(live, "entry 3", "altered")


def test_an_altered_copy_on_this_machine_changes_no_decision(live: Project) -> None:
    live.run("status")
    for copies in live.path("build/journal").iterdir():
        text = copies.read_text("utf-8")
        copies.write_text(text.replace('"subject": "1"', '"subject": "9"'), encoding="utf-8")
    status = live.run("status").facts
    assert (status["champion"], status["problems"]) == (1, [])


def test_a_journal_that_was_written_again_differs_from_its_anchor(live: Project) -> None:
    live.run("status", "--anchor", "kept/anchors")
    assert live.run("status", "--against", "kept/anchors").facts["problems"] == []
    live.call(behind.rewrite, {"actor": "somebody else"})
    shutil.rmtree(live.path("build/journal"))
    assert live.run("status").facts["problems"] == [], "the chain has no key"
    status = live.run("status", "--against", "kept/anchors", "--anchor", "kept/new", code=1)
    assert "entry 3 is not the one that is anchored" in status.said
    assert not live.path("kept/new").exists()


def test_a_store_that_was_restored_from_a_backup_ends_before_its_anchor(live: Project) -> None:
    shutil.copy(live.path("mlflow.db"), live.path("backup"))
    live.run("pause", "a test")
    live.run("status", "--anchor", "anchors")
    shutil.copy(live.path("backup"), live.path("mlflow.db"))
    assert live.run("status").facts["problems"] == []
    status = live.run("status", "--against", "anchors", code=1)
    assert "the journal ends with entry 3, but entry 4 is anchored" in status.said


def test_the_log_of_a_command_is_an_anchor(live: Project) -> None:
    paused = live.run("pause", "a test")
    *_, anchor, result = paused.said.splitlines()
    assert anchor == f"· {paused.facts['anchor']}"
    assert result.startswith("ok")
    live.write("log", paused.said)
    live.run("resume")
    assert live.run("status", "--against", "log").facts["problems"] == []


def test_an_empty_journal_has_nothing_to_anchor(opened: Project) -> None:
    assert "has no entry to anchor" in opened.run("status", "--anchor", "anchors", code=1).said
    assert not opened.path("anchors").exists()


def test_an_entry_whose_file_is_said_to_be_elsewhere_is_detected(live: Project) -> None:
    with closing(sqlite3.connect(live.path("mlflow.db"))) as database, database:
        names = "UPDATE runs SET artifact_uri = 's3://nobody/x' WHERE name LIKE '2 gate%'"
        assert database.execute(names).rowcount == 1
    refuse(live, "entry 2", "altered")


def test_a_forged_entry_is_detected(live: Project) -> None:
    last = live.call(behind.entries)[-1]
    live.call(behind.forge, last | {"number": 4, "previous": behind.digest(last)})
    refuse(live, "entry 4", "forged")


def test_a_forked_entry_is_detected(live: Project) -> None:
    last: Facts = live.call(behind.entries)[-1]
    live.call(behind.forge, last | {"actor": "somebody else"})
    refuse(live, "entry 3", "forked")


@pytest.mark.full
def test_a_deleted_promotion_is_detected_even_if_a_rollback_follows(succeeded: Project) -> None:
    succeeded.run("rollback")
    for number in (3, 6):
        succeeded.call(behind.cut, number)
    answer = succeeded.run("status", code=1)
    assert "entry 3 is missing" in answer.said
    assert "entry 6 is missing" in answer.said


def test_concurrent_writers_take_different_numbers(live: Project) -> None:
    live.call(pause_at_once, 4)
    assert [entry["number"] for entry in live.call(behind.entries)] == [1, 2, 3, 4, 5, 6, 7]
    assert live.run("status").facts["problems"] == []


def pause_at_once(writers: int) -> None:
    """Run `pause` in several processes at the same time."""
    import sys

    from loan_risk.mlops.cli import main

    children = []
    for number in range(writers):
        child = os.fork()
        if child == 0:
            sys.argv = ["loan-risk", "pause", f"writer {number}"]
            try:
                main()
            except SystemExit as end:
                os._exit(int(end.code or 0))
        children.append(child)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)


def test_a_writer_that_dies_leaves_the_number_to_the_next(live: Project) -> None:
    for name in ("4 pause", "4 resume"):
        live.call(behind.begin, name)
    assert live.run("status").facts["entries"] == 3
    live.run("pause", "a test")
    assert [entry["number"] for entry in live.call(behind.entries)] == [1, 2, 3, 4]
    status = live.run("status").facts
    assert (status["entries"], status["problems"]) == (4, [])
