"""`nox -s rehearse`: every environment's configuration, then a lifecycle with those of test."""

import re

import pytest

from lifecycle.rehearsals import rehearse

from .conftest import At
from .project import Project

SQL = {"kind": "sql", "origin": "production", "table": "t", "address": {"secret": "warehouse"}}
COMMANDS = ["train", "gate", "promote", "score", "monitor", "status"]


@pytest.mark.full
@pytest.mark.parametrize(
    ("problem", "risk_tier"),
    [
        pytest.param("binary", "high", marks=pytest.mark.wide),
        pytest.param("multiclass", "low", marks=pytest.mark.wide),
        ("regression", "medium"),
    ],
)
def test_a_new_project_passes(at: At, problem: str, risk_tier: str) -> None:
    """Even if test requires an approval, and if alerts name a missing secret."""
    project = at("born", problem=problem, risk_tier=risk_tier)
    project.configure("test", promotion="approval", approvers=["Ann Other"])
    project.configure("test", alerts=[{"secret": "teams"}])
    project.configure("prod", tables={"applications": SQL, "outcomes": SQL})
    project.commit()
    code, said = rehearse(project)
    assert code == 0, said[-3000:]
    assert re.findall("^--- loan-risk ([a-z]+)", said, re.MULTILINE) == COMMANDS
    assert "prod: production tables" in said
    card = project.path("build/summary/rehearse.md").read_text(encoding="utf-8")
    assert card.startswith("# loan-risk, version 1: model card")


def test_a_mistake_in_any_environment_stops_it_at_once(born: Project) -> None:
    born.edit("conf/prod.yml", "attempts: 5", "attemps: 5")
    code, said = rehearse(born)
    assert code == 2
    assert said.endswith("conf/prod.yml: unknown key gate.attemps; did you mean gate.attempts?\n")
    assert "train" not in said


@pytest.mark.full
@pytest.mark.wide  # the pipelines of Azure and GitHub are stopped by it in CI
def test_a_model_that_the_gate_rejects_stops_it_and_shows_its_card(born: Project) -> None:
    born.configure("test", gate={"thresholds": {"auc": {"min": 0.99}}})
    born.commit()
    code, said = rehearse(born)
    assert code == 3
    assert "--- loan-risk gate, with the settings of test" in said
    assert "--- loan-risk promote" not in said
    card = born.path("build/summary/rehearse.md").read_text(encoding="utf-8")
    assert "| auc | rejected |" in card


@pytest.mark.full
def test_without_synthetic_rows_it_reads_the_tables_of_test(born: Project) -> None:
    born.path("synthetic.py").unlink()
    files = {"kind": "files", "origin": "masked", "path": "data/nothing.parquet"}
    born.configure("test", tables={"applications": files, "outcomes": files})
    born.commit()
    code, said = rehearse(born)
    assert code == 1
    assert "data/nothing.parquet" in said
