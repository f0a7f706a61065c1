"""Metrics equal those of scikit-learn, and impossible ones are reported."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from rendering import platform
from sklearn.metrics import roc_auc_score

metrics = platform("figures.metrics")
auc = metrics.auc


@pytest.mark.parametrize("decimals", [1, 2, 15], ids=["many ties", "some ties", "no ties"])
@pytest.mark.parametrize("rows", [20, 5000])
def test_auc_equals_that_of_scikit_learn(rows: int, decimals: int) -> None:
    generator = np.random.default_rng(rows)
    truth = generator.random(rows) < 0.3
    score = np.round(generator.random(rows) + 0.2 * truth, decimals)
    assert auc(truth, score) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)


@pytest.mark.parametrize("missing", [0, 1], ids=["of an event", "of another"])
def test_a_missing_score_gives_no_auc(missing: int) -> None:
    score = np.array([0.4, 0.3, 0.8, 0.1])
    score[missing] = np.nan
    assert np.isnan(auc([1, 0, 1, 0], score))


@pytest.mark.parametrize("only", [0, 1])
def test_one_class_gives_no_auc(only: int) -> None:
    assert np.isnan(auc([only] * 3, [0.1, 0.2, 0.3]))


def test_a_bootstrap_sample_where_the_users_metric_fails_is_skipped() -> None:
    """With three events in 150 rows, some samples have none, which scikit-learn refuses."""

    def own(truth: pd.Series, _: pd.DataFrame) -> dict[str, float]:
        if truth.nunique() < 2:
            raise ValueError("one class only")
        return {"share": float(truth.mean())}

    truth = pd.Series([1] * 3 + [0] * 147)
    prediction = pd.DataFrame({"score": np.linspace(0.9, 0.1, 150)})
    settings = SimpleNamespace(problem="binary")
    figures = metrics.Metrics(settings, SimpleNamespace(metrics=own))
    errors = figures.errors(truth, prediction, ("share", "brier"))
    assert set(errors) == {"share", "brier"}
    assert errors["share"] == pytest.approx(np.sqrt(0.02 * 0.98 / 150), rel=0.3)
    with pytest.raises(ValueError, match="one class only"):  # from the user's code, on all rows
        figures.all(truth[3:], prediction[3:])
