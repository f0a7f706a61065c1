"""Columns that carry much of the same information are found, whatever their type."""

import numpy as np
import pandas as pd
import pytest
from rendering import platform
from scipy import stats

association = platform("figures.association")
RANDOM = np.random.default_rng(5)
NUMBER = RANDOM.normal(size=1_000)
OTHER = RANDOM.normal(size=1_000)


def alike(**columns: object) -> list[list[str]]:
    """Return the groups of some columns."""
    groups: list[list[str]] = association.alike_columns(pd.DataFrame(columns), list(columns))
    return groups


def between(first: object, second: object) -> float:
    """Return the association of two columns."""
    frame = pd.DataFrame({"a": first, "b": second})
    return float(association.associations(frame, ["a", "b"])[0, 1])


def test_two_numbers_are_compared_by_spearmans_correlation() -> None:
    second = -NUMBER + 0.5 * OTHER
    expected = abs(stats.spearmanr(NUMBER, second).statistic)
    assert between(NUMBER, second) == pytest.approx(expected)
    assert between(NUMBER, np.exp(NUMBER)) == pytest.approx(1)  # any growing function is a copy


def test_two_categories_are_compared_by_cramers_v() -> None:
    first = RANDOM.choice(list("abc"), 1_000)
    second = np.where(RANDOM.random(1_000) < 0.7, first, "a")
    table = pd.crosstab(first, second)
    expected = stats.contingency.association(table.to_numpy(), method="cramer")
    assert between(first, second) == pytest.approx(expected)


def test_a_number_and_a_category_are_compared_by_the_correlation_ratio_of_ranks() -> None:
    bands = pd.Series(NUMBER).round().astype(str)
    ranks = pd.Series(NUMBER).rank()
    within = ranks.groupby(bands).transform("mean")
    assert between(NUMBER, bands) == pytest.approx(within.std() / ranks.std())
    assert between(NUMBER, OTHER > 0) < 0.1


def test_copies_are_one_group_and_others_stay_alone() -> None:
    noisy = NUMBER + 0.1 * RANDOM.normal(size=1_000)
    bands = pd.Series(np.round(2 * NUMBER)).astype(str)
    groups = alike(first=NUMBER, other=OTHER, noisy=noisy, bands=bands, flag=OTHER > 0)
    assert groups[0] == ["first", "noisy", "bands"]


def test_constant_missing_and_few_values_are_alike_to_nothing() -> None:
    nothing = pd.Series([None] * 1_000, dtype="float64")
    assert len(alike(a=NUMBER, b=1.0, c="x", d=nothing, e=[None] * 1_000)) == 5
    few = NUMBER[:40]
    assert alike(a=few, b=few) == [["a"], ["b"]]


def test_many_rows_are_sampled_and_their_index_does_not_matter() -> None:
    frame = pd.DataFrame({"a": np.tile(NUMBER, 3)}, index=np.arange(3_000) + 7)
    frame["b"] = frame["a"] * 2
    assert association.alike_columns(frame, ["a", "b"]) == [["a", "b"]]
