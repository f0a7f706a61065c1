"""How far a group may be behind all rows, in the unit of the metric that the gate compares by."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlops.projects import make_settings
from rendering import platform

comparison = platform("steps.gate.comparison")
metrics = platform("figures.metrics")
settings = platform("base.settings")

ROWS = 400
LIMITS = {"mae": {"max": 1000.0}, "r2": {"min": 0.1}}


def case(metric: str, worse: float) -> Any:
    """Return a regression in euros whose errors are `worse` times as large in the group `old`."""
    random = np.random.default_rng(3)
    group = np.repeat(["old", "young"], ROWS // 2)
    truth = pd.Series(random.normal(20_000, 5_000, ROWS))
    error = random.normal(0, 500, ROWS) * np.where(group == "old", worse, 1.0)
    project = settings.Settings.model_validate(
        {
            "env": "dev",
            "project_name": "loss-amount",
            "problem": "regression",
            "risk_tier": "high",
            "tables": {"loans": {"kind": "synthetic", "origin": "synthetic"}},
            "gate": {"metric": metric, "thresholds": LIMITS},
        }
    )
    no_group = SimpleNamespace(one={}.get, roles={"protected": ["age"]})
    return SimpleNamespace(
        settings=project,
        metrics=metrics.Metrics(project, SimpleNamespace()),
        contract=SimpleNamespace(inputs=no_group),
        sample=SimpleNamespace(frame=pd.DataFrame({"age": group})),
        truth=truth,
        prediction=pd.DataFrame({"value": truth + error}),
    )


def verdicts(metric: str, worse: float) -> dict[str, str]:
    """Return the verdict on each group."""
    return {check.name: check.verdict for check in comparison.slices(case(metric, worse))}


def test_small_groups_are_reported_together_and_without_their_values() -> None:
    """The value of a single row may be a name that got into the column by mistake."""
    made = case("mae", worse=1.0)
    made.sample.frame.loc[0, "age"] = "Anna Schmidt"
    made.sample.frame.loc[1:9, "age"] = "unknown"
    *_, small = comparison.slices(made)
    assert small.name == "slice age=(fewer than 10 rows)"
    assert small.reason == "10 rows in 2 groups, too few to compare"
    assert small.verdict == "insufficient"  # at high risk
    assert "Anna" not in str([*comparison.slices(made)])


def test_a_group_with_slightly_larger_errors_in_euros_passes() -> None:
    assert set(verdicts("mae", worse=1.02).values()) == {"passed"}


def test_a_group_with_much_larger_errors_in_euros_is_rejected() -> None:
    assert verdicts("mae", worse=1.6)["slice age=old"] == "rejected"


def test_a_gap_in_euros_is_shown_as_a_share_and_one_of_r2_in_points() -> None:
    [old, young] = comparison.slices(case("mae", worse=1.6))
    assert re.fullmatch(r"gap at least \+\d+\.\d%", old.figure)
    assert old.limit == "<= 5%"
    words = r"200 rows; compared with all, mae \d+\.\d% {}, 95% bound \d+\.\d% {}, as shares of "
    assert re.fullmatch(words.format("worse", "worse") + "the mae of all rows", old.reason)
    assert re.fullmatch(words.format("better", "better") + "the mae of all rows", young.reason)
    [old, _] = comparison.slices(case("r2", worse=1.0))
    assert old.limit == "<= 0.05"
    bound = float(old.figure.removeprefix("gap at least "))
    assert bound == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(
    ("gap", "words"),
    [(0.012, "0.012 worse"), (-0.012, "0.012 better"), (0.0004, "equal"), (-0.0, "equal")],
)
def test_a_gap_is_said_in_words(gap: float, words: str) -> None:
    assert comparison.POINTS.describe(gap) == words


def lead(size: float, low: float, high: float, margin: float) -> Any:
    return comparison.Lead(size=size, low=low, high=high, margin=margin)


def test_a_lead_over_the_champion_is_judged_by_its_bound_and_said_in_words() -> None:
    judged = partial(comparison.judge_lead, make_settings(), champion="version 1")
    small = lead(0.0123, -0.0005, 0.025, margin=0.01)
    enough = judged("noninferior", lead=small)
    assert (enough.verdict, enough.figure, enough.limit) == (
        "passed",
        "lead at least -0.0005",
        "> -0.01",
    )
    assert enough.reason == (
        "must be noninferior to version 1; auc 0.0123 better, 95% bound 0.0005 worse"
    )
    short = judged("superior", lead=small)
    assert (short.verdict, short.limit) == ("rejected", "> 0")
    assert short.reason.startswith("must be superior to version 1; auc 0.0123 better, ")
    assert str(short) == (
        "against champion (lead at least -0.0005, but gate.comparison requires > 0)"
    )


@pytest.mark.parametrize(
    ("stated", "low", "high", "verdict"),
    [
        (None, -0.0005, 0.002, "passed"),
        (None, -0.0042, 0.001, "noted"),  # worse by more than the margin, but perhaps by chance
        (None, -0.0042, -0.0005, "rejected"),
        (0.001, -0.0042, 0.001, "rejected"),
        (0.005, -0.0042, -0.0005, "passed"),
    ],
)
def test_no_metric_with_a_threshold_may_be_lost(
    stated: float | None, low: float, high: float, verdict: str
) -> None:
    limits = {"auc": {"min": 0.7}, "brier": {"max": 0.2, "margin": stated}}
    project = make_settings(gate={"thresholds": limits})
    margin = project.margin("brier", 0.02)
    found = lead((low + high) / 2, low, high, margin)
    judged = comparison.judge_other_lead(project, "brier", "version 1", found)
    assert (judged.name, judged.verdict) == ("brier against champion", verdict)
    assert judged.limit == f"> -{margin:g}"


def test_a_version_whose_probabilities_are_worse_loses_in_that_metric_only() -> None:
    """Both rank equally; the gate's metric alone would not see it."""
    random = np.random.default_rng(3)
    chance = random.beta(1, 6, 3000)
    truth = pd.Series((random.random(3000) < chance).astype("int64"))
    limits = {"brier": {"max": 0.2}, "auc": {"min": 0.5}}
    project = make_settings(gate={"thresholds": limits})
    made = SimpleNamespace(
        settings=project,
        metrics=metrics.Metrics(project, SimpleNamespace()),
        truth=truth,
        clusters=None,
        prediction=pd.DataFrame({"score": np.sqrt(chance), "decision": chance > 0.2}),
    )
    theirs = pd.DataFrame({"score": chance, "decision": chance > 0.2})
    found = comparison._leads(made, theirs)
    assert list(found) == ["auc", "brier"]
    verdicts = [
        comparison.judge_lead(project, "noninferior", "version 1", found["auc"]).verdict,
        comparison.judge_other_lead(project, "brier", "version 1", found["brier"]).verdict,
    ]
    assert verdicts == ["passed", "rejected"]


