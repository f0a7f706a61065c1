"""Importance: how much a model's skill and its predictions depend on columns."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..data.frames import with_columns

PERMUTATIONS = 3
GROUPS = 10  # of rows, from which the error follows
FEWEST_ROWS = 100  # with an error
LARGEST_GROUP = 2_000  # rows; the error shrinks with the square root of the rows

Predict = Callable[[pd.DataFrame], pd.DataFrame]
Skill = Callable[[pd.Series, pd.DataFrame], float]  # of a truth and its prediction


@dataclass(frozen=True)
class Judged:
    """Rows whose truth is known, with their prediction; all have one index."""

    rows: pd.DataFrame
    """The rows, with all features."""
    truth: pd.Series
    """The target."""
    prediction: pd.DataFrame
    """What the model predicts for them."""


@dataclass(frozen=True)
class Fall:
    """How much the skill falls when columns are permuted."""

    mean: float
    """Over PERMUTATIONS."""
    error: float | None
    """Its standard error, which contains the chance of the rows and of the permutations; None with
    few rows, and where it is not wanted."""


def permutation_importance(
    predict: Predict,
    skill: Skill,
    judged: Judged,
    groups: Sequence[Sequence[str]],
    *,
    with_errors: bool = False,
) -> list[Fall]:
    """Return how much the skill of the prediction falls when each group of features is permuted.

    The features of a group stay together: they get the values of the same other row. Source:
    Breiman, Random Forests, 2001. The error is that of the method of random groups: the fall is
    measured in ten random parts of the rows, too. Source: Wolter, Introduction to Variance
    Estimation, chapter 2.
    """
    truth = judged.truth
    size = len(judged.rows)
    base = skill(truth, judged.prediction)
    parts = _RandomGroups(size) if with_errors and size >= FEWEST_ROWS else None
    bases = parts.skills(skill, truth, judged.prediction) if parts else None

    def fall(predicted: pd.DataFrame) -> Fall:
        each = (predicted[start : start + size] for start in range(0, len(predicted), size))
        skills = [skill(truth, part.set_axis(judged.rows.index)) for part in each]
        mean = base - float(np.mean(skills))
        if parts is None or bases is None:
            return Fall(mean, None)
        return Fall(mean, parts.standard_error(bases - parts.skills(skill, truth, predicted)))

    return [fall(predicted) for predicted in _permuted(predict, judged.rows, groups)]


def total_effects(
    predict: Predict,
    rows: pd.DataFrame,
    prediction: pd.DataFrame,
    groups: Sequence[Sequence[str]],
) -> list[float]:
    """Return the share of the predictions' variance that needs each group of features.

    It is half the mean squared change of the prediction when the group is permuted, divided by the
    variance; the probabilities of several classes are added up. Interactions count for each of
    their columns, so the shares of all groups may add up to more than 1. With features outside the
    group that depend on it, the estimate can exceed 1; then it is 1. Of a calibrated prediction,
    it is also the share of the improvement in squared error over a constant. Source: Jansen,
    Analysis of variance designs for model output, Computer Physics Communications 117, 1999.
    """
    numbers = prediction.select_dtypes("float64").to_numpy()
    variance = float(numbers.var(axis=0).sum())
    repeated = np.tile(numbers, (PERMUTATIONS, 1))

    def effect(predicted: pd.DataFrame) -> float:
        change = predicted.select_dtypes("float64").to_numpy() - repeated
        return min(float((change**2).sum(axis=1).mean()) / 2 / variance, 1.0)

    if not variance:
        return [0.0 for _ in groups]
    return [effect(predicted) for predicted in _permuted(predict, rows, groups)]


def _permuted(
    predict: Predict, rows: pd.DataFrame, groups: Sequence[Sequence[str]]
) -> Iterator[pd.DataFrame]:
    """Yield the prediction with each group permuted: all rows, PERMUTATIONS times."""
    from threadpoolctl import threadpool_limits

    generator = np.random.default_rng(0)
    with threadpool_limits(1):  # on few rows, threads spend most of their time waiting
        for names in groups:
            # All permutations are predicted at once, since a call costs as much as many rows.
            orders = [generator.permutation(len(rows)) for _ in range(PERMUTATIONS)]
            permuted = [
                with_columns(rows, {name: rows[name].array.take(order) for name in names})
                for order in orders
            ]
            yield predict(pd.concat(permuted, ignore_index=True))


class _RandomGroups:
    """Tenths of the rows, drawn at random; of many rows, smaller parts."""

    def __init__(self, rows: int) -> None:
        order = np.random.default_rng(1).permutation(rows)
        self._rows = rows
        self._groups = np.array_split(order[: GROUPS * LARGEST_GROUP], GROUPS)

    def skills(
        self, skill: Skill, truth: pd.Series, prediction: pd.DataFrame
    ) -> npt.NDArray[np.float64]:
        """Return the skill in each group; a prediction may have all rows several times."""
        repeats = len(prediction) // self._rows
        results = []
        for group in self._groups:
            places = np.concatenate([group + time * self._rows for time in range(repeats)])
            actual = truth.iloc[np.tile(group, repeats)]
            results.append(skill(actual, prediction.iloc[places].set_axis(actual.index)))
        return np.array(results)

    def standard_error(self, falls: npt.NDArray[np.float64]) -> float | None:
        """Return the standard error of the fall in all rows from the falls in the groups.

        None if one is not known.
        """
        if not np.isfinite(falls).all():
            return None
        part = len(self._groups[0]) / self._rows
        return float(falls.std(ddof=1) * np.sqrt(part))
