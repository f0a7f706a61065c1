"""A release is deployed, refused, or withdrawn and replaced by the previous one.

The order of steps is the same for every vendor, so these tests deploy to a folder.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Rendered
from pipelines.address import vendor
from pipelines.azure_api import TOKEN, Api, organization
from rendering import append, replace

TARGET = '''
"""A target that is a folder: what runs there, what is recorded, and a log."""
import os, shutil
from pathlib import Path
from commands import Refusal

PLACE = Path(os.environ["PLACE"])

def note(action, release, env):
    with (PLACE / "log").open("a") as file:
        file.write(f"{action} {env} {(release / 'model.whl').read_text()}\\n")

def locate(settings, release, folder):
    folder.mkdir(parents=True)
    (folder / "where").write_text(f"{settings.env} of {release.project}")

def current(release, env, into):
    where = release / "deploy" / env / "where"
    assert not where.exists() or where.read_text() == f"{env} of loan-risk"
    recorded = PLACE / env / "recorded"
    return Path(shutil.copytree(recorded, into / "release")) if recorded.exists() else None

def deploy(release, env):
    note("deploy", release, env)
    running = PLACE / env / "running"
    shutil.rmtree(running, ignore_errors=True)
    shutil.copytree(release, running)
    if "does not start" in (release / "model.whl").read_text():
        raise Refusal("it does not start.")

def smoke(release, env):
    note("smoke", release, env)
    if "fails" in (PLACE / env / "running/model.whl").read_text() or (PLACE / "down").exists():
        raise Refusal("the champion does not load.")

def record(release, env):
    recorded = PLACE / env / "recorded"
    shutil.rmtree(recorded, ignore_errors=True)
    shutil.copytree(release, recorded)
    note("record", release, env)

def promote(release, env, number, approved_by):
    note(f"promote {number} for {approved_by} by", release, env)
'''


class Shop:
    """The deploy/ and .mlops/ of a project, a release, and a folder to deploy it to."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.folder = folder / "shop"
        self.place = folder / "place"
        (self.folder / "deploy/box").mkdir(parents=True)
        self.place.mkdir()
        shutil.copytree(project / ".mlops", self.folder / ".mlops")
        for file in (project / "deploy").glob("*.py"):
            shutil.copy(file, self.folder / "deploy")
        (self.folder / "deploy/box/target.py").write_text(TARGET, encoding="utf-8")
        shutil.copytree(project / "conf", self.folder / "conf")
        shutil.copytree(project / "src", self.folder / "src")  # it reads the conf/ next to it
        shutil.copy(project / ".copier-answers.yml", self.folder)
        self.env = {"PYTHONPATH": str(self.folder / "src")}

    def build(self, model: str, number: int, **facts: Any) -> Path:
        """Write a release of a commit with this number into build/release."""
        release = self.folder / "build/release"
        shutil.rmtree(release, ignore_errors=True)
        (release / "deploy/test").mkdir(parents=True)
        (release / "model.whl").write_text(model, encoding="utf-8")
        (release / "deploy/test/jobs.yml").write_text("jobs: []\n", encoding="utf-8")
        sums = {
            path.relative_to(release).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in release.rglob("*")
            if path.is_file()
        }
        version = f"0.1.0+202601{number:02}000000.g0000000{number}"
        record = {
            "project": "loan-risk",
            "version": version,
            "dirty": False,
            "files": sums,
            **facts,
        }
        (release / "release.json").write_text(json.dumps(record), encoding="utf-8")
        return release

    def deploy(self, env: str = "test") -> tuple[int, str]:
        """Deploy the release; return the exit code and the output."""
        return self.run("delivery.py", env)

    def run(self, script: str, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, f"deploy/{script}", *arguments],
            cwd=self.folder,
            env=os.environ | {"PLACE": str(self.place)} | self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def runs(self, env: str = "test") -> str:
        """Return the model that an environment runs."""
        running = self.place / env / "running/model.whl"
        return running.read_text(encoding="utf-8") if running.exists() else ""

    @property
    def log(self) -> list[str]:
        log = self.place / "log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


@pytest.fixture
def shop(rendered: Rendered, tmp_path: Path) -> Shop:
    return Shop(rendered(compute="kubernetes"), tmp_path)


