"""Drift: how far a window's columns are from their profiles, compared with chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..base.record import Record
from .profile import ColumnProfile, Floats, bin_names, bin_order, expected

FALSE_ALARMS = 0.001  # share of unchanged windows in which any column counts as drifted

Kind = Literal["input", "prediction"]


@dataclass(frozen=True)
class Column:
    """A column with the profile that it is compared with."""

    kind: Kind
    """Whether it is a feature or a column of the predictions."""
    name: str
    """The column's name."""
    profile: ColumnProfile
    """How it was distributed when the version was made."""

    @property
    def label(self) -> str:
        """The column with its kind, such as `input income`."""
        return f"{self.kind} {self.name}"


class ColumnDrift(Record):
    """How one column of a window compares with its profile.

    "Then" is the window of the profile: the training window for inputs, the gate window for
    predictions. "Now" is the window that is monitored.
    """

    kind: Kind
    """Whether it is a feature or a column of the predictions."""
    name: str
    """The column's name."""
    type: Literal["number", "category"]
    """How its values are put into bins."""
    psi: float
    """Population stability index: 0 for equal distributions, without an upper limit."""
    limit: float
    """The PSI above which the column has drifted; chance alone rarely exceeds it."""
    ks: float | None
    """Largest difference of the cumulative shares, 0 to 1; None for categories."""
    missing_then: float
    """Share of the rows without a value then, 0 to 1."""
    missing_now: float
    """Share of the rows without a value now, 0 to 1."""
    drifted: bool
    """Whether the PSI exceeds its limit."""
    bins: tuple[str, ...]
    """Names of the bins that had rows then or now, in order."""
    then: tuple[float, ...]
    """Share of the rows in each bin then, 0 to 1."""
    now: tuple[float, ...]
    """Share of the rows in each bin now, 0 to 1."""
    persistent: bool
    """Whether it drifted now and in at least one of the two windows before."""

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

    `floor` is the smallest limit of the PSI; `family` is the number of columns that are compared
    together; `before` says for each earlier window, oldest first, whether the column had drifted.
    The PSI decides whether a column has drifted; the KS statistic says how far.
    """
    profile = column.profile
    expected_counts = expected(profile)
    order = bin_order(profile)
    occurring = order[(expected_counts + counts)[order] > 0]
    rows = (float(expected_counts.sum()), float(counts.sum()))
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
    """Return whether a column drifted in the last window and in one of the two before it."""
    return drifted[-1] and sum(drifted[-3:]) > 1


def stability_index(then: Floats, now: Floats) -> float:
    """Return the population stability index of two rows of counts.

    It is the sum over bins of (now - then) * ln(now / then), in shares. Half a row is added to each
    bin so that an empty one has a finite term. Source: Siddiqi, Credit Risk Scorecards, 2006.
    """
    left, right = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (then, now))
    return float(np.sum((right - left) * np.log(right / left)))


def index_limit(floor: float, rows: tuple[float, float], bins: int, alpha: float = 0.001) -> float:
    """Return the larger of `floor` and the value that chance exceeds with probability `alpha`.

    `rows` are the numbers of rows then and now. Without change, the index is chi-squared with
    bins - 1 degrees of freedom, times (1/then + 1/now). Source: Yurdakul, Statistical Properties
    of PSI, 2018.
    """
    from scipy.special import chdtri  # scipy.stats would take 50 MB and a second

    quantile = float(chdtri(bins - 1, alpha)) if bins > 1 else 0.0
    return max(floor, quantile * float(sum(1 / count for count in rows)))


def largest_gap(then: Floats, now: Floats) -> float | None:
    """Return the largest difference of two cumulative distributions over the same ordered bins.

    This is the Kolmogorov-Smirnov statistic of binned values. None if one side has no rows.
    """
    if not (then.sum() and now.sum()):
        return None
    return float(np.abs(np.cumsum(then) / then.sum() - np.cumsum(now) / now.sum()).max())
