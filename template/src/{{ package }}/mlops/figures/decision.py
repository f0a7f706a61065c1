"""The decision of a monitoring: healthy, investigate or retrain, with a reason for each finding.

Pure functions of figures, so that a simulation can call them for thousands of months.
"""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from ..base.record import Record
from ..base.settings import Period
from .drift import ColumnDrift

Decision = Literal["healthy", "investigate", "retrain"]

HEALTHY: Decision = "healthy"
INVESTIGATE: Decision = "investigate"
RETRAIN: Decision = "retrain"
DECISIONS: tuple[Decision, ...] = (HEALTHY, INVESTIGATE, RETRAIN)  # in ascending order of gravity

INTERVAL = "95% interval"
NORMAL_QUANTILE = 1.96  # standard errors of a two-sided 95% interval
LABELS_KEPT = 0.5  # of the gate window's coverage; with less, labels are missing
FEWEST_LABELS = 20  # due in a batch; of fewer, a share says nothing
GONE = 0.99  # share of a column's values
UNSCORED = 0.01  # of the rows; a few arrive after the batch was made


@dataclass(frozen=True)
class Finding:
    """What a monitoring has found: the decision that it asks for, and the reason."""

    decision: Decision
    sentence: str  # without a full stop


@dataclass(frozen=True)
class Rule:
    """What a figure is judged against."""

    sign: Literal[1, -1]  # 1 where higher is better, -1 where lower is
    limit: float  # of the gate
    reference: float | None  # the figure of the gate window
    margin: float | None  # how far it may fall behind the reference; None applies the limit only
    events: int  # behind the figure
    gate_events: int  # behind the reference
    min_events: int  # for a verdict


class Figure(Record):
    """A metric of the matured rows, with its interval and its verdict; in the metric's own unit."""

    metric: str
    value: float | None  # None where the metric cannot be computed
    low: float | None  # end of the 95% interval
    high: float | None  # end of the 95% interval
    bound: float | None  # a value worse than this has decayed
    reference: float | None  # the figure of the gate window
    better: Literal["higher", "lower"]
    verdict: Literal["ok", "decayed", "unknown"]
    events: int  # matured rows of the rarest class; of a regression, all


@dataclass(frozen=True)
class Decay:
    """A decay that an earlier monitoring has found."""

    as_of: datetime.date
    version: int
    metric: str
    reference: float | None  # the figure of that version's gate window


class LostDecay(Record):
    """The decay of another champion that this one has not made up for."""

    metric: str
    then: float  # the figure of the other champion's gate window
    now: float  # the figure of this champion's gate window
    as_of: datetime.date  # of the monitoring that found the decay
    version: int  # the other champion


class Staleness(Record):
    """What can make a champion stale."""

    age: int  # since the date that it was trained as of, in whole periods
    limit: int  # of the age, in periods
    period: Period
    drifted_share: float  # of the inputs, those whose drift persists, 0 to 1
    lost: LostDecay | None
    stale: bool  # for one of the reasons that `staleness` gives


class InputRows(Record):
    """The rows of the last scored period."""

    scored: int  # predictions in the batch
    read: int | None  # rows in the tables; None where format 1 of a report did not count them
    usual: float | None  # rows of a period in training; None online and without event times
    doubled: int | None  # rows whose key occurred before; 0 online; None as for `read`
    without_prediction: int  # rows in the tables that are not in the batch


class OutcomeRows(Record):
    """The rows whose labels are due."""

    expected: int  # the champion's predictions
    matured: int  # of these, with a label
    unknown_keys: int  # labels without a prediction
    coverage: float | None  # matured / expected; None where nothing is expected


class RowCounts(InputRows, OutcomeRows):
    """All row counts of a monitoring."""


@dataclass(frozen=True)
class BatchLabels:
    """How many labels of one batch are due, and how many have arrived."""

    date: datetime.date
    due: int
    arrived: int


def decide(findings: Sequence[Finding]) -> tuple[Decision, list[str]]:
    """Return the gravest decision, and all sentences, the gravest first."""
    ordered = sorted(findings, key=lambda each: DECISIONS.index(each.decision), reverse=True)
    decision = ordered[0].decision if ordered else HEALTHY
    return decision, [finding.sentence for finding in ordered]


