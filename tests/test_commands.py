"""The scripts of a project work on its own repository, whatever variables show git another one."""

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rendering import ROOT, commit, git

COMMANDS = runpy.run_path(str(ROOT / "template/.mlops/commands.py"))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one file, which is the working directory; `other` is next to it."""
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").touch()
        commit(tmp_path / name)
    monkeypatch.chdir(tmp_path / "own")
    for name in COMMANDS["GIT_PLACES"]:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path / "own"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("GIT_DIR", ".git"), ("GIT_WORK_TREE", "."), ("GIT_INDEX_FILE", ".git/index")],
)
def test_another_repository_is_refused_and_nothing_is_done(
    repository: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    other = repository.parent / "other"
    monkeypatch.setenv(variable, str(other / value))
    with pytest.raises(COMMANDS["Refusal"]) as refusal:
        COMMANDS["git"]("rm", "--quiet", "other.txt")
    assert str(refusal.value) == (
        f"The variable {variable} shows git another repository, {other / value}, than that of "
        f"{repository}: unset {variable}, and repeat."
    )
    assert git(other, "ls-files").split() == ["other.txt"]


def test_a_hook_works_on_its_repository_and_on_clones(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", f"{repository}/.git/next-index-3.lock")
    run_git: Callable[..., str] = COMMANDS["git"]
    assert run_git("ls-files").split() == ["own.txt"]
    run_git("clone", "--quiet", "../other", "clone")
    assert run_git("ls-files", folder=Path("clone")).split() == ["other.txt"]
    assert "GIT_DIR" not in os.environ


def test_nox_refuses_another_repository_before_it_touches_one(repository: Path) -> None:
    (repository / ".mlops").mkdir()
    for name in ("noxfile.py", ".mlops/commands.py"):
        shutil.copy(ROOT / "template" / name, repository / name)
    (repository / "pyproject.toml").write_text("[project]\nname = 'loan-risk'\n")
    other = repository.parent / "other/.git"
    done = subprocess.run(
        [sys.executable, "-c", "import runpy; runpy.run_path('noxfile.py')"],
        env=os.environ | {"GIT_DIR": str(other)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"The variable GIT_DIR shows git another repository, {other}, than" in done.stderr
