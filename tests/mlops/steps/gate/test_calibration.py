"""The gate refuses predictions whose level is wrong, even if they rank as well as before."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlops.projects import TABLES, make_settings
from rendering import platform

checks = platform("steps.gate.checks")
metrics = platform("figures.metrics")

ROWS = 1566
EXAMPLE = {"auc": {"min": 0.70, "suspicious_above": 0.95}, "brier": {"max": 0.125}}
CALIBRATION = ("calibration", "calibration by band")


def case(
    problem: str, truth: Any, prediction: pd.DataFrame, group: pd.Series | None = None, **keys: Any
) -> Any:
    """Return a version that predicts this, judged by the settings of the example."""
    gate = {"thresholds": EXAMPLE, **keys.pop("gate", {})}
    if problem != "binary":
        gate |= {"metric": "log_loss", "thresholds": {"log_loss": {"max": 9}}}
    if problem == "regression":
        gate |= {"metric": "r2", "thresholds": {"r2": {"min": 0.1}}}
    settings = make_settings(problem=problem, gate=gate, tables=TABLES, **keys)
    windows = SimpleNamespace(gate="2025-07-01..2025-10-01")
    return SimpleNamespace(
        settings=settings,
        entries=[],
        metrics=metrics.Metrics(settings, SimpleNamespace()),
        card=SimpleNamespace(windows=windows),
        challenger=SimpleNamespace(version=SimpleNamespace(number=1)),
        contract=SimpleNamespace(problem=problem),
        sample=SimpleNamespace(coverage=1.0),
        clusters=group,
        truth=pd.Series(truth),
        prediction=prediction,
    )


def loans(seed: int = 5) -> tuple[pd.Series, Any]:
    """Return which loans defaulted, about 14%, and their true probabilities."""
    random = np.random.default_rng(seed)
    chance = 1 / (1 + np.exp(-random.normal(-2.3, 1.2, ROWS)))
    return pd.Series((random.random(ROWS) < chance).astype("int64")), chance


def binary(scores: Any) -> pd.DataFrame:
    return pd.DataFrame({"score": scores, "decision": scores >= 0.2})


def verdicts(found: Any) -> dict[str, str]:
    """Return the verdicts on calibration."""
    return {each.name: each.verdict for each in checks.calibrated(found)}


def test_probabilities_at_half_the_default_rate_are_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The AUC is the same, the Brier score is within its limit, and no loan is declined."""
    for name in ("settings_of_a_copy", "known_in_time", "not_seen_in_training"):
        monkeypatch.setattr(checks, name, lambda _: ())
    passed = SimpleNamespace(name="contract", verdict="passed")
    monkeypatch.setattr(checks, "contract_kept", lambda _: passed)
    truth, chance = loans()
    judged = {each.name: each for each in checks.on_its_own(case("binary", truth, binary(chance)))}
    assert {each.verdict for each in judged.values()} == {"passed"}
    halved = case("binary", truth, binary(chance / 2))
    judged = {each.name: each for each in checks.on_its_own(halved)}
    rejected = {name for name, each in judged.items() if each.verdict == "rejected"}
    assert rejected == set(CALIBRATION)


@pytest.mark.parametrize(
    ("factor", "overall"), [(0.5, "rejected"), (0.7, "rejected"), (0.9, "passed"), (2, "rejected")]
)
def test_the_level_is_judged_in_both_directions(factor: float, overall: str) -> None:
    truth, chance = loans()
    found = case("binary", truth, binary(np.minimum(chance * factor, 1)))
    assert verdicts(found)["calibration"] == overall


def test_a_band_may_be_off_although_the_whole_is_right() -> None:
    """The model is far too sure: low scores are too low, high ones too high."""
    truth, chance = loans()
    odds = (chance / (1 - chance)) ** 2.5
    sure = odds / (odds + np.quantile(odds, 0.85))
    found = case("binary", truth, binary(sure * truth.mean() / sure.mean()))
    assert verdicts(found) == {"calibration": "passed", "calibration by band": "rejected"}


