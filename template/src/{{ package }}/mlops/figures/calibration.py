"""Calibration: is the level of the predictions right, overall and among similar ones?

Ranking says nothing about it: probabilities that are all halved rank as before. Each figure is
tested, and is off only if it differs by more than chance explains and by more than a tolerance, so
that a huge sample is not off for nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base.record import Record
from ..base.settings import Problem
from .decision import HEALTHY, INTERVAL, INVESTIGATE, Figure, Finding
from .diagnostics import MOST_CLASSES, CalibrationBin, similar

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

LEVEL = 0.025  # of each family, all rows or classes and all bands: an honest model fails in 5%
MONITORED_LEVEL = 0.0025  # the same in each run of `monitor`, of which a year has many
ALL_ROWS = "all rows"
ENDS = (0.025, 0.975)  # of a 95% interval

CalibrationVerdict = Literal["ok", "off", "unclear"]


class CalibrationTest(Record):
    """How the mean truth of some rows differs from their mean prediction."""

    group: str
    """The rows: `all rows`, `class B`, `band 3`, `band 3 of class B`. Band 1 has the lowest
    predictions."""
    rows: int
    """Number of rows."""
    predicted: float
    """Mean prediction: of the score, of the probability of the class, or of the value."""
    observed: float
    """Mean truth: the share of the positive class or of the class, or the mean of the target."""
    low: float | None
    """Lower end of the 95% interval of `observed`; None if it cannot be computed."""
    high: float | None
    """Upper end."""
    deviation: float
    """`observed` - `predicted`, as a share of the mean probability of the rarer outcome (of a band:
    of its own or that of all rows, whichever is larger); in a regression, as a share of the
    target's standard deviation."""
    p_value: float
    """The chance of so large a difference if the predictions have the right level, adjusted for the
    number of tests of the family; 1 if it cannot be computed."""
    tolerance: float
    """The largest accepted `deviation`, above or below 0."""
    verdict: CalibrationVerdict
    """`off` if the deviation is larger than the tolerance and than chance explains; `unclear` if it
    is larger than the tolerance, but may be chance."""

    @property
    def bin(self) -> CalibrationBin:
        """The figures that a chart shows."""
        return CalibrationBin(
            rows=self.rows,
            predicted=self.predicted,
            actual=self.observed,
            low=self.low,
            high=self.high,
        )


class CalibrationResult(Record):
    """The tests of the level of predictions."""

    overall: tuple[CalibrationTest, ...]
    """All rows; in a multiclass problem, each class against all others."""
    bands: tuple[CalibrationTest, ...]
    """Rows with similar predictions, in ascending order; multiclass: those of each class."""
    hosmer_lemeshow: float | None = None
    """Binary only: the p-value of all bands together, which decides nothing. Source: Hosmer and
    Lemeshow, Communications in Statistics A9, 1980."""


@dataclass(frozen=True)
class Tolerances:
    """What counts as off."""

    overall: float
    """The largest accepted deviation of all rows, or of a class."""
    band: float
    """The same of a band."""
    level: float = LEVEL
    """The largest p-value that counts as more than chance."""


@dataclass(frozen=True)
class Group:
    """Rows whose mean truth is compared with their mean prediction."""

    name: str
    """Its name in the record."""
    predicted: Floats
    """The prediction of each row."""
    actual: Floats
    """The truth of each row: 1 and 0, or a value."""
    clusters: Positions | None
    """The cluster of each row; None if each row is one."""
    scale: float = 0.0
    """The least that a deviation of a rate is a share of."""


def judge_calibration(
    problem: Problem,
    truth: pd.Series,
    prediction: pd.DataFrame,
    tolerances: Tolerances,
    clusters: pd.Series | None = None,
) -> CalibrationResult:
    """Test the level of predictions without a fault.

    If `clusters` names the cluster of each row, such as its customer, rows of one cluster do not
    count as independent.
    """
    codes = None if clusters is None else _codes(clusters)
    overall = _groups(problem, truth, prediction, codes)
    split = [band for each in overall for band in _bands(each)]
    if problem == "regression":
        deviation = float(truth.std())
        return CalibrationResult(
            overall=_judge(
                [_test_mean(each, deviation) for each in overall],
                tolerances.overall,
                tolerances.level,
            ),
            bands=_judge(
                [_test_mean(each, deviation) for each in split], tolerances.band, tolerances.level
            ),
        )
    return CalibrationResult(
        overall=_judge(
            [_test_rate(each) for each in overall], tolerances.overall, tolerances.level
        ),
        bands=_judge([_test_rate(each) for each in split], tolerances.band, tolerances.level),
        hosmer_lemeshow=_hosmer_lemeshow(split) if problem == "binary" else None,
    )


