"""Drift: how far a window's columns are from their profiles, compared with chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..base.record import Record
from .profile import ColumnProfile, Floats, bin_names, bin_order, expected, tails

FALSE_ALARMS = 0.001  # share of unchanged windows in which any column counts as drifted
POSITIVE = "with a positive decision"
ALL_ROWS = "all rows"  # the reference of a column, unless a season is closer

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


@dataclass(frozen=True)
class Limits:
    """How much a column may change before it has drifted, apart from chance."""

    psi: float = 0.1
    """The smallest limit of the population stability index."""
    tails: float = 0.03
    """How much the share of rows beyond the 1% and 99% quantiles may grow, 0 to 1."""
    out_of_range: float = 0.01
    """How much the share of rows beyond the range may grow, 0 to 1."""
    decisions: float = 0.05
    """How far the share of a decision or of a predicted class may move, 0 to 1."""


class ShareDrift(Record):
    """A share of the rows then and now. Shares and their changes are from 0 to 1."""

    of: str
    """Which rows: `beyond the 1% and 99% quantiles`, `beyond the range`, `with a positive decision`
    or `with` a class."""
    then: float
    """Their share then."""
    now: float
    """Their share now."""
    low: float
    """Lower end of the 95% interval of the change."""
    high: float
    """Upper end of the 95% interval of the change."""
    limit: float
    """A change of more than this, which chance does not explain, is drift."""
    drifted: bool
    """Whether it has changed by more than the limit and chance. More rows are drift if they are
    beyond a quantile or the range; of a decision or a class, also fewer."""

    @property
    def sentence(self) -> str:
        """What has changed: `33.0% of the rows with a positive decision, 20.0% then`."""
        return f"{self.now:.1%} of the rows {self.of}, {self.then:.1%} then"


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
    """Whether the PSI exceeds its limit, or a share has drifted."""
    bins: tuple[str, ...]
    """Names of the bins that had rows then or now, in order."""
    then: tuple[float, ...]
    """Share of the rows in each bin then, 0 to 1."""
    now: tuple[float, ...]
    """Share of the rows in each bin now, 0 to 1."""
    persistent: bool
    """Whether it drifted now and in at least one of the two windows before."""
    reference: str = ALL_ROWS
    """The rows then: `all rows`, or the month or weekday of the window, such as `March`, if its
    rows differed from the others then and are closer to those of now."""
    shares: tuple[ShareDrift, ...] = ()
    """For numbers, the rows beyond the outer quantiles and the range; for the decision of a binary
    model, the positive ones; for a predicted class, those of each class. Empty in reports that did
    not compare them."""
    judged: bool = True
    """False for a column that follows the calendar by `monitoring.calendar`, which never counts as
    drifted."""

    @property
    def evidence(self) -> str:
        """Why it has drifted: `PSI 0.31, more than 0.10`."""
        found = [share.sentence for share in self.shares if share.drifted]
        if self.psi > self.limit or not found:
            found.insert(0, f"PSI {self.psi:.2f}, more than {self.limit:.2f}")
        return "; ".join(found)

    @property
    def label(self) -> str:
        """The column with its kind, such as `input income`."""
        return f"{self.kind} {self.name}"

    @property
    def ratio(self) -> float:
        """The PSI as a multiple of its limit."""
        return self.psi / self.limit


@dataclass(frozen=True)
class Family:
    """What is the same for all columns that are compared together."""

    columns: int
    """Number of columns; all together rarely have a false alarm."""
    limits: Limits = Limits()
    """How much a column may change."""
    seasons: tuple[str, ...] = ()
    """The seasons of the window by name: `March`, and for a day also `Tuesday`."""
    calendar: frozenset[str] = frozenset()
    """Inputs that are not judged, because they follow the calendar."""


def compare(
    column: Column, counts: Floats, family: Family, before: Sequence[bool] = ()
) -> ColumnDrift:
    """Compare the rows of a column, as `tally` counts them, with its profile.

    `before` says for each earlier window, oldest first, whether the column had drifted. The PSI and
    the shares decide whether it has drifted; the KS statistic says how far. If the profile has the
    season of the window, the column has drifted only if it differs from both all rows and those of
    the season.
    """
    profile = column.profile
    references = {ALL_ROWS: _expected(profile)}
    for name in family.seasons:
        if name in profile.seasons:
            references[name] = np.array(profile.seasons[name], "float64")
    found = [
        _compare(column, reference, then, counts, family) for reference, then in references.items()
    ]
    closest = min(found, key=lambda each: (each.drifted, each.ratio))
    judged = column.kind == "prediction" or column.name not in family.calendar
    drifted = closest.drifted and judged
    return closest.model_copy(
        update={
            "drifted": drifted,
            "judged": judged,
            "persistent": persists([*before, drifted]),
        }
    )


def _expected(profile: ColumnProfile) -> Floats:
    """Return how many rows the window of the profile had, as `tally` counts them."""
    ends = tails(profile)
    beyond = [] if ends is None else [ends.beyond * profile.rows, 0.0]
    return np.array([*expected(profile), *beyond], "float64")


def _compare(
    column: Column, reference: str, tallied_then: Floats, tallied_now: Floats, family: Family
) -> ColumnDrift:
    """Compare the rows of a column with those of one reference."""
    profile = column.profile
    order = bin_order(profile)
    bins = len(order)
    counts_then = tallied_then[:bins]
    counts_now = tallied_now[:bins]
    occurring = order[(counts_then + counts_now)[order] > 0]
    rows = (float(counts_then.sum()), float(counts_now.sum()))
    then = counts_then / rows[0]
    now = counts_now / rows[1]
    alpha = FALSE_ALARMS / family.columns
    psi = stability_index(counts_then[occurring], counts_now[occurring])
    limit = index_limit(family.limits.psi, rows, len(occurring), alpha)
    known = order[:-1]  # without the missing
    ks = largest_gap(counts_then[known], counts_now[known]) if profile.type == "number" else None
    names = bin_names(profile)
    shares: list[ShareDrift] = []
    if len(tallied_now) > bins:
        beyond = (tallied_then[bins:], tallied_now[bins:])
        shares = _compare_tails(beyond, rows, family.limits, alpha)
    elif column.kind == "prediction" and profile.type == "category":
        shares = _compare_decisions(profile, counts_then, counts_now, family.limits, alpha)
    return ColumnDrift(
        kind=column.kind,
        name=column.name,
        type=profile.type,
        psi=psi,
        limit=limit,
        ks=ks,
        missing_then=float(then[-1]),
        missing_now=float(now[-1]),
        drifted=psi > limit or any(share.drifted for share in shares),
        bins=tuple(names[place] for place in occurring),
        then=tuple(then[occurring].tolist()),
        now=tuple(now[occurring].tolist()),
        persistent=False,
        reference=reference,
        shares=tuple(shares),
    )


def _compare_tails(
    beyond: tuple[Floats, Floats], rows: tuple[float, float], limits: Limits, alpha: float
) -> list[ShareDrift]:
    """Compare the rows beyond the outer quantiles and those beyond the range, then and now."""
    found = []
    names = ("beyond the 1% and 99% quantiles", "beyond the range")
    floors = (limits.tails, limits.out_of_range)
    for name, floor, then, now in zip(names, floors, *beyond, strict=True):
        low, high = change_interval((then, now), rows)
        grown = now / rows[1] - then / rows[0]
        drifted = bool(grown > floor and chance_of_more(then, now, rows) < alpha)
        found.append(
            ShareDrift(
                of=name,
                then=float(then / rows[0]),
                now=float(now / rows[1]),
                low=low,
                high=high,
                limit=floor,
                drifted=drifted,
            )
        )
    return found


def _compare_decisions(
    profile: ColumnProfile, then: Floats, now: Floats, limits: Limits, alpha: float
) -> list[ShareDrift]:
    """Compare the share of each decision or class; of True and False, only that of True."""
    from scipy.special import ndtri

    known = ((then[:-1]).sum(), (now[:-1]).sum())
    names = list(map(str, profile.values))
    counts = {f"with {name}": (then[place], now[place]) for place, name in enumerate(names)}
    if set(names) == {"False"}:  # what is not False is True
        counts = {POSITIVE: (known[0] - then[0], known[1] - now[0])}
    elif set(names) <= {"True", "False"}:
        counts = {POSITIVE: counts["with True"]}
    if not min(known):
        return []
    quantile = float(-ndtri(alpha / 2 / max(len(counts), 1)))
    found = []
    for name, pair in counts.items():
        low, high = change_interval(pair, known)
        lowest, highest = change_interval(pair, known, quantile)
        moved = abs(pair[1] / known[1] - pair[0] / known[0])
        found.append(
            ShareDrift(
                of=name,
                then=float(pair[0] / known[0]),
                now=float(pair[1] / known[1]),
                low=low,
                high=high,
                limit=limits.decisions,
                drifted=bool(moved > limits.decisions and not lowest <= 0 <= highest),
            )
        )
    return found


def change_interval(
    counts: tuple[float, float], rows: tuple[float, float], quantile: float = 1.96
) -> tuple[float, float]:
    """Return an interval of the change of a share, by default the 95% interval.

    `counts` of `rows` then and now. Source: Agresti and Caffo, Simple and effective confidence
    intervals for proportions, The American Statistician 54, 2000.
    """
    then, now = ((count + 1) / (of + 2) for count, of in zip(counts, rows, strict=True))
    error = (then * (1 - then) / (rows[0] + 2) + now * (1 - now) / (rows[1] + 2)) ** 0.5
    return float(now - then - quantile * error), float(now - then + quantile * error)


def chance_of_more(then: float, now: float, rows: tuple[float, float]) -> float:
    """Return how probable so many rows beyond the ends of a column are if nothing has changed.

    The ends leave `then` of the rows then outside, and `now` of those of now are outside. The share
    of new rows beyond two order statistics is a beta variable, so the number is negative
    hypergeometric; this is its limit for many rows. At least two rows then count, since the
    smallest and the largest one may be the ends. Source: David and Nagaraja, Order Statistics,
    2003.
    """
    from scipy.special import betainc

    if not now:
        return 1.0
    return float(betainc(now, max(then, 2.0), rows[1] / sum(rows)))


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
