"""The gate passes a good version, and names the check that a bad one fails."""

import json
import re

import pytest

from lifecycle import behind
from lifecycle.challengers import DEFAULTED, add_column, add_step, train_and_gate
from lifecycle.project import AS_OF, Project

MODEL = "dev.loan-risk"
OF_ITSELF = {
    "stands alone",
    "events",
    "attempts",
    "contract",
    "keys seen in training",
    "same when scored",
    "predictions",
    "auc",
    "brier",
    "calibration",
    "calibration by band",
    "one column",
    "slice age_band=40 and over",
    "slice age_band=under 40",
}


def test_a_good_first_version_passes(trained: Project) -> None:
    answer = trained.run("gate")
    assert answer.named("passed") == OF_ITSELF
    assert answer.named("noted") == {"against champion"}
    assert [name for name, check in answer.checks.items() if not check["reason"]] == []
    assert answer.facts["outcome"] == "ok"
    assert answer.facts["verdict"] == "passed"


@pytest.mark.full
def test_the_table_shows_checks_figures_limits_verdicts_and_reasons(trained: Project) -> None:
    answer = trained.run("gate", "--set", "gate.thresholds.auc.min=0.9", code=3)
    for heading in ("check", "figure", "limit", "verdict", "why"):
        assert heading in answer.said
    auc = answer.checks["auc"]
    line = next(line for line in answer.said.splitlines() if line.startswith("auc "))
    assert all(part in line for part in (auc["figure"], ">= 0.9", "rejected"))
    assert "version 1 is rejected by: auc" in answer.said


def test_a_champion_judged_again_is_not_called_the_first_version(live: Project) -> None:
    check = live.run("gate", "1").checks["against champion"]
    assert (check["verdict"], check["reason"]) == ("noted", "it is the champion")


def test_the_evidence_names_what_was_judged_and_by_what(gated: Project) -> None:
    text = gated.call(behind.evidence, 2)
    evidence = json.loads(text)
    assert evidence["model"] == "dev.loan-risk"
    assert evidence["version"] == 1
    assert evidence["environment"] == "dev"
    assert evidence["window"] == "2025-07-01..2025-10-01"
    assert evidence["as_of"] == AS_OF
    assert evidence["verdict"] == "passed"
    assert re.fullmatch("[0-9a-f]{64}", evidence["digest"])
    assert re.fullmatch("[0-9a-f]{64}", evidence["data"])
    assert re.fullmatch("[0-9a-f]{40}", evidence["code"]["commit"])
    limits = {check["name"]: check["limit"] for check in evidence["checks"]}
    assert limits["auc"] == ">= 0.7"


def test_an_unreachable_database_gives_no_verdict(live: Project) -> None:
    before = live.call(behind.entries)
    dead = "postgresql+psycopg://reader:s3cret@127.0.0.1:1/risk"
    table = {"kind": "sql", "origin": "synthetic", "table": "applications", "time": "applied_on"}
    live.configure(tables={"applications": table | {"address": dead}})
    for command in (("gate", "1"), ("monitor", "--as-of", AS_OF)):
        assert "127.0.0.1" in live.run(*command, code=5).said
    assert live.call(behind.entries) == before


def test_shuffled_labels_are_rejected(opened: Project) -> None:
    honest = opened.path("data.py").read_text()
    shuffled = 'reviewed["defaulted"].sample(frac=1, random_state=1).to_numpy()'
    opened.edit(
        "data.py",
        "    return reviewed[",
        f"    return reviewed.assign(defaulted={shuffled})[",
    )
    opened.run("train", "--as-of", AS_OF)
    opened.write("data.py", honest)
    answer = opened.run("gate", code=3)
    assert "auc" in answer.named("rejected")


@pytest.mark.full
def test_a_column_that_leaks_the_target_is_rejected(opened: Project) -> None:
    add_column(opened, "collected: float = pa.Field(nullable=True)", DEFAULTED)
    answer = train_and_gate(opened)
    assert answer.named("rejected") == {"auc plausible", "one column"}
    assert "too good to be true" in answer.checks["auc plausible"]["reason"]


