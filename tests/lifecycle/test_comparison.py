"""The gate compares: with the champion, with a constant, between groups, against the clock."""

import pytest

from lifecycle import behind
from lifecycle.challengers import DEFAULTED, add_column, add_step, renew_code, train_and_gate
from lifecycle.project import AS_OF, Project

SLICE = "slice age_band=under 40"


@pytest.mark.full
def test_a_retrained_version_passes_against_its_champion(rivalled: Project) -> None:
    answer = rivalled.run("gate")
    assert answer.named("passed") >= {"against champion", "latency"}
    assert answer.named("rejected") == set()
    assert "noninferior to version 1" in answer.checks["against champion"]["reason"]


def test_a_version_worse_than_the_champion_is_rejected(live: Project) -> None:
    live.configure(
        model={"params": {"max_iter": 5}},
        gate={"thresholds": {"auc": {"min": 0.5}, "brier": {"max": 0.2}}},
    )
    answer = train_and_gate(live)
    assert {"against champion", "brier against champion"} <= answer.named("rejected")
    assert "noninferior" in answer.checks["against champion"]["reason"]


@pytest.mark.full
def test_new_code_must_be_better_than_the_champion(live: Project) -> None:
    renew_code(live)
    answer = train_and_gate(live)
    assert answer.named("rejected") == {"against champion"}
    assert "superior to version 1" in answer.checks["against champion"]["reason"]
    assert live.run("gate", "--set", "gate.comparison=noninferior").facts["verdict"] == "passed"


@pytest.mark.full
def test_new_code_that_is_better_passes(opened: Project) -> None:
    weak = (
        "--set=model.params.max_iter=5",
        "--set=gate.thresholds.auc.min=0.5",
        "--set=gate.calibration.required=false",
    )
    opened.run("train", "--as-of", AS_OF, *weak)
    opened.run("gate", *weak)
    opened.run("promote")
    renew_code(opened)
    answer = train_and_gate(opened, code=0)
    assert "superior to version 1" in answer.checks["against champion"]["reason"]


@pytest.mark.full
def test_a_column_that_carries_nearly_all_the_skill_is_rejected(opened: Project) -> None:
    add_column(opened, "collected: float = pa.Field(nullable=True)", DEFAULTED)
    opened.configure(
        model={"params": {"max_iter": 30, "max_features": 1.0}},
        gate={"thresholds": {"auc": {"min": 0.7}}},
    )
    answer = train_and_gate(opened)
    assert "one column" in answer.named("rejected")
    assert answer.checks["one column"]["reason"] == (
        "share of the variance of its predictions due to collected; if this column is known "
        "when the model predicts, as a lagged value is, raise gate.dominance"
    )


@pytest.mark.full
@pytest.mark.wide  # fast tests of `latency` judge measured times
def test_a_slow_version_is_rejected(live: Project) -> None:
    add_step(live, "time", "time.sleep(0.15)")
    answer = train_and_gate(live, "--set", "gate.comparison=noninferior")
    assert answer.named("rejected") == {"latency"}


@pytest.mark.full
def test_an_underperforming_group_is_judged_by_the_risk_tier(opened: Project) -> None:
    shuffled = 'outcomes.loc[young, "defaulted"].sample(frac=1, random_state=1).to_numpy()'
    opened.edit(
        "data.py",
        "    reviewed = ",
        '    applicants = tables.read("applications", window)\n'
        '    young = applicants["age_band"].eq("under 40") & outcomes["defaulted"].notna()\n'
        f'    outcomes.loc[young, "defaulted"] = {shuffled}\n'
        "    reviewed = ",
    )
    opened.configure(gate={"thresholds": {"auc": {"min": 0.5}}})
    opened.run("train", "--as-of", AS_OF)
    before = "medium"
    for tier, verdict, limit in (
        ("low", "noted", "reported"),
        ("medium", "passed", "<= 0.1"),
        ("high", "rejected", "<= 0.05"),
    ):
        opened.edit(".copier-answers.yml", f"risk_tier: {before}", f"risk_tier: {tier}")
        before = tier
        check = opened.run("gate", code=3 if verdict == "rejected" else 0).checks[SLICE]
        assert (check["verdict"], check["limit"]) == (verdict, limit)


@pytest.mark.full
def test_a_champion_that_cannot_predict_leaves_the_verdict_to_a_person(live: Project) -> None:
    folder = live.call(behind.files, "dev.loan-risk", 1)
    live.write(f"{folder}/artifacts/model.skops", "written by packages of another time")
    live.call(behind.vouch, 1)
    answer = train_and_gate(live, code=4)
    assert answer.named("insufficient") == {"against champion"}
    assert "does not load" in answer.checks["against champion"]["reason"]
    assert "--approved-by" in answer.said


@pytest.mark.full
def test_a_protected_column_with_many_values_is_rejected(opened: Project) -> None:
    declaration = 'age: int = pa.Field(metadata={"role": "protected"})'
    add_column(opened, declaration, 'applications["application_id"].str[-4:].astype(int)')
    answer = train_and_gate(opened)
    assert answer.named("rejected") == {"slice age"}
    assert "bands" in answer.checks["slice age"]["reason"]
