"""A release is checked before it is tagged; whatever would hurt a project is refused."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from programs import run_here
from rendering import ROOT, commit, git

from tools import readiness
from tools import release as program
from tools.compatibility import (
    STAGES,
    Upgrade,
    every_answer_is_still_accepted,
    ownership_moves_only_towards_the_user,
)
from tools.versions import releases

CHANGELOG = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-12-01

### Added

- A platform file.

### What to do

Nothing.

## [0.1.0] - 2026-11-01
"""
Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def ready(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template at v0.1.0, plus a commit that is ready to become v0.2.0. Do not edit it."""
    folder = shutil.copytree(template, tmp_path_factory.mktemp("release") / "template")
    git(folder, "config", "user.name", "Test")
    git(folder, "config", "user.email", "test@bank.example")
    (folder / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    substitute('version = "0.1.0"', 'version = "0.2.0"', "pyproject.toml")(folder)
    answers = (folder / "tests/answers/v0.1.0.yml").read_text(encoding="utf-8")
    (folder / "tests/answers/v0.2.0.yml").write_text(answers, encoding="utf-8")
    append("\n# newer\n", "template/noxfile.py")(folder)
    (folder / "tests/kept/stores/v0.1.0-binary.tar.xz").write_bytes(b"kept")
    use_stores(folder, "")  # the real tests take minutes
    commit(folder)
    return folder


@pytest.fixture
def candidate(ready: Path, tmp_path: Path) -> Path:
    """A copy of the ready template, to edit freely."""
    return shutil.copytree(ready, tmp_path / "template")


def substitute(old: str, new: str, name: str) -> Change:
    """Return a change that replaces text in a file; the text must be there."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def append(addition: str, name: str) -> Change:
    """Return a change that appends to a file, or creates it."""

    def change(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(addition)

    return change


def use_stores(folder: Path, fault: str) -> None:
    """Replace the tests on kept stores by one that finds a fault, or none."""
    text = f"def test_a_store_is_read() -> None:\n    assert {fault!r} == ''\n"
    (folder / "tests/test_kept_stores.py").write_text(text, encoding="utf-8")
    (folder / "tests/conftest.py").write_text("", encoding="utf-8")  # no fixture is needed


def release(template: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program of the release session as in a copy of the template."""
    caches = {"MYPY_CACHE_DIR": str(ROOT / "build/mypy")}
    with patch("tools.release.TEMPLATE", template), patch.dict("os.environ", caches):
        return run_here(program.main, template, *arguments)


def test_the_session_starts_the_program(ready: Path) -> None:
    command = [sys.executable, "-m", "tools.release", "0.2.0"]
    done = subprocess.run(command, cwd=ready, check=False, capture_output=True, text=True)
    assert (done.returncode, "0.2.0 is not a version" in done.stdout) == (1, True)


def assert_refused(template: Path, version: str, sentence: str) -> str:
    tags = git(template, "for-each-ref", "refs/tags")
    done = release(template, version)
    assert done.returncode == 1, done.stdout + done.stderr
    assert sentence in done.stdout
    assert "REFUSED" in done.stdout
    assert f"{version} is not tagged" in done.stderr
    assert "Traceback" not in done.stderr
    assert git(template, "for-each-ref", "refs/tags") == tags
    return done.stdout


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ("v0.1.0", "v0.1.0 is tagged already; a tag is never moved"),
        ("v0.0.9", "v0.1.0 is tagged already: choose a greater one"),
        ("0.2.0", "0.2.0 is not a version: write v and three numbers"),
        ("v0.2", "v0.2 is not a version"),
        ("v0.3.0", "pyproject.toml says 0.2.0: write 0.3.0 there"),
        ("v0.4.0", "CHANGELOG.md lacks a section `## [0.4.0] - YYYY-MM-DD`"),
        ("v0.5.0", "tests/answers/v0.5.0.yml is missing"),
    ],
)
def test_a_version_that_does_not_fit_is_refused(ready: Path, version: str, sentence: str) -> None:
    assert_refused(ready, version, sentence)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (substitute("\nNothing.\n", "", "CHANGELOG.md"), "its section lacks `### What to do`"),
        (
            substitute("### Added\n\n- A platform file.\n", "", "CHANGELOG.md"),
            "does not say what changes",
        ),
        (
            substitute("[Unreleased]\n", "[Unreleased]\n\n- Forgotten.\n", "CHANGELOG.md"),
            "[Unreleased] is not empty",
        ),
        (
            append("# other\n", "tests/answers/v0.1.0.yml"),
            "tests/answers/v0.1.0.yml has changed since v0.1.0",
        ),
    ],
    ids=["to do", "changes", "unreleased", "answers"],
)
def test_a_commit_that_is_not_ready_is_refused(
    candidate: Path, change: Change, sentence: str
) -> None:
    change(candidate)
    commit(candidate)
    assert_refused(candidate, "v0.2.0", sentence)


def test_uncommitted_changes_and_other_branches_are_refused(candidate: Path) -> None:
    append("x\n", "README.md")(candidate)
    assert_refused(candidate, "v0.2.0", "there are uncommitted changes: commit or remove README.md")
    git(candidate, "stash")
    git(candidate, "checkout", "--quiet", "-b", "other")
    assert_refused(candidate, "v0.2.0", "a release is made on main, not on other")
    git(candidate, "checkout", "--quiet", "--detach")
    assert_refused(candidate, "v0.2.0", "not on a detached HEAD")


def test_a_release_without_the_store_of_an_earlier_one_is_refused(candidate: Path) -> None:
    rule = readiness.a_store_of_every_earlier_release_is_kept
    assert rule in readiness.RULES
    present = readiness.Candidate(candidate, "v0.2.0")
    assert list(rule(present)) == []
    (candidate / "tests/kept/stores/v0.1.0-binary.tar.xz").unlink()
    [problem] = rule(present)
    assert "v0.1.0-binary.tar.xz is missing: make it with `./nox -s keep -- v0.1.0`" in problem


def test_a_release_that_does_not_read_a_kept_store_is_refused(candidate: Path) -> None:
    git(candidate, "tag", "--delete", "v0.1.0")  # there is no update to try before
    use_stores(candidate, "score ended with 1: KeyError")
    commit(candidate)
    assert_refused(candidate, "v0.2.0", "score ended with 1: KeyError")


def test_the_first_release_says_that_it_is_the_first(candidate: Path) -> None:
    git(candidate, "tag", "--delete", "v0.1.0")
    done = release(candidate, "v0.2.0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no earlier release: there is nothing to update from" in done.stdout
    assert "git push --atomic origin main v0.2.0" in done.stdout
    assert "./nox -s keep -- v0.2.0" in done.stdout
    assert git(candidate, "cat-file", "-t", "v0.2.0") == "tag\n"
    message = git(candidate, "tag", "--list", "--format=%(contents)", "v0.2.0")
    assert message.startswith("v0.2.0\n\n### Added\n")
    assert message.rstrip().endswith("### What to do\n\nNothing.")


OWNERSHIP = [
    (
        substitute(
            "  - \"{% if _copier_operation | default('update') != 'copy' %}/conf{% endif %}\"\n",
            "",
            "copier.yml",
        ),
        "conf/base.yml was yours and becomes shared",
    ),
    (
        substitute(
            '  "noxfile.py",\n', '  "noxfile.py",\n  ".gitignore",\n', "template/.mlops/files.jinja"
        ),
        ".gitignore was shared and becomes the platform's",
    ),
    (append("*.txt text\n", "template/renovate.json"), "renovate.json is new and not in a folder"),
    (append("x = 1\n", "template/tests/model/extra.toml"), ""),
    (append("x = 1\n", "template/src/{{ package }}/mlops/extra.py"), ""),
]


@pytest.mark.parametrize(
    ("change", "sentence"),
    OWNERSHIP,
    ids=["from the user", "from both", "in the user's folder", "the user's", "the platform's"],
)
def test_ownership_moves_towards_the_user(
    candidate: Path, tmp_path: Path, change: Change, sentence: str
) -> None:
    change(candidate)
    commit(candidate, "v0.2.0")
    upgrade = Upgrade(candidate, "v0.1.0", "v0.2.0", tmp_path / "upgrade")
    problems = list(ownership_moves_only_towards_the_user(upgrade))
    assert any(sentence in problem for problem in problems) if sentence else problems == []


HARMFUL = {  # the change, the message about it, and how many rules still pass
    "a tightened validator": (
        substitute(
            "{% if not description.strip()",
            "{% if description | length > 20 or not description.strip()",
            "copier.yml",
        ),
        "refuses an answer that was accepted before: Validation error for question 'description'",
        6,
    ),
    "a removed choice": (
        substitute("    little; a gated model goes live by itself (low): low\n", "", "copier.yml"),
        "refuses an answer that was accepted before: Invalid choice for 'risk_tier'",
        7,
    ),
    "a line next to the user's": (
        substitute(
            '    "{{ project_name }}[mlops]",\n',
            '    "{{ project_name }}[mlops]",\n    "zstandard>=0.20",\n',
            "template/pyproject.toml.jinja",
        ),
        "pyproject.toml is left with a conflict",
        8,
    ),
    "a user's file that older projects lack": (
        append(
            "\nfrom .. import warehouse as warehouse\n", "template/src/{{ package }}/mlops/cli.py"
        ),
        "mypy fails in a project of v0.1.0 after the update",
        9,
    ),
}


@pytest.mark.full
def test_every_answer_that_was_accepted_still_is(candidate: Path, tmp_path: Path) -> None:
    change, sentence, _ = HARMFUL["a tightened validator"]
    change(candidate)
    commit(candidate, "v0.2.0")
    upgrade = Upgrade(candidate, "v0.1.0", "v0.2.0", tmp_path / "upgrade")
    assert any(sentence in problem for problem in every_answer_is_still_accepted(upgrade))


@pytest.mark.full
@pytest.mark.wide
@pytest.mark.parametrize("name", HARMFUL)
def test_a_change_that_hurts_earlier_projects_is_refused(candidate: Path, name: str) -> None:
    change, sentence, passed = HARMFUL[name]
    change(candidate)
    commit(candidate)
    output = assert_refused(candidate, "v0.2.0", sentence)
    assert len(re.findall("^ok ", output, re.MULTILINE)) == passed


@pytest.mark.full
@pytest.mark.wide
@pytest.mark.parametrize("tag", releases(ROOT) or ["v0.1.0"])
def test_the_working_tree_is_compatible_with_each_release(
    template: Path, tmp_path: Path, tag: str
) -> None:
    """Before the first release, the working tree itself stands in for it."""
    present = shutil.copytree(template, tmp_path / "template")
    if releases(ROOT):
        git(present, "tag", "--delete", "v0.1.0")
        git(present, "fetch", "--quiet", "--tags", str(ROOT))
    commit(present, "v999.0.0")
    upgrade = Upgrade(present, tag, "v999.0.0", tmp_path / "upgrade")
    problems = [problem for stage in STAGES for rule in stage for problem in rule(upgrade)]
    assert problems == []
