"""How the rows of a proposal are split: along time where there are dates, else by a hash."""

import datetime
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from ...base.settings import Period, Problem, Split
from .profile import Column
from .target import Target

FEWEST_PERIODS = 8
LARGEST_GATE = 0.25  # of all periods
USUAL_GATE = 3  # periods
ENOUGH_EVENTS = 150  # in the gate window
PARTIAL = 0.5  # of the usual number: a period with fewer rows, or known labels, is not complete
RANDOM = (7, 3)  # parts to train on, and for the gate


@dataclass(frozen=True)
class SplitPlan:
    """The part `time` of a configuration, and what follows from it."""

    split: Split
    """How train and gate rows are separated."""
    reason: str
    """Why the split does not follow time; empty if it does."""
    period: Period
    """The period of the windows, if the split follows time."""
    train: int
    """Length of the training window, in periods, or parts of a split that does not follow time."""
    gate: int
    """The same for the gate."""
    label_horizon: int
    """Periods at the end of the table in which most labels are missing."""
    as_of: datetime.date | None
    """The end of the last complete period; None if the split does not follow time."""
    events: int
    """About how many rows of the rarest class are held out, or how many rows for a regression."""


def plan_split(
    times: "pd.Series[pd.Timestamp] | None",
    target: Target,
    group: Column | None,
    problem: Problem,
) -> SplitPlan:
    """Return the split along time if there are enough periods, else one by group or at random."""
    events = _mark_events(target.truth, problem)
    if times is not None:
        for period in reversed(get_args(Period)):
            plan = _plan_periods(times, target.truth.notna(), events, period)
            if plan is not None:
                return plan
    why = "The table has no dates" if times is None else "The dates of the table are too few"
    split: Split = "group" if group else "random"
    train, gate = RANDOM
    held_out = int(events.sum() * gate / (train + gate))
    reason = f"{why}, so the split cannot follow time."
    return SplitPlan(split, reason, "month", train, gate, 0, None, held_out)


def _mark_events(truth: pd.Series, problem: Problem) -> "pd.Series[bool]":
    """Return which rows have the rarest class, or a target at all in a regression."""
    if problem == "regression":
        return truth.notna()
    return truth.eq(truth.value_counts().index[-1])


def _plan_periods(
    times: "pd.Series[pd.Timestamp]",
    known: "pd.Series[bool]",
    events: "pd.Series[bool]",
    period: Period,
) -> SplitPlan | None:
    """Return the split along periods of one length, or None if there are too few of them."""
    dated = times.notna()
    own = times[dated].dt.to_period(period[0].upper())
    whole = pd.period_range(own.min(), own.max())
    rows = own.value_counts().reindex(whole, fill_value=0).to_numpy("float64")
    labelled = own[known[dated]].value_counts().reindex(whole, fill_value=0).to_numpy("float64")
    counted = own[events[dated]].value_counts().reindex(whole, fill_value=0).to_numpy("float64")
    end = len(whole)
    if rows[-1] < PARTIAL * np.median(rows[rows > 0]):
        end -= 1
    horizon = _count_unlabelled(rows[:end], labelled[:end])
    length = end - 2 * horizon  # the embargo is as long as the horizon
    if length < FEWEST_PERIODS:
        return None
    most = max(1, int(LARGEST_GATE * length))
    gate_end = end - horizon
    for gate in range(min(USUAL_GATE, most), most + 1):
        held_out = int(counted[gate_end - gate : gate_end].sum())
        if held_out >= ENOUGH_EVENTS:
            break
    as_of = whole[end - 1].end_time.date() + datetime.timedelta(days=1)
    return SplitPlan("time", "", period, length - gate, gate, horizon, as_of, held_out)


def _count_unlabelled(rows: np.ndarray, labelled: np.ndarray) -> int:
    """Return in how many periods at the end most labels are missing that earlier ones have."""
    shares = labelled / np.maximum(rows, 1)
    usual = np.median(shares[rows > 0])
    lacking = (shares < PARTIAL * usual) | (rows == 0)
    return int(np.argmin(lacking[::-1])) if not lacking.all() else 0
