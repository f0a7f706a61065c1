"""Resampling: what chance alone does to a figure."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

RESAMPLES = 400
LEVEL = 0.05  # one-sided
ENOUGH = 20_000  # rows of one draw; the error shrinks with the root of the rows


def lower_bound(
    figure: Callable[[Positions], float], rows: int, clusters: pd.Series | None = None
) -> float:
    """Return the one-sided lower 95% bound of `figure`, by the bootstrap.

    `figure` takes the drawn positions: of rows, or of whole clusters where they are given. A draw
    in which it is no number (one class only has no AUC) is left out; no number where all are.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13.
    """
    generator = np.random.default_rng(0)
    members = None if clusters is None else _Members(clusters)
    count = rows if members is None else len(members.sizes)
    results = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(0, count, count)
        results.append(figure(drawn if members is None else members.of(drawn)))
    finite = [result for result in results if np.isfinite(result)]
    return float(np.quantile(finite, LEVEL)) if finite else float("nan")


class _Members:
    """The positions of the rows of each cluster: those of many are found at once."""

    def __init__(self, clusters: pd.Series) -> None:
        alone = -1 - np.arange(len(clusters))  # a row without a group stands for itself
        codes = np.where(clusters.isna(), alone, pd.factorize(clusters)[0])
        self._order = np.argsort(codes, kind="stable")
        found = np.unique(codes[self._order], return_index=True, return_counts=True)
        _, self._starts, self.sizes = found

    def of(self, drawn: Positions) -> Positions:
        """Return the positions of the rows of drawn clusters."""
        sizes = self.sizes[drawn]
        ends = sizes.cumsum()
        within = np.arange(ends[-1]) - np.repeat(ends - sizes, sizes)
        return np.asarray(self._order[np.repeat(self._starts[drawn], sizes) + within])


def standard_error(figures: Callable[[Positions], list[float]], rows: int) -> Floats:
    """Return the standard error of each of some figures, by the bootstrap over rows.

    Beyond ENOUGH rows it draws fewer than there are and scales the error. Source: Bickel, Götze
    and van Zwet, Resampling fewer than n observations, Statistica Sinica 7, 1997.
    """
    generator, size = np.random.default_rng(0), min(rows, ENOUGH)
    draws = np.array([figures(generator.integers(0, rows, size)) for _ in range(RESAMPLES // 2)])
    return np.asarray(pd.DataFrame(draws).std().to_numpy() * np.sqrt(size / rows), np.float64)


def permutation_importance(
    predict: Callable[[pd.DataFrame], pd.DataFrame],
    skill: Callable[[pd.DataFrame], float],
    rows: pd.DataFrame,
    prediction: pd.DataFrame,
    features: list[str],
) -> dict[str, float]:
    """Return how much the skill of the rows' prediction falls when one column is permuted.

    The mean of three permutations. Source: Breiman, Random Forests, 2001.
    """
    from threadpoolctl import threadpool_limits

    generator, size, base = np.random.default_rng(0), len(rows), skill(prediction)

    def fall(name: str) -> float:  # predicts three at once, as a call costs as much as many rows
        drawn = [rows[name].array.take(generator.permutation(size)) for _ in range(3)]
        many = predict(pd.concat([rows.assign(**{name: d}) for d in drawn], ignore_index=True))
        parts = (many[start : start + size] for start in range(0, 3 * size, size))
        return base - float(np.mean([skill(part.set_axis(rows.index)) for part in parts]))

    with threadpool_limits(1):  # on few rows, threads that wait for each other cost most
        return {name: fall(name) for name in features}