def test_a_release_is_deployed_verified_and_recorded(shop: Shop) -> None:
    shop.build("first", 1)
    code, output = shop.deploy()
    assert (code, shop.runs()) == (0, "first")
    assert "test runs 0.1.0+20260101000000.g00000001 now; before: nothing." in output
    assert shop.log == ["deploy test first", "smoke test first", "record test first"]


def test_a_second_run_does_not_deploy_again(shop: Shop) -> None:
    shop.build("first", 1)
    shop.deploy()
    code, output = shop.deploy()
    assert (code, len(shop.log)) == (0, 3)
    assert "runs 0.1.0+20260101000000.g00000001 already" in output


def test_an_overtaken_run_does_not_deploy_older_code(shop: Shop) -> None:
    shop.build("second", 2)
    shop.deploy()
    shop.build("first", 1)
    code, output = shop.deploy()
    assert (code, shop.runs()) == (1, "second")
    assert "which is newer than" in output


def test_a_failed_smoke_test_restores_the_previous_release(shop: Shop) -> None:
    shop.build("first", 1)
    shop.deploy()
    shop.build("second fails", 2)
    code, output = shop.deploy()
    assert (code, shop.runs()) == (1, "first")
    assert "the champion does not load." in output
    assert "test runs 0.1.0+20260101000000.g00000001 again, as before." in output
    shop.build("third", 3)
    assert shop.deploy()[0] == 0, "a fixed release can be deployed"


def test_a_release_that_does_not_start_is_withdrawn(shop: Shop) -> None:
    shop.build("first", 1)
    shop.deploy()
    shop.build("second does not start", 2)
    assert shop.deploy()[0] == 1
    assert shop.runs() == "first"


def test_the_first_release_has_nothing_to_go_back_to(shop: Shop) -> None:
    shop.build("first fails", 1)
    code, output = shop.deploy()
    assert code == 1
    assert "nothing to go back to" in output
    assert not (shop.place / "test/recorded").exists()


def test_if_the_previous_release_fails_as_well_a_person_must_act(shop: Shop) -> None:
    shop.build("first", 1)
    shop.deploy()
    (shop.place / "down").touch()
    shop.build("second", 2)
    code, output = shop.deploy()
    assert (code, shop.runs()) == (1, "first")
    assert "someone must look into it" in output


def test_the_next_run_finishes_a_killed_one(shop: Shop) -> None:
    shop.build("first", 1)
    shop.deploy()
    shop.build("second", 2)
    shutil.copytree(
        shop.folder / "build/release", shop.place / "test/running", dirs_exist_ok=True
    )  # deployed, but not recorded
    assert shop.deploy()[0] == 0
    assert shop.log[-3:] == ["deploy test second", "smoke test second", "record test second"]


@pytest.mark.parametrize("what", ["an edited file", "a file more", "a file less"])
def test_a_release_changed_since_its_build_is_refused(shop: Shop, what: str) -> None:
    release = shop.build("first", 1)
    if what == "an edited file":
        (release / "model.whl").write_text("other", encoding="utf-8")
    elif what == "a file more":
        (release / "extra.py").touch()
    else:
        (release / "deploy/test/jobs.yml").unlink()
    code, output = shop.deploy()
    assert (code, shop.log) == (1, [])
    assert "has changed since it was built" in output


def test_uncommitted_code_is_refused(shop: Shop) -> None:
    shop.build("first", 1, dirty=True)
    code, output = shop.deploy()
    assert (code, shop.log) == (1, [])
    assert "uncommitted changes" in output


def test_without_a_release_the_error_says_how_to_build_one(shop: Shop) -> None:
    code, output = shop.deploy()
    assert code == 1
    assert "uvx nox -s build" in output


# Protection


@pytest.fixture
def azure() -> Iterator[Api]:
    with organization() as api:
        yield api


def at_azure(project: Path, folder: Path, api: Api) -> Shop:
    shop = Shop(project, folder)
    shop.env |= {"TF_BUILD": "True", "SYSTEM_ACCESSTOKEN": TOKEN, "SYSTEM_STAGENAME": "prod"}
    shop.env |= {name.replace(".", "_").upper(): v for name, v in api.variables.items()}
    shop.build("first", 1)
    return shop


