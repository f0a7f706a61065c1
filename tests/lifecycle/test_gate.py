"""The gate lets a good version pass, and names the check that a bad one breaks."""

import json
import re

import pytest
from lifecycle import behind
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Answer, Project

READ = '    applications: pd.DataFrame = tables.read("applications", window)\n'
DEFAULTED = (
    'applications["application_id"].map(tables.read("outcomes", window)'
    '.set_index("application_id")["defaulted"]).astype("float64")'
)
SLICE = "slice age_band=under 40"
OF_ITSELF = {
    "stands alone",
    "events",
    "attempts",
    "contract",
    "keys seen in training",
    "predictions",
    "auc",
    "brier",
    "one column",
    "slice age_band=40 and over",
    SLICE,
}


def add_column(project: Project, declaration: str, expression: str) -> None:
    """Give `Inputs` one more column, and let data.py fill it."""
    name = declaration.split(":")[0]
    project.edit("schema.py", "has_account: bool\n", f"has_account: bool\n    {declaration}\n")
    project.edit("data.py", READ, f'{READ}    applications["{name}"] = {expression}\n')


def add_step(project: Project, transform: str, imports: str = "") -> None:
    """Put a step before all others that returns `frame` after the line `transform`."""
    lines = (
        f"{imports}\n\nclass Extra(TransformerMixin, BaseEstimator):\n"
        "    def fit(self, frame, target=None):\n        self.fitted_ = True\n        return self\n\n"
        f"    def transform(self, frame):\n        {transform}\n        return frame\n\n\n"
    )
    project.edit("features.py", "def prepare()", f"{lines}def prepare()")
    project.edit("features.py", '("ratios", ', '("extra", Extra()), ("ratios", ')


def train_and_gate(project: Project, *words: str, code: int = 3) -> Answer:
    """Train a version and judge it."""
    project.run("train", "--as-of", AS_OF)
    return project.run("gate", *words, code=code)


def test_a_good_first_version_passes(trained: Project) -> None:
    answer = trained.run("gate")
    assert answer.named("passed") == OF_ITSELF
    assert answer.named("noted") == {"against champion"}
    assert answer.facts["outcome"] == "ok"
    assert answer.facts["verdict"] == "passed"


def test_a_retrained_version_passes_against_its_champion(live: Project) -> None:
    answer = train_and_gate(live, code=0)
    assert answer.named("passed") == OF_ITSELF | {"against champion", "latency"}
    assert "noninferior to version 1" in answer.checks["against champion"]["reason"]


def test_the_table_shows_checks_figures_limits_verdicts_and_reasons(trained: Project) -> None:
    answer = trained.run("gate", "--set", "gate.thresholds.auc.min=0.9", code=3)
    for heading in ("check", "figure", "limit", "verdict", "why"):
        assert heading in answer.said
    auc = answer.checks["auc"]
    line = next(line for line in answer.said.splitlines() if line.startswith("auc "))
    assert all(part in line for part in (auc["figure"], ">= 0.9", "rejected"))
    assert "version 1 is rejected by: auc" in answer.said


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


def test_shuffled_labels_are_rejected(born: Project) -> None:
    honest = born.path("data.py").read_text()
    shuffled = 'reviewed["defaulted"].sample(frac=1, random_state=1).to_numpy()'
    born.edit(
        "data.py",
        "    return reviewed[",
        f"    return reviewed.assign(defaulted={shuffled})[",
    )
    born.run("train", "--as-of", AS_OF)
    born.write("data.py", honest)
    answer = born.run("gate", code=3)
    assert answer.named("rejected") == {"auc", "brier"}


def test_a_version_worse_than_the_champion_is_rejected(live: Project) -> None:
    live.configure(model={"params": {"max_iter": 5}}, gate={"thresholds": {"auc": {"min": 0.5}}})
    answer = train_and_gate(live)
    assert answer.named("rejected") == {"against champion"}
    assert "noninferior" in answer.checks["against champion"]["reason"]


def test_new_code_must_be_better_than_the_champion(live: Project) -> None:
    live.edit("features.py", "def prepare()", "NEW = 1\n\n\ndef prepare()")
    answer = train_and_gate(live)
    assert answer.named("rejected") == {"against champion"}
    assert "superior to version 1" in answer.checks["against champion"]["reason"]
    assert live.run("gate", "--set", "gate.comparison=noninferior").facts["verdict"] == "passed"


