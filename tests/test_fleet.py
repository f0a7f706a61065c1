"""The fleet session shows each repository's version, and how its update would go."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from programs import run_here, write_program
from rendering import append, commit, contents, git, render

from tools import fleet as program

Row = dict[str, Any]


@dataclass(frozen=True)
class Fleet:
    """The template at its third release, a project of the first release and one of the third."""

    template: Path
    old: Path
    current: Path

    def start(self, list_file: Path) -> "subprocess.CompletedProcess[str]":
        """Run the program of the session in the copy of the template."""
        command = [sys.executable, "-m", "tools.fleet", str(list_file)]
        return subprocess.run(
            command, cwd=self.template, check=False, capture_output=True, text=True
        )

    def run(self, list_file: Path, *options: str) -> "subprocess.CompletedProcess[str]":
        """Do the same without a new process."""
        with (
            patch("tools.fleet.TEMPLATE", self.template),
            patch("tools.survey.TEMPLATE", self.template),
        ):
            return run_here(program.main, self.template, str(list_file), *options)

    def rows(self, *repositories: object, options: tuple[str, ...] = ()) -> tuple[int, list[Row]]:
        """Return the exit code, and the JSON object of each repository."""
        list_file = self.template.parent / "repos.txt"
        list_file.write_text("".join(f"{name}\n" for name in repositories), encoding="utf-8")
        done = self.run(list_file, "--json", *options)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def fleet(small_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    folder = tmp_path_factory.mktemp("fleet")
    copy = shutil.copytree(small_template, folder / "template")
    old = render(copy, folder / "loan-risk")
    commit(old)
    for tag in ("v0.2.0", "v0.3.0"):
        append(copy / "template/noxfile.py", f"\n# {tag}\n")
        commit(copy, tag)
    git(copy, "tag", "v0.4.0rc1")  # a pre-release does not count
    current = render(copy, folder / "churn")
    commit(current)
    return Fleet(copy, old, current)


@pytest.fixture
def changed(fleet: Fleet, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies the old project and replaces one file in it."""

    def copy(file: str, text: str, *, committed: bool = True) -> Path:
        folder = shutil.copytree(fleet.old, tmp_path / "changed")
        (folder / file).write_text(text, encoding="utf-8")
        if committed:
            commit(folder)
        return folder

    return copy


def test_an_update_is_tried_without_touching_the_repository(fleet: Fleet) -> None:
    modified = {path: path.lstat().st_mtime_ns for path in fleet.old.rglob("*")}
    before = contents(fleet.old)
    code, [row] = fleet.rows(fleet.old)
    assert code == 0
    assert row == {
        "repository": str(fleet.old),
        "version": "v0.1.0",
        "newest": "v0.3.0",
        "behind": 2,
        "conflicts": [],
        "answers": [],
        "edited": [],
        "error": "",
    }
    assert contents(fleet.old) == before
    assert {path: path.lstat().st_mtime_ns for path in fleet.old.rglob("*")} == modified


def test_a_current_repository_needs_no_update(fleet: Fleet) -> None:
    code, [row] = fleet.rows(fleet.current)
    assert code == 0
    assert (row["version"], row["behind"], row["error"]) == ("v0.3.0", 0, "")


@pytest.mark.full
def test_a_conflict_names_the_file_and_the_edit_that_caused_it(
    fleet: Fleet, changed: Callable[..., Path]
) -> None:
    noxfile = (fleet.old / "noxfile.py").read_text(encoding="utf-8")
    code, [bad, good] = fleet.rows(changed("noxfile.py", f"{noxfile}\n# ours\n"), fleet.old)
    assert code == 1
    assert (bad["conflicts"], bad["edited"]) == (["noxfile.py"], ["noxfile.py"])
    assert (good["conflicts"], good["edited"]) == ([], [])


@pytest.mark.full
def test_an_answer_that_the_update_resets_is_named(fleet: Fleet, tmp_path: Path) -> None:
    """Copier resets an answer silently when a validator is tightened or a choice removed."""
    template = shutil.copytree(fleet.template, tmp_path / "template")
    questions = (template / "copier.yml").read_text(encoding="utf-8")
    fewer = questions.replace("(medium): medium", "(medium): middle")
    fewer = fewer.replace("default: medium", "default: high")
    (template / "copier.yml").write_text(fewer, encoding="utf-8")
    commit(template, "v0.4.0")
    code, [row] = replace(fleet, template=template).rows(
        fleet.old, options=("--template", str(fleet.template))
    )
    assert code == 1
    assert row["answers"] == ["risk_tier"], row


def test_edited_platform_files_are_named_even_if_no_update_is_due(
    fleet: Fleet, tmp_path: Path
) -> None:
    folder = shutil.copytree(fleet.current, tmp_path / "edited")
    append(folder / "src/churn/mlops/base/errors.py", "\n# ours\n")
    (folder / ".gitattributes").unlink()
    commit(folder)
    code, [row] = fleet.rows(folder)
    assert code == 0
    assert row["edited"] == [".gitattributes", "src/churn/mlops/base/errors.py"]


EXECUTED = {  # keys of a repository's own configuration whose value git runs
    "core.fsmonitor": "",
    "core.hooksPath": "hooks",
    "core.sshCommand": "",
    "core.pager": "",
    "core.editor": "",
    "diff.external": "",
    "diff.own.textconv": "",
    "diff.own.command": "",
    "filter.own.clean": "",
    "filter.own.smudge": "",
    "filter.own.process": "",
    "merge.own.driver": "",
    "gpg.program": "",
    "uploadpack.packObjectsHook": "",
    "credential.helper": "",
}


