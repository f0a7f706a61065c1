"""Diagnostics agree with scikit-learn and SciPy, and exist for every kind of prediction."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform
from scipy import stats
from sklearn import metrics
from sklearn.calibration import calibration_curve

diagnostics = platform("figures.diagnostics")

ROWS = 3000
CLOSE = 1e-5  # figures are rounded


def binary(rows: int = ROWS, decimals: int = 8) -> tuple[pd.Series, pd.DataFrame]:
    """Return a truth and scores with some skill; few decimals make ties."""
    random = np.random.default_rng(5)
    chance = random.beta(1, 4, rows)
    truth = pd.Series((random.random(rows) < chance).astype("int64"))
    score = np.clip(chance + random.normal(0, 0.1, rows), 0, 1).round(decimals)
    return truth, pd.DataFrame({"score": score, "decision": score >= 0.3})


def multiclass(classes: int) -> tuple[pd.Series, pd.DataFrame]:
    """Return names of classes, the last ones rare, and their probabilities."""
    random = np.random.default_rng(6)
    names = [f"c{number:02}" for number in range(classes)]
    weights = np.arange(classes, 0, -1)
    drawn = random.choice(classes, ROWS, p=weights / weights.sum())
    points = random.random((ROWS, classes))
    points[np.arange(ROWS), drawn] += 0.5
    scores = pd.DataFrame(points / points.sum(axis=1, keepdims=True), columns=names)
    return pd.Series(np.array(names)[drawn]), scores.assign(label=scores.idxmax(axis=1))


def diagnose(problem: str, truth: pd.Series, prediction: pd.DataFrame, **figures: float) -> Any:
    return diagnostics.diagnose(problem, truth, prediction, figures)


@pytest.mark.parametrize("decimals", [8, 1])
def test_gini_and_ks_are_those_of_scikit_learn_and_scipy(decimals: int) -> None:
    truth, prediction = binary(decimals=decimals)
    [found] = diagnose("binary", truth, prediction).classes
    score = prediction["score"]
    assert found.auc == pytest.approx(metrics.roc_auc_score(truth, score), abs=CLOSE)
    # Somers' D of the score given the class is the Gini coefficient
    assert found.gini == pytest.approx(stats.somersd(truth, score).statistic, abs=CLOSE)
    ks = stats.ks_2samp(score[truth == 1], score[truth == 0]).statistic
    assert found.ks == pytest.approx(ks, abs=CLOSE)


def test_the_curves_are_points_of_those_of_scikit_learn() -> None:
    truth, prediction = binary()
    [found] = diagnose("binary", truth, prediction).classes
    false_rate, true_rate, _ = metrics.roc_curve(truth, prediction["score"])
    assert np.interp(found.roc.x[1:-1], false_rate, true_rate) == pytest.approx(
        np.array(found.roc.y[1:-1]), abs=0.02
    )
    assert metrics.auc(found.roc.x, found.roc.y) == pytest.approx(found.auc, abs=0.003)
    precision, recall, _ = metrics.precision_recall_curve(truth, prediction["score"])
    known = np.column_stack([recall, precision])
    curve = found.precision_recall
    for point in zip(curve.x, curve.y, strict=True):
        assert np.abs(known - point).max(axis=1).min() < CLOSE
    for each in (found.roc, curve):
        assert each.x[0] == 0
        assert each.x[-1] == 1
        assert list(each.x) == sorted(each.x)
        assert len(each.x) <= 52


@pytest.mark.parametrize("decimals", [8, 1])
def test_a_calibration_has_the_bins_of_scikit_learn(decimals: int) -> None:
    truth, prediction = binary(decimals=decimals)
    bins = diagnose("binary", truth, prediction).calibration
    actual, predicted = calibration_curve(
        truth, prediction["score"], n_bins=10, strategy="quantile"
    )
    assert [each.actual for each in bins] == pytest.approx(actual, abs=CLOSE)
    assert [each.predicted for each in bins] == pytest.approx(predicted, abs=CLOSE)
    assert sum(each.rows for each in bins) == ROWS


@pytest.mark.parametrize(("ones", "rows"), [(0, 12), (3, 40), (40, 40), (500, 9000)])
def test_the_interval_of_a_share_is_that_of_scipy(ones: int, rows: int) -> None:
    flags = np.repeat([1.0, 0.0], [ones, rows - ones])
    expected = stats.binomtest(ones, rows).proportion_ci(method="wilson")
    found = diagnostics.interval_of_share(flags)
    assert found == pytest.approx((expected.low, expected.high), abs=CLOSE)


def test_the_interval_of_a_mean_is_that_of_scipy() -> None:
    values = np.random.default_rng(1).normal(20_000, 5_000, 300)
    expected = stats.norm.interval(0.95, values.mean(), stats.sem(values))
    assert diagnostics.interval_of_mean(values) == pytest.approx(expected, rel=CLOSE)


def test_the_rates_at_the_cutoff_are_those_of_scikit_learn() -> None:
    truth, prediction = binary()
    decision = prediction["decision"]
    found = diagnose("binary", truth, prediction).confusion
    assert np.array(found.counts).tolist() == metrics.confusion_matrix(truth, decision).tolist()
    assert found.precision(1) == pytest.approx(metrics.precision_score(truth, decision))
    assert found.recall(1) == pytest.approx(metrics.recall_score(truth, decision))
    assert found.error_rate == pytest.approx(metrics.zero_one_loss(truth, decision))
    false_rate = 1 - metrics.recall_score(truth, decision, pos_label=0)
    assert found.false_positive_rate == pytest.approx(false_rate)
    assert found.false_negative_rate == pytest.approx(1 - found.recall(1))
    assert found.decision_rate == pytest.approx(decision.mean())


def test_each_class_is_told_apart_from_all_others() -> None:
    truth, prediction = multiclass(4)
    found = diagnose("multiclass", truth, prediction)
    matrix = metrics.confusion_matrix(truth, prediction["label"])
    assert np.array(found.confusion.counts).tolist() == matrix.tolist()
    for each in found.classes:
        area = metrics.roc_auc_score(truth == each.name, prediction[each.name])
        assert (each.auc, each.gini) == pytest.approx((area, 2 * area - 1), abs=CLOSE)
        assert each.rows == (truth == each.name).sum()
    assert [each.name for each in found.classes] == list(truth.value_counts().index)
    right = (truth == prediction["label"]).mean()
    calibration = sum(each.rows * each.actual for each in found.calibration) / ROWS
    assert calibration == pytest.approx(right, abs=CLOSE)


def test_of_many_classes_the_most_frequent_have_diagnostics() -> None:
    truth, prediction = multiclass(20)
    found = diagnose("multiclass", truth, prediction)
    assert [each.name for each in found.classes] == list(truth.value_counts().index[:12])
    assert found.confusion is None
    assert sum(found.target.shares.values()) == pytest.approx(1, abs=1e-4)


def test_a_class_that_the_model_does_not_know_is_in_the_matrix() -> None:
    truth, prediction = multiclass(3)
    truth[:5] = "new"
    found = diagnose("multiclass", truth, prediction)
    assert found.confusion.labels == ("c00", "c01", "c02", "new")
    assert sum(found.confusion.counts[3]) == 5
    assert found.confusion.precision(3) is None
    assert found.confusion.rows == ROWS


def test_residuals_are_truth_minus_prediction() -> None:
    random = np.random.default_rng(2)
    truth = pd.Series(random.normal(100, 20, ROWS))
    residual = random.normal(3, 5, ROWS)
    found = diagnose("regression", truth, pd.DataFrame({"value": truth - residual})).residuals
    assert found.bias == pytest.approx(residual.mean(), rel=CLOSE)
    assert found.deviation == pytest.approx(residual.std(ddof=1), rel=CLOSE)
    assert found.median_size == pytest.approx(np.median(np.abs(residual)), rel=CLOSE)
    assert found.largest_usual == pytest.approx(np.quantile(np.abs(residual), 0.9), rel=CLOSE)
    bins = pd.qcut(truth - residual, 10, labels=False)
    quantiles = pd.Series(residual).groupby(bins).quantile(np.array([0.05, 0.25, 0.5, 0.75, 0.95]))
    assert [each.spread for each in found.bins] == pytest.approx(
        quantiles.to_numpy().reshape(10, 5), abs=1e-3
    )


@pytest.mark.parametrize("truth", [[1, 1, 1], [0, 0, 0], [1]])
def test_what_a_single_class_cannot_show_is_none(truth: list[int]) -> None:
    scores = pd.DataFrame({"score": [0.2, 0.4, 0.6], "decision": [False, False, True]})
    found = diagnose("binary", pd.Series(truth), scores[: len(truth)], auc=float("nan"))
    [positive] = found.classes
    assert (positive.auc, positive.gini, positive.ks, positive.roc) == (None,) * 4
    assert found.figures == {"auc": None}
    assert len(found.calibration) == len(truth)


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_few_rows_of_a_regression_have_diagnostics(rows: int) -> None:
    truth = pd.Series(np.arange(rows, dtype="float64"))
    found = diagnose("regression", truth, pd.DataFrame({"value": truth + 1}))
    assert found.residuals.bias == -1
    assert (found.target.deviation is None) == (rows == 1)
    read = diagnostics.Diagnostics.model_validate_json(found.model_dump_json())
    assert read == found


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_diagnostics_are_small(problem: str) -> None:
    truth, prediction = multiclass(12) if problem == "multiclass" else binary()
    if problem == "regression":
        prediction = prediction[["score"]].rename(columns={"score": "value"})
    assert len(diagnose(problem, truth, prediction).model_dump_json()) < 36_000
