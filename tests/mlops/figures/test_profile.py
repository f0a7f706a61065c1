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
    assert profile.bin_names(column)[-7:] == [
        *(f"other {number}" for number in range(1, 6)),
        "unseen",
        "missing",
    ]  # a quarter of the rows
    assert profile.expected(column)[-7:].sum() == pytest.approx(30)
    assert profile.expected(column)[-2:].tolist() == [0, 0]


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


def rare(count: int, rows: int, start: int = 0) -> pd.Series:
    """Return rows with categories that are equally frequent, and too rare for their own bins."""
    return pd.Series([f"c{number}" for number in RANDOM.integers(start, start + count, rows)])


def test_categories_that_occur_once_say_how_many_unseen_ones_to_expect() -> None:
    then, now = rare(1_000, 2_000), rare(1_000, 2_000)
    column = taken(then)
    actual = ~now.isin(then)
    assert column.unseen == pytest.approx(actual.mean(), abs=0.03)
    assert profile.count(column, now)[-2] == pytest.approx(actual.sum(), abs=30)
    assert profile.expected(column).sum() == pytest.approx(2_000)


def test_of_very_many_categories_the_hashes_of_some_are_kept() -> None:
    column = taken(rare(9_000, 30_000))
    assert column.seen_of == 5
    assert len(column.seen) < 2_000
    assert len(column.model_dump_json()) < 20_000
    old, new = rare(9_000, 30_000), rare(9_000, 30_000, start=9_000)
    assert profile.count(column, old)[-2] == pytest.approx(column.unseen * 30_000, abs=100)
    assert profile.count(column, new)[-2] == pytest.approx(30_000 / 5, rel=0.1)


def test_a_profile_of_an_older_template_counts_rare_categories_as_before() -> None:
    old = taken(TEXTS).model_copy(update={"hashed": (), "seen": ()})
    assert profile.bin_names(old) == ["a", "b", "c", "other", "missing"]
    assert profile.expected(old) == pytest.approx(profile.count(old, TEXTS))
    assert profile.count(old, pd.Series(["a", "new", "rare", None])).tolist() == [1, 0, 0, 2, 1]


def test_the_tails_are_the_outer_quantiles_and_the_range() -> None:
    values = pd.Series(np.arange(10_001.0))
    ends = profile.tails(taken(values))
    assert (ends.low, ends.high) == pytest.approx((100, 9_900))
    assert (ends.least, ends.most) == (0, 10_000)
    assert ends.beyond == pytest.approx(0.02, abs=0.001)
    counts = profile.tally(taken(values), pd.Series([-1.0, 50.0, 5_000.0, 10_001.0, None]))
    assert counts[-2:].tolist() == [3, 2]


def test_frequent_numbers_count_in_the_tails_and_categories_have_none() -> None:
    mostly_zero = pd.Series([0.0] * 900 + list(range(1, 101)))
    ends = profile.tails(taken(mostly_zero))
    assert (ends.low, ends.least) == (0, 0)
    assert ends.high == pytest.approx(90, abs=1)
    assert profile.tails(taken(TEXTS)) is None
    assert profile.tails(taken(pd.Series([None, None], dtype="float64"))) is None
