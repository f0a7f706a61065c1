"""What a monitoring knows of the champion comes from its card and the journal alone."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from rendering import platform

context = platform("steps.monitor.context")
details = platform("records.details")
decision = platform("figures.decision")
errors = platform("base.errors")


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
