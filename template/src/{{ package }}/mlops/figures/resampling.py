"""Resampling: how much a figure varies by chance."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

RESAMPLES = 400
LEVEL = 0.05  # one-sided
MOST_ROWS = 20_000  # of one draw; the error shrinks with the square root of the rows


def lower_bound(
    figure: Callable[[Positions], float], rows: int, clusters: pd.Series | None = None
) -> float:
    """Return the one-sided lower 95% bound of `figure`, by the bootstrap.

    `figure` takes the positions of drawn rows. If `clusters` names the cluster of each row, whole
    clusters are drawn. A draw whose figure is NaN (one class only has no AUC) is left out; the
    bound is NaN if all are.
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
    """The positions of the rows of each cluster, to look up many clusters at once."""

    def __init__(self, clusters: pd.Series) -> None:
        alone = -1 - np.arange(len(clusters))  # a row without a cluster is a cluster of its own
        codes = np.where(clusters.isna(), alone, pd.factorize(clusters)[0])
        self._order = np.argsort(codes, kind="stable")
        ordered = codes[self._order]
        _, self._starts, self.sizes = np.unique(ordered, return_index=True, return_counts=True)

    def of(self, drawn: Positions) -> Positions:
        """Return the positions of the rows of drawn clusters."""
        sizes = self.sizes[drawn]
        ends = sizes.cumsum()
        within = np.arange(ends[-1]) - np.repeat(ends - sizes, sizes)
        return np.asarray(self._order[np.repeat(self._starts[drawn], sizes) + within])


def standard_error(
    figures: Callable[[Positions], list[float]], rows: int, clusters: pd.Series | None = None
) -> Floats:
    """Return the standard error of each of several figures, by the bootstrap over rows.

    `figures` takes the positions of drawn rows. If `clusters` names the cluster of each row, whole
    clusters are drawn. If there are more than MOST_ROWS rows or clusters, a draw takes only
    MOST_ROWS of them and the error is scaled. Source: Bickel, Götze and van Zwet, Resampling
    fewer than n observations, Statistica Sinica 7, 1997.
    """
    generator = np.random.default_rng(0)
    members = None if clusters is None else _Members(clusters)
    count = rows if members is None else len(members.sizes)
    size = min(count, MOST_ROWS)
    draws = []
    for _ in range(RESAMPLES // 2):
        drawn = generator.integers(0, count, size)
        draws.append(figures(drawn if members is None else members.of(drawn)))
    return np.asarray(pd.DataFrame(draws).std().to_numpy() * np.sqrt(size / count), np.float64)
