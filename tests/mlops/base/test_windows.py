"""Time is cut into windows that follow one another without a gap and without an overlap."""

import datetime
import itertools

import pandas as pd
import pytest
from rendering import platform

windows = platform("base.windows")
settings = platform("base.settings")
errors = platform("base.errors")


def settings_of(period: str, as_of: str | None = None) -> object:
    """Return the settings of a project with this period, and this `as_of` in its configuration."""
    return settings.Settings.model_validate(
        {
            "env": "dev",
            "as_of": as_of,
            "project_name": "loan-risk",
            "problem": "binary",
            "tables": {"loans": {"kind": "synthetic", "origin": "synthetic"}},
            "gate": {"thresholds": {"auc": {"min": 0.7}}},
            "time": {"period": period},
        }
    )


# The reference date


@pytest.mark.parametrize(
    ("period", "typed", "nearest"),
    [
        ("month", "2026-01-31", ("2026-01-01", "2026-02-01")),  # from 31 to 28: an overlap
        ("month", "2026-02-28", ("2026-02-01", "2026-03-01")),
        ("month", "2024-02-29", ("2024-02-01", "2024-03-01")),
        ("month", "2026-01-15", ("2026-01-01", "2026-02-01")),  # overlaps the default, the first
        ("month", "2025-12-31", ("2025-12-01", "2026-01-01")),
        ("week", "2026-01-01", ("2025-12-29", "2026-01-05")),  # a Thursday
        ("week", "2026-01-04", ("2025-12-29", "2026-01-05")),  # a Sunday
    ],
)
def test_a_date_inside_a_period_is_refused_with_the_nearest_valid_dates(
    period: str, typed: str, nearest: tuple[str, str]
) -> None:
    with pytest.raises(errors.Misconfigured) as caught:
        windows.parse_as_of(typed, settings_of(period))
    message = str(caught.value)
    assert f"--as-of {typed} is not the first day of a {period}" in message
    assert "time.period" in message
    for date in nearest:
        assert date in message
        assert windows.parse_as_of(date, settings_of(period)) == pd.Timestamp(date)


def test_a_date_in_the_configuration_is_held_to_the_same_rule() -> None:
    with pytest.raises(errors.Misconfigured, match=r"^the setting as_of 2026-01-31 is not"):
        windows.parse_as_of(None, settings_of("month", "2026-01-31"))


@pytest.mark.parametrize("typed", ["2026-01-31", "2026-02-28", "2024-02-29", "2026-01-07"])
def test_every_date_is_the_start_of_a_day(typed: str) -> None:
    assert windows.parse_as_of(typed, settings_of("day")) == pd.Timestamp(typed)


def test_a_typed_date_wins_over_the_configured_one() -> None:
    found = windows.parse_as_of("2026-03-01", settings_of("month", "2026-01-01"))
    assert found == pd.Timestamp("2026-03-01")
    assert windows.parse_as_of(None, settings_of("month", "2026-01-01")) < found


@pytest.mark.parametrize("typed", ["January", "2026-02-30", "01.02.2026", ""])
def test_what_is_not_a_date_is_refused(typed: str) -> None:
    with pytest.raises(errors.Misconfigured, match=f"^--as-of {typed} is not a date; write it as"):
        windows.parse_as_of(typed, settings_of("month"))


@pytest.mark.parametrize(("period", "longest"), [("day", 1), ("week", 7), ("month", 31)])
def test_without_a_date_it_is_the_end_of_the_last_complete_period(
    period: str, longest: int
) -> None:
    today = pd.Timestamp(datetime.datetime.now(datetime.UTC).date())
    found = windows.parse_as_of(None, settings_of(period))
    assert today - pd.Timedelta(days=longest) < found <= today
    assert windows.parse_as_of(f"{found:%Y-%m-%d}", settings_of(period)) == found


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_the_scoring_windows_of_all_valid_dates_follow_one_another(period: str) -> None:
    valid = []
    for day in pd.date_range("2023-12-01", "2026-03-31"):
        try:
            valid.append(windows.parse_as_of(f"{day:%Y-%m-%d}", settings_of(period)))
        except errors.Misconfigured:
            continue
    scored = [windows.plan(as_of, settings.Time(period=period)).scoring for as_of in valid]
    assert len(scored) > 24
    for earlier, later in itertools.pairwise(scored):
        assert earlier.end == later.start


# The windows of a date


def test_the_windows_follow_one_another_up_to_the_label_horizon() -> None:
    time = settings.Time(train=12, gate=3, label_horizon=2, embargo=4)
    plan = windows.plan(pd.Timestamp("2026-01-01"), time)
    assert str(plan.train) == "2024-04-01..2025-04-01"
    assert str(plan.gate) == "2025-08-01..2025-11-01"
    assert str(plan.scoring) == "2025-12-01..2026-01-01"


def test_the_embargo_is_as_long_as_the_label_horizon_unless_it_is_given() -> None:
    horizon = windows.plan(pd.Timestamp("2026-01-01"), settings.Time(label_horizon=2))
    both = windows.plan(pd.Timestamp("2026-01-01"), settings.Time(label_horizon=2, embargo=2))
    assert horizon == both


def test_an_embargo_of_zero_is_not_taken_for_one_that_is_not_given() -> None:
    plan = windows.plan(pd.Timestamp("2026-01-01"), settings.Time(embargo=0))
    assert plan.train.end == plan.gate.start


def test_a_version_of_an_older_platform_keeps_the_windows_of_its_date() -> None:
    """The gate plans with the date on the version's card, which may be inside a period."""
    plan = windows.plan(pd.Timestamp("2026-01-31"), settings.Time(train=1, gate=1))
    assert str(plan.gate) == "2025-12-31..2026-01-31"


def test_a_window_holds_its_start_and_not_its_end() -> None:
    window = windows.Window(pd.Timestamp("2026-01-01"), pd.Timestamp("2026-02-01"))
    moments = ("2025-12-31 23:59:59", "2026-01-01", "2026-01-31 23:59:59", "2026-02-01")
    times = pd.Series([pd.Timestamp(moment) for moment in moments])
    assert list(window.contains(times)) == [False, True, True, False]


def test_a_missing_time_is_in_no_window() -> None:
    window = windows.Window(pd.Timestamp("2026-01-01"), pd.Timestamp("2026-02-01"))
    assert not window.contains(pd.Series([pd.NaT])).any()


@pytest.mark.parametrize(
    ("period", "start"), [("day", "2026-01-01"), ("week", "2025-12-29"), ("month", "2026-01-01")]
)
def test_a_period_starts_as_in_the_calendar(period: str, start: str) -> None:
    """A rehearsal and a demo need a date that every command accepts."""
    assert windows.start_of_period(pd.Timestamp("2026-01-01"), period) == pd.Timestamp(start)
