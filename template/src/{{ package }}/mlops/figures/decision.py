"""The decision of `monitor`: healthy, investigate or retrain, with a reason for each finding.

All functions are pure, so that thousands of months can be simulated with them.
"""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from ..base.record import Record
from ..base.settings import Period
from .domain import DomainDrift
from .drift import ColumnDrift

Decision = Literal["healthy", "investigate", "retrain"]

HEALTHY: Decision = "healthy"
INVESTIGATE: Decision = "investigate"
RETRAIN: Decision = "retrain"
DECISIONS: tuple[Decision, ...] = (HEALTHY, INVESTIGATE, RETRAIN)  # the most serious last

INTERVAL = "95% interval"
NORMAL_QUANTILE = 1.96  # standard errors to either end of a 95% interval
MIN_COVERAGE_RATIO = 0.5  # labels are missing if coverage falls below this share of the gate's
MIN_LABELS_DUE = 20  # in a batch; the coverage of fewer says nothing
EMPTY_SHARE = 0.99  # a column with more missing values is nearly empty
MAX_UNSCORED_SHARE = 0.01  # relative to the predictions; a few rows arrive after the batch


@dataclass(frozen=True)
class Finding:
    """One thing that `monitor` has found."""

    decision: Decision
    """What should happen because of it."""
    sentence: str
    """What was found, without a full stop."""


@dataclass(frozen=True)
class Rule:
    """What a figure is judged against; values are in the metric's unit."""

    sign: Literal[1, -1]
    """1 if higher is better, -1 if lower is."""
    limit: float
    """The gate's threshold."""
    reference: float | None
    """The figure of the gate window; None if it could not be computed."""
    margin: float | None
    """How much worse than the reference it may be; None applies the limit only."""
    events: int
    """Matured rows of the rarest class; for a regression, all matured rows."""
    gate_events: int
    """The same for the gate window."""
    min_events: int
    """With fewer events the verdict is `unknown`."""


class Figure(Record):
    """A metric of the matured rows, with its interval and verdict; values are in its own unit.

    A value is None if it cannot be computed.
    """

    metric: str
    """The metric's name: `auc`."""
    value: float | None
    """The metric of the matured rows."""
    low: float | None
    """Lower end of the 95% interval."""
    high: float | None
    """Upper end of the 95% interval."""
    bound: float | None
    """A value worse than this has decayed."""
    reference: float | None
    """The figure of the gate window."""
    better: Literal["higher", "lower"]
    """Which values of the metric are better."""
    verdict: Literal["ok", "decayed", "unknown", "seen in training"]
    """`unknown` with too few events, or without a value or bound; `seen in training` if the
    champion was trained on all matured rows, so that none of them can judge it."""
    events: int
    """Matured rows of the rarest class; for a regression, all matured rows."""


@dataclass(frozen=True)
class Decay:
    """A decay that an earlier run of `monitor` found."""

    as_of: datetime.date
    """The reference date of that run."""
    version: int
    """The champion at that time."""
    metric: str
    """The metric that had decayed."""
    reference: float | None
    """The figure of that champion's gate window."""


class LostDecay(Record):
    """A decay of another champion from which this one has not recovered."""

    metric: str
    """The metric that had decayed."""
    then: float
    """The figure of the other champion's gate window."""
    now: float
    """The figure of this champion's gate window."""
    as_of: datetime.date
    """The reference date of the run that found the decay."""
    version: int
    """The other champion."""


class Staleness(Record):
    """What can make a champion stale."""

    age: int
    """Whole periods since the champion's reference date."""
    limit: int
    """The greatest age that is accepted, in periods."""
    period: Period
    """The unit of `age` and `limit`."""
    drifted_share: float
    """Share of the inputs whose drift persists, 0 to 1."""
    lost: LostDecay | None
    """The newest decay from which the champion has not recovered, if there is one."""
    stale: bool
    """Whether the champion is stale, for one of the reasons of `staleness_findings`."""


class InputRows(Record):
    """The rows of the last scored period."""

    scored: int
    """Predictions in the batch."""
    read: int | None
    """Rows in the tables; None in reports of format 1, which did not count them."""
    usual: float | None
    """Rows of a period in training; None online and without event times."""
    doubled: int | None
    """Rows that repeat the key of an earlier row; 0 online; None as for `read`."""
    without_prediction: int
    """Rows in the tables that are not in the batch."""
    undated: int | None = None
    """Rows that were left out because their time is missing, which schema.py allows; None in
    reports that did not count them."""
    usual_least: int | None = None
    """Rows of a day in training that has few of them, such as a Sunday; None for longer periods,
    online, without event times, and if it was not learned."""


