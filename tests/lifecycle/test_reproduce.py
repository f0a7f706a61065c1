"""A version is rebuilt from its commit, lockfile and rows: `exact`, or what differs."""

import io
import shutil
import subprocess
import tarfile
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from rendering import ROOT, append, commit, copy_template, git, render, update
from tutorials import missing

from lifecycle import behind
from lifecycle.kept_stores import write_uv
from lifecycle.locked import own
from lifecycle.project import AS_OF, Project, Warm
from lifecycle.tables import write_tables

MONTH = "data/applications/2025-01.parquet"
EDITED = 3
FLAT_LAYOUT = "c1308a1"  # the last commit of this repository whose platform had no layers


def test_a_version_whose_commit_is_missing_is_refused_in_one_sentence(trained: Project) -> None:
    git(trained.folder, "checkout", "--quiet", "--orphan", "another")
    trained.commit()
    git(trained.folder, "branch", "-D", "main")
    git(trained.folder, "reflog", "expire", "--expire=now", "--all")
    git(trained.folder, "gc", "--quiet", "--prune=now")
    assert "is not in this clone; fetch it" in trained.run("reproduce", "1", code=1).said
    shutil.move(trained.path(".git"), trained.folder.with_name("away"))
    assert "there is no git history here" in trained.run("reproduce", "1", code=1).said


@pytest.mark.full
def test_a_version_of_a_dirty_tree_is_refused_in_one_sentence(born: Project) -> None:
    born.write("notes.txt", "not committed")
    born.run("train", "--as-of", AS_OF)
    assert (
        "version 1 was trained with uncommitted changes" in born.run("reproduce", "1", code=1).said
    )


@pytest.mark.full
def test_a_version_is_rebuilt_or_the_answer_says_what_differs(
    born: Project, tmp_path: Path
) -> None:
    write_tables(born, "2024-01-01", "2026-01-01", kind="parquet")
    lock_what_is_installed(born)
    born.run("train", "--as-of", AS_OF, "--set", "model.params.max_iter=20")
    commit_a_newer_template_and_another_configuration(born)
    git(born.folder, "worktree", "add", "--quiet", "build/reproduce/code")  # a killed run left it
    before, original = contents(born), edit_rows(born)

    elsewhere = {"MLOPS_TABLES__APPLICATIONS__PATH": "elsewhere/*.parquet"}  # a current setting
    answer = born.run("reproduce", "1", variables=elsewhere)
    assert answer.facts["answer"] == "exact"
    assert answer.facts["difference"] == 0
    assert missing("reproduce-a-version", "reproduce 1", answer.said) == []
    assert f"{EDITED} rows of the tables have changed since" in answer.facts["message"]
    assert contents(born) == before
    assert len(git(born.folder, "worktree", "list").splitlines()) == 1
    assert not born.path("build/reproduce").exists()

    # The lock file was installed above; from here on, the tests have the packages.
    installed = {"UV": str(write_uv(tmp_path / "uv"))}
    shutil.rmtree(born.path("extracts"))
    answer = born.run("reproduce", "1", code=1, variables=installed)
    assert answer.facts["answer"] == f"data changed: {EDITED} rows"

    born.path(MONTH).write_bytes(original)
    answer = born.run("reproduce", "1", variables=installed)
    assert answer.facts["answer"] == "exact"
    assert {side["from"] for side in answer.facts["rows"].values()} == {"tables"}

    shutil.move(born.path("data"), born.folder.with_name("data"))
    answer = born.run("reproduce", "1", code=1, variables=installed)
    assert answer.facts["answer"] == "data gone"
    assert "no file matches data/applications" in answer.facts["message"]

    edit_the_registered(born)
    answer = born.run("reproduce", "1", code=1, variables=installed)
    assert "have changed: their SHA-256" in answer.said


