"""The check of the platform's files: nothing of them is edited, and nothing is next to them."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rendering import ROOT, append, commit, git

STEP = "src/loan_risk/mlops/steps/promote.py"
FILES = (STEP, "tests/mlops/conftest.py", ".mlops/platform_files.py")
EXIT = "raise SystemExit(0)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A committed project with three files of the platform."""
    folder = tmp_path / "loan-risk"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("required = True\n", encoding="utf-8")
    shutil.copy(ROOT / "template" / FILES[-1], folder / FILES[-1])
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    text = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    (folder / ".mlops/files").write_text(text, encoding="utf-8")
    (folder / ".gitignore").write_text("__pycache__/\n.mypy_cache/\n", encoding="utf-8")
    commit(folder)
    return folder


def check(project: Path, **variables: str) -> tuple[int, str]:
    """Run the hook as the configuration of pre-commit does, without uv."""
    text = (ROOT / "template/.pre-commit-config.yaml").read_text(encoding="utf-8")
    [hook] = [h for h in yaml.safe_load(text)["repos"][0]["hooks"] if h["id"] == "platform-files"]
    arguments = hook["entry"].removeprefix("uv run --frozen python ").split()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def write(project: Path, name: str, text: str = "required = False\n") -> None:
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "src/loan_risk/mlops/steps/promote/__init__.py",  # Python prefers it to promote.py
        "src/loan_risk/mlops/steps/__pycache__/promote.cpython-311.pyc",
        "tests/mlops/test_more.py",
        ".mlops/hashlib.py",
    ],
)
def test_a_committed_file_in_a_folder_of_the_platform_is_refused(project: Path, name: str) -> None:
    write(project, name)
    git(project, "add", "--force", name)
    commit(project)
    code, said = check(project)
    assert (code, name in said) == (1, True), said


def test_a_file_that_is_not_committed_yet_is_refused(project: Path) -> None:
    write(project, "src/loan_risk/mlops/steps/more.py")
    code, said = check(project)
    assert code == 1
    assert "your own code in the folder above mlops/" in said


def test_a_link_in_place_of_the_platform_is_refused(project: Path) -> None:
    shutil.move(project / "src/loan_risk/mlops", project / "elsewhere")
    (project / "src/loan_risk/mlops").symlink_to("../../elsewhere")
    commit(project)
    code, said = check(project)
    assert (code, "src/loan_risk/mlops is in a folder" in said) == (1, True), said


def test_what_git_ignores_and_what_was_deleted_is_not_refused(project: Path) -> None:
    write(project, "src/loan_risk/mlops/steps/of_an_older_version.py")
    write(project, "src/other/mlops/of_the_user.py")
    commit(project)
    (project / "src/loan_risk/mlops/steps/of_an_older_version.py").unlink()
    write(project, "src/loan_risk/mlops/__pycache__/x.cpython-311.pyc")
    write(project, ".mlops/.mypy_cache/x.json")
    assert check(project) == (0, "")


def test_a_file_in_conflict_is_named_once_by_any_git(project: Path, tmp_path: Path) -> None:
    """All of its sides are listed, and git has no `--deduplicate` before 2.31."""
    name = "src/loan_risk/mlops/steps/more.py"
    write(project, name)
    blob = git(project, "hash-object", "-w", name).strip()
    index = "".join(f"100644 {blob} {side}\t{name}\n" for side in (1, 2, 3))
    command = ["git", "update-index", "--index-info"]
    subprocess.run(command, cwd=project, input=index, check=True, text=True)
    real = shutil.which("git")
    old = tmp_path / "old/git"
    old.parent.mkdir()
    refusal = '*" --deduplicate "*) echo "unknown option" >&2; exit 129 ;;'
    script = f'#!/bin/sh\ncase " $* " in {refusal} esac\nexec {real} "$@"\n'
    old.write_text(script, encoding="utf-8")
    old.chmod(0o755)
    code, said = check(project, PATH=f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    assert (code, said.count(name)) == (1, 1), said


@pytest.mark.parametrize("name", [".mlops/hashlib.py", "src/sitecustomize.py"])
def test_a_module_that_ends_the_check_is_not_imported(project: Path, name: str) -> None:
    append(project / STEP, "required = False\n")
    write(project, name, EXIT)
    code, said = check(project, PYTHONPATH=str(project / "src"))
    assert (code, f"{STEP} is the platform's" in said) == (1, True), said
