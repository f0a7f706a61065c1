"""What a monitoring knows of the champion comes from its card and the journal alone."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

context = platform("steps.monitor.context")
details = platform("records.details")
inputs = platform("steps.monitor.inputs")
decision = platform("figures.decision")
errors = platform("base.errors")
store = platform("records.store")


def past(as_of: str, version: int = 2, **changes: object) -> Any:
    """Return the journal's entry of an earlier monitoring."""
    facts = {"as_of": as_of, "decision": "healthy", "version": version} | changes
    return SimpleNamespace(details=details.MonitorDetails.model_validate(facts))


def monitoring(*entries: Any, train: str = "2025-01-01..2026-01-01") -> Any:
    """Return the monitoring of version 2 as of 2026-06-01, with these entries in the journal."""
    card = SimpleNamespace(windows=SimpleNamespace(train=train))
    champion = SimpleNamespace(number=2, card=card)
    registry = SimpleNamespace(numbers=lambda: [1, 2])
    time = SimpleNamespace(period="month", label_horizon=3, gate=3)
    project = SimpleNamespace(settings=SimpleNamespace(time=time))
    store = SimpleNamespace(entries=list(entries), registry=registry)
    made = context.MonitoringContext(project, store, champion, pd.Timestamp("2026-06-01"))
    made.__dict__["batches"] = {pd.Timestamp("2026-06-01"): []}  # no folder is read
    return made


def test_the_history_has_the_last_monitoring_of_each_earlier_date() -> None:
    history = monitoring(
        past("2026-05-01", drifted=("input a",)),
        past("2026-04-01"),
        past("2026-05-01", drifted=("input b",)),
        past("2026-06-01"),
    ).history
    assert [f"{each.as_of}" for each in history] == ["2026-04-01", "2026-05-01"]
    assert history[-1].drifted == ("input b",)


def test_drift_is_looked_up_in_two_windows_of_the_same_champion_that_do_not_overlap() -> None:
    earlier = monitoring(
        past("2026-02-01", drifted=("input a",)),
        past("2026-03-01", drifted=("input b",)),
        past("2026-04-01", version=1, drifted=("input c",)),
        past("2026-04-20", drifted=("input d",)),
        past("2026-05-15", drifted=("input e",)),  # overlaps the last window
    ).drifted_before()
    assert earlier == [("input b",), ("input d",)]


def test_decays_are_those_of_other_champions_oldest_first() -> None:
    decays = monitoring(
        past("2026-03-01", decayed={"auc": 0.9}),
        past("2026-02-01", version=1, decayed={"auc": 0.8, "brier": None}),
        past("2026-01-01", version=1, decayed={"auc": 0.7}),
    ).decays_of_others()
    found = [(f"{each.as_of}", each.metric, each.reference) for each in decays]
    assert found == [
        ("2026-01-01", "auc", 0.7),
        ("2026-02-01", "auc", 0.8),
        ("2026-02-01", "brier", None),
    ]
    assert {each.version for each in decays} == {1}


@pytest.mark.parametrize(
    ("train", "start"),
    [("2025-01-01..2026-01-01", "2025-01-01"), ("all rows", None), ("train rows 0a1b", None)],
)
def test_a_train_window_starts_at_a_date_or_has_none(train: str, start: str | None) -> None:
    learned_from = monitoring(train=train).learned_from()
    assert (None if learned_from is None else f"{learned_from}") == start


def test_unknown_versions_are_investigated_and_other_champions_are_mentioned() -> None:
    checked = monitoring().check_versions([1, 9], "the batch of 2026-06-01")
    assert [each.decision for each in checked] == ["investigate", "healthy"]
    assert "version 9, which the registry does not know" in checked[0].sentence
    assert "made by versions 1, 9, not by the champion, version 2" in checked[1].sentence
    assert monitoring().check_versions([1, 2], "the batch") == []
    assert monitoring().check_versions([], "the batch") == []


def test_what_cannot_be_read_is_a_finding_unless_configuration_or_a_service_is_at_fault() -> None:
    def fail(error: Exception) -> Any:
        raise error

    assert context.try_to_read(lambda: 3) == (3, [])
    missing = errors.MlopsError("table loans has no rows.")
    finding = decision.Finding("investigate", "table loans has no rows")
    assert context.try_to_read(lambda: fail(missing)) == (None, [finding])
    for error in (errors.Misconfigured("conf."), errors.Unreachable("no answer.")):
        with pytest.raises(type(error)):
            context.try_to_read(lambda error=error: fail(error))


# Batches that no entry knows


def with_batches(root: Path, *recorded: str) -> Any:
    """Return a monitoring of which these dates have a batch, and the rest has none."""
    entries = [
        SimpleNamespace(
            details=details.ScoreDetails(
                batch="0001", date=date, version=2, rows=1, rows_per_second=1
            )
        )
        for date in recorded
    ]
    made = monitoring(*entries)
    made.__dict__.pop("batches")
    project = make_project(root, time={"period": "month", "label_horizon": 3, "gate": 3})
    object.__setattr__(made, "project", project)
    made.store.project = project
    made.store._once_recorded = lambda look: look()  # nobody is about to record a batch
    made.store.unknown_batches = partial(store.Store.unknown_batches, made.store)
    return made


@pytest.mark.parametrize("date", ["2026-06-01", "2026-04-01"])
def test_a_batch_that_no_entry_knows_is_named_and_not_judged(tmp_path: Path, date: str) -> None:
    made = with_batches(tmp_path, "2026-05-01", "2026-03-01")
    for each in ("2026-05-01", "2026-03-01", date):
        folder = tmp_path / f"predictions/dev/date={each}/batch-0001"
        folder.mkdir(parents=True)
        (folder / "_SUCCESS").touch()
    assert list(made.batches) == [pd.Timestamp("2026-03-01"), pd.Timestamp("2026-05-01")]
    [finding] = inputs._unknown_batches(made)
    assert finding.decision == "investigate"
    place = f"predictions/dev/date={date}/batch-0001"
    assert finding.sentence.startswith(f"{place} is published but has no entry")


def test_answers_of_serve_are_in_no_entry_and_judged(tmp_path: Path) -> None:
    made = with_batches(tmp_path)
    part = tmp_path / "predictions/dev/online/date=2026-05-05/x.parquet"
    part.parent.mkdir(parents=True)
    part.touch()
    assert made.batches == {pd.Timestamp("2026-06-01"): [part]}
    assert inputs._unknown_batches(made) == []
