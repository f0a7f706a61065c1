"""Importance: how much a model's skill depends on each column."""

from collections.abc import Callable

import numpy as np
import pandas as pd

PERMUTATIONS = 3


def permutation_importance(
    predict: Callable[[pd.DataFrame], pd.DataFrame],
    skill: Callable[[pd.DataFrame], float],
    rows: pd.DataFrame,
    prediction: pd.DataFrame,
    features: list[str],
) -> dict[str, float]:
    """Return how much the skill of the prediction falls when each feature is permuted.

    Each value is the mean over PERMUTATIONS. Source: Breiman, Random Forests, 2001.
    """
    from threadpoolctl import threadpool_limits

    generator = np.random.default_rng(0)
    size = len(rows)
    base = skill(prediction)

    def fall(name: str) -> float:
        # All permutations are predicted at once, since a call costs as much as many rows.
        drawn = [rows[name].array.take(generator.permutation(size)) for _ in range(PERMUTATIONS)]
        permuted = [rows.assign(**{name: values}) for values in drawn]
        predicted = predict(pd.concat(permuted, ignore_index=True))
        parts = (predicted[start : start + size] for start in range(0, len(predicted), size))
        return base - float(np.mean([skill(part.set_axis(rows.index)) for part in parts]))

    with threadpool_limits(1):  # on few rows, threads spend most of their time waiting
        return {name: fall(name) for name in features}
