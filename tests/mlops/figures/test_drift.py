"""Drift is measured as in the literature, and chance alone hardly ever exceeds its limit."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform
from scipy.stats import chi2, ks_2samp

drift = platform("figures.drift")
profile = platform("figures.profile")
RANDOM = np.random.default_rng(5)


def compared(then: pd.Series, now: pd.Series, before: tuple[bool, ...] = ()) -> Any:
    """Compare a column with its profile."""
    column = drift.Column("input", "x", profile.take_profile(then.to_frame("x"))["x"])
    return drift.compare(column, profile.count(column.profile, now), 0.1, 1, before)


def test_psi_is_the_sum_over_bins() -> None:
    then = np.array([400.0, 400, 200])
    now = np.array([300.0, 400, 300])
    by_hand = (0.3 - 0.4) * np.log(0.3 / 0.4) + 0 + (0.3 - 0.2) * np.log(0.3 / 0.2)
    assert drift.stability_index(then, now) == pytest.approx(by_hand, rel=0.01)


def test_the_limit_is_higher_for_fewer_rows() -> None:
    assert drift.index_limit(0.1, (100_000, 100_000), 10) == 0.1
    few = chi2.ppf(0.999, 9) * (1 / 100 + 1 / 1000)
    assert drift.index_limit(0.1, (100, 1000), 10) == pytest.approx(few)


@pytest.mark.parametrize("rows", [30, 100, 1_000, 20_000])
@pytest.mark.parametrize("shares", [[0.1] * 10, [0.5, 0.3, 0.17, 0.02, 0.01]], ids=["even", "rare"])
def test_chance_alone_rarely_exceeds_the_limit(rows: int, shares: list[float]) -> None:
    windows = 20_000
    limit = drift.index_limit(0.0, (rows, 5_000), len(shares), 0.001)
    then, now = (RANDOM.multinomial(n, shares, windows).astype(float) for n in (5_000, rows))
    above = sum(drift.stability_index(a, b) > limit for a, b in zip(then, now, strict=True))
    print(f"{above / windows:.3%} of windows of {rows:,} rows are above the limit")
    assert above <= chi2.ppf(0.999, 2 * 20 + 2) / 2  # 20 are expected


def test_the_gap_equals_the_kolmogorov_smirnov_statistic() -> None:
    then, now = (pd.Series(RANDOM.poisson(mean, 4_000)) for mean in (1.0, 1.3))
    # Every value is frequent, so binning loses nothing.
    then = then.clip(upper=3)
    now = now.clip(upper=3)
    assert compared(then, now).ks == pytest.approx(ks_2samp(then, now).statistic)


def test_the_gap_of_binned_numbers_is_close_to_it() -> None:
    then, now = (pd.Series(RANDOM.normal(mean, 1, 4_000)) for mean in (0.0, 0.4))
    assert compared(then, now).ks == pytest.approx(ks_2samp(then, now).statistic, abs=0.03)


def test_bins_are_in_the_order_of_a_line() -> None:
    numbers = pd.Series(RANDOM.normal(size=3_000)).round(3)
    numbers[:600] = 0.0  # a frequent value
    numbers[600:900] = None
    facts = compared(numbers, numbers)
    shares = dict(zip(facts.bins, facts.then, strict=True))
    assert shares["0"] == pytest.approx(0.2, abs=0.01)
    assert shares["missing"] == pytest.approx(0.1)
    assert list(shares).index("0") not in (0, len(shares) - 1)


def test_rare_and_new_categories_count_as_other() -> None:
    then = pd.Series(["a"] * 600 + ["b"] * 395 + ["rare"] * 5)
    facts = compared(then, pd.Series(["a"] * 50 + ["new"] * 50))
    assert facts.bins == ("a", "b", "other")
    assert facts.now == (0.5, 0.0, 0.5)
    assert facts.drifted


@pytest.mark.parametrize(
    ("then", "now", "moved"),
    [
        ([3.0] * 500, [3.0] * 200, False),
        ([3.0] * 500, [4.0] * 200, True),
        ([None] * 500, [None] * 200, False),
        ([None] * 500, [1.0] * 200, True),
        ([1.0, 2.0] * 250, [None] * 200, True),
        ([1.0, 2.0] * 250, [2.0], False),
        (["a"] * 500, ["a"], False),
    ],
)
def test_constant_and_missing_columns_are_compared(
    then: list[object], now: list[object], *, moved: bool
) -> None:
    kind = "object" if "a" in then else "float64"
    facts = compared(pd.Series(then, dtype=kind), pd.Series(now, dtype=kind))
    assert facts.drifted is moved
    assert np.isfinite([facts.psi, facts.limit]).all()


@pytest.mark.parametrize(("before", "persistent"), [((), False), ((True,), True)])
def test_a_comparison_says_whether_the_drift_persists(
    before: tuple[bool, ...], *, persistent: bool
) -> None:
    facts = compared(pd.Series([3.0] * 500), pd.Series([4.0] * 200), before)
    assert facts.drifted
    assert facts.persistent is persistent
    assert (facts.label, facts.ratio) == ("input x", facts.psi / facts.limit)


@pytest.mark.parametrize(
    ("windows", "persists"),
    [
        ([True], False),
        ([False, True], False),
        ([True, True], True),
        ([True, False, True], True),
        ([True, False, False, True], False),
        ([True, True, False], False),
    ],
)
def test_drift_persists_in_two_of_three_windows(windows: list[bool], *, persists: bool) -> None:
    assert drift.persists(windows) is persists
