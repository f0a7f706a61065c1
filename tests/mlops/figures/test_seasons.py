"""A column with a season is compared with the same month of the training, too."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform

drift = platform("figures.drift")
profile = platform("figures.profile")
seasons = platform("figures.seasons")
windows = platform("base.windows")
RANDOM = np.random.default_rng(5)

DAYS = pd.Series(pd.date_range("2025-01-01", "2025-12-31 23:00", freq="h"))


def column(values: pd.Series, period: str = "month") -> Any:
    """Return a column with the profile of a year, one row for each hour."""
    frame = values.to_frame("x")
    learned = seasons.add_seasons(profile.take_profile(frame), frame, DAYS, period)
    return drift.Column("input", "x", learned["x"])


def compared(
    column: Any, now: pd.Series, *names: str, calendar: frozenset[str] = frozenset()
) -> Any:
    """Compare rows of a window with these seasons."""
    counts = profile.tally(column.profile, now)
    return drift.compare(column, counts, drift.Family(1, seasons=names, calendar=calendar))


def seasonal(times: pd.Series) -> pd.Series:
    """Return numbers whose mean moves by 0.5 standard deviations within a year."""
    angle = 2 * np.pi * times.dt.day_of_year / 365
    return pd.Series(RANDOM.normal(0.5 * np.sin(angle), 1))


def test_a_season_is_no_drift_but_a_shift_is() -> None:
    learned = column(seasonal(DAYS))
    march = pd.Series(pd.date_range("2026-03-01", "2026-03-31 23:00", freq="h"))
    now = seasonal(march)
    assert compared(learned, now).drifted  # against the whole year
    found = compared(learned, now, "March")
    assert not found.drifted
    assert found.reference == "March"
    assert compared(learned, now, "September").drifted
    assert compared(learned, now + 1, "March").drifted


def test_a_column_without_a_season_keeps_none_and_has_all_rows_as_its_reference() -> None:
    learned = column(pd.Series(RANDOM.normal(size=len(DAYS))))
    assert len(learned.profile.seasons) <= 1  # each is kept by chance with 1%
    found = compared(learned, pd.Series(RANDOM.normal(size=700)), "June")
    assert found.reference == "all rows"
    assert not found.drifted


def test_a_month_as_a_number_has_not_drifted_and_a_year_does_unless_it_is_declared() -> None:
    months = column(DAYS.dt.month)
    assert not compared(months, pd.Series([3] * 700), "March").drifted
    assert compared(months, pd.Series([4] * 700), "March").drifted
    years = column(DAYS.dt.year)
    assert compared(years, pd.Series([2026] * 700), "March").drifted
    found = compared(years, pd.Series([2026] * 700), "March", calendar=frozenset({"x"}))
    assert (found.drifted, found.judged, found.psi > found.limit) == (False, False, True)


def test_a_day_is_compared_with_its_weekday() -> None:
    weekdays = column(DAYS.dt.day_of_week, "day")
    assert not compared(weekdays, pd.Series([6] * 200), "March", "Sunday").drifted
    assert compared(weekdays, pd.Series([5] * 200), "March", "Sunday").drifted


def test_a_season_of_an_input_that_a_profile_lacks_is_ignored() -> None:
    short = DAYS[DAYS.dt.month == 1]
    frame = seasonal(short).to_frame("x")
    plain = profile.take_profile(frame)
    assert seasons.add_seasons(plain, frame, short, "month") == plain  # there is only one


@pytest.mark.parametrize(
    ("start", "end", "period", "names"),
    [
        ("2026-03-01", "2026-04-01", "month", ("March",)),
        ("2026-03-30", "2026-04-06", "week", ("April",)),
        ("2026-03-29", "2026-03-30", "day", ("March", "Sunday")),
    ],
)
def test_a_window_has_the_season_of_its_middle(
    start: str, end: str, period: str, names: tuple[str, ...]
) -> None:
    window = windows.Window(pd.Timestamp(start), pd.Timestamp(end))
    assert seasons.season_names(window, period) == names
    assert seasons.season_names(None, period) == ()
