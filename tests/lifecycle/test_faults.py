"""Killed processes, full disks and concurrent commands lose nothing and duplicate nothing."""

import random
import time
from pathlib import Path

import pandas as pd
import pytest

from lifecycle import behind
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Project, copy_project

MODEL = "dev.loan-risk"
OLD = ("--as-of", "2026-09-01", "--set", "monitoring.max_age=1")
COMMANDS = {
    "score": ("live", ("score", "--as-of", AS_OF)),
    "promote": ("gated", ("promote", "1")),
    "retrain": ("live", ("retrain", *OLD)),
}
KILLS = 6


@pytest.mark.full
@pytest.mark.parametrize(
    "command", ["score", "promote", pytest.param("retrain", marks=pytest.mark.wide)]
)
def test_the_next_run_completes_a_command_killed_at_any_point(
    shelf: At, tmp_path: Path, command: str
) -> None:
    stage, words = COMMANDS[command]
    start = time.monotonic()
    whole = copy_project(shelf(stage), tmp_path / "whole/loan-risk")
    whole.start(*words).wait()
    took, seed = time.monotonic() - start, random.randrange(1000)  # noqa: S311
    moments = random.Random(seed)  # noqa: S311 - no secret
    for number in range(KILLS):
        project = copy_project(shelf(stage), tmp_path / f"{number}/loan-risk")
        process = project.start(*words)
        moment = took * moments.uniform(0.3, 1)  # before that, Python is still importing
        time.sleep(moment)
        process.kill()
        process.wait()
        print(f"{command}, seed {seed}: killed after {moment:.2f} of {took:.2f} s")
        project.run(*words)
        look_at(project, command)


def look_at(project: Project, command: str) -> None:
    """Expect that everything is complete and nothing is there twice."""
    status = project.run("status").facts
    assert status["problems"] == []
    champion = 1
    promoted = [e["subject"] for e in project.call(behind.entries) if e["command"] == "promote"]
    if command == "retrain":
        versions = project.call(behind.versions, MODEL)
        champion = max(versions)
        assert len(versions) <= 3  # at most one whose registration was cut before its alias
    assert project.call(behind.aliases, MODEL)["champion"] == champion == status["champion"]
    assert promoted == sorted(set(promoted))
    project.run("score", "--as-of", AS_OF)  # which proves that the champion loads
    newest = pd.read_parquet(project.batches()[-1] / "part.parquet")
    assert len(newest) == newest["application_id"].nunique() == 660


def test_a_full_disk_damages_nothing(live: Project) -> None:
    answer = live.run("score", "--as-of", AS_OF, code=1, largest=10_000)
    assert "File too large" in answer.said
    assert live.batches() == []
    assert live.run("status").facts["problems"] == []
    live.run("score", "--as-of", AS_OF)
    assert [batch.name for batch in live.batches()] == ["batch-0001"]


@pytest.mark.full
@pytest.mark.parametrize("command", ["train", "retrain"])
def test_a_full_disk_ends_a_training_with_one_sentence(live: Project, command: str) -> None:
    words = OLD if command == "retrain" else ("--as-of", AS_OF)
    answer = live.run(command, *words, code=None, largest=40_000)
    assert answer.code in (1, 5)
    assert answer.said.splitlines()[-1].startswith("error")
    assert live.run("status").facts["champion"] == 1
    live.run(command, *words)


@pytest.mark.full
def test_two_concurrent_monitorings_are_two_entries(scored: Project) -> None:
    before = len(scored.call(behind.entries))
    both = [scored.start("monitor", "--as-of", AS_OF) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    entries = scored.call(behind.entries)[before:]
    assert [entry["command"] for entry in entries] == ["monitor", "monitor"]
    assert [entry["details"]["decision"] for entry in entries] == ["healthy", "healthy"]
    assert scored.run("status").facts["problems"] == []


@pytest.mark.full
def test_two_concurrent_retrainings_train_once(live: Project) -> None:
    both = [live.start("retrain", *OLD) for _ in range(2)]
    codes = sorted(process.wait() for process in both)
    assert codes in ([0, 0], [0, 1])  # the other found the first at work, or its work done
    assert live.call(behind.aliases, MODEL) == {"champion": 2}
    assert live.call(behind.versions, MODEL) == [1, 2]