def test_a_column_that_the_schema_now_forbids_is_rejected(trained: Project) -> None:
    role = 'other_debts: float = pa.Field(ge=0, metadata={"role": "excluded"})'
    trained.edit("schema.py", "other_debts: float = pa.Field(ge=0)", role)
    answer = trained.run("gate", code=3)
    assert answer.named("rejected") == {"contract"}
    assert "other_debts" in answer.checks["contract"]["reason"]


@pytest.mark.full
def test_a_signature_that_differs_from_the_schema_is_rejected(trained: Project) -> None:
    model = f"{trained.call(behind.files, MODEL, 1)}/MLmodel"
    trained.edit(model, '"name": "decision"', '"name": "verdict"')
    trained.call(behind.vouch, 1)
    answer = trained.run("gate", code=3)
    assert answer.checks["contract"]["verdict"] == "rejected"
    assert "signature" in answer.checks["contract"]["reason"]


@pytest.mark.full
@pytest.mark.parametrize(("days", "verdict"), [(0, "passed"), (1, "rejected")])
def test_a_value_known_only_after_the_event_is_rejected(
    opened: Project, days: int, verdict: str
) -> None:
    add_column(
        opened,
        'income_known_on: datetime = pa.Field(metadata={"role": "known_at"})',
        f'applications["applied_on"] + pd.Timedelta(days={days})',
    )
    answer = train_and_gate(opened, code=3 if days else 0)
    assert answer.checks["known in time"]["verdict"] == verdict
    assert answer.named("rejected") == ({"known in time"} if days else set())


@pytest.mark.full
@pytest.mark.parametrize(
    ("line", "figure", "words"),
    [
        (
            'applications["late_payments"] = applications["late_payments"].rank().astype(int)',
            "200 rows",
            "data.inputs gives late_payments another value for a batch than when training, in",
        ),
        (
            'tables.read("applications", type(window)(pd.Timestamp("2020-01-01"), window.end))',
            "no answer",
            "add tables.applications_history with the same settings",
        ),
        (
            "applications = applications.iloc[:0] if len(applications) < 1000 else applications",
            "no rows",
            "none for a batch of the same rows",
        ),
    ],
    ids=["values", "a longer window", "no rows"],
)
def test_data_that_scoring_reads_otherwise_is_rejected(
    trained: Project, line: str, figure: str, words: str
) -> None:
    trained.edit("data.py", "    return applications[", f"    {line}\n    return applications[")
    found = trained.run("gate", code=3).checks["same when scored"]
    assert (found["verdict"], found["figure"], found["limit"]) == ("rejected", figure, "0")
    assert words in found["reason"]


@pytest.mark.full
def test_the_same_key_on_both_sides_is_rejected(opened: Project) -> None:
    for name in ("applications", "reviewed"):
        cut = f'{name}.assign(application_id={name}["application_id"].str[5:])'
        opened.edit("data.py", f"    return {name}[", f"    return {cut}[")
    answer = train_and_gate(opened)
    assert answer.named("rejected") == {"keys seen in training"}


@pytest.mark.full
@pytest.mark.parametrize(("split", "code"), [("group", 0), ("random", 3)])
def test_the_same_group_on_both_sides_is_rejected(opened: Project, split: str, code: int) -> None:
    opened.configure(time={"split": split, "reason": "a test"}, gate={"min_events": 50})
    answer = train_and_gate(opened, code=code)
    assert answer.named("rejected") == ({"groups seen in training"} if code else set())
    assert answer.checks["keys seen in training"]["verdict"] == "passed"


@pytest.mark.full
@pytest.mark.wide
def test_a_version_that_needs_the_project_is_rejected(opened: Project) -> None:
    add_step(opened, "importlib", 'importlib.import_module("loan_risk." + "data")')
    answer = train_and_gate(opened)
    assert answer.named("rejected") == {"stands alone"}
    assert "loan_risk" in answer.checks["stands alone"]["reason"]