class OutcomeRows(Record):
    """The rows whose labels are due."""

    expected: int
    """The champion's predictions."""
    matured: int
    """Those among them that have a label."""
    unknown_keys: int
    """Labels without a prediction."""
    coverage: float | None
    """matured / expected, 0 to 1; None if nothing is expected."""
    seen_in_training: int | None = None
    """Matured rows that the champion was trained on, which are not judged; None in reports that
    judged them as well."""


class RowCounts(InputRows, OutcomeRows):
    """All row counts of a report."""


@dataclass(frozen=True)
class BatchLabels:
    """How many labels of one batch are due, and how many have arrived."""

    date: datetime.date
    """The scoring date."""
    due: int
    """The champion's predictions in the batch."""
    arrived: int
    """Those among them that have a label."""


def decide(findings: Sequence[Finding]) -> tuple[Decision, list[str]]:
    """Return the most serious decision, and all sentences, the most serious first."""
    ordered = sorted(findings, key=lambda each: DECISIONS.index(each.decision), reverse=True)
    decision = ordered[0].decision if ordered else HEALTHY
    return decision, [finding.sentence for finding in ordered]


def judge(metric: str, value: float, error: float, rule: Rule) -> Figure:
    """Return a figure with its interval, its bound and its verdict; `error` is its standard error.

    It has decayed if it is worse than the gate's limit by more than chance explains, or worse than
    in the gate window by more than the margin and chance. In the second case both windows
    contribute to chance.
    """
    bound = rule.sign * rule.limit - NORMAL_QUANTILE * error
    if rule.margin is not None and rule.reference is not None:
        both = error * (1 + rule.events / max(rule.gate_events, 1)) ** 0.5
        bound = max(bound, rule.sign * rule.reference - rule.margin - NORMAL_QUANTILE * both)
    low, high = interval(value, error)
    verdict: Literal["ok", "decayed", "unknown"] = "ok"
    if rule.events < rule.min_events or not (isfinite(value) and isfinite(bound)):
        verdict = "unknown"
    elif rule.sign * value < bound:
        verdict = "decayed"
    return Figure(
        metric=metric,
        value=_finite(value),
        low=_finite(low),
        high=_finite(high),
        bound=_finite(rule.sign * bound),
        reference=rule.reference,
        better="higher" if rule.sign > 0 else "lower",
        verdict=verdict,
        events=rule.events,
    )


def not_judged(metric: str, rule: Rule) -> Figure:
    """Return a figure that has no value, because the champion was trained on all matured rows."""
    return Figure(
        metric=metric,
        value=None,
        low=None,
        high=None,
        bound=None,
        reference=rule.reference,
        better="higher" if rule.sign > 0 else "lower",
        verdict="seen in training",
        events=0,
    )


def interval(value: float, error: float) -> tuple[float, float]:
    """Return the ends of the 95% interval around a figure; NaN if its error is not known."""
    return value - NORMAL_QUANTILE * error, value + NORMAL_QUANTILE * error


def interval_text(value: float, error: float) -> str:
    """Return the interval as text, `0.7369 to 0.8019`; empty if the error is not known."""
    low, high = interval(value, error)
    return f"{low:.4f} to {high:.4f}" if isfinite(low) else ""


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def performance_findings(figures: Iterable[Figure]) -> Iterator[Finding]:
    """Call for retraining for each figure that has decayed."""
    for figure in figures:
        if figure.verdict != "decayed":
            continue
        around = f"{INTERVAL} {figure.low:.3f} to {figure.high:.3f}"
        if figure.reference is not None:
            around += f"; {figure.reference:.3f} in the gate window"
        side = "below" if figure.better == "higher" else "above"
        yield Finding(
            RETRAIN,
            f"{figure.metric} is {figure.value:.3f} ({around}), {side} its bound of "
            f"{figure.bound:.3f}: further than chance explains",
        )


def find_lost_decay(
    metric: str, rule: Rule, learned_from: datetime.date | None, decays: Sequence[Decay]
) -> LostDecay | None:
    """Return the newest decay of another champion from which this one has not recovered.

    The champion's training window reaches back to before that decay, and its figure in its own gate
    window is worse than that of the other champion by more than the margin. (A change enters the
    training window only long after it happened.) `learned_from` is the start of the training
    window, None if it has no dates; `decays` are those of other champions, oldest first.
    """
    if learned_from is None or rule.margin is None or rule.reference is None:
        return None
    for decay in reversed(decays):
        if decay.metric != metric or decay.reference is None or decay.as_of <= learned_from:
            continue
        if rule.sign * (decay.reference - rule.reference) > rule.margin:
            return LostDecay(
                metric=metric,
                then=decay.reference,
                now=rule.reference,
                as_of=decay.as_of,
                version=decay.version,
            )
    return None


