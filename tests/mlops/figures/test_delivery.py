"""Where in its period the newest row usually is, and how many rows a period has at least."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform

delivery = platform("figures.delivery")
windows = platform("base.windows")


def learned(times: Any, period: str = "month", start: str = "2025-01-01") -> Any:
    """Return what is usual for the times in the window that ends on 2026-01-01."""
    window = windows.Window(pd.Timestamp(start), pd.Timestamp("2026-01-01"))
    edges = delivery.Periods(windows.edges(window, period))
    return delivery.learn([(edges, pd.Series(pd.to_datetime(times)))])


def daily(start: str = "2025-01-01") -> pd.DatetimeIndex:
    return pd.date_range(start, "2025-12-31", freq="D")


@pytest.mark.parametrize(
    ("times", "period", "newest_row", "rows"),
    [
        (pd.date_range("2025-01-01", periods=12, freq="MS").repeat(40), "month", 0.0, 40),
        (daily().repeat(3), "day", 0.0, 3),  # plain dates
        (pd.date_range("2024-12-30", "2025-12-28", freq="D"), "week", 6 / 7, 7),
        (
            pd.date_range("2025-01-01", periods=12, freq="MS") + pd.Timedelta(days=14),
            "month",
            14 / 31,
            1,
        ),
    ],
)
def test_the_position_of_the_newest_row_and_the_rows_of_a_period_are_learned(
    times: Any, period: str, newest_row: float, rows: int
) -> None:
    start = "2024-12-30" if period == "week" else "2025-01-01"
    if period == "week":
        window = windows.Window(pd.Timestamp(start), pd.Timestamp("2025-12-29"))
        found = delivery.learn(
            [(delivery.Periods(windows.edges(window, period)), pd.Series(times))]
        )
    else:
        found = learned(times, period, start)
    assert (found.newest_row, found.rows) == (pytest.approx(newest_row, abs=0.02), rows)


def test_one_broken_delivery_in_training_does_not_count_as_usual() -> None:
    days = daily()
    broken = (days.month == 3) & (days.day > 4)
    found = learned(days[~broken])
    assert found.newest_row > 0.9
    assert found.rows >= 28


def test_weekends_without_rows_are_usual_for_days() -> None:
    days = daily()
    assert learned(days[days.day_of_week < 5], "day").rows == 0
    quiet = days.repeat(np.where(days.day_of_week == 6, 20, 100))
    assert learned(quiet, "day").rows == 20


def test_nothing_is_learned_without_times() -> None:
    assert learned(pd.Series([None, None])) is None


@pytest.mark.parametrize(
    ("position", "newest_row", "early"),
    [
        (0.0, 0.0, False),  # plain dates, and a period of a day: the newest row is at midnight
        (0.48, 0.97, True),
        (0.49, 0.97, False),
        (0.2, 0.45, True),  # dated the 15th
        (0.23, 0.45, False),
        (0.0, None, False),  # not known: dated the first
        (0.1, None, True),
        (0.5, None, False),
    ],
)
def test_a_delivery_ends_early_where_half_of_the_usual_time_is_missing(
    position: float, newest_row: float | None, *, early: bool
) -> None:
    usual = None if newest_row is None else delivery.UsualDelivery(newest_row=newest_row, rows=1)
    assert delivery.ends_early(position, usual) is early
