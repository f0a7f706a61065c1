"""Resampling: how much a figure varies by chance."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

RESAMPLES = 400
LEVEL = 0.05  # one-sided
ONE_SIDED = 1.645  # standard errors to a one-sided 95% bound
MOST_ROWS = 20_000  # of one draw; the error shrinks with the square root of the rows


def bounds(
    figures: Callable[[Positions], list[float]], rows: int, clusters: pd.Series | None = None
) -> tuple[Floats, Floats]:
    """Return the one-sided lower and upper 95% bounds of each of several figures, by the bootstrap.

    `figures` takes the positions of drawn rows. If `clusters` names the cluster of each row, whole
    clusters are drawn. A draw of which a figure is NaN (one class only has no AUC) is left out for
    it; its bounds are NaN if all are.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13.
    """
    generator = np.random.default_rng(0)
    members = None if clusters is None else _Members(clusters)
    count = rows if members is None else len(members.sizes)
    draws = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(0, count, count)
        draws.append(figures(drawn if members is None else members.of(drawn)))
    ends = [_ends(values[np.isfinite(values)]) for values in np.array(draws, np.float64).T]
    return np.array([low for low, _ in ends]), np.array([high for _, high in ends])


def _ends(values: Floats) -> tuple[float, float]:
    """Return the quantiles that are the bounds; NaN without values."""
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, (LEVEL, 1 - LEVEL))
    return float(low), float(high)


def lower_bound(
    figure: Callable[[Positions], float], rows: int, clusters: pd.Series | None = None
) -> float:
    """Return the one-sided lower 95% bound of a figure, as `bounds` does."""
    low, _ = bounds(lambda drawn: [figure(drawn)], rows, clusters)
    return float(low[0])


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
