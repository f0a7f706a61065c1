"""Resampling, quantiles and the population stability index."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

RESAMPLES = 400
LEVEL = 0.05  # one-sided


def lower_bound(
    figure: Callable[[Positions], float], rows: int, clusters: pd.Series | None = None
) -> float:
    """Return the one-sided lower 95% bound of `figure`, by the bootstrap.

    `figure` takes the drawn positions: of rows, or of whole clusters where they are given. A draw
    in which it is no number (one class only has no AUC) is left out; no number where all are.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13.
    """
    generator = np.random.default_rng(0)
    members = None if clusters is None else _members(clusters)
    count = rows if members is None else len(members)
    results = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(0, count, count)
        positions = drawn if members is None else np.concatenate([members[i] for i in drawn])
        results.append(figure(positions))
    finite = [result for result in results if np.isfinite(result)]
    return float(np.quantile(finite, LEVEL)) if finite else float("nan")


def _members(clusters: pd.Series) -> list[Positions]:
    codes = pd.factorize(clusters)[0]
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def psi(profile: list[float], values: Floats, bins: int = 10) -> float:
    """Return the population stability index of `values` against a profile of quantiles.

    Sum over bins of (now - then) * ln(now / then), with the bins' edges at equal shares of then.
    Ties in the profile are merged. Source: Siddiqi, Credit Risk Scorecards, 2006.
    """
    quantile = np.array(profile)
    positions = np.linspace(0, len(profile) - 1, bins + 1).round().astype(int)
    edges = np.unique(quantile[positions[1:-1]])
    below = np.searchsorted(quantile, edges, side="right") / len(quantile)
    then = np.maximum(np.diff([0.0, *below, 1.0]), 1e-4)
    counts = np.bincount(np.searchsorted(edges, values), minlength=len(then))
    now = (counts + 0.5) / (len(values) + 0.5 * len(then))  # keeps an empty bin finite
    return float(np.sum((now - then) * np.log(now / then)))


def psi_limit(limit: float, rows: int, reference_rows: int, bins: int = 10) -> float:
    """Return the larger of `limit` and the 99.9% quantile of the index under no change.

    Under no change the index is chi-squared with bins - 1 degrees of freedom, times
    (1/rows + 1/reference_rows). Source: Yurdakul, Statistical Properties of PSI, 2018.
    """
    from scipy.stats import chi2

    return max(limit, float(chi2.ppf(0.999, bins - 1)) * (1 / rows + 1 / reference_rows))


def permutation_importance(
    score: Callable[[pd.DataFrame], float], rows: pd.DataFrame, features: list[str], seed: int
) -> dict[str, float]:
    """Return how much `score` falls when one column is permuted, the mean of three permutations.

    Source: Breiman, Random Forests, 2001.
    """
    from threadpoolctl import threadpool_limits

    generator = np.random.default_rng(seed)

    def fall(name: str) -> float:
        permuted = rows[name].iloc[generator.permutation(len(rows))].set_axis(rows.index)
        return base - score(rows.assign(**{name: permuted}))

    with threadpool_limits(1):  # on few rows, threads that wait for each other cost most
        base = score(rows)
        return {name: float(np.mean([fall(name) for _ in range(3)])) for name in features}