def test_repeated_rows_of_a_customer_do_not_narrow_an_interval() -> None:
    """A hundred customers with ten rows each, all alike, say no more than a hundred rows."""
    generator = np.random.default_rng(3)
    customer = np.repeat(np.arange(100), 10)
    wrong = pd.Series(generator.random(100) < 0.2)[customer].reset_index(drop=True)

    def mean_of_draws(truth: pd.Series, _: pd.DataFrame) -> Callable[[Any], float]:
        return lambda drawn: -float((truth if drawn is None else truth.iloc[drawn]).mean())

    def bound(group: str | None) -> float:
        frame = pd.DataFrame({"customer": customer})
        inputs = SimpleNamespace(one=lambda _: group)
        figures = SimpleNamespace(skill_of_draws=mean_of_draws)
        case = SimpleNamespace(
            truth=wrong.astype(float),
            prediction=frame,
            metrics=figures,
            contract=SimpleNamespace(inputs=inputs),
            sample=SimpleNamespace(frame=frame),
        )
        return float(comparison._gap(case, np.arange(500))[1])

    gap = wrong[:500].mean() - wrong.mean()
    assert gap - bound("customer") > 2 * (gap - bound(None)) > 0


@pytest.mark.parametrize(
    ("online", "ours", "theirs", "verdict"),
    [
        (False, 3.1, 0.64, "passed"),  # 4.84 times as long, which no batch notices
        (True, 3.1, 0.64, "rejected"),
        (False, 310.0, 64.0, "rejected"),
        (False, 310.0, 200.0, "passed"),
        (True, 1.9, 0.64, "passed"),
    ],
)
def test_latency_is_judged_by_the_ratio_online_and_in_batch_above_a_budget(
    ours: float, theirs: float, verdict: str, *, online: bool
) -> None:
    judged = comparison.judge_latency(make_settings(serving={"online": online}), ours, theirs)
    assert judged.verdict == verdict
    assert judged.figure == f"{ours / theirs:.2f}x, {ours:.1f} ms"
    assert judged.reason == (
        f"time to predict one row, for which the champion takes {theirs:.1f} ms"
    )
    assert judged.limit == ("<= 3x" if online else "<= 3x, or <= 100 ms")


