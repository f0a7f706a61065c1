"""The GitLab pipelines, executed: good changes pass, bad ones are stopped."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Rendered
from desks import add_program
from pipelines.changes import BAD, ESSENTIAL, UNGUARDED, in_ci, newer_template
from pipelines.git_host import WRITES, git_host
from pipelines.gitlab import GitLab, Job
from pipelines.osv import Osv
from programs import write_program
from rendering import append, git

CHECKS = "ci/gitlab/checks.yml"
WEEKLY = "ci/gitlab/maintenance.yml"
RELEASE = "ci/gitlab/release.yml"
PROMOTE = "ci/gitlab/promote.yml"
FILES = (".gitlab-ci.yml", "ci/gitlab/sessions.yml", CHECKS, WEEKLY, RELEASE)
NOX = "uvx nox@2026.10.20 -s"


@pytest.fixture
def team(locked_project: Rendered) -> Path:
    """A team's project; the test changes something and pushes it."""
    return locked_project(ci="gitlab")


@pytest.fixture
def service(tmp_path: Path, osv: Osv, quick: dict[str, str], tools: Path) -> Iterator[GitLab]:
    """A local stand-in for GitLab: git host, variables and a runner."""
    add_program(tmp_path / "programs", "glab", "vendor")
    with git_host(tmp_path / "git") as host:
        variables = {"OSV_URL": osv.address}
        yield GitLab(host, tmp_path, tmp_path / "programs", variables, quick=quick, tools=tools)


def results(jobs: dict[str, Job]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def failed_logs(jobs: dict[str, Job]) -> str:
    """Return the end of the failed jobs' logs."""
    return "\n".join(job.log[-3000:] for job in jobs.values() if job.result == "FAIL")


def jobs_of(project: Path, file: str) -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load((project / file).read_text(encoding="utf-8")))


