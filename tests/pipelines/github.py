"""Run GitHub workflows locally with act; each job starts from a fresh clone.

act runs our commands and evaluates GitHub's expressions. Short stand-ins replace the few actions of
others; any other action or input is an error.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from programs import uv_cache, write_program

from .git_host import READS, Host

CLONE = """
git clone --quiet --depth=1 "$READER" .
git remote set-url origin "$ADDRESS"
[ "$GITHUB_EVENT_NAME" != pull_request ] || git checkout --quiet --detach
"""
UV = """
[ "$(uv --version | cut -d' ' -f2)" = "$VERSION" ] || { echo "uv is not $VERSION"; exit 1; }
echo "$TOOLS" >> "$GITHUB_PATH"
echo "UV_CACHE_DIR=$UV_CACHE" >> "$GITHUB_ENV"
if [ "$CACHE" = true ]; then sha256sum uv.lock >> "$CACHED"; fi
"""
ACTIONS = {  # the code that stands in for an action, and the inputs it supports
    "actions/checkout": (CLONE, {"persist-credentials": "PERSIST"}),
    "astral-sh/setup-uv": (UV, {"version": "VERSION", "enable-cache": "CACHE"}),
    "databricks/setup-cli": ('echo "$BROUGHT" >> "$GITHUB_PATH"', {}),
    "actions/upload-artifact": (
        'mkdir -p "$KEPT"; cp -r "$FROM" "$KEPT/$NAME"',
        {"name": "NAME", "path": "FROM", "retention-days": "DAYS"},
    ),
    "actions/attest-build-provenance": (
        'ls $SUBJECT > "$KEPT/attested"',
        {"subject-path": "SUBJECT"},
    ),
    "actions/download-artifact": (
        'mkdir -p "$INTO"; cp -r "$KEPT/$NAME/." "$INTO"',
        {"name": "NAME", "path": "INTO"},
    ),
}
PASSED_ON = re.compile(r"(LANG|PATH|TMPDIR|(PIP|SSL|REQUESTS|CURL|PYENV)_?.*)$")


@dataclass
class Job:
    """The result of a job."""

    result: str = "skipped"
    failed_steps: list[str] = field(default_factory=list)
    summary: str = ""
    log: str = ""


@dataclass
class GitHub:
    """A git host with artifacts, and a machine that runs jobs."""

    host: Host
    place: Path
    programs: Path
    tools: Path
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    quick: dict[str, str] = field(default_factory=dict)  # variables of the machine
    admits: Callable[[str], bool] = lambda _: True  # whether an environment lets a job start

    @property
    def home(self) -> Path:
        return self.place / "home"

    @property
    def brought(self) -> Path:
        """What an action installs on the machine."""
        return self.place / "brought"

    def run(self, file: str, event: str, only: str = "", **inputs: str) -> dict[str, Job]:
        """Run a workflow of main, or one job of it; return the result of each job.

        A job that waits for an approval is not run; act itself does not support approvals.
        """
        definition = self.place / "definition"
        shutil.rmtree(definition, ignore_errors=True)
        self.host.clone(definition, "x-access-token")
        workflow = yaml.safe_load((definition / file).read_text(encoding="utf-8"))
        assert event in workflow[True], "on"  # YAML 1.1 reads the word `on` as true
        jobs = {name: Job() for name in workflow["jobs"]}
        waiting = self.waiting(workflow, definition)
        if waiting:
            if "needs" not in workflow["jobs"][waiting]:
                return jobs
            only = workflow["jobs"][waiting]["needs"]
        shutil.rmtree(self.place / "artifacts", ignore_errors=True)  # from another run
        self.home.mkdir(exist_ok=True)
        event_file = self.home / "event.json"
        happened = {"number": 7, "pull_request": {"number": 7}, "inputs": inputs}
        event_file.write_text(json.dumps(happened), encoding="utf-8")
        command = [str(Path(sys.executable).with_name("act")), event, "--workflows", file, "--json"]
        command += [
            "--no-skip-checkout",
            "--platform=ubuntu-24.04=-self-hosted",
            "--pull=false",
            "--reuse",
        ]
        command += ["--eventpath", str(event_file), "--concurrent-jobs=1"]
        command += [f"--job={only}"] if only else []
        command += [f"--var={name}={value}" for name, value in self.variables.items()]
        command += [f"--secret={name}={value}" for name, value in self.secrets.items()]
        command += [f"--secret=GITHUB_TOKEN={READS}"]
        for uses in sorted(actions(workflow, definition)):
            command += ["--local-repository", f"{uses}={self.action(uses)}"]
        done = subprocess.run(
            command,
            cwd=definition,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        names = {job.get("name", key): key for key, job in workflow["jobs"].items()}
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                note(jobs, names, json.loads(line))
        assert any(job.result != "skipped" for job in jobs.values()), done.stdout[-3000:]
        return jobs

    def waiting(self, workflow: dict[str, Any], definition: Path) -> str:
        """Return the last job if its environment does not let it start, or ""."""
        for name, job in workflow["jobs"].items():
            environment = environment_of(job, definition)
            if environment and not self.admits(environment):
                assert name == list(workflow["jobs"])[-1]
                return str(name)
        return ""

    def correct(self, **variables: str) -> None:
        """Tell sessions the server's address; act always uses github.com."""
        real = self.tools
        self.tools = self.place / "tools"
        exports = "".join(f"export {name}={value}\n" for name, value in variables.items())
        write_program(self.tools / "uvx", f'#!/bin/sh\n{exports}exec {real}/uvx "$@"\n')
        shutil.copy2(real / "uv", self.tools)

    def action(self, uses: str) -> Path:
        """Write the stand-in of an action; return its folder."""
        script, inputs = ACTIONS[uses.partition("@")[0]]
        facts = {
            "ADDRESS": self.host.address(),
            "BROUGHT": str(self.brought),
            "CACHED": str(self.place / "cached"),
            "KEPT": str(self.place / "artifacts"),
            "READER": self.host.address("x-access-token"),
            "TOOLS": str(self.tools),
            "UV_CACHE": str(uv_cache()),
        }
        facts |= {variable: f"${{{{ inputs.{name} }}}}" for name, variable in inputs.items()}
        step = {"shell": "bash", "run": script.strip(), "env": facts}
        folder = self.place / "actions" / uses.partition("@")[0]
        folder.mkdir(parents=True, exist_ok=True)
        action = {"name": uses, "inputs": {name: {} for name in inputs}}
        action |= {"runs": {"using": "composite", "steps": [step]}}
        (folder / "action.yml").write_text(yaml.safe_dump(action), encoding="utf-8")
        return folder

    def environment(self) -> dict[str, str]:
        """Return the runner's variables, without those that only tests need."""
        own = Path(sys.executable).parent
        parts = [part for part in os.environ["PATH"].split(os.pathsep) if Path(part) != own]
        base = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
        path = os.pathsep.join([str(self.programs), str(self.tools), *parts])
        return base | self.quick | {"PATH": path, "HOME": str(self.home), "NO_COLOR": "1"}


