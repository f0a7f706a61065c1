"""How far the columns of one window lie from their profile, and how far chance alone goes."""

from typing import Any

import numpy as np

from . import profile
from .profile import Column, Floats

FALSE_ALARMS = 0.001  # of windows under no change, over all columns together

Moved = dict[str, Any]  # the facts of one column


def compare(name: str, column: Column, counts: Floats, floor: float, family: int) -> Moved:
    """Compare the counts of one of `family` columns with its profile.

    The largest difference of the cumulated shares (the binned Kolmogorov-Smirnov statistic) tells
    how large a drift of numbers is; the index tells whether it is one.
    """
    then, places = profile.expected(column), profile.order(column)
    occurs = places[(then + counts)[places] > 0]
    before, now = then / then.sum(), counts / counts.sum()
    line = places[:-1]  # without missing values
    index = stability_index(then[occurs], counts[occurs])
    limit = index_limit(floor, (counts.sum(), then.sum()), len(occurs), FALSE_ALARMS / family)
    called = profile.names(column)
    return {
        "name": name,
        "type": column["type"],
        "psi": index,
        "limit": limit,
        "ks": largest_gap(then[line], counts[line]) if column["type"] == "number" else None,
        "missing_then": float(before[-1]),
        "missing_now": float(now[-1]),
        "drifted": bool(index > limit),
        "bins": [called[place] for place in occurs],
        "then": before[occurs].tolist(),
        "now": now[occurs].tolist(),
    }


def stability_index(then: Floats, now: Floats) -> float:
    """Return the population stability index of two rows of counts.

    Sum over bins of (now - then) * ln(now / then), in shares; half a row more in each bin keeps an
    empty one finite. Source: Siddiqi, Credit Risk Scorecards, 2006.
    """
    left, right = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (then, now))
    return float(np.sum((right - left) * np.log(right / left)))


def index_limit(floor: float, rows: tuple[float, float], bins: int, alpha: float = 0.001) -> float:
    """Return the larger of `floor` and what the index exceeds by chance with probability `alpha`.

    Under no change the index is chi-squared with bins - 1 degrees of freedom, times
    (1/rows + 1/reference_rows). Source: Yurdakul, Statistical Properties of PSI, 2018.
    """
    from scipy.special import chdtri  # scipy.stats would take 50 MB and a second

    quantile = float(chdtri(bins - 1, alpha)) if bins > 1 else 0.0
    return max(floor, quantile * float(sum(1 / count for count in rows)))


def largest_gap(then: Floats, now: Floats) -> float | None:
    """Return the largest difference of two cumulated distributions over the same ordered bins."""
    if not (then.sum() and now.sum()):
        return None
    return float(np.abs(np.cumsum(then) / then.sum() - np.cumsum(now) / now.sum()).max())