def lint(project: Path, module: str, *arguments: str) -> str:
    """Return the findings of a linter in this environment."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


# Reading


@pytest.mark.parametrize("compute", ["local", "databricks"])
def test_each_file_matches_the_schema(compute: str, rendered: Rendered) -> None:
    schema = ["--builtin-schema=vendor.gitlab-ci", "--data-transform=gitlab-ci"]
    project = rendered(ci="gitlab", compute=compute)
    arguments = [*schema, *FILES, "ci/variables.gitlab.yml"]
    arguments += [PROMOTE] if compute != "local" else []
    assert lint(project, "check_jsonschema", *arguments) == ""


def test_yamllint_finds_nothing(rendered: Rendered) -> None:
    rules = "{extends: default, rules: {document-start: disable, line-length: {max: 100}, "
    rules += "comments: {min-spaces-from-content: 1}}}"
    project = rendered(ci="gitlab", compute="kubernetes")
    assert lint(project, "yamllint", "--strict", "-d", rules, ".gitlab-ci.yml", "ci") == ""


def test_scripts_pass_shellcheck(rendered: Rendered) -> None:
    project = rendered(ci="gitlab", compute="kubernetes")
    before = jobs_of(project, "ci/gitlab/sessions.yml")[".sessions"]["before_script"]
    for file in (CHECKS, WEEKLY, RELEASE, PROMOTE):
        for job in jobs_of(project, file).values():
            script = "\n".join([*before, *job["script"]])
            check = [str(Path(sys.executable).with_name("shellcheck")), "--shell=bash", "-"]
            found = subprocess.run(check, input=script, capture_output=True, text=True, check=False)
            assert found.returncode == 0, found.stdout


def test_only_publishing_can_read_the_token(rendered: Rendered) -> None:
    """GitLab gives it only to jobs of the environment."""
    project = rendered(ci="gitlab")
    jobs = jobs_of(project, CHECKS) | jobs_of(project, WEEKLY)
    assert [name for name, job in jobs.items() if "environment" in job] == ["publish"]
    assert jobs["publish"]["environment"] == {"name": "maintenance", "action": "access"}
    assert "extends" not in jobs["publish"], "it runs nothing of what was prepared"


# Running


@pytest.mark.full
@pytest.mark.wide
def test_a_good_change_passes(team: Path, service: GitLab) -> None:
    append(team / "src/loan_risk/data.py", "\n\n# Read and understood.\n")
    service.host.take(team)
    service.tools = None  # the machine starts without uv
    jobs = service.run("merge_request_event")
    assert results(jobs) == dict.fromkeys(("checks", "rehearsal", "audit"), "PASS"), failed_logs(
        jobs
    )
    card = service.summary("rehearsal")
    assert card.startswith("# loan-risk, version 1: model card")
    assert "| auc | passed |" in card


@pytest.mark.full
@pytest.mark.parametrize("what", in_ci(ESSENTIAL, "a vulnerable dependency"))
def test_a_bad_change_is_stopped_by_its_check(
    what: str, team: Path, service: GitLab, osv: Osv
) -> None:
    change = BAD[what]
    change.spoil(team, osv)
    service.host.take(team)
    done = service.run("merge_request_event", only=change.job)[change.job]
    assert done.result == "FAIL"
    assert re.findall(r"^\$ uvx \S+ -s (\w+)", done.log, re.MULTILINE)[-1] == change.session
    assert change.words in done.log


@pytest.mark.full
@pytest.mark.wide
def test_without_its_checks_each_bad_change_gets_through(
    team: Path, service: GitLab, osv: Osv
) -> None:
    """This proves that the checks stopped them above, not the runner."""
    for spoil in UNGUARDED:
        spoil(team, osv)
    checks = team / CHECKS
    checks.write_text(checks.read_text("utf-8").replace(NOX, "true"), encoding="utf-8")
    service.host.take(team)
    jobs = service.run("merge_request_event")
    assert set(results(jobs).values()) == {"PASS"}, failed_logs(jobs)


@pytest.mark.full
@pytest.mark.wide
def test_the_weekly_update_becomes_a_merge_request(
    team: Path, service: GitLab, tmp_path: Path
) -> None:
    newer_template(team, tmp_path / "template", sessions="audit")
    append(team / "ci/variables.gitlab.yml", "\nanother:\n  script: [env]\n")
    service.host.take(team)
    service.environments["maintenance"] = {"UPDATE_TOKEN": WRITES}
    jobs = service.run("schedule")
    expected = dict.fromkeys(("another", "audit", "publish", "update"), "PASS")
    assert results(jobs) == expected, failed_logs(jobs)
    assert "CI_PIPELINE_SOURCE=schedule" in jobs["another"].log
    assert WRITES not in "".join(job.log for job in jobs.values())
    title = git(service.host.repository, "log", "-1", "--format=%s", "template-update").strip()
    assert title == "chore: update the template from v0.1.0 to v0.2.0"
    noted = (service.programs / "calls").read_text(encoding="utf-8").splitlines()
    calls = [json.loads(call) for call in noted]
    assert [call[:3] for call in calls] == [["glab", "mr", "list"], ["glab", "mr", "create"]]
    assert "--target-branch=main" in calls[1]


@pytest.mark.full
def test_without_the_teams_token_the_error_says_so(team: Path, service: GitLab) -> None:
    service.host.take(team)
    done = service.run("schedule", only="publish")["publish"]
    assert done.result == "FAIL"
    assert "UPDATE_TOKEN: is missing: set it for the environment maintenance only" in done.log


@pytest.mark.full
def test_nothing_is_published_without_a_prepared_update(team: Path, service: GitLab) -> None:
    service.host.take(team)
    service.environments["maintenance"] = {"UPDATE_TOKEN": WRITES}
    done = service.run("schedule", only="publish")["publish"]
    assert done.result == "FAIL"
    assert "Nothing is prepared" in done.log
    assert "template-update" not in git(service.host.repository, "branch")


# Releasing: a recorder stands in for the sessions, which test_delivery.py executes

SESSIONS = """#!/bin/sh
echo "$*|$PROTECTION_TOKEN" >> {0}/sessions
mkdir -p build/release build/summary
case "$*" in build) touch build/release/release.json ;;
deploy*) test -f build/release/release.json || exit 1 ;; esac
test "$*" != "$FAILS"
"""


def recorded(project: Path, service: GitLab, fails: str = "", **variables: str) -> list[str]:
    """Run the pipeline of main; return the sessions with the token of each."""
    for file in (CHECKS, RELEASE, PROMOTE):
        path = project / file
        path.write_text(path.read_text("utf-8").replace(NOX, "sessions"), encoding="utf-8")
    write_program(service.programs / "sessions", SESSIONS.format(service.place))
    service.host.take(project)
    service.environments["loan-risk-prod"] = {"PROTECTION_TOKEN": "of-prod"}
    service.variables |= variables | {"FAILS": fails}
    jobs = service.run("push")
    assert ("FAIL" in results(jobs).values()) == bool(fails), failed_logs(jobs)
    return (service.place / "sessions").read_text("utf-8").splitlines()


@pytest.mark.full
def test_a_merge_is_deployed_to_prod(new_project: Rendered, service: GitLab) -> None:
    calls = recorded(new_project(ci="gitlab", compute="kubernetes"), service)
    checks = ("lint", "types", "tests", "rehearse", "audit")
    assert sorted(calls[:5]) == sorted(f"{name}|" for name in checks)
    assert calls[5:] == ["build|", "deploy -- test|", "deploy -- prod|of-prod"]


@pytest.mark.full
@pytest.mark.parametrize(
    "fails",
    ["tests", *(pytest.param(s, marks=pytest.mark.wide) for s in ("build", "deploy -- test"))],
)
def test_a_failure_stops_before_prod(fails: str, new_project: Rendered, service: GitLab) -> None:
    calls = recorded(new_project(ci="gitlab", compute="kubernetes"), service, fails)
    assert f"{fails}|" in calls
    assert "deploy -- prod|of-prod" not in calls
    assert ("deploy -- test|" in calls) == (fails == "deploy -- test")


@pytest.mark.full
def test_a_promotion_names_the_version(new_project: Rendered, service: GitLab) -> None:
    calls = recorded(new_project(ci="gitlab", compute="kubernetes"), service, VERSION="7")
    assert calls == ["approve -- prod 7|of-prod"]
