"""A project holds what its answers use, and each line of its `nox -l` works there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Rendered
from programs import write_python
from rendering import files

Answers = dict[str, str]

EVERY = {
    *("setup", "lint", "types", "tests", "demo", "build", "rehearse", "schedules", "audit"),
    *("contract", "update"),
}
# All of a default project but the code of src/.
DEFAULT = {
    *(".copier-answers.yml", ".editorconfig", ".gitattributes", ".gitignore"),
    *(".pre-commit-config.yaml", "AGENTS.md", "CHANGELOG.md", "CODEOWNERS", "README.md"),
    *("CONTRIBUTING.md", "noxfile.py", "pyproject.toml"),
    *("conf/base.yml", "conf/dev.yml", "conf/prod.yml", "conf/test.yml"),
    *("docs/data-contract.md", "docs/model-card.md", "docs/runbook.md"),
    *("docs/decisions/README.md", "docs/decisions/0000-template.md"),
    "docs/decisions/0001-start-from-goldsmith.md",
    "notebooks/explore.ipynb",
    *("tests/mlops/__init__.py", "tests/mlops/conftest.py", "tests/mlops/test_lifecycle.py"),
    *("tests/mlops/test_model.py", "tests/mlops/test_rows.py"),
    *("tests/model/conftest.py", "tests/model/test_data.py", "tests/model/test_features.py"),
    *("tests/model/test_model.py", "tests/model/test_synthetic.py"),
    *(".mlops/audit.py", ".mlops/commands.py", ".mlops/committed.py", ".mlops/crontab.py"),
    ".mlops/data_contract.py",
    *(".mlops/files", ".mlops/find_secrets.py", ".mlops/platform_files.py", ".mlops/rebuild.py"),
    *(".mlops/refit.py", ".mlops/rehearse.py", ".mlops/release.py", ".mlops/ruff.toml"),
    ".mlops/release_record.py",
    *(".mlops/schedules.py", ".mlops/story.py", ".mlops/template.py", ".mlops/update.py"),
    ".mlops/unreviewed.py",
}
VENDORS = ".mlops/vendors"
# What answers add to the pipelines' files in ci/ and the place's files in deploy/<place>/.
BOOTSTRAP = {".mlops/bootstrap.py", ".mlops/sessions/bootstrap.py", f"{VENDORS}/script.py"}
PIPELINES = {*BOOTSTRAP, ".mlops/publish.py", "ci/audit.yml"}
PLACE = {".mlops/sessions/deploy.py"}
PLACE |= {f"deploy/{name}.py" for name in ("approval", "delivery", "section")}
APPROVAL = {".mlops/sessions/approve.py", "deploy/approve.py"}
APPROVAL |= {f"{VENDORS}/entra/entra.sh", f"{VENDORS}/entra/scripts.py"}
IMAGE = {".mlops/container.py", "Dockerfile", ".dockerignore"}


def vendor(name: str, *scripts: str) -> set[str]:
    """Return the files of a folder of vendors."""
    return {f"{VENDORS}/{name}/{script}" for script in (*scripts, "scripts.py")}


AZURE = vendor("azure-devops", "ci.sh", "repository.sh")
GITHUB = vendor("github", "ci.sh", "repository.sh") | {".devcontainer/devcontainer.json"}
GITLAB = vendor("gitlab", "api.sh", "ci.sh", "repository.sh")
DATABRICKS = vendor("databricks", "databricks.sh")

BROUGHT: list[tuple[Answers, set[str], set[str]]] = [  # answers, files, sessions
    ({}, set(), set()),
    ({"problem": "regression", "risk_tier": "high"}, set(), set()),
    ({"sourcing": "ab-initio"}, {".mlops/ab_initio.py"}, set()),
    ({"ci": "azure-devops"}, PIPELINES | AZURE | IMAGE, {"bootstrap"}),
    ({"ci": "github"}, PIPELINES | GITHUB | IMAGE, {"bootstrap"}),
    ({"ci": "gitlab"}, PIPELINES | GITLAB | IMAGE, {"bootstrap"}),
    ({"compute": "kubernetes"}, PLACE | IMAGE, {"deploy"}),
    ({"compute": "databricks"}, PLACE | BOOTSTRAP | DATABRICKS, {"deploy", "bootstrap"}),
    (
        {"ci": "azure-devops", "compute": "databricks", "orchestrator": "data-factory"},
        PIPELINES
        | PLACE
        | APPROVAL
        | AZURE
        | DATABRICKS
        | {f"{VENDORS}/azure-devops/environments.sh", "deploy/approval_azure_devops.py"},
        {"bootstrap", "deploy", "approve"},
    ),
    (
        {"ci": "github", "compute": "kubernetes"},
        PIPELINES
        | PLACE
        | APPROVAL
        | GITHUB
        | IMAGE
        | {f"{VENDORS}/github/environments.sh", "deploy/approval_github.py"},
        {"bootstrap", "deploy", "approve"},
    ),
    (
        {"ci": "gitlab", "compute": "kubernetes", "serving": "online"},
        PIPELINES
        | PLACE
        | APPROVAL
        | GITLAB
        | IMAGE
        | {f"{VENDORS}/gitlab/environments.sh", "deploy/approval_gitlab.py"},
        {"bootstrap", "deploy", "approve"},
    ),
]
ITS_OWN = (  # the place's own files and the pipelines' own, of which each row of the table has one
    *("deploy/databricks/", "deploy/data-factory/", "deploy/kubernetes/"),
    *("ci/azure-devops/", "ci/gitlab/", "ci/variables.", ".github/"),
    *("azure-pipelines.yml", ".gitlab-ci.yml"),
)
ARGUMENTS = {"deploy": ["test"], "approve": ["prod", "7"]}
UV = """
import sys
from pathlib import Path
for word in sys.argv[1:]:
    if word.startswith((".mlops/", "deploy/")) and not Path(word).is_file():
        sys.exit(f"{word} is missing")