def furthest(tests: Sequence[CalibrationTest]) -> CalibrationTest:
    """Return the test with the most serious verdict; of several, the least likely by chance."""
    order: list[CalibrationVerdict] = ["ok", "unclear", "off"]
    return max(
        tests,
        key=lambda each: (order.index(each.verdict), -each.p_value, abs(each.deviation)),
    )


def describe(problem: Problem, test: CalibrationTest, *, interval: bool = True) -> str:
    """Return the figures of a test in words."""
    around = ""
    if interval and test.low is not None and test.high is not None:
        ends = f"{write_level(problem, test.low)} to {write_level(problem, test.high)}"
        around = f" ({INTERVAL} {ends})"
    return (
        f"{write_level(problem, test.observed)} observed{around}, "
        f"{write_level(problem, test.predicted)} predicted; p {write_p(test.p_value)}"
    )


def write_level(problem: Problem, figure: float) -> str:
    """Return a mean, or a rate in percent, as text."""
    return f"{figure:.4g}" if problem == "regression" else f"{figure:.1%}"


def write_tolerance(problem: Problem, tolerance: float) -> str:
    """Return a tolerance as text; SD is the standard deviation of the target."""
    return f"within {tolerance:g} SD" if problem == "regression" else f"within {tolerance:.0%}"


def write_p(value: float) -> str:
    """Return a p-value as text."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def calibration_findings(
    problem: Problem, found: CalibrationResult, figures: Iterable[Figure]
) -> Iterator[Finding]:
    """Call for an investigation if the level of matured predictions is off.

    If the figures hold, recalibrating is enough. If one has decayed, the model must be retrained,
    and the level is only mentioned.
    """
    decayed = any(figure.verdict == "decayed" for figure in figures)
    decision = HEALTHY if decayed else INVESTIGATE
    remedy = "" if decayed else "; the metrics hold, so recalibrate it, or retrain it on newer rows"
    test = furthest(found.overall)
    off = [each for each in found.bands if each.verdict == "off"]
    if test.verdict == "off":
        subject = "the model" if test.group == ALL_ROWS else test.group
        yield Finding(decision, f"the level of {subject} is off: {describe(problem, test)}{remedy}")
    elif off:
        yield Finding(
            decision,
            f"the level is off in {len(off)} of {len(found.bands)} bands of similar predictions, "
            f"most clearly in {furthest(off).group}: {describe(problem, furthest(off))}{remedy}",
        )


def _codes(clusters: pd.Series) -> Positions:
    """Return the number of each row's cluster; a row without one is a cluster of its own."""
    codes, unique = pd.factorize(clusters)
    alone = codes < 0
    codes[alone] = len(unique) + np.arange(alone.sum())
    return np.asarray(codes, np.intp)


def _groups(
    problem: Problem, truth: pd.Series, prediction: pd.DataFrame, clusters: Positions | None
) -> list[Group]:
    """Return the group of all rows; for a multiclass problem, one for each frequent class."""
    if problem != "multiclass":
        column = "score" if problem == "binary" else "value"
        predicted = prediction[column].to_numpy("float64")
        return [Group("", predicted, truth.to_numpy("float64"), clusters)]
    names = truth.astype(str)
    scores = prediction.drop(columns="label")
    means = scores.mean().sort_values(ascending=False)
    return [
        Group(
            f"class {name}",
            scores[name].to_numpy("float64"),
            np.asarray(names == str(name), np.float64),
            clusters,
        )
        for name in means.index[:MOST_CLASSES]
    ]


def _bands(group: Group) -> list[Group]:
    """Return the rows of a group in bands of similar predictions.

    In the safest bands, a few rows in a thousand would be a large share of what is predicted. So a
    deviation there is a share of the mean probability of the whole group.
    """
    of = f" of {group.name}" if group.name else ""
    mean = float(group.predicted.mean())
    return [
        Group(
            f"band {place}{of}",
            group.predicted[part],
            group.actual[part],
            None if group.clusters is None else group.clusters[part],
            scale=min(mean, 1 - mean),
        )
        for place, part in enumerate(similar(group.predicted), start=1)
    ]


