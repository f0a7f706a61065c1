"""The Azure DevOps pipelines, executed: good changes pass, bad ones are stopped."""

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Rendered
from desks import add_program
from pipelines.azure import Job, Service
from pipelines.azure_api import TOKEN
from pipelines.changes import (
    BAD,
    UNGUARDED,
    accept,
    in_ci,
    newer_template,
    vulnerable_dependency,
)
from pipelines.expansion import expand
from pipelines.expressions import Unmodelled
from pipelines.osv import Osv
from programs import uv_cache
from rendering import append, commit, git, replace

CHECKS = "azure-pipelines.yml"
WEEKLY = "ci/azure-devops/maintenance.yml"
RELEASE = "ci/azure-devops/release.yml"
PROMOTE = "ci/azure-devops/promote.yml"


@pytest.fixture
def team(locked_project: Rendered, osv: Osv) -> Path:
    """A team's project; the test changes something and commits it."""
    project = locked_project(ci="azure-devops")
    append(project / "ci/variables.azure-devops.yml", f"  OSV_URL: {osv.address}\n")
    return project


@pytest.fixture
def service(tmp_path: Path, quick: dict[str, str], tools: Path) -> Service:
    """A local stand-in for Azure DevOps."""
    remote = tmp_path / "dev.azure.com/loan-risk.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    (tmp_path / "agents").mkdir()
    place = tmp_path / "agents"
    return Service(remote, place, uv_cache(), agent_variables=dict(quick), tools=tools)


def push(project: Path, service: Service) -> None:
    """Commit and push to main."""
    commit(project)
    git(project, "push", "--quiet", str(service.remote), "HEAD:main")


