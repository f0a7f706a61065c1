"""The checks that a version needs no rows for."""

from typing import Any

import pytest
from rendering import platform

card = platform("records.card")
checks = platform("steps.gate.checks")
settings = platform("base.settings")


def conf(**keys: Any) -> Any:
    """Return the settings of an environment that judges a binary model."""
    return settings.Settings.model_validate(
        {
            "env": "prod",
            "project_name": "loan-risk",
            "problem": "binary",
            "risk_tier": "low",
            "tables": {"loans": {"kind": "synthetic", "origin": "synthetic"}},
            "gate": {"thresholds": {"auc": {"min": 0.6}}},
            **keys,
        }
    )


def card_of(trained_with: Any) -> Any:
    """Return as much of a card as the windows and the cutoff of these settings."""
    time = card.CardTime(**trained_with.time.model_dump(), as_of="2026-01-01")
    return card.VersionCard.model_construct(time=time, cutoff=trained_with.model.cutoff)


@pytest.mark.parametrize(
    ("here", "elsewhere", "difference"),
    [
        ({"cutoff": 0.2}, {"cutoff": 0.05}, "model.cutoff is 0.05 on its card and 0.2 in conf/"),
        ({"gate": 3}, {"gate": 1}, "time.gate is 1 on its card and 3 in conf/"),
        ({"label_horizon": 2}, {}, "time.label_horizon is 0 on its card and 2 in conf/"),
        ({"embargo": 3}, {}, "time.embargo is 0 on its card and 3 in conf/"),
        ({"period": "week"}, {}, "time.period is month on its card and week in conf/"),
        (
            {},
            {"split": "random", "reason": "one day of data"},
            "time.split is random on its card and time in conf/",
        ),
    ],
)
def test_a_setting_that_judges_a_copy_differently_is_named(
    here: dict[str, Any], elsewhere: dict[str, Any], difference: str
) -> None:
    assert difference in checks.settings_that_differ(card_of(of(**elsewhere)), of(**here))


def test_an_embargo_that_is_written_out_is_no_difference() -> None:
    written_out = card_of(of(label_horizon=2, embargo=2))
    assert checks.settings_that_differ(written_out, of(label_horizon=2)) == []


def test_a_copy_may_have_learned_from_a_longer_time() -> None:
    assert checks.settings_that_differ(card_of(of(train=24)), of(train=12)) == []


def of(**keys: Any) -> Any:
    """Return settings with this cutoff, and with these keys of `time`."""
    model = {"cutoff": keys.pop("cutoff")} if "cutoff" in keys else {}
    return conf(model=model, time=keys)


@pytest.mark.parametrize(
    ("value", "error", "verdict"),
    [
        (0.73, 0.015, "passed"),
        (0.71, 0.015, "insufficient"),  # a true AUC of 0.68 gives it in 1 of 40 samples
        (0.69, 0.015, "rejected"),
        (0.71, float("nan"), "passed"),
    ],
)
def test_a_threshold_is_held_by_the_bound_of_a_figure(
    value: float, error: float, verdict: str
) -> None:
    judged = checks.judge_figure("auc", value, error, settings.Limit(min=0.7))
    assert judged.verdict == verdict


def test_a_figure_that_is_within_its_limit_by_luck_says_so() -> None:
    judged = checks.judge_figure("brier", 0.12, 0.006, settings.Limit(max=0.125))
    assert str(judged) == (
        "brier (0.1200: chance may explain it, since its 95% bound is 0.1299; lower is better; "
        "95% interval 0.1082 to 0.1318)"
    )
