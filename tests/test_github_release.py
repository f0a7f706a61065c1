"""The release of code by GitHub, read: who calls what, with which rights, and in which order."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Rendered
from rendering import git
from test_github import examine

FLOWS = ".github/workflows"
COMPUTES = ["local", "databricks", "kubernetes"]
RIGHTS = {"contents": "read", "actions": "read", "id-token": "write"}


def flow(project: Path, name: str) -> dict[Any, Any]:
    return dict(yaml.safe_load((project / FLOWS / f"{name}.yml").read_text("utf-8")))


@pytest.mark.parametrize("compute", COMPUTES)
def test_nothing_is_found_in_the_workflows(compute: str, new_project: Rendered) -> None:
    project = new_project(ci="github", compute=compute)
    files = sorted(str(file.relative_to(project)) for file in (project / FLOWS).iterdir())
    if not (project / ".git").exists():
        git(project, "init", "--quiet")
    assert examine(project, "actionlint") == ""
    schema = "--builtin-schema=vendor.github-workflows"
    assert examine(project, "check-jsonschema", schema, *files) == ""
    zizmor = ["zizmor", "--offline", "--quiet", "--persona=pedantic", "--strict-collection", "."]
    assert examine(project, *zizmor) == ""


@pytest.mark.parametrize("compute", COMPUTES[1:])
def test_the_order_is_checks_build_test_prod(compute: str, rendered: Rendered) -> None:
    release = flow(rendered(ci="github", compute=compute), "release")
    assert release[True] == {"push": {"branches": ["main"]}}
    needs = {name: job.get("needs") for name, job in release["jobs"].items()}
    assert needs == {"checks": None, "build": "checks", "test": "build", "prod": "test"}
    assert not release["concurrency"]["cancel-in-progress"]


def test_a_local_project_deploys_nowhere(rendered: Rendered) -> None:
    project = rendered(ci="github")
    assert list(flow(project, "release")["jobs"]) == ["checks", "build"]
    assert not {"deploy.yml", "promote.yml"} & {file.name for file in (project / FLOWS).iterdir()}


def test_checks_run_once_for_a_merge(rendered: Rendered) -> None:
    assert set(flow(rendered(ci="github"), "checks")[True]) == {"pull_request", "workflow_call"}


def test_only_the_step_that_acts_has_the_token(rendered: Rendered) -> None:
    deploy = flow(rendered(ci="github", compute="databricks"), "deploy")
    [job] = deploy["jobs"].values()
    assert job["environment"] == "loan-risk-${{ inputs.environment }}"
    assert job["permissions"] == RIGHTS
    holders = [step["name"] for step in job["steps"] if "GITHUB_TOKEN" in step.get("env", {})]
    assert holders == ["Act in the environment"]


def test_only_prod_promotes(rendered: Rendered) -> None:
    promote = flow(rendered(ci="github", compute="databricks"), "promote")
    assert set(promote[True]) == {"workflow_dispatch"}
    told = promote["jobs"]["prod"]["with"]
    assert (told["environment"], told["session"]) == ("prod", "approve")