@pytest.mark.full
@pytest.mark.wide
def test_a_version_of_the_flat_layout_is_rebuilt_after_the_update_to_layers(
    tmp_path: Path, warm: Warm
) -> None:
    template = tmp_path / "template"
    extract_commit(FLAT_LAYOUT, template)
    commit(template, tag="v0.0.1")
    project = Project(render(template, tmp_path / "loan-risk"), warm)
    lock(project)
    assert project.path("src/loan_risk/mlops/training.py").is_file()
    own(project, "train", "--as-of", AS_OF)

    empty(template)
    copy_template(template)
    update(project.folder)
    lock(project)
    assert not project.path("src/loan_risk/mlops/training.py").exists()
    assert project.path("src/loan_risk/mlops/steps/reproduce.py").is_file()
    answer = own(project, "reproduce", "1")
    assert answer.facts["answer"] == "exact"
    assert answer.facts["difference"] == 0
    assert missing("reproduce-a-version", "reproduce 1", answer.said) == []
    assert answer.facts["template"] == "v0.0.1"

    own(project, "train", "--as-of", AS_OF)
    assert own(project, "reproduce", "2").facts["answer"] == "exact"


def extract_commit(name: str, folder: Path) -> None:
    """Write the files of a commit of this repository to a folder."""
    archive = subprocess.run(["git", "archive", name], cwd=ROOT, capture_output=True, check=False)
    assert archive.returncode == 0, (
        f"fetch the history: `git fetch --unshallow` ({archive.stderr!r})"
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")


def empty(template: Path) -> None:
    """Delete all files of a repository."""
    git(template, "rm", "-r", "--quiet", ".")


def lock_what_is_installed(project: Project) -> None:
    """Lock the packages of the tests, with which the commands run here, and commit all changes."""
    names = ("numpy", "pandas", "scikit-learn", "scipy", "skops")
    pins = ", ".join(f'"{name}=={version(name)}"' for name in names)
    append(project.path("pyproject.toml"), f"\n[tool.uv]\nconstraint-dependencies = [{pins}]\n")
    lock(project)


def lock(project: Project) -> None:
    """Lock a project's requirements and commit all changes."""
    subprocess.run(["uv", "lock", "--quiet"], cwd=project.folder, check=True)
    project.commit()


def commit_a_newer_template_and_another_configuration(project: Project) -> None:
    platform = project.package / "mlops"
    (platform / "refit.py").unlink()
    (platform / "steps/train/estimator.py").rename(platform / "steps/train/fitting.py")
    for name in ("train", "tuning"):
        module = f"{platform.relative_to(project.folder)}/steps/train/{name}.py"
        project.edit(module, "from .estimator import", "from .fitting import")
    project.edit(".copier-answers.yml", "v0.1.0", "v9.0.0")
    project.configure(model={"cutoff": 0.7}, time={"train": 6})
    project.commit()


def edit_rows(project: Project) -> bytes:
    """Change an amount in some labelled rows of a training month; return the file as it was."""
    file = project.path(MONTH)
    before, applications = file.read_bytes(), pd.read_parquet(file)
    outcomes = pd.read_parquet(project.path(MONTH.replace("applications", "outcomes")))
    granted = outcomes.loc[outcomes["decision"] == "granted", "application_id"]
    chosen = applications["application_id"].isin(granted.head(EDITED))
    applications.loc[chosen, "amount"] += 1
    applications.to_parquet(file, index=False)
    return before


def edit_the_registered(project: Project) -> None:
    """Put another estimator into a registered version, and other code."""
    [version] = project.folder.glob("mlartifacts/dev.loan-risk/models/*/artifacts")
    project.call(behind.shift_predictions, version)
    [features] = version.glob("code/*/features.py")
    features.write_text(features.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")


def contents(project: Project) -> dict[Path, bytes]:
    """Return what must not change: the user's tree, predictions, extracts and models."""
    kept = [p for p in project.folder.rglob("*") if p.is_file() and not p.is_symlink()]
    apart = (".git/", ".venv/", "build/", "data/", "mlflow.db", "mlartifacts/dev.loan-risk.journal")
    # MLflow writes this file when it reads a version
    kept = [path for path in kept if path.name != "registered_model_meta"]
    names = {path.relative_to(project.folder).as_posix(): path for path in kept}
    return {
        path: path.read_bytes()
        for name, path in names.items()
        if not name.startswith(apart) and "__pycache__" not in name
    }
