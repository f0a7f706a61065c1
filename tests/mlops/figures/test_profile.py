"""Profiles keep heavy values, quantiles and missing values, and give back the shares of rows."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform

profile = platform("figures.profile")
RANDOM = np.random.default_rng(5)

NUMBERS = pd.Series(RANDOM.normal(size=3_000)).round(3)
NUMBERS[:600] = 0.0  # a heavy value
NUMBERS[600:900] = None
TEXTS = pd.Series(RANDOM.choice(["a", "b", "c", "rare"], 3_000, p=[0.5, 0.3, 0.195, 0.005]))


def taken(values: pd.Series) -> Any:
    """Return the profile of one column."""
    return profile.take_profile(values.to_frame("x"))["x"]


@pytest.mark.parametrize("values", [NUMBERS, TEXTS, NUMBERS > 0], ids=["number", "text", "bool"])
def test_a_profile_reproduces_the_shares_of_its_own_rows(values: pd.Series) -> None:
    column = taken(values)
    counts = profile.count(column, values)
    assert counts.sum() == 3_000
    assert profile.expected(column) == pytest.approx(counts, abs=25)
    assert len(profile.bin_names(column)) == len(profile.bin_order(column)) == len(counts)


def test_a_date_has_no_profile() -> None:
    frame = pd.DataFrame({"day": pd.to_datetime(["2026-01-01"]), "x": [1.0]})
    assert list(profile.take_profile(frame)) == ["x"]


@pytest.mark.parametrize("values", [NUMBERS, TEXTS, pd.Series([3, 3, 4]), pd.Series([], dtype=str)])
def test_a_profile_is_read_back_from_its_json(values: pd.Series) -> None:
    column = taken(values)
    assert profile.ColumnProfile.model_validate(column.to_json()) == column


def test_whole_numbers_are_numbers_and_true_is_a_category() -> None:
    assert taken(pd.Series([1, 1, 2])).type == "number"
    column = taken(pd.Series([True, True, False]))
    assert column.to_json()["type"] == "category"
    assert column.to_json()["values"] == ["True", "False"]


def test_categories_beyond_the_thirty_most_frequent_are_other() -> None:
    column = taken(pd.Series([f"c{number:02}" for number in range(40)] * 3))
    assert len(column.shares) == 30
    assert profile.bin_names(column)[-2:] == ["other", "missing"]
    assert profile.expected(column)[-2:] == pytest.approx([30, 0])


def test_a_number_that_is_equal_to_an_edge_belongs_to_the_bin_below() -> None:
    column = taken(pd.Series(np.arange(1_000.0)))
    edge = profile.edges(column)[0]
    counts = profile.count(column, pd.Series([edge]))
    assert counts.tolist() == [1.0, *[0.0] * (len(counts) - 1)]


def test_a_column_without_values_has_a_bin_for_the_missing_ones() -> None:
    column = taken(pd.Series([None, None], dtype="float64"))
    assert profile.bin_names(column) == ["other", "missing"]
    assert profile.count(column, pd.Series([None, 1.0])).tolist() == [1.0, 1.0]


def test_large_numbers_are_written_in_full() -> None:
    column = taken(pd.Series(np.linspace(1_000, 60_000, 1_000)))
    names = profile.bin_names(column)
    assert names[0] == "≤ 6,900"
    assert names[1] == "6,900 to 12,800"
    assert not any("e+" in name for name in names)


def test_small_numbers_have_three_digits_or_as_many_as_tell_them_apart() -> None:
    names = profile.bin_names(taken(pd.Series(np.linspace(0.0123456, 0.0765432, 1_000))))
    assert names[1] == "0.0188 to 0.0252"
    names = profile.bin_names(taken(pd.Series(np.linspace(0.50001, 0.50099, 1_000))))
    assert names[1] == "0.5001 to 0.5002"
    assert len(set(names)) == len(names)