def called(job: dict[str, Any], definition: Path) -> dict[str, Any]:
    """Return the workflow that a job calls, or {}."""
    file = job.get("uses", "")
    return dict(yaml.safe_load((definition / file).read_text("utf-8"))) if file else {}


def environment_of(job: dict[str, Any], definition: Path) -> str:
    """Return the environment of a job, or of the workflow that it calls."""
    inner = called(job, definition).get("jobs", {"": job})
    [named] = {str(each.get("environment", "")) for each in inner.values()} or {""}
    for name, value in job.get("with", {}).items():
        named = named.replace(f"${{{{ inputs.{name} }}}}", str(value))
    return named


def actions(workflow: dict[str, Any], definition: Path) -> set[str]:
    """Return the actions of a workflow, each with the commit that it is pinned to."""
    found = set()
    for job in workflow["jobs"].values():
        if "uses" in job:
            found |= actions(called(job, definition), definition)
        for step in job.get("steps", []):
            if uses := step.get("uses"):
                name, _, version = uses.partition("@")
                assert re.fullmatch("[0-9a-f]{40}", version), f"{uses} is not pinned by a commit"
                unknown = step.get("with", {}).keys() - ACTIONS[name][1].keys()
                assert not unknown, f"{name} is not modelled with {unknown}"
                found.add(uses)
    return found


def note(jobs: dict[str, Job], names: dict[str, str], line: dict[str, Any]) -> None:
    """Read a line of act's log; a called workflow counts as the job that calls it."""
    caller = names.get(line.get("job", "").partition("/")[0], "")
    job = jobs.get(caller) or jobs.get(line.get("jobID", ""))
    if job is None:
        return
    job.log += f"{line['msg'].rstrip()}\n"
    if "jobResult" in line and job.result != "failure":  # a called workflow may have several jobs
        job.result = line["jobResult"]
    if line.get("command") == "summary":
        job.summary += line["content"]
    if line.get("stepResult") == "failure" and len(line["stepID"]) == 1:
        job.failed_steps.append(line["step"])
