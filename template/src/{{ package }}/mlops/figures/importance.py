"""Importance: how much a model's skill depends on each column."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..data.frames import with_columns

PERMUTATIONS = 3
GROUPS = 10  # of rows, from which the error follows
FEWEST_ROWS = 100  # with an error
LARGEST_GROUP = 2_000  # rows; the error shrinks with the square root of the rows

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
    """How much the skill falls when a column is permuted."""

    mean: float
    """Over PERMUTATIONS."""
    error: float | None
    """Its standard error, which contains the chance of the rows and of the permutations; None with
    few rows, and where it is not wanted."""


def permutation_importance(
    predict: Callable[[pd.DataFrame], pd.DataFrame],
    skill: Skill,
    judged: Judged,
    features: list[str],
    *,
    with_errors: bool = False,
) -> dict[str, Fall]:
    """Return how much the skill of the prediction falls when each feature is permuted.

    Source: Breiman, Random Forests, 2001. The error is that of the method of random groups: the
    fall is measured in ten random parts of the rows, too. Source: Wolter, Introduction to Variance
    Estimation, chapter 2.
    """
    from threadpoolctl import threadpool_limits

    generator = np.random.default_rng(0)
    rows = judged.rows
    truth = judged.truth
    size = len(rows)
    base = skill(truth, judged.prediction)
    groups = _RandomGroups(size) if with_errors and size >= FEWEST_ROWS else None
    bases = groups.skills(skill, truth, judged.prediction) if groups else None

    def fall(name: str) -> Fall:
        # All permutations are predicted at once, since a call costs as much as many rows.
        drawn = [rows[name].array.take(generator.permutation(size)) for _ in range(PERMUTATIONS)]
        permuted = [with_columns(rows, {name: values}) for values in drawn]
        predicted = predict(pd.concat(permuted, ignore_index=True))
        parts = (predicted[start : start + size] for start in range(0, len(predicted), size))
        mean = base - float(np.mean([skill(truth, part.set_axis(rows.index)) for part in parts]))
        if groups is None or bases is None:
            return Fall(mean, None)
        return Fall(mean, groups.standard_error(bases - groups.skills(skill, truth, predicted)))

    with threadpool_limits(1):  # on few rows, threads spend most of their time waiting
        return {name: fall(name) for name in features}


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
