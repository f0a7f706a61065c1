"""What differs by what the versions carry: settings, parameters, columns and packages."""

from types import SimpleNamespace
from typing import Any

import pytest
from rendering import platform

differences = platform("steps.compare.differences")
card = platform("records.card")
Check = platform("records.evidence").Check
Pair = platform("records.comparison").Pair

TABLES = {"loans": {"kind": "files", "path": "data/loans.csv", "columns": ["a", "b"]}}


def make_card(**more: Any) -> Any:
    """Return a card, as far as it is compared."""
    time = card.CardTime(
        split="time",
        reason="",
        period="month",
        train=12,
        gate=3,
        label_horizon=3,
        embargo=None,
        as_of="2026-01-01",
    )
    facts = {
        "problem": "binary",
        "cutoff": 0.5,
        "risk_tier": "medium",
        "snapshot": "loan_risk_1a2b3c4d",
        "trusted_types": (),
        "tables": TABLES,
        "time": time,
        "features": ("income", "age"),
        "importance": {"income": 0.1, "age": 0.02},
        "figures": {"auc": 0.7694, "brier": None},
    }
    return SimpleNamespace(**{**facts, **more})


def settings(first: Any, second: Any, *overrides: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Return the settings that differ, by name."""
    before, after = overrides or ((), ())
    names = Pair(first=before, second=after)
    versions = [SimpleNamespace(card=each) for each in (first, second)]
    found = differences.compare_settings(*versions, names)
    return {each.name: (each.first, each.second) for each in found}


def test_equal_cards_have_equal_settings() -> None:
    assert settings(make_card(), make_card()) == {}


def test_settings_that_differ_have_their_key_in_conf() -> None:
    time = make_card().time.model_copy(update={"train": 24, "as_of": "2026-02-01"})
    tables = {"loans": {**TABLES["loans"], "path": "data/new.csv"}, "rates": {"kind": "sql"}}
    found = settings(make_card(), make_card(time=time, tables=tables, cutoff=0.3))
    assert found == {
        "as_of": ("2026-01-01", "2026-02-01"),
        "model.cutoff": ("0.5", "0.3"),
        "tables.loans.path": ("data/loans.csv", "data/new.csv"),
        "tables.rates.kind": ("", "sql"),
        "time.train": ("12", "24"),
    }


def test_settings_that_were_overridden_are_named() -> None:
    found = settings(make_card(), make_card(), (), ("--set time.train",))
    assert found == {"overridden by": ("", "--set time.train")}


def test_the_password_of_an_address_is_not_shown() -> None:
    tables = {"loans": {"kind": "sql", "url": "postgresql://ann:s3cret@db.example/loans"}}
    found = settings(make_card(), make_card(tables=tables))
    assert found["tables.loans.url"] == ("", "postgresql://db.example/loans")


def test_the_tables_of_an_older_card_are_not_recorded() -> None:
    assert settings(make_card(tables={}), make_card()) == {"tables": ("not recorded", "recorded")}


def test_types_of_the_versions_own_modules_are_a_matter_of_code() -> None:
    first = make_card(trusted_types=("loan_risk_1a2b3c4d.features.Typical", "builtins.object"))
    second = make_card(
        snapshot="loan_risk_5e6f7a8b", trusted_types=("loan_risk_5e6f7a8b.features.Typical",)
    )
    assert settings(first, second) == {"trusted_types": ("builtins.object", "")}


def test_a_parameter_that_conf_passes_on_is_shown_once() -> None:
    first = {"max_iter": "30", "estimator.max_iter": "30", "estimator.depth": "6"}
    second = {"max_iter": "80", "estimator.max_iter": "80", "depth": "8", "estimator.depth": "8"}
    found = differences.compare_params(first, second)
    assert [(each.name, each.first, each.second) for each in found] == [
        ("estimator.depth", "6", "8"),
        ("estimator.max_iter", "30", "80"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("numpy==2.3.1\npandas==3.0.0 ; python_version >= '3.11'\n", {"numpy": "2.3.1"}),
        ("numpy==2.2.0 ; os == 'a'\nNumPy==2.3.1 ; os == 'b'\n", {"numpy": "2.2.0, 2.3.1"}),
        ("-e .\n# a comment\n", {}),
    ],
)
def test_locked_packages_are_read_from_requirements(text: str, found: dict[str, str]) -> None:
    assert differences.pinned(text).items() >= found.items()


def test_columns_are_those_of_both_models_the_most_important_first() -> None:
    second = make_card(features=("age", "debts"), importance={"age": 0.05, "debts": 0.3})
    found = differences.compare_columns(make_card(), second)
    assert [each.name for each in found] == ["debts", "income", "age"]
    assert [tuple(each.seen) for each in found] == [(False, True), (True, False), (True, True)]
    assert tuple(found[1].importance) == (0.1, None)


def test_figures_have_the_interval_and_verdict_of_the_gate() -> None:
    check = Check(name="auc", verdict="passed", figure="0.7694", interval="0.7369 to 0.8019")
    checks = Pair(first=(check,), second=())
    auc, brier = differences.compare_figures(make_card(), make_card(), checks)
    assert (auc.first.interval, auc.first.verdict) == ((0.7369, 0.8019), "passed")
    assert (auc.second.value, auc.second.interval, auc.second.verdict) == (0.7694, None, "")
    assert brier.first.value is None
