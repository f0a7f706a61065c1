"""The GitHub release workflow: what runs with which rights, in which order.

act runs the workflows here; `uvx` is a recorder of the sessions, which test_delivery.py executes.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Rendered
from programs import examine, write_program
from rendering import git

FLOWS = ".github/workflows"
COMPUTES = ["local", "databricks", "kubernetes"]
ACTIONS = {  # what an action does to the artifacts folder, and its inputs
    "actions/checkout": ("true", ["persist-credentials"]),
    "astral-sh/setup-uv": ("true", ["version", "enable-cache"]),
    "actions/upload-artifact": ("cp -r build/release {}/kept", ["name", "path", "retention-days"]),
    "actions/download-artifact": (
        "rm -rf build && mkdir build && cp -r {}/kept build/release",
        ["name", "path"],
    ),
    "actions/attest-build-provenance": ("ls $SUBJECT", ["subject-path"]),
}
UVX = """#!/bin/sh
call="$*"
case "$call" in
  "nox@2026.10.20 -s "*) call="${{call#nox@2026.10.20 -s }}" ;;
  *) exit 64 ;;
esac
case "$call" in
  lint|types|tests|rehearse|audit) ;;
  build) mkdir -p build/release; echo x > build/release/release.json ;;
  "deploy -- test"|"deploy -- prod") [ -f build/release/release.json ] || exit 65 ;;
  "approve -- prod 7") ;;
  *) exit 64 ;;
esac
echo "$call|${{GITHUB_TOKEN:+token}}" >> {0}/calls
[ "$call" != "$FAILS" ]
"""
GH = """#!/bin/bash
# Opens an issue if there is a token; supports nothing else.
[ "$#|$1 $2|$3 $4|$5|$7" = "8|issue create|--repo bank/loan-risk|--title|--body" ] || exit 2
[ -n "$GH_TOKEN" ] || exit 4
echo "$6: $8" >> "{}/issues"
"""
EVENTS = {"release": "push", "promote": "workflow_dispatch", "alert": "workflow_run"}
RIGHTS = {"contents": "read", "actions": "read", "id-token": "write"}


def flow(project: Path, name: str) -> dict[Any, Any]:
    return dict(yaml.safe_load((project / FLOWS / f"{name}.yml").read_text("utf-8")))


@pytest.mark.parametrize("compute", COMPUTES)
def test_linters_find_nothing_in_the_workflows(compute: str, new_project: Rendered) -> None:
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


@pytest.mark.parametrize("compute", COMPUTES[1:])
def test_only_the_step_that_deploys_has_the_token(compute: str, rendered: Rendered) -> None:
    deploy = flow(rendered(ci="github", compute=compute), "deploy")
    [job] = deploy["jobs"].values()
    assert job["environment"] == "loan-risk-${{ inputs.environment }}"
    assert job["permissions"] == RIGHTS
    holders = [step["name"] for step in job["steps"] if "GITHUB_TOKEN" in step.get("env", {})]
    assert holders == ["Run the session"]


def test_only_prod_promotes(rendered: Rendered) -> None:
    promote = flow(rendered(ci="github", compute="databricks"), "promote")
    assert set(promote[True]) == {"workflow_dispatch"}
    inputs = promote["jobs"]["prod"]["with"]
    assert (inputs["environment"], inputs["session"]) == ("prod", "approve")


def run(
    project: Path, place: Path, name: str, fails: str = "", words: Sequence[str] = ()
) -> list[str]:
    """Run a workflow; return the sessions that it started, and the token of each."""
    write_program(place / "bin/uvx", UVX.format(place))
    command = [str(Path(sys.executable).with_name("act")), EVENTS[name], "--no-skip-checkout"]
    command += ["--workflows", f"{FLOWS}/{name}.yml", "--platform=ubuntu-24.04=-self-hosted"]
    command += ["--pull=false", "--concurrent-jobs=1", "--secret=GITHUB_TOKEN=t"]
    command += ["--input", "version=7"] if name == "promote" else []
    command += words
    text = "".join(file.read_text("utf-8") for file in (project / FLOWS).iterdir())
    for uses in sorted(set(re.findall(r"uses: (\S+@[0-9a-f]{40})", text))):
        script, inputs = ACTIONS[uses.partition("@")[0]]
        folder = place / "actions" / uses.partition("@")[0]
        folder.mkdir(parents=True, exist_ok=True)
        step = {"shell": "bash", "run": script.format(place)}
        action = {"name": uses, "inputs": {each: {} for each in inputs}}
        action |= {"runs": {"using": "composite", "steps": [step]}}
        (folder / "action.yml").write_text(yaml.safe_dump(action), encoding="utf-8")
        command += ["--local-repository", f"{uses}={folder}"]
    own = {"PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(place)}
    done = subprocess.run(
        command,
        cwd=project,
        env=own | {"FAILS": fails},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == bool(fails), done.stdout[-3000:] + done.stderr
    calls = place / "calls"
    return calls.read_text("utf-8").splitlines() if calls.exists() else []


@pytest.mark.full
def test_a_merge_is_deployed_to_prod(new_project: Rendered, tmp_path: Path) -> None:
    calls = run(new_project(ci="github", compute="kubernetes"), tmp_path, "release")
    before = [f"{name}|" for name in ("lint", "types", "tests", "rehearse", "audit")]
    assert sorted(calls[:5]) == sorted(before)
    assert calls[5:] == ["build|", "deploy -- test|token", "deploy -- prod|token"]


@pytest.mark.full
@pytest.mark.parametrize(
    "fails",
    ["tests", *(pytest.param(s, marks=pytest.mark.wide) for s in ("build", "deploy -- test"))],
)
def test_a_failure_stops_before_prod(fails: str, new_project: Rendered, tmp_path: Path) -> None:
    project = new_project(ci="github", compute="kubernetes")
    calls = [call.partition("|")[0] for call in run(project, tmp_path, "release", fails)]
    assert fails in calls
    assert "deploy -- prod" not in calls
    assert ("deploy -- test" in calls) == (fails == "deploy -- test")


@pytest.mark.full
@pytest.mark.parametrize("conclusion", ["success", "failure", "timed_out", "cancelled"])
def test_the_team_is_notified_of_a_failed_run(
    conclusion: str, new_project: Rendered, tmp_path: Path
) -> None:
    project = new_project(ci="github", compute="kubernetes")
    named = {flow(project, name)["name"] for name in ("release", "promote", "maintenance")}
    assert set(flow(project, "alert")[True]["workflow_run"]["workflows"]) == named
    done = {"name": "release", "conclusion": conclusion, "html_url": "https://github.com/run"}
    event = tmp_path / "event.json"
    repository = {"full_name": "bank/loan-risk", "default_branch": "main"}
    event.write_text(json.dumps({"workflow_run": done, "repository": repository}), "utf-8")
    write_program(tmp_path / "bin/gh", GH.format(tmp_path))
    git(project, "init", "--quiet")
    git(project, "remote", "add", "origin", "https://github.com/bank/loan-risk")
    run(project, tmp_path, "alert", words=[f"--eventpath={event}"])
    issues = tmp_path / "issues"
    opened = issues.read_text("utf-8") if issues.exists() else ""
    failed = conclusion in {"failure", "timed_out"}
    assert opened == ("release has failed: https://github.com/run\n" if failed else "")


@pytest.mark.full
def test_a_promotion_names_the_version(new_project: Rendered, tmp_path: Path) -> None:
    project = new_project(ci="github", compute="kubernetes")
    calls = run(project, tmp_path, "promote")
    assert calls == ["approve -- prod 7|token"]
