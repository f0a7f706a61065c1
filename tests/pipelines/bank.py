"""A bank in a folder: a project, its CI service, and two Databricks workspaces.

The pipelines run the real project: its sessions, its release, its jobs and their wheel.
"""

import json
import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import yaml
from programs import uv_cache, write_program
from rendering import commit, git

from .azure import Service
from .azure_api import Api, organization
from .databricks_cli import LOGIN, put_on_path
from .databricks_project import configure, settings_of
from .git_host import NAME, git_host
from .github import GitHub
from .github_api import REPOSITORY, GitHubApi
from .gitlab import GitLab
from .gitlab_api import JOB, MAINTAINS, PROJECT, GitLabApi

ENVS = ("test", "prod")
PROD = "loan-risk-prod"
PARTS = ("loan-risk", "place", "git", "agents/artifacts")  # the rest is of finished runs
TENANT = "the-directory"
TOKEN = "token-for-api://AzureADTokenExchange"  # noqa: S105 - a fake
AZ = f"""#!/bin/sh
# Logs in the identity of a vendor's token; supports nothing else.
[ "$1 $2 $3" = "login --service-principal --username" ] || exit 2
[ "$5 $6 $7 $8" = "--tenant {TENANT} --federated-token {TOKEN}" ] || exit 1
[ "$9" = --allow-no-subscriptions ] || exit 2
mkdir -p "$HOME/.azure"
printf %s "$4" > "$HOME/.azure/identity"
"""
NOX = "uvx nox@2026.10.20 -s"


class JobResult(NamedTuple):
    """The result of a job, passed, failed or not run, and the summary on its page."""

    result: str
    log: str
    summary: str


Results = dict[str, JobResult]


