"""A decision is refused if what it rests on has changed while the command was at work."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlops.projects import make_project
from rendering import platform

batch = platform("steps.score.batch")
details = platform("records.details")
errors = platform("base.errors")
gate = platform("steps.gate.gate")
rollback = platform("steps.rollback")
score = platform("steps.score.score")


def store(project: Any, *champions: int) -> Any:
    """Return a store in which versions were promoted one after the other; it refuses entries."""
    promoted = details.PromoteDetails.model_construct()
    return SimpleNamespace(
        project=project,
        entries=[SimpleNamespace(subject=str(n), details=promoted) for n in champions],
        champions=list(champions),
        recorded_champion=champions[-1],
        champion=lambda: champions[-1],
        refuse_pause=lambda: None,
    )


def test_a_verdict_is_refused_if_another_champion_was_promoted(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    evidence = SimpleNamespace(version=3, window="2025-07-01..2025-10-01")
    judged = gate._rests_on(store(project, 1), evidence)
    with pytest.raises(errors.MlopsError, match="while version 3 was judged, the champion changed"):
        gate._record(store(project, 1, 2), evidence, judged)


def test_a_verdict_is_refused_if_another_version_was_judged_on_its_window(tmp_path: Path) -> None:
    now = store(make_project(tmp_path), 1)
    evidence = SimpleNamespace(version=3, window="2025-07-01..2025-10-01")
    judged = gate._rests_on(now, evidence)
    verdict = details.GateDetails.model_construct(window=evidence.window)
    now.entries.append(SimpleNamespace(subject="2", details=verdict))
    with pytest.raises(errors.MlopsError, match=r"on the same window; run .*gate 3` again"):
        gate._record(now, evidence, judged)


def test_a_rollback_is_refused_if_it_would_lead_to_another_version(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    planned = rollback._plan(store(project, 1, 2, 3), None)
    with pytest.raises(errors.MlopsError, match="which version a rollback of version 3"):
        rollback._withdraw(store(project, 1, 3), planned, "complaints")


@pytest.mark.parametrize(
    ("champion", "number", "message"),
    [
        (2, "0001", "version 2 has become the champion; score again"),
        (1, "0002", "another run has published batch 0002"),
    ],
    ids=["another champion", "another batch"],
)
def test_a_batch_is_not_published_after_a_change(
    tmp_path: Path, champion: int, number: str, message: str
) -> None:
    project = make_project(tmp_path)
    scored = SimpleNamespace(version="version 1")
    written = batch.Batch(project, scored, None, "2026-01-01", number)
    facts = details.ScoreDetails.model_construct(version=1)
    with pytest.raises(errors.MlopsError, match=message):
        score._publish(store(project, champion), written, tmp_path / "staged", facts)
    assert not list(tmp_path.rglob("_SUCCESS"))


@pytest.mark.parametrize(("count", "counted"), [(1, "the batch"), (2, "the 2 batches")])
def test_a_rollback_counts_the_batches_of_the_withdrawn_version(
    count: int, counted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = [
        details.ScoreDetails(
            batch=f"{number:04}", date="2026-01-01", version=2, rows=610, rows_per_second=1_000
        )
        for number in range(1, count + 1)
    ]
    monkeypatch.setattr(rollback, "_batches", lambda *_: batches)
    done = rollback.Withdrawal(version=2, back_to=1, is_done=False)
    outcome = rollback._outcome(store(make_project(tmp_path), 1, 2), done)
    assert outcome.message.endswith(f"again; check {counted} of version 2")