def _test_rate(group: Group) -> CalibrationTest:
    """Compare a rate with the mean probability: the Jeffreys test, on both sides.

    With d events among n rows, the rate has the distribution Beta(d + 1/2, n - d + 1/2). Rows of
    one cluster are alike, so d and n are divided by the design effect. Source: Jeffreys,
    Proceedings of the Royal Society A 186, 1946; European Central Bank, Instructions for reporting
    the validation results of internal models, 2019, section 2.5.
    """
    from scipy.special import betainc, betaincinv

    rows = len(group.actual)
    predicted = float(group.predicted.mean())
    observed = float(group.actual.mean())
    counted = rows / _design_effect(group)
    shape = counted * observed + 0.5, counted * (1 - observed) + 0.5
    below = float(betainc(*shape, predicted))
    low, high = (float(betaincinv(*shape, end)) for end in ENDS)
    scale = max(group.scale, min(predicted, 1 - predicted))
    # a probability of 0 or 1 that comes true is no contradiction
    p_value = 2 * min(below, 1 - below) if observed != predicted else 1.0
    return _test(
        group,
        # without events the interval begins at 0, with events only it ends at 1
        (0.0 if observed == 0 else low, 1.0 if observed == 1 else high),
        (observed - predicted) / scale if scale > 0 else float(np.sign(observed - predicted)),
        p_value,
    )


def _test_mean(group: Group, deviation: float) -> CalibrationTest:
    """Compare a mean with the mean prediction: Student's t test of the residuals.

    `deviation` is the standard deviation of the target over all rows. Source: European Central
    Bank, Instructions for reporting the validation results of internal models, 2019, section 2.6.
    """
    from scipy.special import stdtr, stdtrit

    residual = group.actual - group.predicted
    bias = float(residual.mean())
    share = bias / deviation if deviation > 0 else 0.0
    independent = (
        len(residual) if group.clusters is None else np.count_nonzero(np.bincount(group.clusters))
    )
    spread = float(residual.std(ddof=1)) if len(residual) > 1 else 0.0
    if independent < 2 or spread == 0:
        return _test(group, (None, None), share, 1.0)
    error = spread * (_design_effect(group) / len(residual)) ** 0.5
    degrees = independent - 1
    half = float(stdtrit(degrees, ENDS[1])) * error
    observed = float(group.actual.mean())
    p_value = 2 * float(stdtr(degrees, -abs(bias) / error))
    return _test(group, (observed - half, observed + half), share, p_value)


def _test(
    group: Group, ends: tuple[float | None, float | None], deviation: float, p_value: float
) -> CalibrationTest:
    """Return a test that is not yet judged."""
    return CalibrationTest(
        group=group.name or ALL_ROWS,
        rows=len(group.actual),
        predicted=float(group.predicted.mean()),
        observed=float(group.actual.mean()),
        low=ends[0],
        high=ends[1],
        deviation=deviation,
        p_value=p_value,
        tolerance=0.0,
        verdict="ok",
    )


def _design_effect(group: Group) -> float:
    """Return by how much clusters widen the variance of the mean residual; at least 1.

    Source: Kish, Survey Sampling, 1965, section 5.4.
    """
    if group.clusters is None:
        return 1.0
    residual = group.actual - group.predicted
    residual = residual - residual.mean()
    alone = float((residual**2).sum())
    together = float((np.bincount(group.clusters, residual) ** 2).sum())
    return max(together / alone, 1.0) if alone > 0 else 1.0


def _judge(
    tests: list[CalibrationTest], tolerance: float, level: float
) -> tuple[CalibrationTest, ...]:
    """Return the tests of a family with adjusted p-values, the tolerance and verdicts."""
    adjusted = holm([each.p_value for each in tests])
    judged = []
    for test, p_value in zip(tests, adjusted, strict=True):
        verdict: CalibrationVerdict = "ok"
        if abs(test.deviation) > tolerance:
            verdict = "off" if p_value <= level else "unclear"
        changes = {"p_value": p_value, "tolerance": tolerance, "verdict": verdict}
        judged.append(test.model_copy(update=changes))
    return tuple(judged)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that hold for the whole family.

    Source: Holm, Scandinavian Journal of Statistics 6, 1979.
    """
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.maximum.accumulate(np.asarray(p_values)[order] * factors)
    return [float(each) for each in np.minimum(adjusted, 1.0)]


def _hosmer_lemeshow(bands: list[Group]) -> float | None:
    """Return the p-value of all bands together; the model has not seen their rows."""
    from scipy.special import chdtrc

    rows = np.array([len(each.actual) for each in bands])
    expected = np.array([each.predicted.sum() for each in bands])
    events = np.array([each.actual.sum() for each in bands])
    variance = expected * (1 - expected / rows)
    if not (variance > 0).all():
        return None
    return float(chdtrc(len(bands), ((events - expected) ** 2 / variance).sum()))
