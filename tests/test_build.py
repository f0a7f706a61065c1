"""A release contains what git knows, and nothing else that is in the folder or on the machine."""

import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import pytest
from rendering import ROOT, append, commit, git

MARK = "a-value-of-the-pipeline"
SMALL_PROJECT = {
    "pyproject.toml": """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "loan-risk"
version = "0.1.0"
readme = "README.md"
requires-python = ">=3.11"

[dependency-groups]
mlops-build = ["hatchling>=1.27"]

[tool.hatch.build.targets.wheel]
artifacts = ["src/loan_risk/_build/**"]
packages = ["src/loan_risk"]
""",
    "README.md": "A model.\n",
    "AGENTS.md": "How to work here.\n",
    ".copier-answers.yml": "_commit: v0.1.0\nproject_name: loan-risk\n",
    ".gitignore": "/build/\n/src/*/_build/\n*.local.yml\n__pycache__/\n",
    "conf/base.yml": "as_of: 2026-01-01\n",
    "src/loan_risk/__init__.py": "",
    "src/loan_risk/data.py": "ROWS = 1\n",
}


class Desk:
    """A small project with the scripts of the platform."""

    def __init__(self, project: Path) -> None:
        self.project = project

    def build(self, *options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Build a release as the session does, where the environment contains a token."""
        return subprocess.run(
            [sys.executable, ".mlops/release.py", "loan_risk", *options],
            cwd=self.project,
            env=os.environ | {"TOKEN": MARK} | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def refused(self, **variables: str) -> str:
        """Return why a release was refused; nothing of it is left."""
        done = self.build(**variables)
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        assert not (self.project / "build/release").exists()
        return done.stderr

    def wheel(self, *options: str) -> dict[str, bytes]:
        """Build a release, and return the bytes of each file in its wheel."""
        done = self.build(*options)
        assert done.returncode == 0, done.stderr
        [file] = (self.project / "build/release").glob("*.whl")
        with ZipFile(file) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}

    def record(self) -> dict[str, Any]:
        """Return the record of the release."""
        text = (self.project / "build/release/release.json").read_text(encoding="utf-8")
        return dict(json.loads(text))


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "template/.mlops"))
    return importlib.import_module("release")


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("build") / "loan-risk"
    for name, text in SMALL_PROJECT.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text.lstrip("\n"), encoding="utf-8")
    ignored = shutil.ignore_patterns("__*", "*.jinja", ".ruff_cache", "vendors", "sessions")
    shutil.copytree(ROOT / "template/.mlops", project / ".mlops", ignore=ignored)
    subprocess.run(["uv", "lock", "--quiet"], cwd=project, check=True)
    commit(project)
    return project


@pytest.fixture
def desk(locked: Path, tmp_path: Path) -> Desk:
    return Desk(shutil.copytree(locked, tmp_path / "loan-risk"))


def test_the_record_lists_each_file_of_the_wheel_with_its_checksum(desk: Desk) -> None:
    (desk.project / "CLAUDE.md").symlink_to("AGENTS.md")  # in no wheel
    commit(desk.project)
    contents = desk.wheel()
    record = desk.record()
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    assert record["wheel_files"] == digests
    assert {"loan_risk/data.py", "loan_risk/_build/build.json"} <= set(digests)
    assert (record["commit"], record["dirty"]) == (
        git(desk.project, "rev-parse", "HEAD").strip(),
        False,
    )


def test_a_file_that_is_not_committed_stops_the_build_and_is_never_packed(desk: Desk) -> None:
    secrets = {"id_rsa": "-----BEGIN OPENSSH PRIVATE KEY-----", "copy.db": "SQLite format 3"}
    for name, text in secrets.items():
        (desk.project / "src/loan_risk" / name).write_text(text, encoding="utf-8")
    (desk.project / "src/loan_risk/passwd").symlink_to("/etc/passwd")
    assert "src/loan_risk/copy.db is not committed" in desk.refused()
    append(desk.project / "src/loan_risk/data.py", "MORE = 2\n")
    contents = desk.wheel("--allow-dirty")
    assert not [name for name in contents if name.endswith(("id_rsa", "copy.db", "passwd"))]
    assert b"MORE = 2" in contents["loan_risk/data.py"]
    assert desk.record()["dirty"]
    assert json.loads(contents["loan_risk/_build/build.json"])["dirty"]
    assert desk.record()["version"].endswith(".dirty")


@pytest.mark.parametrize("link", ["src/loan_risk/notes.txt", "conf/test.yml", "src/more"])
def test_a_committed_link_in_what_is_packed_is_refused(desk: Desk, link: str) -> None:
    (desk.project / link).symlink_to("/proc/self/environ")
    commit(desk.project)
    assert f"{link} is a link" in desk.refused()


def test_a_link_outside_of_what_is_packed_is_left_out(desk: Desk) -> None:
    (desk.project / "LICENSE").symlink_to("/proc/self/environ")
    commit(desk.project)
    assert not [name for name, data in desk.wheel().items() if MARK.encode() in data]


def test_a_submodule_in_what_is_packed_is_refused(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "secret.py").write_text("", encoding="utf-8")
    commit(other)
    file = ("-c", "protocol.file.allow=always")
    git(desk.project, *file, "submodule", "--quiet", "add", str(other), "src/loan_risk/other")
    commit(desk.project)
    assert "src/loan_risk/other is a submodule" in desk.refused()


def test_ignored_and_hidden_changes_are_not_packed(desk: Desk) -> None:
    """Neither is a change to git."""
    (desk.project / "conf/mine.local.yml").write_text("password: of-a-person\n", encoding="utf-8")
    git(desk.project, "update-index", "--assume-unchanged", "src/loan_risk/data.py")
    append(desk.project / "src/loan_risk/data.py", "HIDDEN = 3\n")
    build = desk.project / "src/loan_risk/_build"
    build.mkdir()
    (build / "more.txt").write_text("of an older version", encoding="utf-8")
    contents = desk.wheel()
    assert contents["loan_risk/data.py"] == b"ROWS = 1\n"
    assert not [name for name in contents if "local" in name or "more.txt" in name]


def test_no_setting_of_a_repository_changes_what_is_packed(desk: Desk) -> None:
    """`git status` is clean, and the commit is the real one."""
    append(desk.project / "src/loan_risk/__init__.py", "# $Format:%H$\n")
    (desk.project / "src/loan_risk/run.sh").write_text("true\n", encoding="utf-8")
    (desk.project / "src/loan_risk/run.sh").chmod(0o755)
    commit(desk.project)
    git(desk.project, "config", "filter.smuggle.smudge", "sed s/2026/1999/")
    attributes = "conf/base.yml filter=smuggle\n__init__.py export-subst\nAGENTS.md export-ignore\n"
    (desk.project / ".git/info/attributes").write_text(attributes, encoding="utf-8")
    other = desk.project.parent / "other.py"
    other.write_text("ROWS = 999\n", encoding="utf-8")
    new = git(desk.project, "hash-object", "-w", str(other)).strip()
    git(desk.project, "replace", "HEAD:src/loan_risk/data.py", new)
    contents = desk.wheel()
    assert contents["loan_risk/_build/conf/base.yml"] == b"as_of: 2026-01-01\n"
    assert contents["loan_risk/__init__.py"] == b"# $Format:%H$\n"
    assert contents["loan_risk/data.py"] == b"ROWS = 1\n"
    assert (desk.project / "build/source/AGENTS.md").is_file()
    assert (desk.project / "build/source/src/loan_risk/run.sh").stat().st_mode & 0o111


def test_a_file_that_is_kept_elsewhere_is_refused(desk: Desk) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (desk.project / "src/loan_risk/table.csv").write_text(pointer, encoding="utf-8")
    commit(desk.project)
    assert "src/loan_risk/table.csv is in Git LFS" in desk.refused()


FORCED = """
[tool.hatch.build.targets.wheel.force-include]
"/proc/self/environ" = "loan_risk/notes.txt"
"""
EXCHANGED = """
exclude = ["/src/loan_risk/data.py"]

[tool.hatch.build.targets.wheel.force-include]
"tests/forged.txt" = "loan_risk/data.py"
"""
FOREIGN = {
    "a file of the machine": (
        FORCED,
        "contain loan_risk/notes.txt, but the commit has no src/loan_risk/notes.txt",
    ),
    "a file of the commit in the place of another": (
        EXCHANGED,
        "contain other bytes as loan_risk/data.py than the commit has as src/loan_risk/data.py",
    ),
    "a readme elsewhere": ('"README.md"', "readme names /proc/self/environ"),
    "a readme above": ('"README.md"', "readme names ../other.md"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_pyproject_brings_no_file_from_elsewhere(desk: Desk, case: str) -> None:
    addition, message = FOREIGN[case]
    pyproject = desk.project / "pyproject.toml"
    if addition in {FORCED, EXCHANGED}:
        append(pyproject, addition)
        (desk.project / "tests").mkdir()
        (desk.project / "tests/forged.txt").write_text("ROWS = 999\n", encoding="utf-8")
    else:
        text = pyproject.read_text(encoding="utf-8")
        named = message.rpartition(" ")[2]
        pyproject.write_text(text.replace(addition, f'"{named}"'), encoding="utf-8")
        (desk.project / "build").mkdir()  # above the copy from which the wheel is built
        (desk.project / "build/other.md").write_text("Other.\n", encoding="utf-8")
    commit(desk.project)
    assert message in desk.refused()


CONTENTS = {
    "loan_risk/data.py": "1",
    "loan_risk/_build/conf/base.yml": "2",
    "loan_risk-0.1.0.dist-info/METADATA": "of the build",
    "loan_risk-0.1.0.dist-info/licenses/LICENSE": "3",
}
SOURCE = {
    "src/loan_risk/data.py": "1",
    "src/loan_risk/_build/conf/base.yml": "2",
    "LICENSE": "3",
    "README.md": "4",
}
OTHER_WHEELS: dict[str, dict[str, str | None]] = {
    "a rule of another file": {"loan_risk/_build/conf/base.yml": "4"},
    "a rule left out": {"loan_risk/_build/conf/base.yml": None},
    "code left out": {"loan_risk/data.py": None},
    "the metadata of another project": {"mlflow-3.0.dist-info/entry_points.txt": "1"},
    "a file of the commit elsewhere": {"README.md": "4"},
    "metadata that the build does not write": {"loan_risk-0.1.0.dist-info/RECORD.jws": "1"},
}


@pytest.mark.parametrize("case", OTHER_WHEELS)
def test_each_file_of_the_wheel_is_that_of_the_commit_in_its_own_place(
    release: ModuleType, case: str
) -> None:
    described = ("loan_risk", "loan_risk-0.1.0.dist-info")
    release.refuse_other_files(CONTENTS, SOURCE, *described)
    change = OTHER_WHEELS[case]
    changed = {name: digest for name, digest in (CONTENTS | change).items() if digest}
    with pytest.raises(release.Refusal, match=re.escape(next(iter(change)))):
        release.refuse_other_files(changed, SOURCE, *described)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_wheel_with_two_files_of_one_name_is_refused(release: ModuleType, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "loan_risk-0.1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("loan_risk/data.py", "ROWS = 1\n")
        wheel.writestr("loan_risk/data.py", "ROWS = 999\n")
    with pytest.raises(release.Refusal, match=r"loan_risk/data\.py twice"):
        release.wheel_checksums(Path(str(wheel.filename)))


def test_a_release_is_built_by_the_packages_of_the_lock_file(desk: Desk, tmp_path: Path) -> None:
    """A newer package that the backend needs, wherever it is offered, does not run."""
    offered = tmp_path / "offered"
    offered.mkdir()
    about = "pathspec-99.0.dist-info"
    with ZipFile(offered / "pathspec-99.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("pathspec/__init__.py", "raise SystemExit('it ran')\n")
        wheel.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: pathspec\nVersion: 99.0\n"
        )
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    done = desk.build(UV_FIND_LINKS=str(offered))
    assert done.returncode == 0, done.stderr


def test_what_builds_a_release_is_locked(desk: Desk) -> None:
    pyproject = desk.project / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(text.replace("requires = [", 'requires = ["wheel", '), encoding="utf-8")
    commit(desk.project)
    refusal = desk.refused(COLUMNS="60")  # uv wraps its errors
    assert "no trusted hash was provided for: `wheel`" in refusal
    assert "name it there in pyproject.toml" in refusal


def test_a_lock_file_without_the_packages_that_build_is_named(desk: Desk) -> None:
    lock = desk.project / "uv.lock"
    text = lock.read_text(encoding="utf-8")
    lock.write_text(text.replace("mlops-build = ", "other = "), encoding="utf-8")
    commit(desk.project)
    assert "uv.lock must have the group mlops-build" in desk.refused()


def test_a_lock_file_that_is_not_committed_is_named(desk: Desk) -> None:
    git(desk.project, "rm", "--quiet", "--cached", "uv.lock")
    append(desk.project / ".gitignore", "uv.lock\n")
    commit(desk.project)
    assert "uv.lock is not committed" in desk.refused()
