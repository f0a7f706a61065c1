"""Permuting a column costs the skill that depends on it, and no other."""

import numpy as np
import pandas as pd
import pytest
from rendering import platform

importance = platform("figures.importance")


def test_only_the_column_that_the_prediction_uses_is_important() -> None:
    generator = np.random.default_rng(3)
    rows = pd.DataFrame(generator.normal(size=(400, 2)), columns=["used", "unused"])
    truth = rows["used"].to_numpy()

    def predict(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[["used"]].rename(columns={"used": "value"})

    def skill(prediction: pd.DataFrame) -> float:
        return float(np.corrcoef(truth, prediction["value"])[0, 1])

    falls = importance.permutation_importance(
        predict, skill, rows, predict(rows), ["used", "unused"]
    )
    assert falls["unused"] == pytest.approx(0)
    assert falls["used"] == pytest.approx(1, abs=0.1)  # a permuted column is not correlated
