"""Metrics equal those of scikit-learn, and impossible ones are reported."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from rendering import platform
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

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


def figures(problem: str, truth: pd.Series, prediction: pd.DataFrame) -> dict[str, float]:
    """Return all of the platform's metrics."""
    chosen = metrics.Metrics(SimpleNamespace(problem=problem), SimpleNamespace())
    found: dict[str, float] = chosen.all(truth, prediction)
    return found


def classes(rows: int, names: str = "ABC") -> tuple[pd.Series, pd.DataFrame]:
    """Return classes, and probabilities of A, B and C for them."""
    generator = np.random.default_rng(rows)
    truth = pd.Series(generator.choice(list(names), rows))
    scores = pd.DataFrame(generator.dirichlet([1, 1, 1], rows), columns=list("ABC"))
    return truth, scores.assign(label=scores.idxmax(axis=1))


def test_binary_metrics_equal_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    truth = pd.Series(generator.random(500) < 0.2)
    score = pd.Series(np.append([0.0, 1.0], generator.random(498)))
    assert figures("binary", truth, pd.DataFrame({"score": score})) == pytest.approx(
        {
            "auc": roc_auc_score(truth, score),
            "average_precision": average_precision_score(truth, score),
            "brier": np.mean((score - truth) ** 2),
            "log_loss": log_loss(truth, score, labels=[0, 1]),
        }
    )


@pytest.mark.parametrize("names", ["ABC", "AC"])
def test_multiclass_metrics_equal_those_of_scikit_learn(names: str) -> None:
    truth, prediction = classes(500, names)
    scores = prediction[list("ABC")]
    one_against_all = [roc_auc_score(truth == name, scores[name]) for name in names]
    assert figures("multiclass", truth, prediction) == pytest.approx(
        {
            "accuracy": np.mean(truth == prediction["label"]),
            "macro_f1": f1_score(truth, prediction["label"], average="macro"),
            "auc_ovr": np.mean(one_against_all),
            "log_loss": log_loss(truth, scores, labels=list("ABC")),
        }
    )


def test_a_class_that_the_model_does_not_know_is_wrong_everywhere() -> None:
    truth, prediction = classes(500, "ABCD")
    found = figures("multiclass", truth, prediction)
    assert found["accuracy"] == np.mean(truth == prediction["label"])
    assert found["macro_f1"] == pytest.approx(f1_score(truth, prediction["label"], average="macro"))
    assert np.isfinite(found["auc_ovr"])
    assert np.isnan(found["log_loss"])


@pytest.mark.parametrize("truth", [[1.0, 2.5, 4.0, 8.0], [3.0, 3.0, 3.0, 3.0]])
@pytest.mark.parametrize("value", [[1.5, 2.0, 4.0, 7.0], [3.0, 3.0, 3.0, 3.0]])
def test_regression_metrics_equal_those_of_scikit_learn(
    truth: list[float], value: list[float]
) -> None:
    found = figures("regression", pd.Series(truth), pd.DataFrame({"value": value}))
    assert found == pytest.approx(
        {
            "r2": r2_score(truth, value),
            "mae": mean_absolute_error(truth, value),
            "rmse": root_mean_squared_error(truth, value),
        }
    )


@pytest.mark.parametrize("strange", [np.nan, np.inf])
def test_a_prediction_that_is_no_number_has_no_figures(strange: float) -> None:
    value = pd.DataFrame({"value": [1.0, 2.0, strange]})
    assert np.isnan([*figures("regression", pd.Series([1.0, 2.0, 3.0]), value).values()]).all()
    score = pd.DataFrame({"score": [0.1, 0.2, strange]})
    assert np.isnan(figures("binary", pd.Series([0, 1, 1]), score)["log_loss"])


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "auc_ovr", "log_loss"])
def test_the_skill_of_drawn_rows_is_that_of_the_rows(metric: str) -> None:
    truth, prediction = classes(200)
    drawn = np.random.default_rng(0).integers(0, 200, 200)
    settings = SimpleNamespace(problem="multiclass", metric=metric, sign=-1)
    chosen = metrics.Metrics(settings, SimpleNamespace())
    of_draws = chosen.skill_of_draws(truth, prediction)
    rows = (truth.iloc[drawn], prediction.iloc[drawn])
    assert of_draws(drawn) == chosen.skill(*rows) == -figures("multiclass", *rows)[metric]
    assert of_draws(None) == chosen.skill(truth, prediction)


def test_the_users_metric_sees_the_drawn_rows() -> None:
    def own(truth: pd.Series, prediction: pd.DataFrame) -> dict[str, float]:
        return {"kept": float(truth.index.equals(prediction.index)) + len(truth)}

    truth, prediction = classes(200)
    settings = SimpleNamespace(problem="multiclass", metric="kept", sign=1)
    chosen = metrics.Metrics(settings, SimpleNamespace(metrics=own))
    assert chosen.skill_of_draws(truth, prediction)(np.arange(20)) == 21
