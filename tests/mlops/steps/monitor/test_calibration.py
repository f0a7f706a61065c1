"""Monitoring tells a level that moved from a ranking that was lost."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform

calibration = platform("figures.calibration")
decision = platform("figures.decision")

ROWS = 1800  # a quarter of 600 a month


def found(factor: float, verdict: str = "ok") -> list[Any]:
    """Return the findings if scores are this many times the true probabilities."""
    random = np.random.default_rng(2)
    chance = 1 / (1 + np.exp(-random.normal(-2.3, 1.2, ROWS)))
    truth = pd.Series((random.random(ROWS) < chance).astype("int64"))
    scores = pd.DataFrame({"score": np.minimum(chance * factor, 1)})
    tolerances = calibration.Tolerances(0.25, 0.5, calibration.MONITORED_LEVEL)
    tested = calibration.judge_calibration("binary", truth, scores, tolerances)
    rule = decision.Rule(1, 0.7, 0.8, 0.02, 200, 200, 100)
    figure = decision.judge("auc", 0.8, 0.01, rule).model_copy(update={"verdict": verdict})
    return list(calibration.calibration_findings("binary", tested, [figure]))


def test_the_right_level_is_no_finding() -> None:
    assert found(1.0) == []


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_level_that_moved_asks_for_a_recalibration(factor: float) -> None:
    [finding] = found(factor)
    assert finding.decision == "investigate"
    assert finding.sentence.startswith("the level of the model is off: ")
    assert finding.sentence.endswith(
        "; the metrics hold, so recalibrate it, or retrain it on newer rows"
    )


def test_a_level_is_only_mentioned_if_a_metric_has_decayed() -> None:
    """Retraining is due then, and gives the model a new level, too."""
    [finding] = found(0.5, "decayed")
    assert finding.decision == "healthy"
    assert "recalibrate" not in finding.sentence
