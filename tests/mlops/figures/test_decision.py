"""Each rule of a monitoring decides as it says, and the most severe finding wins."""

import datetime
from typing import Any

import numpy as np
import pytest
from rendering import platform

decision = platform("figures.decision")
drift = platform("figures.drift")

MAY = datetime.date(2026, 5, 1)


def rule(**changes: object) -> Any:
    """Return the rule of a figure for which higher is better."""
    known = {"sign": 1, "limit": 0.7, "reference": 0.8, "margin": 0.02}
    return decision.Rule(**known | {"events": 200, "gate_events": 200, "min_events": 100} | changes)


def verdict(value: float, error: float = 0.01, **changes: object) -> str:
    return str(decision.judge("auc", value, error, rule(**changes)).verdict)


def test_a_metric_decays_beyond_chance_and_margin() -> None:
    bound = 0.8 - 0.02 - 1.96 * 0.01 * np.sqrt(2)
    assert decision.judge("auc", 0.75, 0.01, rule()).bound == pytest.approx(bound)
    assert verdict(bound + 0.001) == "ok"
    assert verdict(bound - 0.001) == "decayed"
    assert verdict(bound - 0.001, error=0.02) == "ok"
    assert verdict(bound - 0.001, events=99) == "unknown"
    assert verdict(float("nan")) == "unknown"


def test_a_metric_decays_below_the_limit_of_the_gate() -> None:
    assert verdict(0.66, margin=None) == "decayed"
    assert verdict(0.69, margin=None) == "ok"  # within chance
    assert verdict(0.15, margin=None, sign=-1, limit=0.12) == "decayed"
    assert verdict(0.11, margin=None, sign=-1, limit=0.12) == "ok"


def test_a_figure_whose_error_is_not_known_has_no_interval_and_no_bound() -> None:
    figure = decision.judge("auc", 0.75, float("nan"), rule())
    assert (figure.value, figure.low, figure.high, figure.bound) == (0.75, None, None, None)
    assert figure.verdict == "unknown"


def test_an_interval_is_two_numbers_or_a_text() -> None:
    assert decision.interval(0.75, 0.01) == pytest.approx((0.7304, 0.7696))
    assert decision.interval_text(0.75, 0.01) == "0.7304 to 0.7696"
    assert decision.interval_text(0.75, float("nan")) == ""


def test_a_decayed_figure_calls_for_retraining_with_its_figures() -> None:
    figures = [decision.judge("auc", 0.66, 0.01, rule()), decision.judge("r2", 0.9, 0.01, rule())]
    [finding] = decision.performance_findings(figures)
    assert finding.decision == "retrain"
    assert finding.sentence.startswith(
        "auc is 0.660 (95% interval 0.640 to 0.680; 0.800 in the gate window), below its bound of"
    )


def lost(learned_from: datetime.date | None, **changes: object) -> Any:
    """Judge a champion that followed version 1, whose AUC of 0.85 decayed in May."""
    decays = [
        decision.Decay(datetime.date(2026, 4, 1), 1, "brier", 0.1),
        decision.Decay(MAY, 1, "auc", 0.85),
    ]
    return decision.find_lost_decay("auc", rule(**changes), learned_from, decays)


def test_a_successor_ends_a_decay_by_its_metric_or_by_newer_rows() -> None:
    before = datetime.date(2025, 5, 1)
    expected = decision.LostDecay(metric="auc", as_of=MAY, version=1, then=0.85, now=0.8)
    assert lost(before) == expected
    assert lost(MAY) is None
    assert lost(None) is None  # its training window has no dates
    assert lost(before, reference=0.835) is None  # less than the margin
    assert lost(before, reference=None) is None
    assert lost(before, margin=None) is None
    assert lost(before, sign=-1) is None  # lower is better, and it is lower


def stale(**changes: object) -> list[str]:
    """Return why a champion that is young otherwise is stale."""
    known = {"age": 5, "limit": 18, "period": "month", "drifted_share": 0.0, "lost": None}
    facts = decision.Staleness.model_validate(known | {"stale": False} | changes)
    findings = list(decision.staleness_findings(facts, max_drifted=0.3))
    assert all(finding.decision == "retrain" for finding in findings)
    return [finding.sentence for finding in findings]


