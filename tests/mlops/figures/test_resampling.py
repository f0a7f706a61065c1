"""The bootstrap draws rows or whole clusters, and its errors are those of the formulas."""

import numpy as np
import pandas as pd
import pytest
from rendering import platform

resampling = platform("figures.resampling")
RANDOM = np.random.default_rng(7)


def test_a_row_without_a_cluster_is_its_own_cluster() -> None:
    members = resampling._Members(pd.Series(["a", "b", None, None, None, "a"]))
    found = [sorted(members.of(np.array([number])).tolist()) for number in range(5)]
    assert sorted(found) == [[0, 5], [1], [2], [3], [4]]
    first, last = (members.of(np.array([number])).tolist() for number in (0, 4))
    assert members.of(np.array([4, 0, 4])).tolist() == [*last, *first, *last]


def test_the_standard_error_of_a_mean_is_that_of_the_formula() -> None:
    values = RANDOM.normal(size=500)
    [error] = resampling.standard_error(lambda drawn: [float(values[drawn].mean())], len(values))
    assert error == pytest.approx(values.std() / np.sqrt(500), rel=0.15)


def test_the_error_of_many_rows_is_scaled_from_smaller_draws() -> None:
    rows = 80_000
    values = RANDOM.normal(size=rows)
    sizes = set()

    def mean(drawn: np.ndarray) -> list[float]:
        sizes.add(len(drawn))
        return [float(values[drawn].mean())]

    [error] = resampling.standard_error(mean, rows)
    assert sizes == {20_000}
    assert error == pytest.approx(1 / np.sqrt(rows), rel=0.15)


def test_the_lower_bound_of_a_mean_is_that_of_the_formula() -> None:
    values = RANDOM.normal(size=500)
    bound = resampling.lower_bound(lambda drawn: float(values[drawn].mean()), len(values))
    assert bound == pytest.approx(values.mean() - 1.645 * values.std() / np.sqrt(500), abs=0.02)


def test_draws_without_a_figure_are_left_out() -> None:
    figures = iter([float("nan"), 2.0] * 200)
    assert resampling.lower_bound(lambda _: next(figures), 10) == 2.0
    assert np.isnan(resampling.lower_bound(lambda _: float("nan"), 10))


def test_repeated_rows_of_a_cluster_make_a_bound_no_tighter() -> None:
    values = np.repeat(RANDOM.normal(size=50), 10)
    clusters = pd.Series(np.repeat(np.arange(50), 10))

    def mean(drawn: np.ndarray) -> float:
        return float(values[drawn].mean())

    of_rows = values.mean() - resampling.lower_bound(mean, len(values))
    of_clusters = values.mean() - resampling.lower_bound(mean, len(values), clusters)
    assert of_clusters > 2 * of_rows > 0


def test_rows_of_one_cluster_tell_no_more_than_one_row() -> None:
    values = np.repeat(RANDOM.normal(size=200), 10)
    clusters = pd.Series(np.repeat(np.arange(200), 10))

    def mean(drawn: np.ndarray) -> list[float]:
        return [float(values[drawn].mean())]

    [error] = resampling.standard_error(mean, len(values), clusters)
    assert error == pytest.approx(values.std() / np.sqrt(200), rel=0.15)
