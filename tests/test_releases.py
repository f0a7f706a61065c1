"""From a merge to prod, with three CI vendors and Databricks: bad releases never arrive.

The vendors are runners on this machine, Databricks a program whose workspaces are folders; what
they start is the project's own: its sessions, its release, its jobs and their wheel.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from pipelines.azure_api import TOKEN
from pipelines.bank import PARTS, PROD, AtAzure, AtGitHub, AtGitLab, Bank, Results
from pipelines.expansion import expand
from pipelines.git_host import READS
from pipelines.gitlab_api import MAINTAINS
from rendering import append, platform, render, replace

relocate_store = platform("records.relocation").relocate_store

ANNA = "anna@bank.example"
GOOD = {"build": "passed", "test": "passed", "prod": "passed"}


def results(jobs: Results) -> dict[str, str]:
    """Return the results of the jobs, without the checks."""
    return {name: job.result for name, job in jobs.items() if name in {*GOOD, "promote"}}


def logs(jobs: Results) -> str:
    return "\n".join(job.log[-4000:] for job in jobs.values())


def bump(bank: Bank) -> None:
    """Push a lock that cannot load the champion."""
    other = ["uv", "add", "--quiet", "--no-sync", "scikit-learn<1.9"]
    subprocess.run(other, cwd=bank.project, check=True)
    bank.push()


class Releases:
    """The tests for each vendor."""

    at: ClassVar[type[Bank]]

    @pytest.fixture(scope="class")
    @classmethod
    def first(
        cls,
        template: Path,
        tmp_path_factory: pytest.TempPathFactory,
        environment: Path,
        tools: Path,
    ) -> tuple[Path, Results]:
        """A bank whose first release went to prod, where the first champion was approved."""
        folder = tmp_path_factory.mktemp("bank")
        render(template, folder / "loan-risk", ci=cls.at.ci, compute="databricks")
        with cls.at.opened(folder, environment, tools) as bank:
            bank.found()
            bank.push()
            jobs = bank.release()
            assert results(jobs) == GOOD, logs(jobs)
            for env in ("test", "prod"):
                bank.job(env, "train", "--as_of", "2026-01-01")
        return folder, jobs

    @pytest.fixture
    def bank(
        self, first: tuple[Path, Results], tmp_path: Path, environment: Path, tools: Path
    ) -> Iterator[Bank]:
        """A copy of that bank, to edit freely."""
        for part in filter(lambda part: (first[0] / part).exists(), PARTS):
            shutil.copytree(first[0] / part, tmp_path / "bank" / part)
        for database in tmp_path.glob("bank/place/*/mlflow.db"):
            relocate_store(database)
        with self.at.opened(tmp_path / "bank", environment, tools) as bank:
            yield bank

    def test_one_release_goes_to_test_and_then_to_prod(
        self, first: tuple[Path, Results], environment: Path, tools: Path
    ) -> None:
        bank = self.at(first[0], environment, tools)
        jobs = first[1]
        assert list(results(jobs)) == ["build", "test", "prod"]
        assert bank.recorded("test") == bank.recorded("prod"), "the same files, by their digests"
        assert bank.deployed("test") == bank.deployed("prod") == bank.recorded("test")["version"]
        assert f"prod runs {bank.deployed('prod')} now; before: nothing." in jobs["prod"].summary
        for secret in (TOKEN, READS, MAINTAINS):
            assert secret not in logs(jobs)

    def test_two_runs_of_a_commit_do_not_deploy_twice(self, bank: Bank) -> None:
        before = bank.calls("bundle deploy")
        jobs = bank.release()
        assert results(jobs) == GOOD, logs(jobs)
        assert bank.calls("bundle deploy") == before
        assert " already." in jobs["prod"].log

    @pytest.mark.wide
    def test_nothing_reaches_an_unprotected_prod(self, bank: Bank) -> None:
        bank.rules.unprotect(PROD)
        before = bank.deployed("prod")
        append(bank.project / "src/loan_risk/data.py", "\n\n# A change.\n")
        bank.push()
        jobs = bank.release()
        assert results(jobs) == GOOD | {"prod": "failed"}, logs(jobs)
        assert bank.closed in jobs["prod"].log
        assert bank.deployed("prod") == before != bank.deployed("test")

    def test_nothing_reaches_prod_unapproved(self, bank: Bank) -> None:
        bank.rules.approver = ""
        before = bank.deployed("prod")
        append(bank.project / "src/loan_risk/data.py", "\n\n# A change.\n")
        bank.push()
        jobs = bank.release()
        assert results(jobs) == GOOD | {"prod": "not run"}, logs(jobs)
        assert bank.deployed("prod") == before != bank.deployed("test")

    def test_a_smoke_test_that_fails_in_prod_restores_the_previous_release(
        self, bank: Bank
    ) -> None:
        """Only prod can fail where test passed: here, its store is broken."""
        before = bank.deployed("prod")
        replace(
            bank.project / "src/loan_risk/data.py",
            "def inputs(",
            'import os\n\nif "risk-prod" in os.getcwd():\n    raise OSError("prod only")\n\n\n'
            "def inputs(",
        )
        bank.push()
        jobs = bank.release()
        assert results(jobs) == GOOD | {"prod": "failed"}, logs(jobs)
        assert f"prod runs {before} again, as before." in jobs["prod"].log
        assert bank.deployed("prod") == bank.recorded("prod")["version"] == before
        assert bank.rules.waited == [PROD], "one approval, none for going back"

    @pytest.mark.wide
    def test_a_lock_that_cannot_load_the_champion_stops_before_prod(self, bank: Bank) -> None:
        before = bank.deployed("test")
        bump(bank)
        jobs = bank.release()
        assert results(jobs) == GOOD | {"test": "failed", "prod": "not run"}, logs(jobs)
        assert "does not load here" in jobs["test"].log
        assert bank.deployed("test") == before
        if bank.asks_in_turn:
            assert bank.rules.waited == []

    @pytest.mark.wide
    def test_without_the_guards_what_is_bad_reaches_prod(self, bank: Bank) -> None:
        """This proves that the guards stopped it above, not the runner."""
        bank.rules.unprotect(PROD)
        delivery = bank.project / "deploy/delivery.py"
        replace(delivery, 'if env == "prod":', "if not env:")
        replace(delivery, "        target.smoke(folder, env)\n", "")
        bump(bank)
        jobs = bank.release()
        assert results(jobs) == GOOD, logs(jobs)
        assert bank.deployed("prod") == bank.recorded("test")["version"]

    def test_a_waiting_version_is_promoted_by_the_approver_of_the_run(self, bank: Bank) -> None:
        bank.rules.approver = ""
        assert list(results(bank.promote(1)).values())[-1] == "not run"
        assert bank.calls("bundle run --target prod promote") == 0
        bank.rules.approver = ANNA
        jobs = bank.promote(1)
        assert set(results(jobs).values()) == {"passed"}, logs(jobs)
        assert f"version 1 is the champion, approved by {ANNA}" in logs(jobs)
        assert "version 1 predicts its golden rows" in bank.job("prod", "smoke")


@pytest.mark.full
class TestAzure(Releases):
    """Azure DevOps."""

    at = AtAzure


@pytest.mark.full
@pytest.mark.wide
class TestGitHub(Releases):
    """GitHub."""

    at = AtGitHub


@pytest.mark.full
@pytest.mark.wide
class TestGitLab(Releases):
    """GitLab."""

    at = AtGitLab


def test_a_merge_is_checked_like_a_pull_request(template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "loan-risk", ci="azure-devops", compute="databricks")
    [checks, *later] = expand(project, "ci/azure-devops/release.yml")["stages"]
    assert checks["jobs"] == expand(project, "azure-pipelines.yml")["jobs"]
    before = [stage["dependsOn"] for stage in later]
    assert before == ["checks", "build", "test"]