def test_azure_deploys_to_prod_if_another_person_must_approve(
    rendered: Rendered, tmp_path: Path, azure: Api
) -> None:
    azure.protect("loan-risk-prod")
    shop = at_azure(rendered(ci="azure-devops", compute="kubernetes"), tmp_path, azure)
    assert shop.deploy("prod")[0] == 0
    assert shop.runs("prod") == "first"


AZURE_LACKS = {
    "no environment": "does not have it",
    "no check": "no approval check",
    "a check that is off": "no approval check",
    "nobody to approve": "no approval check",
    "self-approval": "the person who starts a run may approve it",
    "no token": "SYSTEM_ACCESSTOKEN is missing",
    "a wrong token": "answers 401",
    "no answer": "does not answer",
}


@pytest.mark.parametrize("what", AZURE_LACKS)
def test_azure_does_not_deploy_to_unprotected_prod(
    rendered: Rendered, tmp_path: Path, azure: Api, what: str
) -> None:
    if what != "no environment":
        azure.protect("loan-risk-prod", requesterCannotBeApprover=what != "self-approval")
    if what == "no check":
        azure.checks.clear()
    elif what == "a check that is off":
        azure.checks["loan-risk-prod"][0]["isDisabled"] = True
    elif what == "nobody to approve":
        azure.checks["loan-risk-prod"][0]["settings"]["approvers"] = []
    shop = at_azure(rendered(ci="azure-devops", compute="kubernetes"), tmp_path, azure)
    if what == "no token":
        del shop.env["SYSTEM_ACCESSTOKEN"]
    elif what == "a wrong token":
        shop.env["SYSTEM_ACCESSTOKEN"] = "other"
    elif what == "no answer":
        shop.env["SYSTEM_COLLECTIONURI"] = "http://127.0.0.1:9/"
    code, output = shop.deploy("prod")
    assert (code, shop.log) == (1, [])
    assert AZURE_LACKS[what] in output


def test_only_the_pipeline_deploys_to_prod(rendered: Rendered, tmp_path: Path) -> None:
    shop = Shop(rendered(ci="github", compute="kubernetes"), tmp_path)
    shop.build("first", 1)
    code, output = shop.deploy("prod")
    assert (code, shop.log) == (1, [])
    assert "Only the pipeline" in output


def test_without_pipelines_a_person_deploys_to_prod(shop: Shop) -> None:
    shop.build("first", 1)
    assert shop.deploy("prod")[0] == 0


def test_without_the_protection_check_prod_is_open(
    rendered: Rendered, tmp_path: Path, azure: Api
) -> None:
    """This proves that the protection check closed it above."""
    shop = at_azure(rendered(ci="azure-devops", compute="kubernetes"), tmp_path, azure)
    replace(shop.folder / "deploy/delivery.py", 'if env == "prod":', "if not env:")
    assert shop.deploy("prod")[0] == 0


# Approval


def waiting(project: Path, folder: Path, api: Api) -> Shop:
    """Return a project whose prod runs a release, in a run that needs an approval."""
    api.protect("loan-risk-prod")
    shop = at_azure(project, folder, api)
    shop.deploy("prod")
    return shop


def test_a_version_is_promoted_in_the_name_of_its_approver(
    rendered: Rendered, tmp_path: Path, azure: Api
) -> None:
    shop = waiting(rendered(ci="azure-devops", compute="kubernetes"), tmp_path, azure)
    azure.approver = "anna@bank.example"
    azure.admits("loan-risk-prod", "prod")
    code, output = shop.run("approve.py", "loan_risk", "prod", "7")
    assert code == 0, output
    assert shop.log[-1] == "promote 7 for anna@bank.example by prod first"


def test_an_approval_of_another_stage_does_not_count(
    rendered: Rendered, tmp_path: Path, azure: Api
) -> None:
    shop = waiting(rendered(ci="azure-devops", compute="kubernetes"), tmp_path, azure)
    azure.approver = "anna@bank.example"
    azure.admits("loan-risk-prod", "another")
    code, output = shop.run("approve.py", "loan_risk", "prod", "7")
    assert code == 1
    assert "Nobody has approved this run" in output
    assert "promote" not in shop.log[-1]


