"""The GitHub workflows, executed: good changes pass, bad ones are stopped."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Rendered
from desks import add_program
from pipelines.changes import BAD, ESSENTIAL, UNGUARDED, in_ci, newer_template
from pipelines.git_host import WRITES, git_host
from pipelines.github import GitHub, Job
from pipelines.osv import Osv
from programs import examine
from rendering import append, git, replace

CHECKS = ".github/workflows/checks.yml"
WEEKLY = ".github/workflows/maintenance.yml"
NOX = "uvx nox@2026.10.20 -s"


@pytest.fixture
def team(locked_project: Rendered) -> Path:
    """A team's project; the test changes something and pushes it."""
    return locked_project(ci="github")


@pytest.fixture
def service(tmp_path: Path, tools: Path, osv: Osv, quick: dict[str, str]) -> Iterator[GitHub]:
    """A local stand-in for GitHub: git host, artifacts and a runner."""
    add_program(tmp_path / "programs", "gh", "vendor")
    with git_host(tmp_path / "git") as host:
        variables = {"OSV_URL": osv.address}
        yield GitHub(host, tmp_path, tmp_path / "programs", tools, variables, quick=quick)


def results(jobs: dict[str, Job]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def failed_logs(jobs: dict[str, Job]) -> str:
    """Return the end of the failed jobs' logs."""
    return "\n".join(job.log[-3000:] for job in jobs.values() if job.failed_steps)


def calls(service: GitHub) -> list[list[str]]:
    """Return the calls of the vendor's program."""
    noted = service.programs / "calls"
    return [json.loads(call) for call in noted.read_text("utf-8").splitlines()]


def workflow(project: Path, file: str) -> dict[str, Any]:
    return dict(yaml.safe_load((project / file).read_text(encoding="utf-8")))


# Reading


@pytest.mark.parametrize(
    "command",
    [
        ["actionlint"],
        ["check-jsonschema", "--builtin-schema=vendor.github-workflows", CHECKS, WEEKLY],
        ["zizmor", "--offline", "--quiet", "--persona=pedantic", "--strict-collection", "."],
    ],
    ids=lambda command: str(command[0]),
)
def test_linters_find_nothing_in_the_workflows(command: list[str], new_project: Rendered) -> None:
    assert examine(new_project(ci="github"), *command) == ""


def test_yamllint_finds_nothing(rendered: Rendered) -> None:
    rules = "{extends: default, rules: {document-start: disable, line-length: {max: 100}, "
    rules += "truthy: {check-keys: false}, comments: {min-spaces-from-content: 1}}}"
    project = rendered(ci="github")
    assert examine(project, "yamllint", "--strict", "-d", rules, ".github", "ci") == ""


@pytest.mark.parametrize("file", [CHECKS, WEEKLY])
def test_a_job_has_only_the_rights_it_needs(file: str, rendered: Rendered) -> None:
    flow = workflow(rendered(ci="github"), file)
    assert flow["permissions"] == {}
    for job in flow["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert job["timeout-minutes"] <= 60
        assert job["runs-on"] == "${{ vars.CI_RUNNER || 'ubuntu-24.04' }}"
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"] == {"persist-credentials": False}


def test_only_publishing_can_read_the_token(rendered: Rendered) -> None:
    project = rendered(ci="github")
    reach = {
        (name, job.get("environment"))
        for file in (CHECKS, WEEKLY)
        for name, job in workflow(project, file)["jobs"].items()
        if "secrets." in str(job) or "github.token" in str(job)
    }
    assert reach == {("publish", "maintenance")}


def test_a_version_is_the_same_in_every_place(rendered: Rendered) -> None:
    for vendor in ("github", "gitlab", "azure-devops"):
        project = rendered(ci=vendor)
        files = [*project.glob(".github/*/*"), *project.glob("ci/*/*")]
        text = "".join(file.read_text(encoding="utf-8") for file in files)
        assert set(re.findall(r"nox@([\d.]+)", text)) == {"2026.10.20"}
        assert set(re.findall(r'(?:uv==|version: ")([\d.]+)', text)) == {"0.13.9"}
        pins = set(re.findall(r"uses: (\S+)@(\S+) # (\S+)", text))
        assert len(pins) == len({action for action, _, _ in pins})


# Running


@pytest.mark.full
@pytest.mark.wide
def test_a_good_change_passes(team: Path, service: GitHub) -> None:
    append(team / "src/loan_risk/data.py", "\n\n# Read and understood.\n")
    service.host.take(team)
    jobs = service.run(CHECKS, "pull_request")
    expected = dict.fromkeys(("checks", "rehearsal", "audit"), "success")
    assert results(jobs) == expected, failed_logs(jobs)
    evidence = jobs["rehearsal"].summary
    assert evidence.startswith("# loan-risk, version 1: model card")
    assert "| auc | passed |" in evidence
    assert len((service.place / "cached").read_text("utf-8").splitlines()) == 2


@pytest.mark.full
@pytest.mark.parametrize("what", in_ci(ESSENTIAL, "a bad model"))
def test_a_bad_change_is_stopped_by_its_check(
    what: str, team: Path, service: GitHub, osv: Osv
) -> None:
    change = BAD[what]
    change.spoil(team, osv)
    service.host.take(team)
    done = service.run(CHECKS, "pull_request", only=change.job)[change.job]
    assert done.failed_steps == [f"{NOX} {change.session}"], done.log[-3000:]
    assert change.words in done.log
    if change.job == "rehearsal":
        assert done.summary.startswith("# loan-risk, version 1: model card")
        assert "| auc | rejected |" in done.summary


@pytest.mark.full
@pytest.mark.wide
def test_without_its_checks_each_bad_change_gets_through(
    team: Path, service: GitHub, osv: Osv
) -> None:
    """This proves that the checks stopped them above, not the runner."""
    for spoil in UNGUARDED:
        spoil(team, osv)
    checks = team / CHECKS
    checks.write_text(re.sub(f"{NOX} .*", "true", checks.read_text("utf-8")), encoding="utf-8")
    service.host.take(team)
    jobs = service.run(CHECKS, "pull_request")
    assert set(results(jobs).values()) == {"success"}, failed_logs(jobs)


@pytest.mark.full
@pytest.mark.wide
def test_the_weekly_update_becomes_a_pull_request(
    team: Path, service: GitHub, tmp_path: Path
) -> None:
    newer_template(team, tmp_path / "template", sessions="audit")
    service.host.take(team)
    service.secrets["UPDATE_TOKEN"] = WRITES
    jobs = service.run(WEEKLY, "schedule")
    assert set(results(jobs).values()) == {"success"}, failed_logs(jobs)
    assert WRITES not in "".join(job.log for job in jobs.values())
    title = git(service.host.repository, "log", "-1", "--format=%s", "template-update").strip()
    assert title == "chore: update the template from v0.1.0 to v0.2.0"
    assert [call[:3] for call in calls(service)] == [["gh", "pr", "list"], ["gh", "pr", "create"]]
    assert "--base=main" in calls(service)[1]


@pytest.mark.full
def test_without_the_teams_token_the_error_says_so(team: Path, service: GitHub) -> None:
    service.host.take(team)
    jobs = service.run(WEEKLY, "schedule", only="publish")
    assert results(jobs) == {"audit": "skipped", "update": "success", "publish": "failure"}
    sentence = "GH_TOKEN: is missing: give the environment maintenance the secret UPDATE_TOKEN"
    assert sentence in jobs["publish"].log


@pytest.mark.full
def test_an_update_that_cannot_be_prepared_publishes_nothing(team: Path, service: GitHub) -> None:
    replace(team / ".copier-answers.yml", "_src_path: ", "_src_path: /gone")
    service.host.take(team)
    service.secrets["UPDATE_TOKEN"] = WRITES
    jobs = service.run(WEEKLY, "schedule", only="publish")
    assert results(jobs) == {"audit": "skipped", "update": "failure", "publish": "skipped"}