def results(jobs: dict[str, Job]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def failed_logs(jobs: dict[str, Job]) -> str:
    """Return the end of the failed jobs' logs."""
    return "\n".join(job.log[-3000:] for job in jobs.values() if job.failed_steps)


def jobs_of(pipeline: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all jobs of an expanded pipeline."""
    stages = pipeline.get("stages") or [pipeline]
    return [job for stage in stages for job in stage["jobs"]]


def steps_of(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of a job or deployment."""
    own: list[dict[str, Any]] = job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]
    return own


# Reading


@pytest.mark.parametrize(
    ("file", "compute"),
    [
        *((file, "local") for file in (CHECKS, WEEKLY, RELEASE)),
        *((file, "databricks") for file in (RELEASE, PROMOTE)),
    ],
)
def test_an_expanded_pipeline_matches_the_schema(
    file: str, compute: str, new_project: Rendered, service: Service
) -> None:
    push(new_project(ci="azure-devops", compute=compute), service)
    parameters = {"version": 7} if file == PROMOTE else {}
    pipeline = service.expanded(file, "main", **parameters)
    for job in jobs_of(pipeline):
        assert job["timeoutInMinutes"] <= 60
        assert job["pool"] == {"name": "Azure Pipelines", "vmImage": "ubuntu-24.04"}


def test_the_teams_own_agent_pool_has_no_image(new_project: Rendered) -> None:
    project = new_project(ci="azure-devops")
    replace(project / "ci/variables.azure-devops.yml", "Azure Pipelines", "the bank's")
    replace(project / "ci/variables.azure-devops.yml", "image: ubuntu-24.04", 'image: ""')
    for file in (CHECKS, WEEKLY, RELEASE):
        pools = {str(job["pool"]) for job in jobs_of(expand(project, file))}
        assert pools == {"{'name': \"the bank's\"}"}


def test_only_publishing_and_deploying_can_read_the_token(rendered: Rendered) -> None:
    project = rendered(ci="azure-devops", compute="databricks")
    reach = {
        job.get("job") or job["deployment"]
        for file in (CHECKS, WEEKLY, RELEASE)
        for job in jobs_of(expand(project, file))
        for step in steps_of(job)
        if "System.AccessToken" in str(step) or step.get("persistCredentials")
    }
    assert reach == {"publish", "test", "prod"}


@pytest.mark.parametrize("file", [CHECKS, WEEKLY, RELEASE])
def test_scripts_pass_shellcheck(file: str, rendered: Rendered) -> None:
    for job in jobs_of(expand(rendered(ci="azure-devops", compute="databricks"), file)):
        for step in steps_of(job):
            script = step.get("bash") or step.get("inputs", {}).get("inlineScript", "")
            check = [str(Path(sys.executable).with_name("shellcheck")), "--shell=bash", "-"]
            found = subprocess.run(check, input=script, capture_output=True, text=True, check=False)
            assert found.returncode == 0, found.stdout


def test_yamllint_finds_nothing(rendered: Rendered) -> None:
    rules = "{extends: default, rules: {document-start: disable, line-length: {max: 100}, "
    rules += "comments: {min-spaces-from-content: 1}}}"
    check = [sys.executable, "-m", "yamllint", "--strict", "-d", rules, CHECKS, "ci"]
    project = rendered(ci="azure-devops", compute="databricks")
    found = subprocess.run(check, cwd=project, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


UNKNOWN = {
    "a task": ("Cache@2", "UsePythonVersion@0"),
    "a variable": ("$(Agent.TempDirectory)", "$(Agent.Nowhere)"),
    "a function": ("condition: succeededOrFailed()", "condition: failed()"),
    "a parameter": ("parameters.title }}", "parameters.heading() }}"),
    "a key of a step": ("fetchDepth: 1", "clean: true"),
    "what the schema refuses": ("timeoutInMinutes: 60", "timeoutInMinutes: [60]"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_the_runner_refuses_what_it_does_not_model(
    what: str, new_project: Rendered, service: Service
) -> None:
    """Otherwise a test could pass because a step was skipped."""
    project = new_project(ci="azure-devops")
    file = project / "ci/azure-devops/sessions.yml"
    replace(file, *UNKNOWN[what])
    file.write_text(file.read_text("utf-8").replace("uvx nox@", "true nox@"), encoding="utf-8")
    replace(file, '"$PLACE/bin/pip" install', "true install")
    replace(file, "python3 -m venv", "true -m venv")
    (project / "uv.lock").touch()
    push(project, service)
    with pytest.raises((Unmodelled, KeyError)):
        service.run(CHECKS)


# Running


@pytest.mark.full
def test_a_good_change_passes(team: Path, service: Service) -> None:
    append(team / "src/loan_risk/data.py", "\n\n# Read and understood.\n")
    push(team, service)
    jobs = service.run(CHECKS)
    assert results(jobs) == dict.fromkeys(("checks", "rehearsal", "audit"), "Succeeded"), (
        failed_logs(jobs)
    )
    [evidence] = jobs["rehearsal"].summaries
    assert evidence.startswith("# loan-risk, version 1: model card")
    assert "| auc | passed |" in evidence
    assert TOKEN not in "".join(job.log for job in jobs.values())
    assert service.cached, "packages are kept for the next run"


@pytest.mark.full
@pytest.mark.parametrize("what", in_ci(BAD, "a failing test", "a leaked secret"))
def test_a_bad_change_is_stopped_by_its_check(
    what: str, team: Path, service: Service, osv: Osv
) -> None:
    change = BAD[what]
    change.spoil(team, osv)
    push(team, service)
    done = service.run(CHECKS, only=change.job)[change.job]
    assert done.failed_steps == [f"nox -s {change.session}"], done.log[-3000:]
    assert change.words in done.log
    if what == "a bad model":
        [evidence] = done.summaries
        assert "| auc | rejected |" in evidence


@pytest.mark.full
@pytest.mark.wide
def test_without_its_checks_each_bad_change_gets_through(
    team: Path, service: Service, osv: Osv
) -> None:
    """This proves that the checks stopped them above, not the runner."""
    for spoil in UNGUARDED:
        spoil(team, osv)
    for sessions in ("[lint, types, tests]", "[rehearse]", "[audit]"):
        replace(team / "ci/azure-devops/checks.yml", sessions, "[]")
    push(team, service)
    jobs = service.run(CHECKS)
    assert set(results(jobs).values()) == {"Succeeded"}, failed_logs(jobs)


@pytest.mark.full
def test_an_exception_with_an_owner_and_a_future_date_passes(
    team: Path, service: Service, osv: Osv
) -> None:
    vulnerable_dependency(team, osv)
    accept(team, datetime.datetime.now(datetime.UTC).date())
    push(team, service)
    service.tools = None  # the machine starts without uv
    done = service.run(CHECKS, only="audit")["audit"]
    assert done.result == "Succeeded", done.log
    assert "is accepted until" in done.log


@pytest.mark.full
def test_the_weekly_update_becomes_a_pull_request(
    team: Path, service: Service, tmp_path: Path
) -> None:
    newer_template(team, tmp_path / "template", sessions="audit")
    push(team, service)
    service.programs = tmp_path / "programs"
    add_program(service.programs, "az", "vendor")

    jobs = service.run(WEEKLY)
    assert set(results(jobs).values()) == {"Succeeded"}, failed_logs(jobs)
    assert TOKEN not in "".join(job.log for job in jobs.values())
    title = git(service.remote, "log", "-1", "--format=%s", "template-update").strip()
    assert title == "chore: update the template from v0.1.0 to v0.2.0"
    noted = (service.programs / "calls").read_text(encoding="utf-8").splitlines()
    calls = [json.loads(call) for call in noted]
    assert [call[:4] for call in calls] == [
        ["az", "repos", "pr", "list"],
        ["az", "repos", "pr", "create"],
    ]
    assert "--target-branch=main" in calls[1]


@pytest.mark.full
def test_a_week_without_a_new_version_opens_nothing(
    team: Path, service: Service, tmp_path: Path
) -> None:
    push(team, service)
    service.programs = tmp_path / "programs"
    add_program(service.programs, "az", "vendor")
    jobs = service.run(WEEKLY)
    assert set(results(jobs).values()) == {"Succeeded"}, failed_logs(jobs)
    assert "Nothing to publish" in jobs["publish"].log
    assert not (service.programs / "calls").exists()
    assert "template-update" not in git(service.remote, "branch")


@pytest.mark.full
def test_an_update_that_cannot_be_prepared_publishes_nothing(team: Path, service: Service) -> None:
    answers = team / ".copier-answers.yml"
    replace(answers, "_src_path: ", "_src_path: /gone")
    push(team, service)
    jobs = service.run(WEEKLY)
    assert results(jobs) == {"audit": "Succeeded", "update": "Failed", "publish": "Skipped"}
