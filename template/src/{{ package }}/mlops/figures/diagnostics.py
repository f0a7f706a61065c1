"""Diagnostics of predictions whose truth is known: what the charts of a model card show.

All of them are aggregates of a few kilobytes, for any number of rows. Curves and bins are those of
scikit-learn. Figures are rounded to six significant digits; one that cannot be computed is None.
"""

from collections.abc import Callable
from math import isfinite
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from ..base.record import Record
from ..base.settings import Problem
from .metrics import auc

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Range = tuple[float, float]

BINS = 10  # of a calibration; each has about as many rows
POINTS = 50  # of a curve
MOST_CLASSES = 12  # with diagnostics of their own, the most frequent first
Z = 1.959964  # of a two-sided 95% interval
SPREAD = (0.05, 0.25, 0.5, 0.75, 0.95)


class Target(Record):
    """How the target is distributed over some rows."""

    rows: int
    """Number of rows."""
    shares: dict[str, float] = Field(default={})
    """Share of each class, 0 to 1, the most frequent first; at most 50. Empty for a regression."""
    mean: float | None = None
    """Regression only: the mean."""
    deviation: float | None = None
    """Regression only: the standard deviation; None for a single row."""


class CalibrationBin(Record):
    """Rows with similar predictions."""

    rows: int
    """Number of rows."""
    predicted: float
    """Mean prediction: of the score, of the probability of the predicted class, or of the value."""
    actual: float
    """Mean truth: share of the positive class, share of right labels, or mean of the target."""
    low: float | None
    """Lower end of the 95% interval of `actual`; None if it cannot be computed."""
    high: float | None
    """Upper end."""


class Curve(Record):
    """A curve, thinned to about 50 points."""

    x: tuple[float, ...]
    """In ascending order."""
    y: tuple[float, ...]
    """The value at each x."""


class ClassDiagnostics(Record):
    """How well one class is distinguished from all others."""

    name: str
    """The class; `1` for the positive class of a binary problem."""
    rows: int
    """Number of rows of the class."""
    auc: float | None
    """Area under the ROC curve; None, as the fields below, if all rows are of one kind."""
    gini: float | None
    """2 AUC - 1, also named accuracy ratio or Somers' D. Source: Engelmann, Hayden and Tasche,
    Testing rating accuracy, Risk 16, 2003."""
    ks: float | None
    """Kolmogorov-Smirnov statistic, max |F1 - F0|: the largest difference between the distribution
    functions of the score of the class and of all others. Source: Massey, Journal of the American
    Statistical Association 46, 1951."""
    roc: Curve | None
    """True-positive rate over false-positive rate."""
    precision_recall: Curve | None
    """Precision over recall."""
    calibration: tuple[CalibrationBin, ...] = ()
    """Multiclass only: the share of the class by its probability, in ascending order; empty in
    evidence that is older than this field."""


class ErrorCosts(Record):
    """What a wrong decision costs, in a unit of the team's choice."""

    false_positive: float
    """What a positive decision for a row of class 0 costs."""
    false_negative: float
    """What a negative decision for a row of class 1 costs."""


class Confusion(Record):
    """How often each class was taken for which."""

    labels: tuple[str, ...]
    """The classes, in the order of rows and columns; `0` and `1` for a binary problem."""
    counts: tuple[tuple[int, ...], ...]
    """Number of rows: one tuple for each true class, with one number for each predicted class."""

    @property
    def rows(self) -> int:
        """The number of all rows."""
        return sum(map(sum, self.counts))

    def part(self, actual: int, predicted: int) -> float | None:
        """Return the share of a predicted class among the rows of a true class."""
        return _ratio(self.counts[actual][predicted], sum(self.counts[actual]))

    def predicted(self, place: int) -> int:
        """Return the number of rows that were predicted to be of a class."""
        return sum(row[place] for row in self.counts)

    def precision(self, place: int) -> float | None:
        """Return the share of a class among the rows that were predicted to be of it."""
        return _ratio(self.counts[place][place], self.predicted(place))

    def recall(self, place: int) -> float | None:
        """Return the share of the rows of a class that were predicted to be of it."""
        return self.part(place, place)

    @property
    def decision_rate(self) -> float | None:
        """Binary only: the share of all rows with a positive decision."""
        return _ratio(self.predicted(1), self.rows)

    @property
    def false_positive_rate(self) -> float | None:
        """Binary only: the share of positive decisions among the rows of class 0."""
        return self.part(0, 1)

    @property
    def false_negative_rate(self) -> float | None:
        """Binary only: the share of negative decisions among the rows of class 1."""
        return self.part(1, 0)

    def cost(self, costs: ErrorCosts) -> float:
        """Binary only: return what all wrong decisions cost."""
        return self.counts[0][1] * costs.false_positive + self.counts[1][0] * costs.false_negative

    def cost_of_deciding(self, decision: int, costs: ErrorCosts) -> float:
        """Binary only: return what it would cost if all rows had the same decision, 0 or 1."""
        wrong = sum(self.counts[1 - decision])
        return wrong * (costs.false_positive if decision else costs.false_negative)

    @property
    def error_rate(self) -> float | None:
        """The share of all rows that were predicted to be of another class than theirs."""
        right = sum(row[place] for place, row in enumerate(self.counts))
        return _ratio(self.rows - right, self.rows)


