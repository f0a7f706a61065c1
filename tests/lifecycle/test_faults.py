"""Full disks and concurrent commands lose nothing and duplicate nothing."""

import pytest

from lifecycle import behind
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