@pytest.mark.full
def test_a_version_without_its_code_is_rejected(trained: Project) -> None:
    code = trained.path(trained.call(behind.files, MODEL, 1)) / "code"
    next(code.glob("*/features.py")).unlink()
    trained.call(behind.vouch, 1)
    answer = trained.run("gate", code=3)
    assert answer.named("rejected") == {"stands alone", "loads"}


@pytest.mark.full
def test_a_version_that_predicts_differently_than_when_trained_is_rejected(
    trained: Project,
) -> None:
    card = f"{trained.call(behind.files, MODEL, 1)}/artifacts/card.json"
    trained.edit(card, '"cutoff": 0.2', '"cutoff": 0.001')
    trained.call(behind.vouch, 1)
    answer = trained.run("gate", code=3)
    assert answer.named("rejected") == {"loads"}
    assert "golden rows" in answer.checks["loads"]["reason"]


@pytest.mark.full
def test_a_version_with_constant_predictions_is_rejected(opened: Project) -> None:
    opened.edit(
        "model.py",
        "from . import features",
        "from sklearn.dummy import DummyClassifier\n\nfrom . import features",
    )
    opened.edit("model.py", "trees = HistGradientBoostingClassifier(", "trees = DummyClassifier(")
    opened.edit("model.py", "(early_stopping=False, random_state=seed, **settings)", "()")
    answer = train_and_gate(opened)
    assert {"predictions", "auc"} <= answer.named("rejected")


def test_a_threshold_for_an_unknown_metric_is_rejected(trained: Project) -> None:
    answer = trained.run("gate", "--set", "gate.thresholds.gini.min=0.2", code=3)
    assert answer.named("rejected") == {"gini"}
    assert answer.checks["gini"]["figure"] == "missing"


@pytest.mark.full
def test_a_custom_metric_is_judged(opened: Project) -> None:
    opened.edit(
        "model.py",
        "def build(",
        "def metrics(truth, prediction):\n"
        '    return {"hits": float((prediction["decision"] == (truth == 1)).mean())}\n\n\n'
        "def build(",
    )
    opened.configure(gate={"thresholds": {"auc": {"min": 0.7}, "hits": {"min": 0.99}}})
    answer = train_and_gate(opened)
    assert answer.named("rejected") == {"hits"}


def test_a_version_whose_window_cannot_be_read_is_rejected(trained: Project) -> None:
    trained.path("synthetic.py").unlink()
    answer = trained.run("gate", code=3)
    assert answer.named("rejected") == {"window"}
    assert "synthetic" in answer.checks["window"]["reason"]


@pytest.mark.full
def test_too_few_events_wait_for_a_person(trained: Project) -> None:
    answer = trained.run("gate", "--set", "gate.min_events=1000", code=4)
    assert answer.named("insufficient") == {"events"}
    assert answer.facts["outcome"] == "waiting"
    assert "loan-risk promote 1 --approved-by NAME" in answer.said
    waiting = trained.run("promote", code=4)
    assert "the gate could not judge it" in waiting.said
    trained.run("promote", "--approved-by", "Ann Other")
    assert trained.call(behind.aliases, MODEL) == {"champion": 1}


@pytest.mark.full
def test_attempts_on_one_window_are_limited(gated: Project) -> None:
    limit = ("--set", "gate.attempts=1")
    assert gated.run("gate", *limit).facts["verdict"] == "passed"  # the same version again
    answer = train_and_gate(gated, *limit)
    assert answer.named("rejected") == {"attempts"}
    assert "--as-of" in answer.checks["attempts"]["reason"]
    gated.run("train", "--as-of", "2025-12-01")
    assert gated.run("gate", *limit).checks["attempts"]["figure"] == "1"  # a fresh window
