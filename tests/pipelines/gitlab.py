"""Run GitLab pipelines locally with gitlab-ci-local; each job has its own folder."""

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
from filelock import FileLock
from programs import uv_cache
from rendering import ROOT

from .git_host import Host

VERSION = "gitlab-ci-local@4.71.0"
PASSED_ON = re.compile(r"(LANG|PATH|TMPDIR|(PIP|SSL|REQUESTS|CURL|PYENV)_?.*)$")
RESULT = re.compile(r"^ (PASS|FAIL|WARN) +(\w+)", re.MULTILINE)


def program() -> str:
    """Return gitlab-ci-local, which npm installs if it is missing; it also needs rsync."""
    assert shutil.which("rsync"), "rsync is missing: run apt-get install rsync"
    place = ROOT / "build" / VERSION
    found = place / "node_modules/.bin/gitlab-ci-local"
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / "lock"):
        if not found.exists():
            options = ["--prefix", str(place), "--no-audit", "--no-fund", "--silent"]
            subprocess.run(["npm", "install", *options, VERSION], check=True)
    return str(found)


@dataclass
class Job:
    """The result of a job."""

    result: str = "skipped"
    log: str = ""


@dataclass
class GitLab:
    """A git host, and a machine that runs jobs."""

    host: Host
    place: Path
    programs: Path
    variables: dict[str, str] = field(default_factory=dict)  # of the project
    environments: dict[str, dict[str, str]] = field(default_factory=dict)  # of one environment
    quick: dict[str, str] = field(default_factory=dict)  # variables of the machine
    admits: Callable[[str], bool] = lambda _: True  # whether an environment lets a job start
    tools: Path | None = None  # the folder with the machine's uv; without it, it installs uv

    def run(self, source: str, only: str = "", **variables: str) -> dict[str, Job]:
        """Run the pipeline of an event, or one job of it; return the result of each job.

        A job that waits for an approval is not run; gitlab-ci-local does not support approvals.
        """
        checkout = self.place / "definition"
        shutil.rmtree(checkout, ignore_errors=True)
        self.host.clone(checkout, "gitlab-ci-token")
        self.remember(checkout)
        listed = self.call(checkout, source, "--list-json", **variables)
        planned = [job["name"] for job in json.loads(listed[listed.index("[\n") :])]
        arguments = [only] if only else self.admitted(checkout, planned)
        done = self.call(checkout, source, *arguments, **variables)
        logs = checkout / ".gitlab-ci-local/output"
        results = {name: result for result, name in RESULT.findall(done)}
        jobs = {name: Job() for name in planned}
        jobs |= {
            log.stem: Job(results.get(log.stem, "skipped"), log.read_text(encoding="utf-8"))
            for log in sorted(logs.glob("*.log"))
        }
        assert jobs, done[-3000:]
        return jobs

    def summary(self, name: str) -> str:
        """Return the reports that a job of the last pipeline stored."""
        kept = self.place / "definition/.gitlab-ci-local/artifacts" / name / "build/summary"
        return "\n".join(page.read_text("utf-8") for page in sorted(kept.glob("*.md")))

    def admitted(self, checkout: Path, planned: list[str]) -> list[str]:
        """Return the options that skip the last job if its environment does not let it start."""
        for file in checkout.glob("ci/gitlab/*.yml"):
            for name, job in yaml.safe_load(file.read_text(encoding="utf-8")).items():
                environment = (job.get("environment") or {}).get("name", "")
                if name in planned and environment and not self.admits(environment):
                    return [name, "--only-needs"]
        return []

    def call(self, folder: Path, source: str, *arguments: str, **variables: str) -> str:
        """Run gitlab-ci-local in a folder, with GitLab's variables; return its output."""
        known = {
            "CI_COMMIT_BRANCH": "" if source == "merge_request_event" else "main",
            "CI_DEFAULT_BRANCH": "main",
            "CI_PIPELINE_SOURCE": source,
            "CI_PROJECT_URL": self.host.address().removesuffix(".git"),
        }
        home = self.place / "home"
        home.mkdir(exist_ok=True)
        given = known | self.variables | variables | {"UV_CACHE_DIR": str(uv_cache())}
        command = [program(), "--force-shell-executor", "--shell-isolation", "--concurrency=1"]
        command += [f"--ignore-predefined-vars={','.join(given)}", "--color=false", *arguments]
        command += [word for pair in given.items() for word in ("--variable", "=".join(pair))]
        own = Path(sys.executable).parent  # a runner does not have the tools of the tests
        parts = [part for part in os.environ["PATH"].split(os.pathsep) if Path(part) != own]
        base = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
        places = [*map(str, filter(None, (self.programs, self.tools))), *parts]
        base |= {"PATH": os.pathsep.join(places), "HOME": str(home)}
        base |= {"PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", f"{Path.home()}/.cache/pip")}
        done = subprocess.run(
            command,
            cwd=folder,
            env=base | self.quick | {"NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return done.stdout

    def remember(self, checkout: Path) -> None:
        """Write the variables that only the jobs of one environment get."""
        scoped: dict[str, dict[str, Any]] = {}
        for environment, variables in self.environments.items():
            for name, value in variables.items():
                entry = scoped.setdefault(name, {"type": "variable", "values": {}})
                entry["values"][environment] = value
        (checkout / ".gitlab-ci-local-variables.yml").write_text(yaml.safe_dump(scoped), "utf-8")
        with (checkout / ".git/info/exclude").open("a", encoding="utf-8") as ignored:
            ignored.write(".gitlab-ci-local*\n")