def judge(metric: str, value: float, error: float, rule: Rule) -> Figure:
    """Return a figure with its interval, its bound and its verdict; `error` is its standard error.

    It has decayed if it is worse than the gate's limit by more than chance, or worse than in the
    gate window by more than the margin and chance, to which both windows contribute.
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


def interval(value: float, error: float) -> tuple[float, float]:
    """Return the ends of the 95% interval around a figure; NaN where its error is not known."""
    return value - NORMAL_QUANTILE * error, value + NORMAL_QUANTILE * error


def interval_text(value: float, error: float) -> str:
    """Return the interval as text, `0.7369 to 0.8019`; empty where the error is not known."""
    low, high = interval(value, error)
    return f"{low:.4f} to {high:.4f}" if isfinite(low) else ""


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def performance(figures: Iterable[Figure]) -> Iterator[Finding]:
    """Ask for retraining where a figure has decayed."""
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


def unrecovered(
    metric: str, rule: Rule, learned_from: datetime.date | None, decays: Sequence[Decay]
) -> LostDecay | None:
    """Return the newest decay of another champion that this one has not made up for.

    It was trained on rows from before that decay, and its gate window's figure is worse than the
    other's was, by more than the margin. Rows reach the training window long after a change.
    `learned_from` is the start of the training window, None where it has no dates; `decays` are
    those of other champions, the oldest first.
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


def staleness(stale: Staleness, most_drifted: float) -> Iterator[Finding]:
    """Ask for retraining where the champion missed a change, is too old, or its inputs drifted."""
    if lost := stale.lost:
        yield Finding(
            RETRAIN,
            f"version {lost.version} had decayed by {lost.as_of}, and the champion was trained on "
            f"rows from before that too: {lost.metric} is {lost.now:.3f} in its gate window, "
            f"and was {lost.then:.3f} in that of version {lost.version}",
        )
    if stale.age > stale.limit:
        yield Finding(
            RETRAIN,
            f"the champion's age is {stale.age} {stale.period}s, more than {stale.limit}",
        )
    if stale.drifted_share > most_drifted:
        yield Finding(
            RETRAIN,
            f"{stale.drifted_share:.0%} of its inputs have drifted, more than {most_drifted:.0%}",
        )


def drift(columns: Iterable[ColumnDrift]) -> Iterator[Finding]:
    """Ask for an investigation where drift persists or a column is gone; mention other drift."""
    for column in sorted(columns, key=lambda each: each.ratio, reverse=True):
        figures = f"PSI {column.psi:.2f}, more than {column.limit:.2f}"
        gone = column.missing_now > GONE and column.missing_then < 1 - GONE / 2
        if column.persistent:
            yield Finding(
                INVESTIGATE,
                f"{column.label} has drifted in two of the last three windows ({figures})",
            )
        elif gone:
            yield Finding(
                INVESTIGATE,
                f"{column.label} is nearly empty in this window ({column.missing_now:.0%} missing)",
            )
        elif column.drifted:
            yield Finding(
                HEALTHY, f"{column.label} has drifted in this window only, so far ({figures})"
            )


def completeness(rows: InputRows, least: float) -> Iterator[Finding]:
    """Ask for an investigation of rows that are too few, occur twice or have no prediction.

    `least` is the smallest share of the usual rows of a period that is accepted, 0 to 1.
    """
    if rows.usual and rows.read and rows.read < least * rows.usual:
        yield Finding(
            INVESTIGATE,
            f"{rows.read} rows were read for the period, and {rows.usual:,.0f} a period in "
            "training; check whether the delivery is complete",
        )
    if rows.doubled:
        yield Finding(INVESTIGATE, f"{rows.doubled} keys of the period occur twice in the tables")
    if rows.scored and rows.without_prediction > UNSCORED * rows.scored:
        yield Finding(
            INVESTIGATE, f"{rows.without_prediction} rows of the period have no prediction"
        )


def label_completeness(batches: Iterable[BatchLabels], coverage: float) -> Iterator[Finding]:
    """Ask for an investigation of batches whose labels are missing.

    `coverage` is the share of the gate window's rows that have a label, 0 to 1.
    """
    for batch in batches:
        if batch.due >= FEWEST_LABELS and batch.arrived < LABELS_KEPT * coverage * batch.due:
            yield Finding(
                INVESTIGATE,
                f"{batch.arrived} of {batch.due} labels due for the batch of {batch.date} have "
                f"arrived ({batch.arrived / batch.due:.0%}; {coverage:.0%} in the gate window)",
            )
