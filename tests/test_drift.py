"""The figures of monitoring agree with the literature, and each rule decides as documented."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform
from scipy.stats import chi2, ks_2samp

decision, drift, profile = map(platform, ("decision", "drift", "profile"))
RANDOM = np.random.default_rng(5)


def compared(then: pd.Series, now: pd.Series) -> dict[str, Any]:
    """Compare a column with its profile."""
    column = profile.take_profile(then.to_frame("x"))["x"]
    return dict(drift.compare("x", column, profile.count(column, now), 0.1, 1))


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
    assert compared(then, now)["ks"] == pytest.approx(ks_2samp(then, now).statistic)


def test_the_gap_of_binned_numbers_is_close_to_it() -> None:
    then, now = (pd.Series(RANDOM.normal(mean, 1, 4_000)) for mean in (0.0, 0.4))
    assert compared(then, now)["ks"] == pytest.approx(ks_2samp(then, now).statistic, abs=0.03)


def test_a_profile_reproduces_the_shares_of_its_own_rows() -> None:
    numbers = pd.Series(RANDOM.normal(size=3_000)).round(3)
    # a frequent value, and missing ones
    numbers[:600] = 0.0
    numbers[600:900] = None
    texts = pd.Series(RANDOM.choice(["a", "b", "c", "rare"], 3_000, p=[0.5, 0.3, 0.195, 0.005]))
    for values in (numbers, texts, numbers > 0):
        column = profile.take_profile(values.to_frame("x"))["x"]
        counts = profile.count(column, values)
        assert counts.sum() == 3_000
        assert profile.expected(column) == pytest.approx(counts, abs=25)
        assert len(profile.names(column)) == len(profile.order(column)) == len(counts)
    facts = compared(numbers, numbers)
    shares = dict(zip(facts["bins"], facts["then"], strict=True))
    assert shares["0"] == pytest.approx(0.2, abs=0.01)
    assert shares["missing"] == pytest.approx(0.1)
    assert list(shares).index("0") not in (0, len(shares) - 1)  # bins are in numeric order


def test_rare_and_new_categories_count_as_other() -> None:
    then = pd.Series(["a"] * 600 + ["b"] * 395 + ["rare"] * 5)
    facts = compared(then, pd.Series(["a"] * 50 + ["new"] * 50))
    assert facts["bins"] == ["a", "b", "other"]
    assert facts["now"] == [0.5, 0.0, 0.5]
    assert facts["drifted"]


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
    assert facts["drifted"] is moved
    assert np.isfinite([facts["psi"], facts["limit"]]).all()


def test_a_date_has_no_profile() -> None:
    frame = pd.DataFrame({"day": pd.to_datetime(["2026-01-01"]), "x": [1.0]})
    assert list(profile.take_profile(frame)) == ["x"]


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
    assert decision.persists(windows) is persists


def rule(**changes: object) -> object:
    """Return the verdict for a metric where more is better."""
    known = {"sign": 1, "limit": 0.7, "reference": 0.8, "margin": 0.02}
    return decision.Rule(**known | {"events": 200, "gate_events": 200, "min_events": 100} | changes)


def verdict(value: float, error: float = 0.01, **changes: object) -> str:
    return str(decision.judge("auc", value, error, rule(**changes))["verdict"])


def test_a_metric_decays_beyond_chance_and_margin() -> None:
    bound = 0.8 - 0.02 - 1.96 * 0.01 * np.sqrt(2)
    assert decision.judge("auc", 0.75, 0.01, rule())["bound"] == pytest.approx(bound)
    assert verdict(bound + 0.001) == "ok"
    assert verdict(bound - 0.001) == "decayed"
    assert verdict(bound - 0.001, error=0.02) == "ok"
    assert verdict(bound - 0.001, events=99) == "unknown"
    assert verdict(float("nan")) == "unknown"


def test_a_metric_decays_below_the_limit_of_the_gate() -> None:
    assert verdict(0.66, margin=None) == "decayed"
    assert verdict(0.69, margin=None) == "ok"  # within chance
    assert verdict(0.15, margin=None, sign=-1, limit=0.12) == "decayed"
    assert verdict(0.11, margin=None, sign=-1, limit=0.12) == "ok"


def lost(learned_from: str, **changes: object) -> object:
    """Judge a champion that followed version 1, whose AUC of 0.85 decayed in May."""
    earlier = {"as_of": "2026-05-01", "version": 1, "decayed": {"auc": 0.85}}
    healthy = {"as_of": "2026-06-01", "version": 1}  # as of a template that did not note decays
    return decision.unrecovered("auc", rule(**changes), learned_from, [earlier, healthy])


def test_a_successor_ends_a_decay_by_its_metric_or_by_newer_rows() -> None:
    decay = {"metric": "auc", "as_of": "2026-05-01", "version": 1, "then": 0.85, "now": 0.8}
    assert lost("2025-05-01..2026-05-01") == decay
    assert lost("2026-05-01..2027-05-01") is None
    assert lost("all rows") is None
    assert lost("2025-05-01..2026-05-01", reference=0.835) is None  # less than the margin
    assert lost("2025-05-01..2026-05-01", reference=None) is None
    assert lost("2025-05-01..2026-05-01", margin=None) is None
    assert lost("2025-05-01..2026-05-01", sign=-1) is None  # less is better, and it is less


def incomplete(least: float = 0.5, **rows: object) -> list[str]:
    """Judge a complete period with some facts changed."""
    whole = {"read": 600, "usual": 600.0, "doubled": 0, "scored": 600, "without_prediction": 0}
    found = decision.completeness(whole | rows, least, 0.9, [("2026-01-01", 600, 560)])
    return [reason for verdict, reason in found if verdict == "investigate"]


def test_an_incomplete_delivery_is_investigated_except_in_quiet_seasons() -> None:
    assert incomplete() == []
    assert incomplete(read=301) == []
    [reason] = incomplete(read=299)
    assert reason.startswith("299 rows are there for the period; the train window had 600 in each")
    assert incomplete(read=299, least=0.2) == []
    assert incomplete(read=0) == []  # an empty table is reported where it is read
    assert incomplete(read=299, usual=None) == []  # the rows have no time


def test_labels_of_each_batch_are_counted() -> None:
    whole = {"read": 1, "usual": None, "doubled": 0, "scored": 0, "without_prediction": 0}
    batches = [("2026-01-01", 600, 560), ("2026-02-01", 600, 200), ("2026-03-01", 19, 0)]
    [(verdict, reason)] = decision.completeness(whole, 0.5, 0.9, batches)
    assert verdict == "investigate"
    assert reason.startswith("200 of 600 due labels of the batch of 2026-02-01 have come (33%; 90%")


def test_the_most_severe_finding_decides_and_comes_first() -> None:
    found = [("healthy", "a"), ("retrain", "b"), ("investigate", "c")]
    assert decision.decide(found) == ("retrain", ["b", "c", "a"])
    assert decision.decide([]) == ("healthy", [])