def test_new_code_that_is_better_passes(born: Project) -> None:
    weak = ("--set", "model.params.max_iter=5", "--set", "gate.thresholds.auc.min=0.5")
    born.run("train", "--as-of", AS_OF, *weak)
    born.run("gate", *weak)
    born.run("promote")
    born.edit("features.py", "def prepare()", "NEW = 1\n\n\ndef prepare()")
    answer = train_and_gate(born, code=0)
    assert "superior to version 1" in answer.checks["against champion"]["reason"]


def test_a_column_that_knows_the_target_is_rejected(born: Project) -> None:
    add_column(born, "collected: float = pa.Field(nullable=True)", DEFAULTED)
    answer = train_and_gate(born)
    assert answer.named("rejected") == {"auc plausible"}
    assert "too good to be true" in answer.checks["auc plausible"]["reason"]


def test_a_column_that_carries_nearly_everything_is_rejected(born: Project) -> None:
    add_column(born, "collected: float = pa.Field(nullable=True)", DEFAULTED)
    born.configure(
        model={"params": {"max_iter": 30, "max_features": 1.0}},
        gate={"thresholds": {"auc": {"min": 0.7}}},
    )
    answer = train_and_gate(born)
    assert answer.named("rejected") == {"one column"}
    assert "collected" in answer.checks["one column"]["reason"]


def test_a_column_that_the_schema_forbids_by_now_is_rejected(trained: Project) -> None:
    role = 'other_debts: float = pa.Field(ge=0, metadata={"role": "excluded"})'
    trained.edit("schema.py", "other_debts: float = pa.Field(ge=0)", role)
    answer = trained.run("gate", code=3)
    assert answer.named("rejected") == {"contract"}
    assert "other_debts" in answer.checks["contract"]["reason"]


def test_a_signature_that_is_not_the_schemas_is_rejected(trained: Project) -> None:
    model = f"{trained.call(behind.files, 'dev.loan-risk', 1)}/MLmodel"
    trained.edit(model, '"name": "decision"', '"name": "verdict"')
    answer = trained.run("gate", code=3)
    assert answer.checks["contract"]["verdict"] == "rejected"
    assert "signature" in answer.checks["contract"]["reason"]


@pytest.mark.parametrize(("days", "verdict"), [(0, "passed"), (1, "rejected")])
def test_a_value_known_only_after_the_event_is_rejected(
    born: Project, days: int, verdict: str
) -> None:
    add_column(
        born,
        'income_known_on: datetime = pa.Field(metadata={"role": "known_at"})',
        f'applications["applied_on"] + pd.Timedelta(days={days})',
    )
    answer = train_and_gate(born, code=3 if days else 0)
    assert answer.checks["known in time"]["verdict"] == verdict
    assert answer.named("rejected") == ({"known in time"} if days else set())


def test_the_same_key_on_both_sides_is_rejected(born: Project) -> None:
    for name in ("applications", "reviewed"):
        cut = f'{name}.assign(application_id={name}["application_id"].str[5:])'
        born.edit("data.py", f"    return {name}[", f"    return {cut}[")
    answer = train_and_gate(born)
    assert answer.named("rejected") == {"keys seen in training"}


@pytest.mark.parametrize(("split", "code"), [("group", 0), ("random", 3)])
def test_the_same_group_on_both_sides_is_rejected(born: Project, split: str, code: int) -> None:
    born.configure(time={"split": split, "reason": "a test"}, gate={"min_events": 50})
    answer = train_and_gate(born, code=code)
    assert answer.named("rejected") == ({"groups seen in training"} if code else set())
    assert answer.checks["keys seen in training"]["verdict"] == "passed"


def test_a_version_that_needs_the_project_is_rejected(born: Project) -> None:
    add_step(
        born,
        'importlib.import_module("loan_risk.data")',
        imports="import importlib",
    )
    answer = train_and_gate(born)
    assert answer.named("rejected") == {"stands alone"}
    assert "loan_risk" in answer.checks["stands alone"]["reason"]


def test_a_version_without_its_code_is_rejected(trained: Project) -> None:
    code = trained.path(trained.call(behind.files, "dev.loan-risk", 1)) / "code"
    next(code.glob("*/features.py")).unlink()
    answer = trained.run("gate", code=3)
    assert answer.named("rejected") == {"stands alone", "loads"}


