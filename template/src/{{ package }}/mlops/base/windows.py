"""Time, computed from `as_of`; the clock only gives its default.

|---- train ----|-- embargo --|-- gate --|-- immature --| as_of, where the embargo is at least as
long as the label's horizon, and the immature part exactly as long.
"""

import datetime
from dataclasses import dataclass

import pandas as pd

from .errors import Misconfigured
from .settings import Period, Settings, Time


@dataclass(frozen=True)
class Window:
    """The half-open interval [start, end) of event times."""

    start: pd.Timestamp
    end: pd.Timestamp

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d}..{self.end:%Y-%m-%d}"

    def contains(self, times: pd.Series) -> pd.Series:
        """Tell for each time whether it lies inside."""
        return times.ge(self.start) & times.lt(self.end)


@dataclass(frozen=True)
class Plan:
    """The windows that one `as_of` gives."""

    train: Window
    gate: Window
    scoring: Window


def periods(count: int, period: Period) -> pd.DateOffset:
    """Return the length of `count` periods."""
    return pd.DateOffset(**{f"{period}s": count})  # type: ignore[arg-type]


def parse_as_of(text: str | None, settings: Settings) -> pd.Timestamp:
    """Return the given date, else the setting's, else the end of the last complete period."""
    if text is None and settings.as_of is None:
        today = pd.Timestamp(datetime.datetime.now(datetime.UTC).date())
        return today.to_period(settings.time.period[0].upper()).start_time
    try:
        return pd.Timestamp(datetime.date.fromisoformat(text or str(settings.as_of)))
    except ValueError:
        raise Misconfigured(f"--as-of {text} is not a date; write it as 2026-01-31.") from None


def plan(as_of: pd.Timestamp, time: Time) -> Plan:
    """Cut the time before `as_of` into the windows of the picture above."""
    embargo = time.label_horizon if time.embargo is None else time.embargo
    gate_end = as_of - periods(time.label_horizon, time.period)
    gate_start = gate_end - periods(time.gate, time.period)
    train_end = gate_start - periods(embargo, time.period)
    train = Window(train_end - periods(time.train, time.period), train_end)
    return Plan(train, Window(gate_start, gate_end), Window(as_of - periods(1, time.period), as_of))
