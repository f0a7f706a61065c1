"""From a merge to prod by Azure DevOps and Databricks: what is good arrives, what is bad does not.

Azure is our runner, Databricks a program whose workspaces are folders; what they start is the
project's own: its sessions, its release, its jobs and their wheel.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipelines.azure import Job, Service
from pipelines.azure_api import TOKEN, Api, organization
from pipelines.databricks_cli import put_on_path
from pipelines.databricks_project import configure, settings_of
from pipelines.expansion import expand
from rendering import append, commit, git, render, replace

RELEASE, PROMOTE = "ci/azure-devops/release.yml", "ci/azure-devops/promote.yml"
AS_OF = "2026-01-01"


class Bank:
    """A project, its repository, Azure DevOps and two workspaces, all in one folder."""

    def __init__(self, folder: Path, api: Api) -> None:
        self.project, self.api = folder / "loan-risk", api
        cache = subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=True)
        self.service = Service(
            remote=folder / "dev.azure.com/loan-risk.git",
            place=folder / "agents",
            uv_cache=Path(cache.stdout.strip()),
            programs=folder / "programs",
            api=api,
            connections={"loan-risk-test", "loan-risk-prod"},
        )
        self.service.artifacts = {p.name: p for p in (folder / "agents/artifacts").glob("*")}
        self.place = folder / "place"
        put_on_path(folder / "programs", self.place)
        job = Path(__file__).with_name("pipelines") / "databricks_job.py"
        self.service.agent_variables = {
            "DATABRICKS_PLACE": str(self.place),
            "DATABRICKS_PROGRAM": f"python -P {job}",
        }

    def push(self) -> None:
        commit(self.project)
        git(self.project, "push", "--quiet", str(self.service.remote), "HEAD:main")

    def release(self) -> dict[str, Job]:
        """Run the pipeline; its checks are those of a pull request, which has run before."""
        return self.service.run(RELEASE, after="checks")

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
        """Count how often Databricks was asked for something."""
        log = (self.place / "log").read_text("utf-8").splitlines()
        return sum(line.startswith(words) for line in log)

    def job(self, env: str, name: str, *parameters: str) -> str:
        """Start a job as its schedule would, in the environment that the last agent has."""
        agent = self.service.place / env / "s"
        done = subprocess.run(
            ["uv", "run", "--no-sync", "databricks", "bundle", "run", "--target", env, name]
            + (["--", *parameters] if parameters else []),
            cwd=agent,
            env=os.environ
            | self.service.agent_variables
            | {
                "PATH": f"{self.service.programs}{os.pathsep}{os.environ['PATH']}",
                "DATABRICKS_HOST": f"https://{self.workspace(env).name}",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def fates(jobs: dict[str, Job]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def said(jobs: dict[str, Job]) -> str:
    return "\n".join(job.log[-4000:] for job in jobs.values())


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with organization() as api:
        yield api


@pytest.fixture(scope="module")
def first(
    template: Path, tmp_path_factory: pytest.TempPathFactory, api: Api
) -> tuple[Path, dict[str, Job]]:
    """A bank whose first release went to prod, where the first champion was approved."""
    folder = tmp_path_factory.mktemp("bank")
    project = render(template, folder / "loan-risk", ci="azure-devops", compute="databricks")
    for env in ("test", "prod"):
        configure(project, env, **settings_of(env))
        configure(project, env, model={"params": {"max_iter": 30}})
        (folder / f"place/risk-{env}.azuredatabricks.net").mkdir(parents=True)
        volume = folder / f"place/risk-{env}.azuredatabricks.net/Volumes/risk_{env}/loan_risk"
        (volume / "releases").mkdir(parents=True)
    (folder / "agents").mkdir()
    git(folder, "init", "-q", "--bare", "--initial-branch=main", "dev.azure.com/loan-risk.git")
    subprocess.run(["uv", "add", "--quiet", "--no-sync", "pandas<3"], cwd=project, check=True)
    bank = Bank(folder, api)
    bank.push()
    api.protect("loan-risk-prod")
    api.approver = "anna@bank.example"
    jobs = bank.release()
    assert set(fates(jobs).values()) == {"Succeeded"}, said(jobs)
    for env in ("test", "prod"):
        bank.job(env, "train", "--as_of", AS_OF)
    return folder, jobs


@pytest.fixture
def bank(first: tuple[Path, dict[str, Job]], tmp_path: Path, api: Api) -> Bank:
    """That bank again, to do anything with."""
    copy = tmp_path / "bank"
    for part in ("agents/artifacts", "dev.azure.com", "loan-risk", "place"):
        shutil.copytree(first[0] / part, copy / part)  # no machine of a run that is over
    api.waited.clear()
    api.approved.clear()
    api.approver = "anna@bank.example"
    return Bank(copy, api)


def test_what_is_merged_is_checked_as_a_pull_request_is(template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "loan-risk", ci="azure-devops", compute="databricks")
    [checks, *later] = expand(project, RELEASE)["stages"]
    assert checks["jobs"] == expand(project, "azure-pipelines.yml")["jobs"]
    before = [stage["dependsOn"] for stage in later]
    assert before == ["checks", "build", "test"]


@pytest.mark.full
def test_one_release_goes_to_test_and_then_to_prod(first: tuple[Path, dict[str, Job]]) -> None:
    bank, jobs = Bank(first[0], Api()), first[1]
    assert list(jobs) == ["build", "test", "prod"]
    assert bank.recorded("test") == bank.recorded("prod"), "the same files, by their digests"
    assert bank.deployed("test") == bank.deployed("prod") == bank.recorded("test")["version"]
    assert f"prod runs {bank.deployed('prod')} now; before: nothing." in jobs["prod"].log
    assert jobs["prod"].summaries, "what was done is shown with the run"
    assert TOKEN not in said(jobs)


@pytest.mark.full
def test_two_runs_of_a_commit_do_not_deploy_twice(bank: Bank) -> None:
    before = bank.calls("bundle deploy")
    jobs = bank.release()
    assert set(fates(jobs).values()) == {"Succeeded"}, said(jobs)
    assert bank.calls("bundle deploy") == before
    assert "runs already" in jobs["prod"].log or " already." in jobs["prod"].log


@pytest.mark.full
def test_nothing_reaches_an_unprotected_prod(bank: Bank) -> None:
    saved = bank.api.checks.pop("loan-risk-prod")
    before = bank.deployed("prod")
    append(bank.project / "src/loan_risk/data.py", "\n\n# A change.\n")
    bank.push()
    try:
        jobs = bank.release()
    finally:
        bank.api.checks["loan-risk-prod"] = saved
    assert fates(jobs) == {"build": "Succeeded", "test": "Succeeded", "prod": "Failed"}, said(jobs)
    assert "is not protected" in jobs["prod"].log
    assert bank.deployed("prod") == before != bank.deployed("test")


@pytest.mark.full
def test_a_smoke_that_fails_in_prod_brings_the_release_before_back(bank: Bank) -> None:
    """What fails there and not in test is a matter of prod: here, its store is broken."""
    before = bank.deployed("prod")
    replace(
        bank.project / "src/loan_risk/data.py",
        "def inputs(",
        'import os\n\nif "risk-prod" in os.getcwd():\n    raise OSError("prod only")\n\n\n'
        "def inputs(",
    )
    bank.push()
    jobs = bank.release()
    assert fates(jobs) == {"build": "Succeeded", "test": "Succeeded", "prod": "Failed"}, said(jobs)
    assert f"prod runs {before} again, as before." in jobs["prod"].log
    assert bank.deployed("prod") == bank.recorded("prod")["version"] == before
    assert bank.api.waited == ["loan-risk-prod"], "one approval, none for going back"


@pytest.mark.full
def test_a_lock_that_cannot_load_the_champion_stops_before_prod(bank: Bank) -> None:
    before = bank.deployed("test")
    bump = ["uv", "add", "--quiet", "--no-sync", "scikit-learn<1.9"]
    subprocess.run(bump, cwd=bank.project, check=True)
    bank.push()
    jobs = bank.release()
    assert fates(jobs) == {"build": "Succeeded", "test": "Failed", "prod": "Skipped"}, said(jobs)
    assert "does not load here" in jobs["test"].log
    assert bank.deployed("test") == before
    assert bank.api.waited == []


@pytest.mark.full
def test_a_version_that_waits_is_promoted_by_who_approves_the_run(bank: Bank) -> None:
    bank.api.approver = ""
    assert fates(bank.service.run(PROMOTE, version=1)) == {"prod": "Rejected"}
    bank.api.approver = "anna@bank.example"
    jobs = bank.service.run(PROMOTE, version=1)
    assert fates(jobs) == {"prod": "Succeeded"}, said(jobs)
    assert "version 1 is the champion, approved by anna@bank.example" in jobs["prod"].log
    status = bank.job("prod", "smoke")
    assert "version 1 predicts its golden rows" in status
