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
    return drift.compare(column, profile.tally(column.profile, now), drift.Family(1), before)


def shares(then: pd.Series, now: pd.Series, kind: str = "input") -> dict[str, Any]:
    """Return the shares that are compared next to the PSI, by what they are of."""
    column = drift.Column(kind, "x", profile.take_profile(then.to_frame("x"))["x"])
    found = drift.compare(column, profile.tally(column.profile, now), drift.Family(12))
    assert found.drifted == (found.psi > found.limit or any(s.drifted for s in found.shares))
    return {share.of: share for share in found.shares}


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


def test_rare_categories_count_as_other_and_new_ones_as_unseen() -> None:
    then = pd.Series(["a"] * 600 + ["b"] * 395 + ["rare"] * 5)
    facts = compared(then, pd.Series(["a"] * 50 + ["new"] * 48 + ["rare"] * 2))
    assert facts.bins == ("a", "b", "other", "unseen")
    assert facts.now == (0.5, 0.0, 0.02, 0.48)
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


def test_categories_that_are_all_replaced_have_drifted() -> None:
    old, new = (
        pd.Series([f"{kind}{number % 150}" for number in range(2_250)]) for kind in ("old", "new")
    )
    assert not compared(old, old.sample(500, random_state=1)).drifted
    facts = compared(old, new)
    assert facts.drifted
    assert dict(zip(facts.bins, facts.now, strict=True))["unseen"] > 0.97  # hashes may be equal
    column = drift.Column("input", "x", profile.take_profile(old.to_frame("x"))["x"])
    older = drift.Column("input", "x", column.profile.model_copy(update={"hashed": ()}))
    family = drift.Family(1)
    found = drift.compare(older, profile.tally(older.profile, new), family)
    assert (found.psi, found.bins, found.drifted) == (0, ("other",), False)  # as before


def test_rows_in_another_unit_are_beyond_the_range() -> None:
    then, now = (pd.Series(RANDOM.lognormal(8, 0.5, rows)) for rows in (12_000, 1_000))
    assert not any(share.drifted for share in shares(then, now).values())
    now[:80] *= 100
    assert compared(then, now).psi < 0.1 + 0.05
    found = shares(then, now)
    assert found["beyond the range"].now == pytest.approx(0.08, abs=0.005)
    assert all(share.drifted for share in found.values())
    assert found["beyond the 1% and 99% quantiles"].then == pytest.approx(0.02, abs=0.001)
    assert "of the rows beyond the range, 0.0% then" in compared(then, now).evidence


@pytest.mark.parametrize("column", ["True and False", "only False"])
def test_a_share_of_decisions_that_moves_by_13_points_has_drifted(column: str) -> None:
    before = 0.2 if column == "True and False" else 0.0
    then = pd.Series(np.arange(1_000) < before * 1_000)
    now = pd.Series(np.arange(600) < (before + 0.13) * 600)
    found = shares(then, now, "prediction")["with a positive decision"]
    assert found.drifted
    assert (found.then, found.now) == pytest.approx((before, before + 0.13), abs=0.001)
    assert found.low < 0.13 < found.high
    assert not shares(then, now)  # of an input, the PSI decides
    same = pd.Series(np.arange(600) < (before + 0.04) * 600)
    assert not shares(then, same, "prediction")["with a positive decision"].drifted


def test_each_predicted_class_has_its_share() -> None:
    then = pd.Series(RANDOM.choice(["a", "b", "c"], 2_000, p=[0.5, 0.3, 0.2]))
    now = pd.Series(RANDOM.choice(["a", "b", "c"], 2_000, p=[0.5, 0.2, 0.3]))
    found = shares(then, now, "prediction")
    drifted = {name: share.drifted for name, share in found.items()}
    assert drifted == {"with a": False, "with b": True, "with c": True}


def test_the_interval_of_a_change_is_that_of_agresti_and_caffo() -> None:
    # 11 of 15 and 0 of 10: table 1 of their article gives 0.73 with (0.34, 0.97) by hand
    low, high = drift.change_interval((0, 11), (10, 15))
    assert (low, high) == pytest.approx(
        (12 / 17 - 1 / 12 - 0.2675, 12 / 17 - 1 / 12 + 0.2675), abs=2e-3
    )


@pytest.mark.parametrize(("rows_then", "rows_now"), [(500, 30), (5_000, 500), (20_000, 20_000)])
def test_chance_alone_rarely_puts_rows_beyond_the_ends(rows_then: int, rows_now: int) -> None:
    windows = 4_000
    alarms = {"quantiles": 0, "range": 0}
    for _ in range(windows):
        inner = RANDOM.beta(rows_then * 0.98, rows_then * 0.02 + 1)
        whole = RANDOM.beta(rows_then - 1, 2)
        for name, share, then in (("quantiles", inner, rows_then * 0.02), ("range", whole, 0)):
            now = RANDOM.binomial(rows_now, 1 - share)
            alarms[name] += drift.chance_of_more(then, now, (rows_then, rows_now)) < 0.01
    print({name: f"{count / windows:.2%}" for name, count in alarms.items()})
    assert max(alarms.values()) <= chi2.ppf(0.999, 2 * 40 + 2) / 2  # 40 are expected