def staleness_findings(staleness: Staleness, max_drifted: float) -> Iterator[Finding]:
    """Call for retraining if the champion missed a change, is too old, or its inputs drifted.

    `max_drifted` is the largest accepted share of inputs whose drift persists, 0 to 1.
    """
    if lost := staleness.lost:
        yield Finding(
            RETRAIN,
            f"version {lost.version} had decayed by {lost.as_of}, and the champion was trained on "
            f"rows from before that date, too: {lost.metric} is {lost.now:.3f} in the champion's "
            f"gate window, and was {lost.then:.3f} in that of version {lost.version}",
        )
    if staleness.age > staleness.limit:
        yield Finding(
            RETRAIN,
            f"the champion's age is {staleness.age} {staleness.period}s, more than "
            f"{staleness.limit}",
        )
    if staleness.drifted_share > max_drifted:
        yield Finding(
            RETRAIN,
            f"{staleness.drifted_share:.0%} of its inputs have drifted, more than "
            f"{max_drifted:.0%}",
        )


def drift_findings(columns: Iterable[ColumnDrift]) -> Iterator[Finding]:
    """Call for an investigation if drift persists or a column is empty; mention other drift."""
    for column in sorted(columns, key=lambda each: each.ratio, reverse=True):
        empty = column.missing_now > EMPTY_SHARE and column.missing_then < 1 - EMPTY_SHARE / 2
        if column.persistent:
            yield Finding(
                INVESTIGATE,
                f"{column.label} has drifted in this window and in one of the two before "
                f"({column.evidence})",
            )
        elif empty:
            yield Finding(
                INVESTIGATE,
                f"{column.label} is nearly empty in this window ({column.missing_now:.0%} missing)",
            )
        elif column.drifted:
            yield Finding(
                HEALTHY,
                f"{column.label} has drifted in this window only, so far ({column.evidence})",
            )


def domain_findings(together: DomainDrift | None) -> Iterator[Finding]:
    """Call for an investigation if the inputs together keep drifting; mention it if they do now."""
    if together is None or not together.drifted:
        return
    figures = f"AUC {together.auc:.2f}, more than {together.limit:.2f}"
    if together.persistent:
        yield Finding(
            INVESTIGATE,
            "a classifier tells the rows of this window, and of one of the two before, from those "
            f"of the training, although no column shows it on its own ({figures})",
        )
    else:
        yield Finding(
            HEALTHY,
            "a classifier tells the rows of this window from those of the training, although no "
            f"column shows it on its own; in this window only, so far ({figures})",
        )


def completeness_findings(rows: InputRows, min_share: float) -> Iterator[Finding]:
    """Call for an investigation of rows that are too few, occur twice or have no prediction.

    `min_share` is the smallest accepted share of the usual rows of a period, 0 to 1. Fewer are
    accepted on a day if some days of the training had no more, such as Sundays.
    """
    if rows.usual and rows.read:
        limit = min_share * rows.usual
        if rows.usual_least is not None:
            limit = min(limit, rows.usual_least)
        if rows.read < limit:
            yield Finding(
                INVESTIGATE,
                f"{rows.read} rows were read for the period, but the training window has "
                f"{rows.usual:,.0f} a period; check whether the delivery is complete",
            )
    if rows.doubled:
        keys = "key occurs" if rows.doubled == 1 else "keys occur"
        yield Finding(INVESTIGATE, f"in the period, {rows.doubled} {keys} twice in the tables")
    if rows.scored and rows.without_prediction > MAX_UNSCORED_SHARE * rows.scored:
        yield Finding(
            INVESTIGATE, f"{rows.without_prediction} rows of the period have no prediction"
        )


def label_findings(batches: Iterable[BatchLabels], coverage: float) -> Iterator[Finding]:
    """Call for an investigation of batches whose labels are missing.

    `coverage` is the share of the gate window's rows that have a label, 0 to 1.
    """
    for batch in batches:
        if batch.due < MIN_LABELS_DUE:
            continue
        if batch.arrived < MIN_COVERAGE_RATIO * coverage * batch.due:
            yield Finding(
                INVESTIGATE,
                f"{batch.arrived} of {batch.due} labels due for the batch of {batch.date} have "
                f"arrived ({batch.arrived / batch.due:.0%}; {coverage:.0%} in the gate window)",
            )