def test_a_version_that_predicts_otherwise_than_at_birth_is_rejected(trained: Project) -> None:
    card = f"{trained.call(behind.files, 'dev.loan-risk', 1)}/artifacts/card.json"
    trained.edit(card, '"cutoff": 0.2', '"cutoff": 0.001')
    answer = trained.run("gate", code=3)
    assert answer.named("rejected") == {"loads"}
    assert "golden rows" in answer.checks["loads"]["reason"]


def test_a_version_that_says_the_same_of_everybody_is_rejected(born: Project) -> None:
    born.edit(
        "model.py",
        "from . import features",
        "from sklearn.dummy import DummyClassifier\n\nfrom . import features",
    )
    born.edit("model.py", "trees = HistGradientBoostingClassifier(", "trees = DummyClassifier(")
    born.edit("model.py", "(early_stopping=False, random_state=seed, **settings)", "()")
    answer = train_and_gate(born)
    assert {"predictions", "auc"} <= answer.named("rejected")


def test_a_metric_that_nothing_computes_is_rejected(trained: Project) -> None:
    answer = trained.run("gate", "--set", "gate.thresholds.gini.min=0.2", code=3)
    assert answer.named("rejected") == {"gini"}
    assert answer.checks["gini"]["figure"] == "missing"


def test_a_metric_of_the_users_own_counts(born: Project) -> None:
    born.edit(
        "model.py",
        "def build(",
        "def metrics(truth, prediction):\n"
        '    return {"hits": float((prediction["decision"] == (truth == 1)).mean())}\n\n\n'
        "def build(",
    )
    born.configure(gate={"thresholds": {"auc": {"min": 0.7}, "hits": {"min": 0.99}}})
    answer = train_and_gate(born)
    assert answer.named("rejected") == {"hits"}


def test_a_window_that_is_gone_is_rejected(trained: Project) -> None:
    trained.path("synthetic.py").unlink()
    answer = trained.run("gate", code=3)
    assert answer.named("rejected") == {"window"}
    assert "synthetic" in answer.checks["window"]["reason"]


def test_too_few_events_wait_for_a_person(trained: Project) -> None:
    answer = trained.run("gate", "--set", "gate.min_events=1000", code=4)
    assert answer.named("insufficient") == {"events"}
    assert answer.facts["outcome"] == "waiting"
    assert "loan-risk promote 1 --approved-by NAME" in answer.said
    waiting = trained.run("promote", code=4)
    assert "too few rows" in waiting.said
    trained.run("promote", "--approved-by", "Ann Other")
    assert trained.call(behind.aliases, "dev.loan-risk") == {"champion": 1}


def test_attempts_on_one_window_are_limited(gated: Project) -> None:
    limit = ("--set", "gate.attempts=1")
    assert gated.run("gate", *limit).facts["verdict"] == "passed"  # the same version again
    answer = train_and_gate(gated, *limit)
    assert answer.named("rejected") == {"attempts"}
    assert "--as-of" in answer.checks["attempts"]["reason"]
    gated.run("train", "--as-of", "2025-12-01")
    assert gated.run("gate", *limit).checks["attempts"]["figure"] == "1"  # a fresh window


def test_a_slow_version_is_rejected(live: Project) -> None:
    add_step(live, "time.sleep(0.05)", imports="import time")
    answer = train_and_gate(live, "--set", "gate.comparison=noninferior")
    assert answer.named("rejected") == {"latency"}


def test_a_group_that_is_served_worse_is_judged_by_the_risk_tier(born: Project) -> None:
    shuffled = 'outcomes.loc[young, "defaulted"].sample(frac=1, random_state=1).to_numpy()'
    born.edit(
        "data.py",
        "    reviewed = ",
        '    applicants = tables.read("applications", window)\n'
        '    young = applicants["age_band"].eq("under 40") & outcomes["defaulted"].notna()\n'
        f'    outcomes.loc[young, "defaulted"] = {shuffled}\n'
        "    reviewed = ",
    )
    born.configure(gate={"thresholds": {"auc": {"min": 0.5}}})
    born.run("train", "--as-of", AS_OF)
    before = "medium"
    for tier, verdict, limit in (
        ("low", "noted", "reported"),
        ("medium", "passed", "<= 0.1"),
        ("high", "rejected", "<= 0.05"),
    ):
        born.edit(".copier-answers.yml", f"risk_tier: {before}", f"risk_tier: {tier}")
        before = tier
        check = born.run("gate", code=3 if verdict == "rejected" else 0).checks[SLICE]
        assert (check["verdict"], check["limit"]) == (verdict, limit)