class Bank(ABC):
    """A bank, independent of its CI vendor."""

    ci: ClassVar[str]
    closed: ClassVar = "is not protected"  # the message where prod needs no approval
    identity: ClassVar = "deployer-{}"  # the identity that may deploy to an environment
    # True at all real vendors; two of the local runners ask for all approvals before they start.
    asks_in_turn: ClassVar = False
    rules: Api | GitHubApi | GitLabApi  # the vendor's API for protection and approvals

    def __init__(self, folder: Path, environment: Path, tools: Path) -> None:
        """Open the bank in a folder; all jobs share one environment and sync it with their lock."""
        self.folder = folder
        self.tools = tools
        self.project, self.place, self.programs = (
            folder / name for name in ("loan-risk", "place", "programs")
        )
        put_on_path(self.programs, self.place)
        write_program(self.programs / "az", AZ)
        machine, job = map(Path(__file__).with_name, ("warm_machine.py", "databricks_job.py"))
        self.machine = {
            "DATABRICKS_PLACE": str(self.place),
            "DATABRICKS_PROGRAM": f"{environment}/bin/python -P {machine} {job}",
            "UV_PROJECT_ENVIRONMENT": str(environment),
        }

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, environment: Path, tools: Path) -> Iterator[Self]:
        """Open the bank while its vendor's API is served."""
        bank = cls(folder, environment, tools)
        with bank.vendor():
            bank.rules.protect(PROD)
            bank.rules.approver = "anna@bank.example"
            yield bank

    @abstractmethod
    def vendor(self) -> AbstractContextManager[None]:
        """Serve the vendor's API until the bank closes."""

    @property
    @abstractmethod
    def repository(self) -> Path:
        """The repository that main is pushed to."""

    @abstractmethod
    def release(self) -> Results:
        """Run what a merge to main starts, without the checks that the pull request has passed."""

    @abstractmethod
    def promote(self, version: int) -> Results:
        """Run the pipeline that promotes a waiting version."""

    def found(self) -> None:
        """Configure the new project, and create the volumes in Databricks."""
        for env in ENVS:
            configure(self.project, env, **settings_of(env))
            configure(self.project, env, model={"params": {"max_iter": 30}})
            (self.workspace(env) / f"Volumes/risk_{env}/loan_risk/releases").mkdir(parents=True)
            (self.workspace(env) / LOGIN).write_text(self.identity.format(env), "utf-8")
        # The store of these workspaces is a file, which prod may use at low risk only.
        configure(self.project, "prod", risk_tier="low", promotion="approval")
        add = ["uv", "add", "--quiet", "--no-sync", "pandas<3"]
        subprocess.run(add, cwd=self.project, check=True)

    def push(self) -> None:
        commit(self.project)
        git(self.project, "push", "--quiet", str(self.repository), "HEAD:main")

    def workspace(self, env: str) -> Path:
        return self.place / f"risk-{env}.azuredatabricks.net"

    def recorded(self, env: str) -> dict[str, Any]:
        volume = self.workspace(env) / f"Volumes/risk_{env}/loan_risk/releases"
        file = volume / "loan-risk/current.json"
        return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}

    def deployed(self, env: str) -> str:
        file = self.workspace(env) / f"bundles/{env}/environment.yml"
        target = yaml.safe_load(file.read_text("utf-8"))["targets"][env]
        return Path(target["variables"]["release"]).name

    def calls(self, words: str) -> int:
        """Count the calls of a Databricks command."""
        log = (self.place / "log").read_text("utf-8").splitlines()
        return sum(line.startswith(words) for line in log)

    def job(self, env: str, name: str, *parameters: str) -> str:
        """Start a job as its schedule would, and return its output."""
        login = self.folder / "login"
        login.mkdir(exist_ok=True)
        (login / "identity").write_text(self.identity.format(env), encoding="utf-8")
        done = subprocess.run(
            ["databricks", "bundle", "run", "--target", env, name]
            + (["--", *parameters] if parameters else []),
            cwd=self.folder,
            env=os.environ
            | self.machine
            | {
                "AZURE_CONFIG_DIR": str(login),
                "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
                "DATABRICKS_HOST": f"https://{self.workspace(env).name}",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


class AtAzure(Bank):
    """The bank with Azure DevOps."""

    ci = "azure-devops"
    identity: ClassVar = "loan-risk-{}"  # of the service connection
    asks_in_turn: ClassVar = True

    @contextmanager
    def vendor(self) -> Iterator[None]:
        agents = self.folder / "agents"
        agents.mkdir(exist_ok=True)
        if not self.repository.exists():
            git(self.folder, "init", "-q", "--bare", "--initial-branch=main", "git")
        with organization() as self.rules:
            self.service = Service(
                remote=self.repository,
                place=agents,
                uv_cache=uv_cache(),
                programs=self.programs,
                artifacts={path.name: path for path in agents.glob("artifacts/*")},
                api=self.rules,
                connections={f"loan-risk-{env}" for env in ENVS},
                agent_variables=self.machine,
                tools=self.tools,
            )
            yield

    @property
    def repository(self) -> Path:
        return self.folder / "git"

    def release(self) -> Results:
        return self.run("ci/azure-devops/release.yml", after="checks")

    def promote(self, version: int) -> Results:
        return self.run("ci/azure-devops/promote.yml", version=version)

    def run(self, file: str, **options: Any) -> Results:
        words = {"Succeeded": "passed", "Failed": "failed"}
        jobs = self.service.run(file, **options)
        return {
            name: JobResult(words.get(job.result, "not run"), job.log, "\n".join(job.summaries))
            for name, job in jobs.items()
        }


class WithHost(Bank):
    """A bank whose checks do nothing, because its vendor cannot skip them."""

    checks: ClassVar[str]

    @property
    def repository(self) -> Path:
        return self.folder / "git" / NAME

    def found(self) -> None:
        super().found()
        checks = self.project / self.checks
        checks.write_text(self.unchecked(checks.read_text(encoding="utf-8")), encoding="utf-8")

    @staticmethod
    def unchecked(text: str) -> str:
        """Return the checks file with the same jobs, doing nothing."""
        return text.replace(f"{NOX} ", "true ")


class AtGitHub(WithHost):
    """The bank with GitHub."""

    ci = "github"
    checks = ".github/workflows/checks.yml"
    identity: ClassVar = "deployer"  # act does not support variables of an environment

    @contextmanager
    def vendor(self) -> Iterator[None]:
        self.rules = GitHubApi()
        with git_host(self.folder / "git") as host, self.rules.answering() as address:
            self.service = GitHub(
                host,
                self.folder,
                self.programs,
                self.tools,
                {"AZURE_CLIENT_ID": self.identity, "AZURE_TENANT_ID": TENANT},
                quick=self.machine | self.rules.token_request(address),
                admits=self.rules.admits,
            )
            self.service.correct(GITHUB_API_URL=address, GITHUB_REPOSITORY=REPOSITORY)
            yield

    def release(self) -> Results:
        """Run on a GitHub-hosted machine, which has no `databricks`; only `promote` finds one."""
        program = self.programs / "databricks"
        self.service.brought.mkdir(exist_ok=True)
        brought = program.rename(self.service.brought / program.name)
        try:
            return self.run("release", "push")
        finally:
            brought.rename(program)

    def promote(self, version: int) -> Results:
        return self.run("promote", "workflow_dispatch", version=str(version))

    def run(self, name: str, event: str, **inputs: str) -> Results:
        words = {"success": "passed", "failure": "failed", "skipped": "not run"}
        jobs = self.service.run(f".github/workflows/{name}.yml", event, **inputs)
        return {
            name: JobResult(words[job.result], job.log, job.summary) for name, job in jobs.items()
        }


class AtGitLab(WithHost):
    """The bank with GitLab."""

    ci = "gitlab"
    checks = "ci/gitlab/checks.yml"
    closed: ClassVar = "answers 404, so prod stays closed"

    @staticmethod
    def unchecked(text: str) -> str:
        return "".join(
            f"{name}: {{stage: test, script: ['true']}}\n" for name in yaml.safe_load(text)
        )

    @contextmanager
    def vendor(self) -> Iterator[None]:
        self.rules = GitLabApi()
        with git_host(self.folder / "git") as host, self.rules.answering() as address:
            self.service = GitLab(
                host,
                self.folder,
                self.programs,
                {
                    "CI_API_V4_URL": f"{address}/api/v4",
                    "CI_PROJECT_ID": str(PROJECT),
                    "CI_JOB_ID": str(JOB),
                    "AZURE_ID_TOKEN": TOKEN,
                },
                {f"loan-risk-{env}": self.variables_of(env) for env in ENVS},
                quick=self.machine,
                admits=self.rules.admits,
                tools=self.tools,
            )
            yield

    def variables_of(self, env: str) -> dict[str, str]:
        """Return the variables that the team has set for one environment."""
        known = {"AZURE_CLIENT_ID": self.identity.format(env), "AZURE_TENANT_ID": TENANT}
        return known | ({"PROTECTION_TOKEN": MAINTAINS} if env == "prod" else {})

    def release(self) -> Results:
        return self.run()

    def promote(self, version: int) -> Results:
        return self.run(VERSION=str(version))

    def run(self, **variables: str) -> Results:
        words = {"PASS": "passed", "FAIL": "failed", "skipped": "not run"}
        jobs = self.service.run("push", **variables)
        return {
            name: JobResult(words[job.result], job.log, self.service.summary(name))
            for name, job in jobs.items()
        }