class ResidualBin(Record):
    """The errors of rows with similar predictions."""

    rows: int
    """Number of rows."""
    predicted: float
    """Mean prediction."""
    spread: tuple[float, float, float, float, float]
    """Quantiles of the residuals: 5%, 25%, 50%, 75% and 95%."""


class Residuals(Record):
    """The errors of a regression; a residual is truth minus prediction."""

    bias: float
    """Mean residual; above 0, the model predicts too little."""
    deviation: float | None
    """Standard deviation of the residuals; None for a single row."""
    median_size: float
    """Median of the residuals without their sign."""
    largest_usual: float
    """The 90% quantile of the residuals without their sign."""
    bins: tuple[ResidualBin, ...]
    """The residuals by prediction, in ascending order."""


class Diagnostics(Record):
    """All diagnostics of predictions for the rows of one window."""

    target: Target
    """The truth."""
    predicted_mean: float
    """Mean of the score, of the probability of the predicted class, or of the value."""
    figures: dict[str, float | None]
    """All metrics of these rows by name, each in its unit; None if one cannot be computed."""
    calibration: tuple[CalibrationBin, ...]
    """Truth by prediction, in ascending order of the predictions."""
    classes: tuple[ClassDiagnostics, ...] = ()
    """The positive class of a binary problem; the most frequent classes of a multiclass problem."""
    confusion: Confusion | None = None
    """None for a regression, and with more than 12 classes."""
    residuals: Residuals | None = None
    """Regression only."""


def diagnose(
    problem: Problem, truth: pd.Series, prediction: pd.DataFrame, figures: dict[str, float]
) -> Diagnostics:
    """Return the diagnostics of predictions without a fault; `figures` are their metrics."""
    target = summarize_target(problem, truth)
    rounded = {name: known(value) for name, value in figures.items()}
    if problem == "regression":
        return _diagnose_regression(target, rounded, truth, prediction)
    if problem == "binary":
        return _diagnose_binary(target, rounded, truth, prediction)
    return _diagnose_multiclass(target, rounded, truth, prediction)


def summarize_target(problem: Problem, truth: pd.Series) -> Target:
    """Return how the target is distributed."""
    if problem == "regression":
        return Target(rows=len(truth), mean=known(truth.mean()), deviation=known(truth.std()))
    names = truth.astype("int64").astype(str) if problem == "binary" else truth.astype(str)
    shares = names.value_counts(normalize=True).head(50)
    return Target(rows=len(truth), shares={str(n): _round(part) for n, part in shares.items()})


def known(figure: float) -> float | None:
    """Return a figure, rounded to six significant digits; None if it is not a finite number."""
    return _round(figure) if isfinite(figure) else None


def calibrate(
    predicted: npt.NDArray[np.generic],
    actual: npt.NDArray[np.generic],
    interval: Callable[[Floats], tuple[float | None, float | None]],
) -> tuple[CalibrationBin, ...]:
    """Return the mean truth of rows with similar predictions; equal ones are in the same bin.

    The bins are those of scikit-learn's `calibration_curve(strategy="quantile")`.
    """
    return tuple(
        CalibrationBin(
            rows=len(part),
            predicted=_round(float(predicted[part].astype("float64").mean())),
            actual=_round(float(actual[part].astype("float64").mean())),
            low=ends[0],
            high=ends[1],
        )
        for part in similar(predicted)
        for ends in (interval(actual[part].astype("float64")),)
    )


def similar(predicted: npt.NDArray[np.generic]) -> list[npt.NDArray[np.intp]]:
    """Return the positions of rows with similar predictions: up to ten parts of equal size."""
    numbers = predicted.astype("float64")
    edges = np.percentile(numbers, np.linspace(0, 100, BINS + 1))
    bins = np.searchsorted(edges[1:-1], numbers)
    parts = (np.flatnonzero(bins == place) for place in range(BINS))
    return [part for part in parts if len(part)]


def interval_of_share(flags: Floats) -> Range:
    """Return the 95% interval of the share of ones: Wilson's score interval.

    Source: Wilson, Journal of the American Statistical Association 22, 1927.
    """
    count = len(flags)
    share = flags.mean()
    centre = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z * np.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2)) / (1 + Z**2 / count)
    return _round(max(centre - half, 0.0)), _round(min(centre + half, 1.0))


def interval_of_mean(values: Floats) -> tuple[float | None, float | None]:
    """Return the 95% interval of a mean, by the normal approximation; None for a single value."""
    if len(values) < 2:
        return None, None
    half = Z * values.std(ddof=1) / np.sqrt(len(values))
    return _round(values.mean() - half), _round(values.mean() + half)