@pytest.mark.parametrize(
    "attributes",
    [
        "* filter=own diff=own merge=own\n",
        pytest.param("", marks=[pytest.mark.full, pytest.mark.wide]),
    ],
)
def test_nothing_that_a_listed_folder_configures_is_executed(
    fleet: Fleet, tmp_path: Path, attributes: str
) -> None:
    folder = shutil.copytree(fleet.old, tmp_path / "hostile")
    trap = write_program(tmp_path / "trap", f"#!/bin/sh\ntouch {tmp_path}/trapped\nexit 1\n")
    hooks = tmp_path / "hooks"
    for name in ("post-index-change", "post-checkout", "pre-commit", "reference-transaction"):
        write_program(hooks / name, trap.read_text(encoding="utf-8"))
        shutil.copy2(hooks / name, folder / ".git/hooks")
    for key, value in EXECUTED.items():
        git(folder, "config", key, str(hooks if value else trap))
    (folder / ".git/info").mkdir(exist_ok=True)
    (folder / ".git/info/attributes").write_text(attributes, encoding="utf-8")
    (folder / "README.md").touch()  # git compares its content
    code, [row] = fleet.rows(folder)
    assert not (tmp_path / "trapped").exists()
    assert (code, row["error"], row["behind"]) == (0, "", 2)


def test_a_broken_repository_is_a_row_with_its_error(
    fleet: Fleet, changed: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", bare], check=True)
    dirty = changed("README.md", "ours\n", committed=False)
    code, rows = fleet.rows(
        tmp_path / "gone", tmp_path / "plain", bare, dirty, "https://localhost:1/gone.git"
    )
    assert code == 1
    errors = [row["error"] for row in rows]
    assert errors[0] == "there is no such folder"
    assert errors[1] == "this folder is not a git repository"
    assert "has no .copier-answers.yml" in errors[2]
    assert "commit or stash" in errors[3]
    assert errors[4].startswith("it cannot be cloned: fatal: unable to access")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("_commit: v0.1.0", "_commit: 1a2b3c4", "1a2b3c4 is not a release"),
        (
            "_commit: v0.1.0",
            "_commit: v0.1.7",
            "v0.1.7 is not in this clone: run `git fetch --tags`",
        ),
        ("_commit: v0.1.0", "", "does not name template and version"),
        ("_src_path: ", "_src_path: /elsewhere", "it comes from /elsewhere"),
        ("_commit: v0.1.0", "}{", "is not valid YAML"),
    ],
)
def test_unusable_answers_are_an_error(
    fleet: Fleet, changed: Callable[..., Path], old: str, new: str, error: str
) -> None:
    answers = (fleet.old / ".copier-answers.yml").read_text(encoding="utf-8")
    code, [row] = fleet.rows(changed(".copier-answers.yml", answers.replace(old, new)))
    assert code == 1
    assert error in row["error"]


def test_a_repository_without_the_platforms_list_is_an_error(fleet: Fleet, tmp_path: Path) -> None:
    folder = shutil.copytree(fleet.current, tmp_path / "listless")
    (folder / ".mlops/files").unlink()
    commit(folder)
    code, [row] = fleet.rows(folder)
    assert code == 1
    assert row["error"] == f".mlops/files is missing in {folder}: restore it with git"


def test_a_template_is_recognized_by_all_its_addresses(
    fleet: Fleet, changed: Callable[..., Path]
) -> None:
    answers = (fleet.old / ".copier-answers.yml").read_text(encoding="utf-8")
    lines = answers.replace(str(fleet.template), "git@git.bank.example:mlops/goldsmith.git")
    lines = lines.replace("_commit: v0.1.0", "_commit: v0.3.0")  # current, so no update is tried
    project = changed(".copier-answers.yml", lines)
    code, _ = fleet.rows(project)
    assert code == 1
    https = "https://git.bank.example/mlops/goldsmith"
    code, _ = fleet.rows(project, options=("--template", https))
    assert code == 0
    git(fleet.template, "remote", "add", "origin", f"{https}/")
    code, _ = fleet.rows(project)
    git(fleet.template, "remote", "remove", "origin")
    assert code == 0


def test_the_table_has_a_line_for_each_repository(fleet: Fleet) -> None:
    list_file = fleet.template.parent / "list.txt"
    list_file.write_text("# ours\n\nchurn # the second\nchurn\ngone\n", encoding="utf-8")
    done = fleet.start(list_file)
    assert done.returncode == 1
    header, churn, gone, _, total = done.stdout.splitlines()
    assert header.split() == ["repository", "version", "newest", "behind", "update"]
    assert churn.split() == [str(fleet.current), "v0.3.0", "v0.3.0", "0", "current"]
    assert gone.split()[:4] == [str(fleet.current.parent / "gone"), "-", "v0.3.0", "-"]
    assert total == "1 of 2 update cleanly or are current."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(None, "cannot be read"), ("# nothing\n", "names no repository")],
    ids=["gone", "empty"],
)
def test_a_missing_or_empty_list_is_refused(
    fleet: Fleet, tmp_path: Path, text: str | None, sentence: str
) -> None:
    list_file = tmp_path / "repos.txt"
    if text:
        list_file.write_text(text, encoding="utf-8")
    done = fleet.run(list_file)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
