"""A copy of a whole project beside its original works on its own store alone."""

import shutil
from pathlib import Path

import pytest
from tutorials import missing

from lifecycle import behind
from lifecycle.project import AS_OF, Project

STORE = ("mlflow.db", "mlartifacts", "predictions", "extracts")


def contents(project: Project) -> dict[str, bytes]:
    """Return all files of a project's store."""
    paths = [
        path for name in STORE for path in (project.path(name), *project.path(name).rglob("*"))
    ]
    return {str(p.relative_to(project.folder)): p.read_bytes() for p in paths if p.is_file()}


@pytest.mark.full
def test_a_copy_is_refused_by_every_command_until_it_is_relocated(
    live: Project, tmp_path: Path
) -> None:
    shutil.copytree(live.folder, tmp_path / "copy/loan-risk", symlinks=True)
    copy = Project(tmp_path / "copy/loan-risk", live.warm)
    before = contents(live)

    def as_shown(said: str) -> str:
        shown = said.replace(str(copy.folder), "/home/ada/copy/loan-risk")
        return shown.replace(str(live.folder), "/home/ada/loan-risk")

    for words in (
        ("train", "--as-of", AS_OF),
        ("gate", "1"),
        ("promote", "1"),
        ("score", "--as-of", AS_OF),
        ("monitor", "--as-of", AS_OF),
        ("retrain", "--as-of", AS_OF),
        ("rollback", "--reason", "x"),
        ("pause", "x"),
        ("resume",),
        ("erase", "--expired"),
        ("status",),
        ("reproduce", "1"),
        ("doctor",),
    ):
        said = " ".join(copy.run(*words, code=1).said.split())
        assert f"was copied from {live.folder} to" in said, words
        assert "run `uv run loan-risk relocate`" in said, words
    refused = copy.run("status", code=1).said
    assert missing("move-a-project", "status", as_shown(refused)) == []
    assert contents(copy) == before

    moved = copy.run("relocate")
    assert missing("move-a-project", "relocate", as_shown(moved.said)) == []
    copy.run("score", "--as-of", AS_OF)
    copy.run("train", "--as-of", AS_OF)
    copy.run("gate")
    assert copy.run("status", "--verify").facts["problems"] == []
    assert copy.call(behind.versions, "dev.loan-risk") == [1, 2]
    assert contents(live) == before
    assert live.run("status").facts["entries"] == 3