def test_the_safest_bands_are_measured_by_the_rate_of_all_rows() -> None:
    """A model that shrinks towards the mean predicts 4% where 1% default; 14% do of all."""
    random = np.random.default_rng(3)
    chance = np.repeat([0.01, 0.16], [2_000, 8_000])
    predicted = np.repeat([0.04, 0.16], [2_000, 8_000]) + random.uniform(0, 1e-6, 10_000)
    truth = pd.Series((random.random(10_000) < chance).astype("int64"))
    assert verdicts(case("binary", truth, binary(predicted)))["calibration by band"] == "passed"


def test_what_is_significant_but_small_is_not_rejected() -> None:
    random = np.random.default_rng(3)
    chance = random.beta(2, 12, 200_000)
    truth = pd.Series((random.random(len(chance)) < chance).astype("int64"))
    overall, bands = checks.calibrated(case("binary", truth, binary(chance * 0.9)))
    assert (overall.verdict, bands.verdict) == ("passed", "passed")
    assert overall.figure == "+11%"
    assert overall.limit == "within 25%"
    assert overall.reason.endswith("p < 0.001 by Jeffreys test")


@pytest.mark.parametrize(("tier", "verdict"), [("medium", "noted"), ("high", "insufficient")])
def test_too_few_events_to_tell_chance_wait_for_a_person_at_high_risk(
    tier: str, verdict: str
) -> None:
    truth = pd.Series([1] * 7 + [0] * 93)
    [overall, _] = checks.calibrated(
        case("binary", truth, binary(np.full(100, 0.1)), risk_tier=tier)
    )
    assert (overall.verdict, overall.figure) == (verdict, "-30%")


def test_scores_that_nobody_reads_as_probabilities_are_only_noted() -> None:
    truth, chance = loans()
    gate = {"calibration": {"required": False}}
    assert set(verdicts(case("binary", truth, binary(chance / 2), gate=gate)).values()) == {"noted"}


def test_rows_of_one_customer_do_not_count_as_many() -> None:
    """Ten copies of seven defaults among a hundred customers are no evidence against 10%."""
    truth = pd.Series(np.repeat([1] * 7 + [0] * 93, 10))
    scores = binary(np.full(1000, 0.1))
    customers = pd.Series(np.repeat(range(100), 10))
    assert verdicts(case("binary", truth, scores))["calibration"] == "rejected"
    assert verdicts(case("binary", truth, scores, customers))["calibration"] == "noted"


@pytest.mark.parametrize(("spoiled", "verdict"), [(False, "passed"), (True, "rejected")])
def test_each_class_has_its_level(spoiled: bool, verdict: str) -> None:  # noqa: FBT001
    random = np.random.default_rng(4)
    chances = pd.DataFrame(random.dirichlet([2, 3, 5], ROWS), columns=list("ABC"))
    drawn = (chances.cumsum(axis=1).to_numpy() < random.random((ROWS, 1))).sum(axis=1)
    truth = pd.Series(np.array(list("ABC"))[drawn])
    if spoiled:
        chances = chances.assign(A=chances["A"] / 2, B=chances["B"] + chances["A"] / 2)
    predicted = chances.assign(label=chances.idxmax(axis=1))
    overall, _ = checks.calibrated(case("multiclass", truth, predicted))
    assert overall.verdict == verdict
    if spoiled:
        assert overall.reason.startswith("class A, the furthest of 3: ")


@pytest.mark.parametrize(("factor", "verdict"), [(1, "passed"), (0.5, "rejected")])
def test_a_regression_is_judged_by_its_bias(factor: float, verdict: str) -> None:
    random = np.random.default_rng(4)
    value = random.beta(2, 3, 300)
    truth = value + random.normal(0, 0.1, 300)
    found = case("regression", truth, pd.DataFrame({"value": value * factor}))
    assert verdicts(found)["calibration"] == verdict


def test_predictions_with_a_fault_are_left_to_another_check() -> None:
    truth, chance = loans()
    assert verdicts(case("binary", truth, binary(np.where(chance > 0.3, np.nan, chance)))) == {}


def test_a_probability_of_zero_is_off_only_if_something_happens() -> None:
    truth, chance = loans()
    sure = binary(np.where(chance < 0.2, 0.0, chance))
    assert verdicts(case("binary", truth, sure))["calibration by band"] == "rejected"
    kept = truth.where(chance >= 0.2, 0)
    assert verdicts(case("binary", kept, sure))["calibration by band"] == "passed"
