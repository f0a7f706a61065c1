"""Time windows, computed from the reference date `as_of`; only its default uses the clock.

|---- train ----|-- embargo --|-- gate --|-- immature --| as_of

The immature part is as long as the label horizon; the embargo is at least as long.
"""

import datetime
from dataclasses import dataclass

import pandas as pd

from .errors import Misconfigured
from .settings import Period, Settings, Time

SPARED = 0.05  # share of the training window that may be empty before the first row


@dataclass(frozen=True)
class Window:
    """The half-open interval [start, end) of event times."""

    start: pd.Timestamp
    """The first moment that is inside."""
    end: pd.Timestamp
    """The first moment that is no longer inside."""

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d}..{self.end:%Y-%m-%d}"

    def contains(self, times: "pd.Series[pd.Timestamp]") -> "pd.Series[bool]":
        """Return for each time whether it is in the window; missing times are not."""
        return times.ge(self.start) & times.lt(self.end)


@dataclass(frozen=True)
class Plan:
    """The windows of one reference date."""

    train: Window
    """The events that a model learns from."""
    gate: Window
    """The events that it is judged on."""
    scoring: Window
    """The last period before the reference date, whose rows are scored."""


def periods(count: int, period: Period) -> pd.DateOffset:
    """Return the length of `count` periods."""
    return pd.DateOffset(**{f"{period}s": count})  # type: ignore[arg-type]


def edges(window: Window, period: Period) -> pd.DatetimeIndex:
    """Return the moments at which the periods of a window begin, and its end."""
    moments = [window.end]
    while moments[-1] > window.start:
        moments.append(window.end - periods(len(moments), period))
    return pd.DatetimeIndex(moments[::-1])


def parse_as_of(text: str | None, settings: Settings) -> pd.Timestamp:
    """Return the given date, or else the setting's, or else the end of the last complete period.

    Raises Misconfigured for text that is not a date, and for a date inside a period: the windows of
    31 January and 28 February, for example, would overlap in part.
    """
    if text is not None:
        where = "--as-of"
        as_of = _parse_date(text)
    elif settings.as_of is not None:
        where = "the setting as_of"
        as_of = pd.Timestamp(settings.as_of)
    else:
        today = pd.Timestamp(datetime.datetime.now(datetime.UTC).date())
        return start_of_period(today, settings.time.period)
    _require_start_of_period(as_of, settings.time.period, where)
    return as_of


def plan(as_of: pd.Timestamp, time: Time) -> Plan:
    """Return the windows that end at or before `as_of`, as in the picture above."""
    embargo = time.label_horizon if time.embargo is None else time.embargo
    gate_end = as_of - periods(time.label_horizon, time.period)
    gate_start = gate_end - periods(time.gate, time.period)
    train_end = gate_start - periods(embargo, time.period)
    train_start = train_end - periods(time.train, time.period)
    return Plan(
        train=Window(train_start, train_end),
        gate=Window(gate_start, gate_end),
        scoring=Window(as_of - periods(1, time.period), as_of),
    )


def start_of_period(day: pd.Timestamp, period: Period) -> pd.Timestamp:
    """Return the first day of the calendar's period around a day; a week begins on Monday."""
    return day.to_period(period[0].upper()).start_time


def describe_history(as_of: pd.Timestamp, time: Time) -> str:
    """Return since when rows are needed, and which settings say so."""
    start = plan(as_of, time).train.start
    embargo = time.label_horizon if time.embargo is None else time.embargo
    total = time.train + embargo + time.gate + time.label_horizon
    return (
        f"rows are needed from {start:%Y-%m-%d} on, {total} {time.period}s before the reference "
        f"date (time.train {time.train}, embargo {embargo}, time.gate {time.gate}, "
        f"time.label_horizon {time.label_horizon})"
    )


def describe_late_start(first: pd.Timestamp, as_of: pd.Timestamp, time: Time) -> str:
    """Return a sentence if the first row leaves a good part of the training window empty.

    It is empty if the window is covered. A few days, such as a weekend, do not count.
    """
    window = plan(as_of, time).train
    empty = int(edges(window, time.period).searchsorted(first, side="right")) - 1
    if empty <= time.train * SPARED:
        return ""
    return (
        f"the training window {window} has no rows before {first:%Y-%m-%d}, which leaves {empty} "
        f"of its {time.train} {time.period}s empty; provide older rows, or shorten time.train"
    )


def _parse_date(text: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(datetime.date.fromisoformat(text))
    except ValueError:
        raise Misconfigured(
            f"--as-of {text} is not a date; write it as YYYY-MM-DD, such as 2026-01-01."
        ) from None


def _require_start_of_period(as_of: pd.Timestamp, period: Period, where: str) -> None:
    start = start_of_period(as_of, period)
    if as_of == start:
        return
    following = start + periods(1, period)
    monday = " (a Monday)" if period == "week" else ""
    raise Misconfigured(
        f"{where} {as_of:%Y-%m-%d} is not the first day of a {period}{monday}, as a reference date "
        f"must be (time.period: {period}); give {start:%Y-%m-%d} or {following:%Y-%m-%d}."
    )