"""


def by_answers(brought: tuple[Answers, set[str], set[str]]) -> str:
    return "-".join(brought[0].values()) or "default"


def menu(project: Path) -> dict[str, str]:
    """Return the sessions of `nox -l`, each with its description."""
    command = [sys.executable, "-B", "-m", "nox", "--list"]  # leaves no bytecode behind
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    return dict(re.findall(r"^[*-] (\w+) -> (.+)$", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("brought", BROUGHT, ids=by_answers)
def test_a_project_holds_what_its_answers_use_and_no_more(
    brought: tuple[Answers, set[str], set[str]], rendered: Rendered
) -> None:
    answers, expected, _ = brought
    found = {name for name in files(rendered(**answers)) if not name.startswith("src/")}
    assert {name for name in found - DEFAULT if not name.startswith(ITS_OWN)} == expected
    assert found >= DEFAULT


def test_code_is_the_same_for_every_answer(rendered: Rendered) -> None:
    code = [
        {name for name in files(rendered(**answers)) if name.startswith("src/")}
        for answers, *_ in BROUGHT
    ]
    assert all(names == code[0] for names in code)


@pytest.mark.parametrize("brought", BROUGHT, ids=by_answers)
def test_the_menu_lists_what_the_answers_use(
    brought: tuple[Answers, set[str], set[str]], rendered: Rendered
) -> None:
    answers, _, sessions = brought
    listed = menu(rendered(**answers))
    assert listed.keys() == EVERY | sessions, "and each says what it does"


# Another problem has the same menu, and two vendors are in a row with a place to run.
ALIKE = ("regression-high", "github", "gitlab")


@pytest.mark.parametrize(
    "brought", [row for row in BROUGHT if by_answers(row) not in ALIKE], ids=by_answers
)
def test_each_line_of_the_menu_runs_what_is_there(
    brought: tuple[Answers, set[str], set[str]], new_project: Rendered, tmp_path: Path
) -> None:
    answers, _, sessions = brought
    project = new_project(**answers)
    uv = write_python(tmp_path / "programs/uv", UV)
    env = os.environ | {"PATH": f"{uv.parent}{os.pathsep}{os.environ['PATH']}"}
    with_arguments = sessions & ARGUMENTS.keys()
    calls = [sorted((EVERY | sessions) - with_arguments)]
    calls += [[name, "--", *ARGUMENTS[name]] for name in sorted(with_arguments)]
    for words in calls:
        command = [sys.executable, "-m", "nox", "--session", *words]
        done = subprocess.run(
            command, cwd=project, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_without_pipelines_an_update_is_taken_by_hand(project: Path) -> None:
    command = [sys.executable, "-m", "nox", "--session", "update", "--", "publish"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "merge the update with git pull instead" in done.stderr