def tell_apart(name: str, member: Flags, score: Floats) -> ClassDiagnostics:
    """Return how well a score tells the members of a class from all others."""
    area = auc(member, score)
    if not isfinite(area):
        return ClassDiagnostics(
            name=name,
            rows=int(member.sum()),
            auc=None,
            gini=None,
            ks=None,
            roc=None,
            precision_recall=None,
        )
    sklearn = _scikit_learn()
    false_rate, true_rate, _ = sklearn.roc_curve(member, score, drop_intermediate=False)
    precision, recall, _ = sklearn.precision_recall_curve(member, score)
    return ClassDiagnostics(
        name=name,
        rows=int(member.sum()),
        auc=_round(area),
        gini=_round(2 * area - 1),
        ks=_round(np.abs(true_rate - false_rate).max()),
        roc=_thin(false_rate, true_rate, false_rate + true_rate),
        precision_recall=_thin(recall[::-1], precision[::-1], recall[::-1]),
    )


def _diagnose_binary(
    target: Target,
    figures: dict[str, float | None],
    truth: pd.Series,
    prediction: pd.DataFrame,
) -> Diagnostics:
    positive = (truth == 1).to_numpy()
    score = prediction["score"].to_numpy("float64")
    decision = prediction["decision"].to_numpy("bool")
    counts = pd.crosstab(positive, decision).reindex(
        index=[False, True], columns=[False, True], fill_value=0
    )
    return Diagnostics(
        target=target,
        predicted_mean=_round(score.mean()),
        figures=figures,
        calibration=calibrate(score, positive, interval_of_share),
        classes=(tell_apart("1", positive, score),),
        confusion=Confusion(labels=("0", "1"), counts=counts.to_numpy().tolist()),
    )


def _diagnose_multiclass(
    target: Target,
    figures: dict[str, float | None],
    truth: pd.Series,
    prediction: pd.DataFrame,
) -> Diagnostics:
    names = truth.astype(str).to_numpy()
    label = prediction["label"].astype(str).to_numpy()
    scores = prediction.drop(columns="label")
    highest = scores.to_numpy("float64").max(axis=1)
    frequent = [name for name in target.shares if name in scores][:MOST_CLASSES]
    everyone = sorted({*names, *scores})
    confusion = None
    if len(everyone) <= MOST_CLASSES:
        counts = pd.crosstab(names, label).reindex(index=everyone, columns=everyone, fill_value=0)
        confusion = Confusion(labels=tuple(everyone), counts=counts.to_numpy().tolist())
    return Diagnostics(
        target=target,
        predicted_mean=_round(highest.mean()),
        figures=figures,
        calibration=calibrate(highest, names == label, interval_of_share),
        classes=tuple(_of_class(name, names == name, scores[name]) for name in frequent),
        confusion=confusion,
    )


def _of_class(name: str, member: Flags, score: pd.Series) -> ClassDiagnostics:
    """Return the diagnostics of one of several classes, with its own calibration."""
    numbers = score.to_numpy("float64")
    bins = calibrate(numbers, member, interval_of_share)
    return tell_apart(name, member, numbers).model_copy(update={"calibration": bins})


def _diagnose_regression(
    target: Target,
    figures: dict[str, float | None],
    truth: pd.Series,
    prediction: pd.DataFrame,
) -> Diagnostics:
    actual = truth.to_numpy("float64")
    value = prediction["value"].to_numpy("float64")
    residual = actual - value
    size = np.abs(residual)
    bins = tuple(
        ResidualBin(
            rows=len(part),
            predicted=_round(value[part].mean()),
            spread=tuple(map(_round, np.quantile(residual[part], SPREAD))),
        )
        for part in similar(value)
    )
    residuals = Residuals(
        bias=_round(residual.mean()),
        deviation=_round(residual.std(ddof=1)) if len(residual) > 1 else None,
        median_size=_round(np.median(size)),
        largest_usual=_round(np.quantile(size, 0.9)),
        bins=bins,
    )
    return Diagnostics(
        target=target,
        predicted_mean=_round(value.mean()),
        figures=figures,
        calibration=calibrate(value, actual, interval_of_mean),
        residuals=residuals,
    )


def _thin(x: Floats, y: Floats, along: Floats) -> Curve:
    """Return a curve with fewer points, at about equal steps of `along`, which never falls."""
    steps = np.searchsorted(along, np.linspace(along[0], along[-1], POINTS))
    kept = np.unique([0, *steps, len(along) - 1])
    return Curve(x=tuple(map(_round, x[kept])), y=tuple(map(_round, y[kept])))


def _round(figure: float) -> float:
    return float(f"{figure:.6g}")


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _scikit_learn() -> ModuleType:
    from sklearn import metrics  # takes a second to import, and reading a record does not need it

    return metrics  # type: ignore[no-any-return]
