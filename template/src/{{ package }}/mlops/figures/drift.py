"""Drift: how far the columns of a window are from their profiles, and how far chance alone goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..base.record import Record
from .profile import ColumnProfile, Floats, bin_names, bin_order, expected

FALSE_ALARMS = 0.001  # of the windows without change, over all columns together

Kind = Literal["input", "prediction"]


@dataclass(frozen=True)
class Column:
    """A column with the profile that it is compared with."""

    kind: Kind
    name: str
    profile: ColumnProfile

    @property
    def label(self) -> str:
        """The column with its kind, such as `input income`."""
        return f"{self.kind} {self.name}"


class ColumnDrift(Record):
    """How one column of a window compares with its profile.

    `then` is the window of the profile: training rows for inputs, the gate window for predictions.
    """

    kind: Kind
    name: str
    type: Literal["number", "category"]
    psi: float  # population stability index: 0 for equal shares, no upper end
    limit: float  # of the PSI; chance alone hardly ever exceeds it
    ks: float | None  # largest difference of the cumulated shares, 0 to 1; numbers only
    missing_then: float  # share of the rows, 0 to 1
    missing_now: float  # share of the rows, 0 to 1
    drifted: bool  # the PSI exceeds its limit
    bins: tuple[str, ...]  # names of the bins that had rows then or now, in order
    then: tuple[float, ...]  # share of the rows in each bin, 0 to 1
    now: tuple[float, ...]  # share of the rows in each bin, 0 to 1
    persistent: bool  # drifted now and in at least one of the two windows before

    @property
    def label(self) -> str:
        """The column with its kind, such as `input income`."""
        return f"{self.kind} {self.name}"

    @property
    def ratio(self) -> float:
        """The PSI as a multiple of its limit."""
        return self.psi / self.limit


def compare(
    column: Column, counts: Floats, floor: float, family: int, before: Sequence[bool] = ()
) -> ColumnDrift:
    """Compare the counts of a column's bins with its profile.

    `floor` is the smallest limit of the PSI, `family` the number of columns that are compared
    together, `before` says in which of the windows before this one the column had drifted, the
    oldest first. The PSI says whether a column drifted; the KS statistic says how far.
    """
    profile = column.profile
    expected_counts = expected(profile)
    order = bin_order(profile)
    occurring = order[(expected_counts + counts)[order] > 0]
    rows = (float(counts.sum()), float(expected_counts.sum()))
    then = expected_counts / expected_counts.sum()
    now = counts / counts.sum()
    psi = stability_index(expected_counts[occurring], counts[occurring])
    limit = index_limit(floor, rows, len(occurring), FALSE_ALARMS / family)
    known = order[:-1]  # without the missing
    ks = largest_gap(expected_counts[known], counts[known]) if profile.type == "number" else None
    drifted = psi > limit
    names = bin_names(profile)
    return ColumnDrift(
        kind=column.kind,
        name=column.name,
        type=profile.type,
        psi=psi,
        limit=limit,
        ks=ks,
        missing_then=float(then[-1]),
        missing_now=float(now[-1]),
        drifted=drifted,
        bins=tuple(names[place] for place in occurring),
        then=tuple(then[occurring].tolist()),
        now=tuple(now[occurring].tolist()),
        persistent=persists([*before, drifted]),
    )


def persists(drifted: Sequence[bool]) -> bool:
    """Say whether a column drifted in the last window, and in one of the two before it."""
    return drifted[-1] and sum(drifted[-3:]) > 1


def stability_index(then: Floats, now: Floats) -> float:
    """Return the population stability index of two rows of counts.

    Sum over bins of (now - then) * ln(now / then), in shares; half a row more in each bin keeps an
    empty one finite. Source: Siddiqi, Credit Risk Scorecards, 2006.
    """
    left, right = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (then, now))
    return float(np.sum((right - left) * np.log(right / left)))


def index_limit(floor: float, rows: tuple[float, float], bins: int, alpha: float = 0.001) -> float:
    """Return the larger of `floor` and what the index exceeds by chance with probability `alpha`.

    Without change, the index is chi-squared with bins - 1 degrees of freedom, times
    (1/rows + 1/reference_rows). Source: Yurdakul, Statistical Properties of PSI, 2018.
    """
    from scipy.special import chdtri  # scipy.stats would take 50 MB and a second

    quantile = float(chdtri(bins - 1, alpha)) if bins > 1 else 0.0
    return max(floor, quantile * float(sum(1 / count for count in rows)))


def largest_gap(then: Floats, now: Floats) -> float | None:
    """Return the largest difference of two cumulated distributions over the same ordered bins.

    This is the Kolmogorov-Smirnov statistic of binned values; None where one side has no rows.
    """
    if not (then.sum() and now.sum()):
        return None
    return float(np.abs(np.cumsum(then) / then.sum() - np.cumsum(now) / now.sum()).max())
