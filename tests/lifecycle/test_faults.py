"""Full disks and concurrent commands lose nothing and duplicate nothing."""

import pytest

from lifecycle import behind, kills
from lifecycle.project import AS_OF, Project

MODEL = "dev.loan-risk"
OLD = ("--as-of", "2026-09-01", "--set", "monitoring.max_age=1")


def test_a_full_disk_damages_nothing(live: Project) -> None:
    answer = live.run("score", "--as-of", AS_OF, code=1, largest=10_000)
    assert "File too large" in answer.said
    assert live.batches() == []
    assert live.run("status").facts["problems"] == []
    live.run("score", "--as-of", AS_OF)
    assert [batch.name for batch in live.batches()] == ["batch-0001"]


@pytest.mark.full
@pytest.mark.parametrize("command", ["train", pytest.param("retrain", marks=pytest.mark.wide)])
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
    assert scored.call(kills.at_once, [["monitor", "--as-of", AS_OF]] * 2) == [0, 0]
    entries = scored.call(behind.entries)[before:]
    assert [entry["command"] for entry in entries] == ["monitor", "monitor"]
    assert [entry["details"]["decision"] for entry in entries] == ["healthy", "healthy"]
    assert scored.run("status").facts["problems"] == []


@pytest.mark.full
def test_two_concurrent_retrainings_train_once(live: Project) -> None:
    codes = sorted(live.call(kills.at_once, [["retrain", *OLD]] * 2))
    assert codes in ([0, 0], [0, 1])  # the other found the first at work, or its work done
    assert live.call(behind.aliases, MODEL) == {"champion": 2}
    assert live.call(behind.versions, MODEL) == [1, 2]
