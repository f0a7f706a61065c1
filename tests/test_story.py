"""The demo says what happens in a month, and does not repeat itself."""

import runpy
from typing import Any

from rendering import ROOT

STORY = runpy.run_path(str(ROOT / "template/.mlops/story.py"))


def month(decision: str, *, decayed: bool = False, drifted: bool = True) -> dict[str, Any]:
    """Return what `monitor --json` prints, as far as the story reads it."""
    verdict = "decayed" if decayed else "ok"
    auc = {"metric": "auc", "value": 0.7124, "bound": 0.737, "verdict": verdict}
    return {
        "version": 1,
        "decision": decision,
        "reasons": ["the newest row is late", "income drifted"],
        "performance": [auc],
        "columns": [{"name": "income", "drifted": drifted}],
    }


def turns(*months: dict[str, Any]) -> list[str]:
    """Return the sentences below these months."""
    story = STORY["Story"](program=None)
    sentences = []
    for report in months:
        sentences += story.turns(report)
        story.decision = report["decision"]
    return sentences


def test_drift_comes_first_and_persists() -> None:
    first, second = turns(month("healthy"), month("healthy"), month("investigate"))
    assert first.startswith("Drift: income moved beyond the limit.")
    assert second.startswith("The drift persists: income.")


def test_a_decay_that_comes_back_is_told_as_such() -> None:
    sentences = turns(
        month("retrain", decayed=True), month("investigate"), month("retrain", decayed=True)
    )
    first, second, third = sentences
    assert first.startswith("Decay: now that enough labels are known, auc is 0.712, beyond")
    assert second == "This month, chance may explain the decay; the drift persists."
    assert third.startswith("Decay again: auc is 0.712, beyond its bound of 0.737")


def test_a_quiet_month_needs_no_sentence() -> None:
    assert turns(month("healthy", drifted=False)) == []


def test_another_decision_is_told_with_its_reason() -> None:
    assert turns(month("investigate", drifted=False)) == [
        "monitor decides investigate: the newest row is late."
    ]