def test_a_champion_is_stale_by_age_by_drift_and_by_a_lost_decay() -> None:
    assert stale() == []
    assert stale(age=18, drifted_share=0.3) == []
    assert stale(age=19) == ["the champion's age is 19 months, more than 18"]
    assert stale(drifted_share=0.31) == ["31% of its inputs have drifted, more than 30%"]
    [sentence] = stale(lost=lost(datetime.date(2025, 5, 1)))
    assert sentence.startswith("version 1 had decayed by 2026-05-01, and the champion was trained")


def column(name: str, **changes: object) -> Any:
    """Return a column that is steady but for some changes."""
    steady = {
        "kind": "input",
        "name": name,
        "type": "number",
        "psi": 0.02,
        "limit": 0.1,
        "ks": 0.01,
        "missing_then": 0.0,
        "missing_now": 0.0,
        "drifted": False,
        "bins": (),
        "then": (),
        "now": (),
        "persistent": False,
    }
    return drift.ColumnDrift.model_validate(steady | changes)


def test_drift_is_mentioned_once_and_investigated_when_it_persists() -> None:
    columns = [
        column("steady"),
        column("once", psi=0.2, drifted=True),
        column("again", psi=0.3, drifted=True, persistent=True),
        column("gone", psi=0.4, drifted=True, missing_now=1.0),
    ]
    findings = [(each.decision, each.sentence) for each in decision.drift_findings(columns)]
    assert findings == [
        ("investigate", "input gone is nearly empty in this window (100% missing)"),
        (
            "investigate",
            (
                "input again has drifted in this window and in one of the two before (PSI 0.30, "
                "more than 0.10)"
            ),
        ),
        (
            "healthy",
            "input once has drifted in this window only, so far (PSI 0.20, more than 0.10)",
        ),
    ]


def test_a_column_that_was_always_empty_is_not_gone() -> None:
    assert list(decision.drift_findings([column("x", missing_then=0.6, missing_now=1.0)])) == []


def incomplete(least: float = 0.5, **changes: object) -> list[str]:
    """Judge a complete period with some counts changed."""
    whole = {"read": 600, "usual": 600.0, "doubled": 0, "scored": 600, "without_prediction": 0}
    rows = decision.InputRows.model_validate(whole | changes)
    findings = list(decision.completeness_findings(rows, least))
    assert all(finding.decision == "investigate" for finding in findings)
    return [finding.sentence for finding in findings]


def test_an_incomplete_delivery_is_investigated_except_in_quiet_seasons() -> None:
    assert incomplete() == []
    assert incomplete(read=301) == []
    [sentence] = incomplete(read=299)
    assert sentence.startswith(
        "299 rows were read for the period, but the training window has 600 a period"
    )
    assert incomplete(read=299, least=0.2) == []
    assert incomplete(read=0) == []  # a table without rows is a finding where it is read
    assert incomplete(read=299, usual=None) == []  # rows have no event time
    assert incomplete(read=299, usual_least=299) == []  # some days of the training had no more
    assert len(incomplete(read=299, usual_least=300)) == 1


def test_duplicate_keys_and_missing_predictions_are_investigated() -> None:
    assert incomplete(doubled=2) == ["in the period, 2 keys occur twice in the tables"]
    assert incomplete(without_prediction=6) == []  # a few arrive after the batch was made
    assert incomplete(without_prediction=7) == ["7 rows of the period have no prediction"]


def test_labels_of_each_batch_are_counted() -> None:
    batches = [
        decision.BatchLabels(datetime.date(2026, 1, 1), due=600, arrived=560),
        decision.BatchLabels(datetime.date(2026, 2, 1), due=600, arrived=200),
        decision.BatchLabels(datetime.date(2026, 3, 1), due=19, arrived=0),
    ]
    [finding] = decision.label_findings(batches, coverage=0.9)
    assert finding.decision == "investigate"
    assert finding.sentence.startswith(
        "200 of 600 labels due for the batch of 2026-02-01 have arrived (33%; 90%"
    )


def test_the_most_severe_finding_decides_and_comes_first() -> None:
    pairs = [("healthy", "a"), ("retrain", "b"), ("investigate", "c")]
    findings = [decision.Finding(*pair) for pair in pairs]
    assert decision.decide(findings) == ("retrain", ["b", "c", "a"])
    assert decision.decide([]) == ("healthy", [])