def test_the_budget_for_latency_is_a_setting() -> None:
    strict = make_settings(gate={"thresholds": {"auc": {"min": 0.6}}, "latency_ms": 2})
    judged = comparison.judge_latency(strict, 3.1, 0.64)
    assert (judged.verdict, judged.limit) == ("rejected", "<= 3x, or <= 2 ms")
    assert judged.setting == "gate.latency_ratio and gate.latency_ms"


def test_new_code_must_be_better_even_under_the_name_of_the_old(tmp_path: Path) -> None:
    """Older templates named packages by 32 bits; this one names the same code by more."""
    for name, text in {"old": "x = 1", "new": "x = 2", "renamed": "x = 1"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "features.py").write_text(text)
    rules = {}
    for name in ("new", "renamed"):
        versions = [SimpleNamespace(package=tmp_path / each) for each in ("old", name)]
        for each in versions:
            each.card = SimpleNamespace(snapshot="loan_risk_1a2b3c4d")
        champion, challenger = (SimpleNamespace(version=each) for each in versions)
        gate = SimpleNamespace(comparison="auto")
        judged = SimpleNamespace(
            settings=SimpleNamespace(gate=gate), challenger=challenger, card=versions[1].card
        )
        rules[name] = comparison._comparison_rule(judged, champion)
    assert rules == {"new": "superior", "renamed": "noninferior"}


@pytest.mark.parametrize(
    ("columns", "share", "unsure", "verdict", "reason"),
    [
        (
            ["income"],
            0.9,
            False,
            "passed",
            "of the variance of its predictions due to income",
        ),
        (["income"], 0.91, False, "rejected", "if this column is known when the model predicts"),
        (
            list("abcde"),
            0.91,
            False,
            "rejected",
            "to a, b, c and 2 more, which go together; if ",
        ),
        (["income"], 0.91, True, "noted", "its lift over a constant prediction may be chance"),
    ],
)
def test_a_version_is_judged_by_the_columns_that_its_predictions_need(
    columns: list[str], share: float, verdict: str, reason: str, *, unsure: bool
) -> None:
    found = comparison.judge_dominance(make_settings(), columns, share, unsure=unsure)
    assert found.verdict == verdict
    assert reason in found.reason


def test_a_lead_that_may_be_chance_rejects_nothing() -> None:
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.normal(size=(200, 4)), columns=list("abcd"))
    frame["group"] = np.arange(200) // 2

    def predict(rows: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"value": 20_000 + 100 * rows["a"]})

    def verdict(noise: float) -> str:
        one = case("r2", 1)
        one.sample = SimpleNamespace(frame=frame)
        one.truth = 20_000 + 100 * frame["a"] + random.normal(0, noise, 200)
        one.prediction = predict(frame)
        one.challenger = SimpleNamespace(predict=predict)
        one.contract = SimpleNamespace(
            inputs=SimpleNamespace(one=lambda _: "group"), features=list("abcd")
        )
        return str(comparison.dominance(one).verdict)

    assert verdict(noise=50) == "rejected"
    assert verdict(noise=1_000) == "noted"
