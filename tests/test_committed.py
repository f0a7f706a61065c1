"""A commit is read as git stores it, whatever the settings of its repository say."""

import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rendering import ROOT, commit, git, platform

SCRIPTS = str(ROOT / "template/.mlops")


@pytest.fixture(scope="module")
def rebuild() -> Iterator[ModuleType]:
    """The script that checks a commit out for `reproduce`."""
    sys.path.insert(0, SCRIPTS)
    import rebuild as module  # type: ignore[import-not-found]

    yield module
    sys.path.remove(SCRIPTS)
    for name in ("rebuild", "committed", "commands"):
        sys.modules.pop(name, None)


@pytest.fixture
def committed(rebuild: ModuleType) -> Any:
    return sys.modules["committed"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a project in a subfolder; it is the working directory."""
    folder = tmp_path / "repository"
    (folder / "models/loan-risk").mkdir(parents=True)
    (folder / "models/loan-risk/model.py").write_text("LEAVES = 20\n", encoding="utf-8")
    (folder / "run.sh").write_text("true\n", encoding="utf-8")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("run.sh")
    commit(folder)
    monkeypatch.chdir(folder)
    return folder


def test_a_folder_of_the_repository_may_be_asked_for(committed: Any, repository: Path) -> None:
    [model] = committed.committed_files("HEAD", "models/loan-risk/")
    assert model == ("model.py", "100644", b"LEAVES = 20\n")
    assert list(committed.committed_files("HEAD", "models/other/")) == []


def test_a_rebuild_checks_out_what_was_committed(rebuild: Any, repository: Path) -> None:
    marker = repository.parent / "ran"
    hook = repository / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {marker}\n", encoding="utf-8")
    hook.chmod(0o755)
    git(repository, "config", "filter.smuggle.smudge", "sed s/20/1/")
    attributes = repository / ".git/info/attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("model.py filter=smuggle\n", encoding="utf-8")
    code = repository.parent / "code"
    rebuild.add_worktree(repository, code, git(repository, "rev-parse", "HEAD").strip())
    assert (code / "models/loan-risk/model.py").read_bytes() == b"LEAVES = 20\n"
    assert (code / "link").readlink() == Path("run.sh")
    assert (code / "run.sh").stat().st_mode & 0o111
    assert not marker.exists()
    assert git(code, "ls-files").split() == ["link", "models/loan-risk/model.py", "run.sh"]


def test_an_object_that_was_overwritten_is_refused(committed: Any, repository: Path) -> None:
    digest = git(repository, "rev-parse", "HEAD:models/loan-risk/model.py").strip()
    file = repository / ".git/objects" / digest[:2] / digest[2:]
    file.chmod(0o644)
    file.write_bytes(zlib.compress(b"blob 11\0LEAVES = 1\n"))
    with pytest.raises(Exception, match="not what its name stands for") as refusal:
        list(committed.committed_files("HEAD"))
    assert type(refusal.value).__name__ == "Refusal"


@pytest.mark.parametrize("name", ["..", ".GIT", "a\\b"])
def test_a_name_that_leads_elsewhere_is_refused(
    committed: Any, repository: Path, name: str
) -> None:
    blob = bytes.fromhex(git(repository, "rev-parse", "HEAD:run.sh").strip())
    made = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
        input=b"100644 " + name.encode() + b"\0" + blob,
        capture_output=True,
        check=True,
    )
    new = git(repository, "commit-tree", "-m", "x", made.stdout.decode().strip()).strip()
    with pytest.raises(Exception, match="git does not check out"):
        list(committed.committed_files(new))


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("reader", ["script", "platform"])
def test_an_object_is_what_git_would_store_under_its_name(
    committed: Any, tmp_path: Path, reader: str, algorithm: str
) -> None:
    """A script reads commits where the platform is not installed; both must agree with git."""
    is_object = (committed if reader == "script" else platform("records.commits")).is_object
    content = b"LEAVES = 20\n"
    (tmp_path / "model.py").write_bytes(content)
    git(tmp_path, "init", "--quiet", f"--object-format={algorithm}")
    digest = git(tmp_path, "hash-object", "model.py").strip()
    assert is_object("blob", content, digest)
    assert not is_object("blob", b"LEAVES = 21\n", digest)
    assert not is_object("tree", content, digest)