def test_nothing_is_promoted_before_a_deployment(
    rendered: Rendered, tmp_path: Path, azure: Api
) -> None:
    azure.protect("loan-risk-prod")
    azure.approver = "anna@bank.example"
    azure.admits("loan-risk-prod", "prod")
    shop = at_azure(rendered(ci="azure-devops", compute="kubernetes"), tmp_path, azure)
    code, output = shop.run("approve.py", "loan_risk", "prod", "7")
    assert code == 1
    assert "deploy a release first" in output


def test_nothing_is_promoted_with_a_mistake_in_conf(rendered: Rendered, tmp_path: Path) -> None:
    shop = Shop(rendered(ci="azure-devops", compute="kubernetes"), tmp_path)
    append(shop.folder / "conf/prod.yml", "\nsurprise: 1\n")
    code, output = shop.run("approve.py", "loan_risk", "prod", "7")
    assert code == 1
    assert "conf/prod.yml: unknown key surprise" in output


def test_without_pipelines_a_person_promotes_with_the_program(shop: Shop) -> None:
    """Nobody can approve a run without pipelines, so there is no session for it."""
    assert not (shop.folder / "deploy/approve.py").exists()
    assert not (shop.folder / ".mlops/sessions/approve.py").exists()


REVIEWERS = {"type": "required_reviewers", "prevent_self_review": True, "reviewers": [{"id": 1}]}
GITHUB: dict[str, tuple[Any, str]] = {
    "another person": ({"protection_rules": [REVIEWERS]}, ""),
    "self-review": (
        {"protection_rules": [REVIEWERS | {"prevent_self_review": False}]},
        "may approve it",
    ),
    "no reviewers": ({"protection_rules": [{"type": "branch_policy"}]}, "no required reviewers"),
    "no environment": (None, "answers 404"),
}


@pytest.mark.parametrize("what", GITHUB)
def test_github_deploys_only_to_protected_prod(
    rendered: Rendered, tmp_path: Path, what: str
) -> None:
    answer, sentence = GITHUB[what]
    path = "/repos/bank/loan-risk/environments/loan-risk-prod"
    shop = Shop(rendered(ci="github", compute="kubernetes"), tmp_path)
    shop.build("first", 1)
    with vendor({path: answer} if answer else {}, "Authorization", "Bearer secret") as address:
        shop.env |= {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "secret"}
        shop.env |= {"GITHUB_API_URL": address, "GITHUB_REPOSITORY": "bank/loan-risk"}
        code, output = shop.deploy("prod")
    assert (code, bool(shop.log)) == ((1, False) if sentence else (0, True))
    assert sentence in output


GITLAB: dict[str, tuple[Any, bool, str]] = {
    "another person": ({"approval_rules": [{"required_approvals": 1}]}, False, ""),
    "self-approval": ({"approval_rules": [{"required_approvals": 1}]}, True, "may approve it"),
    "no rule": ({"approval_rules": []}, False, "no approval rule"),
    "no environment": (None, False, "answers 404"),
}


@pytest.mark.parametrize("what", GITLAB)
def test_gitlab_deploys_only_to_protected_prod(
    rendered: Rendered, tmp_path: Path, what: str
) -> None:
    rules, self_approval, sentence = GITLAB[what]
    answers: dict[str, Any] = {
        "/api/v4/projects/7": {"allow_pipeline_trigger_approve_deployment": self_approval}
    }
    if rules:
        answers["/api/v4/projects/7/protected_environments/loan-risk-prod"] = rules
    shop = Shop(rendered(ci="gitlab", compute="kubernetes"), tmp_path)
    shop.build("first", 1)
    with vendor(answers, "PRIVATE-TOKEN", "secret") as address:
        shop.env |= {"GITLAB_CI": "true", "PROTECTION_TOKEN": "secret"}
        shop.env |= {"CI_API_V4_URL": f"{address}/api/v4", "CI_PROJECT_ID": "7"}
        code, output = shop.deploy("prod")
    assert (code, bool(shop.log)) == ((1, False) if sentence else (0, True))
    assert sentence in output
