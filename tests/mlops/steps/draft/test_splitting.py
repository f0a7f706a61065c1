"""How the rows of a proposal are split."""

import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform

splitting = platform("steps.draft.splitting")


def plan(times: Any, truth: Any = None, group: object = None) -> Any:
    """Return the split of rows at these times."""
    rows = len(times) if times is not None else 1_000
    known = pd.Series(np.arange(rows) % 2, dtype="float64") if truth is None else truth
    return splitting.plan_split(times, SimpleNamespace(truth=known), group, "binary")


def days(first: str, last: str, each: int = 10) -> pd.Series:
    return pd.Series(np.repeat(pd.date_range(first, last), each))


def test_two_years_are_split_by_month_up_to_the_last_complete_one() -> None:
    found = plan(days("2024-01-01", "2025-12-03"))
    assert (found.split, found.period) == ("time", "month")
    assert found.as_of == datetime.date(2025, 12, 1)
    assert (found.train, found.gate, found.events) == (20, 3, 455)


def test_a_month_with_the_usual_number_of_rows_is_complete() -> None:
    firsts = pd.Series(np.repeat(pd.date_range("2024-01-01", "2025-12-01", freq="MS"), 50))
    assert plan(firsts).as_of == datetime.date(2026, 1, 1)


@pytest.mark.parametrize(("last", "period"), [("2025-03-31", "week"), ("2025-01-20", "day")])
def test_a_short_history_is_split_by_shorter_periods(last: str, period: str) -> None:
    found = plan(days("2025-01-01", last))
    assert (found.split, found.period) == ("time", period)
    assert found.train + found.gate >= splitting.FEWEST_PERIODS


def test_newest_months_without_labels_give_the_label_horizon() -> None:
    times = days("2024-01-01", "2025-12-31")
    truth = pd.Series(np.arange(len(times)) % 2, dtype="float64").mask(times >= "2025-10-01")
    found = plan(times, truth)
    assert found.label_horizon == 3
    assert found.train + found.gate == 24 - 2 * 3


def test_without_enough_dates_the_split_is_random_or_by_group() -> None:
    assert plan(None).split == "random"
    assert plan(None, group="customer").split == "group"
    found = plan(days("2025-01-01", "2025-01-03"))
    assert (found.split, found.as_of) == ("random", None)
    assert "too few" in found.reason


def test_a_gate_with_rare_events_is_longer() -> None:
    times = days("2022-01-01", "2025-12-31", each=2)
    truth = pd.Series(np.arange(len(times)) % 50 == 0, dtype="float64")
    assert plan(times, truth).gate > plan(times).gate
