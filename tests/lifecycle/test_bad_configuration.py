"""A wrong setting is named with its file, its key and the nearest known key."""

import pytest

from lifecycle.mistakes import Mistake, conf, edit, expect, gone, nothing
from lifecycle.project import Project

MISTAKES = [
    Mistake(
        "an unknown key",
        conf(gate={"margn": 0.1}),
        ("conf/base.yml", "gate.margn", "did you mean gate.margin"),
        code=2,
    ),
    Mistake(
        "an unknown key of one environment",
        conf("prod", scorng={"max_psi": 1}),
        ("conf/prod.yml", "scorng", "did you mean scoring"),
        code=2,
        command=("status", "--env", "prod"),
    ),
    Mistake(
        "an unknown key of a table",
        conf(tables={"outcomes": {"kind": "files", "origin": "masked", "pth": "x.csv"}}),
        ("conf/base.yml", "tables.outcomes.pth", "did you mean tables.outcomes.path"),
        code=2,
    ),
    Mistake(
        "an unknown key of a threshold",
        conf(gate={"thresholds": {"auc": {"min": 0.7, "suspicious": 0.9}}}),
        ("conf/base.yml", "gate.thresholds.auc.suspicious", "gate.thresholds.auc.suspicious_"),
        code=2,
    ),
    Mistake(
        "an unknown key on the command line",
        nothing,
        ("--set", "gate.margn", "did you mean gate.margin"),
        code=2,
        command=("status", "--set", "gate.margn=0.1"),
    ),
    Mistake(
        "an unknown key that resembles no other",
        conf(zzz=1),
        ("conf/base.yml", "unknown key zzz"),
        code=2,
    ),
    Mistake(
        "a value of the wrong type",
        conf(time={"train": "twelve"}),
        ("conf/base.yml", "time.train", "whole number"),
        code=2,
    ),
    Mistake(
        "a value that is not a choice",
        conf(gate={"comparison": "better"}),
        ("conf/base.yml", "gate.comparison", "noninferior"),
        code=2,
    ),
    Mistake(
        "--set without a value",
        nothing,
        ("--set gate.margin", "no value", "time.train=24"),
        code=2,
        command=("status", "--set", "gate.margin"),
    ),
    Mistake(
        "--set with a value that is not valid YAML",
        nothing,
        ("--set", "gate.margin", "YAML"),
        code=2,
        command=("status", "--set", "gate.margin=[1"),
    ),
    Mistake(
        "an unknown environment",
        nothing,
        ("--env", "qa", "dev, test or prod"),
        code=2,
        command=("status", "--env", "qa"),
    ),
    Mistake(
        "a date that is not a date",
        nothing,
        ("--as-of", "January", "2026-01-01"),
        code=2,
        command=("train", "--as-of", "January"),
    ),
    Mistake(
        "a date inside a period",
        nothing,
        ("--as-of 2026-01-31 is not the first day of a month", "2026-01-01 or 2026-02-01"),
        code=2,
        command=("train", "--as-of", "2026-01-31"),
    ),
    Mistake(
        "a file that is not valid YAML",
        lambda project: project.write("conf/base.yml", "gate: [1"),
        ("conf/base.yml", "YAML"),
        code=2,
    ),
    Mistake(
        "a file without keys",
        lambda project: project.write("conf/base.yml", "- gate"),
        ("conf/base.yml", "keys"),
        code=2,
    ),
    Mistake(
        "a missing file",
        gone("conf/test.yml"),
        ("conf/test.yml", "missing", "git"),
        code=2,
        command=("status", "--env", "test"),
    ),
    Mistake(
        "a gate whose metric has no threshold",
        conf(gate={"metric": "brier", "thresholds": {"auc": {"min": 0.5}}}),
        ("gate.thresholds", "brier"),
        code=2,
    ),
    Mistake(
        "a threshold with two directions",
        conf(gate={"thresholds": {"auc": {"min": 0.5, "max": 0.9}}}),
        ("conf/base.yml", "gate.thresholds.auc", "min", "max"),
        code=2,
    ),
    Mistake(
        "a table of files without a path",
        conf(tables={"outcomes": {"kind": "files", "origin": "masked"}}),
        ("conf/base.yml", "tables.outcomes", "path"),
        code=2,
    ),
    Mistake(
        "a table to score that does not exist",
        conf(scoring={"table": "customers"}),
        ("scoring.table", "customers"),
        code=2,
    ),
    Mistake(
        "a split without a reason",
        conf(time={"split": "random"}),
        ("conf/base.yml", "time", "reason"),
        code=2,
    ),
    Mistake(
        "a split that high risk forbids",
        conf(time={"split": "random", "reason": "a test"}, risk_tier="high"),
        ("at risk_tier high", "time.split"),
        code=2,
    ),
    Mistake(
        "a split by time without a time",
        edit("schema.py", 'applied_on: datetime = pa.Field(metadata={"role": "event_time"})', ""),
        ("schema.py", "event_time", "time.split"),
        code=2,
    ),
    Mistake(
        "an embargo shorter than the horizon",
        conf(time={"embargo": 1}),
        ("embargo", "label_horizon"),
        code=2,
    ),
    Mistake(
        "a dirty tree allowed in prod",
        conf("prod", allow_dirty=True),
        ("allow_dirty", "prod"),
        code=2,
        command=("status", "--env", "prod"),
    ),
    Mistake(
        "a rule of prod on the command line",
        nothing,
        ("--set: gate.margin cannot be overridden", "in prod", "conf/"),
        code=2,
        command=("status", "--env", "prod", "--set", "gate.margin=1"),
    ),
    Mistake(
        "a risk tier of test on the command line",
        nothing,
        ("--set: risk_tier cannot be overridden", "in test", "copier update"),
        code=2,
        command=("status", "--env", "test", "--set", "risk_tier=low"),
    ),
    Mistake(
        "a date in the configuration of all environments",
        conf(as_of="2026-01-01"),
        ("conf/base.yml", "as_of is allowed in dev only"),
        code=2,
        command=("status", "--env", "test"),
    ),
    Mistake(
        "a missing secret",
        conf(tracking_uri={"secret": "mlflow-address"}),
        ("mlflow-address", "MLOPS_SECRET_MLFLOW_ADDRESS", "/run/secrets"),
        code=2,
    ),
    Mistake(
        "a parameter that the estimator does not know",
        conf(model={"params": {"max_itr": 30}}),
        ("model.build", "max_itr"),
        code=2,
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_wrong_setting_is_reported(born: Project, mistake: Mistake) -> None:
    expect(born, mistake)


def test_a_misspelled_variable_is_refused(born: Project) -> None:
    answer = born.run("status", code=2, variables={"MLOPS_GATE__MARGN": "0.1"})
    assert "MLOPS_GATE__MARGN" in answer.said
    assert "did you mean gate.margin" in answer.said


def test_a_folder_that_is_not_a_project_is_refused(born: Project) -> None:
    for name in ("conf", ".copier-answers.yml"):
        born.path(name).rename(born.path(f"{name}.away"))
    answer = born.run("status", code=2)
    assert "is missing; restore the file with git" in answer.said
    assert not born.path("mlflow.db").exists()


def test_a_variable_cannot_override_a_rule_of_prod(born: Project) -> None:
    weaker = {"MLOPS_PROMOTION": "automatic"}
    answer = born.run("status", "--env", "prod", code=2, variables=weaker)
    assert "MLOPS_PROMOTION: promotion cannot be overridden in prod" in answer.said
