"""What must hold for a commit before it is tagged as a release.

Each rule is a function: its name says what must hold, and it yields what breaks it.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from .versions import git, parse_version, releases

SAMPLE_ANSWERS = Path("tests/answers")
STORES = Path("tests/kept/stores")
STORE_TESTS = "tests/test_kept_stores.py"
LINES_SHOWN = 40
TO_DO = "### What to do"
VERSION = re.compile(r"v\d+\.\d+\.\d+((a|b|rc)\d+)?")


@dataclass(frozen=True)
class Candidate:
    """A commit of the template that is to become a release."""

    template: Path
    version: str

    @property
    def number(self) -> str:
        """The version without its leading v, as pyproject.toml and the changelog write it."""
        return self.version.removeprefix("v")

    def read(self, name: str | Path) -> str:
        """Return the text of a file of the template."""
        return (self.template / name).read_text(encoding="utf-8")

    def git(self, *arguments: str) -> str:
        """Run git in the template."""
        return git(self.template, *arguments)

    def release_notes(self) -> str:
        """Return what the changelog says about the version, or "" where it says nothing."""
        return self.changelog_section(rf"{re.escape(self.number)}\] - \d{{4}}-\d\d-\d\d")

    def unreleased_notes(self) -> str:
        """Return what the changelog says below [Unreleased]."""
        return self.changelog_section(r"Unreleased\]")

    def changelog_section(self, heading: str) -> str:
        """Return the text below a second-level heading, given as a pattern without its "## [".

        A section ends at the next heading of that level, or where the link targets begin.
        """
        changelog = self.read("CHANGELOG.md")
        parts = re.split(rf"^## \[{heading}$", changelog, flags=re.MULTILINE)
        if len(parts) != 2:
            return ""
        return re.split(r"^(?:## |\[.*\]: )", parts[1], maxsplit=1, flags=re.MULTILINE)[0].strip()


def main_is_checked_out_with_nothing_to_commit(candidate: Candidate) -> Iterator[str]:
    branch = candidate.git("branch", "--show-current").strip()
    if branch != "main":
        yield f"a release is made on main, not on {branch or 'a detached HEAD'}: git switch main"
    status = candidate.git("status", "--porcelain").splitlines()
    if status:
        names = ", ".join(line[3:] for line in status[:3])
        yield f"there are uncommitted changes: commit or remove {names}"


def the_version_is_greater_than_every_tag(candidate: Candidate) -> Iterator[str]:
    if not VERSION.fullmatch(candidate.version):
        yield f"{candidate.version} is not a version: write v and three numbers, such as v0.2.0"
        return
    if candidate.git("tag", "--list", candidate.version):
        yield f"{candidate.version} is tagged already; a tag is never moved: choose a greater one"
        return
    own = parse_version(candidate.version)
    tagged = [version for tag in candidate.git("tag").split() if (version := parse_version(tag))]
    newest = max(tagged, default=None)
    if own and newest and own <= newest:
        yield f"v{newest} is tagged already: choose a greater one"


def pyproject_has_the_same_version(candidate: Candidate) -> Iterator[str]:
    version = tomllib.loads(candidate.read("pyproject.toml"))["project"]["version"]
    if parse_version(version) != parse_version(candidate.version):
        yield f"pyproject.toml says {version}: write {candidate.number} there"


def the_changelog_says_what_changes_and_what_to_do(candidate: Candidate) -> Iterator[str]:
    notes = candidate.release_notes()
    if not notes:
        yield f"CHANGELOG.md lacks a section `## [{candidate.number}] - YYYY-MM-DD`: write it"
        return
    changes, _, below = notes.partition(TO_DO)
    to_do = re.split(r"^### ", below.lstrip(), maxsplit=1, flags=re.MULTILINE)[0]
    if not to_do.strip():
        yield (
            f"its section lacks `{TO_DO}`: say there what the owner of a project must do, "
            "or `Nothing.`"
        )
    if not changes.strip():
        yield f"its section does not say what changes for a project: say so above `{TO_DO}`"
    if candidate.unreleased_notes():
        yield f"[Unreleased] is not empty: move its text to the section of {candidate.version}"


def sample_answers_are_kept_for_later_releases(candidate: Candidate) -> Iterator[str]:
    for tag in releases(candidate.template):
        file = (SAMPLE_ANSWERS / f"{tag}.yml").as_posix()
        if candidate.git("diff", "--name-only", tag, "HEAD", "--", file):
            yield f"{file} has changed since {tag}: git restore --source={tag} {file}"
    file = (SAMPLE_ANSWERS / f"{candidate.version}.yml").as_posix()
    exists = (candidate.template / file).is_file()
    if not exists or not any(yaml.safe_load_all(candidate.read(file))):
        yield (
            f"{file} is missing or empty: add answers that this version accepts, "
            "one YAML document per project"
        )


def a_store_of_every_earlier_release_is_kept(candidate: Candidate) -> Iterator[str]:
    for tag in releases(candidate.template):
        file = STORES / f"{tag}-binary.tar.xz"
        if not (candidate.template / file).is_file():
            yield (
                f"{file.as_posix()} is missing: make it with `./nox -s keep -- {tag}`, "
                "and commit it"
            )


def todays_commands_work_on_every_kept_store(candidate: Candidate) -> Iterator[str]:
    command = (sys.executable, "-m", "pytest", "-q", "--tb=short", "--numprocesses=2", STORE_TESTS)
    done = subprocess.run(
        command, cwd=candidate.template, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        failed = [line for line in done.stdout.splitlines() if line.startswith(("E  ", "FAILED"))]
        yield "\n".join(failed[:LINES_SHOWN] or done.stdout.splitlines()[-LINES_SHOWN:])


RULES = (
    main_is_checked_out_with_nothing_to_commit,
    the_version_is_greater_than_every_tag,
    pyproject_has_the_same_version,
    the_changelog_says_what_changes_and_what_to_do,
    sample_answers_are_kept_for_later_releases,
    a_store_of_every_earlier_release_is_kept,
)

SLOW_RULES = (todays_commands_work_on_every_kept_store,)
