"""What a commit must be before it is tagged. Each rule is a function that yields what breaks it."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from .versions import git, releases, version_of

ANSWERS = Path("tests/answers")
TO_DO = "### What to do"
FORM = re.compile(r"v\d+\.\d+\.\d+((a|b|rc)\d+)?")


@dataclass(frozen=True)
class Candidate:
    """A template that is to become a version."""

    template: Path
    version: str

    @property
    def number(self) -> str:
        """The version without its letter, as files of the repository write it."""
        return self.version.removeprefix("v")

    def read(self, name: str | Path) -> str:
        """Return a file of the template."""
        return (self.template / name).read_text(encoding="utf-8")

    def git(self, *arguments: str) -> str:
        """Run git in the template."""
        return git(self.template, *arguments)


def it_is_on_main_with_nothing_to_commit(candidate: Candidate) -> Iterator[str]:
    branch = candidate.git("branch", "--show-current").strip()
    if branch != "main":
        yield f"a release is made on main, not on {branch or 'a detached HEAD'}: git switch main"
    if changed := candidate.git("status", "--porcelain").splitlines():
        names = ", ".join(line[3:] for line in changed[:3])
        yield f"something is not committed: commit or remove {names}"


def the_version_is_new_and_the_greatest(candidate: Candidate) -> Iterator[str]:
    if not FORM.fullmatch(candidate.version):
        yield f"{candidate.version} is no version: write v, then three numbers, such as v0.2.0"
        return
    if candidate.git("tag", "--list", candidate.version):
        yield f"{candidate.version} is tagged already; a tag is never moved: choose a greater one"
        return
    newest = max(filter(None, map(version_of, candidate.git("tag").split())), default=None)
    own = version_of(candidate.version)
    if own and newest and own <= newest:
        yield f"v{newest} is tagged already: choose a greater one"


def the_version_of_pyproject_is_the_same(candidate: Candidate) -> Iterator[str]:
    said = tomllib.loads(candidate.read("pyproject.toml"))["project"]["version"]
    if version_of(said) != version_of(candidate.version):
        yield f"pyproject.toml says {said}: write {candidate.number} there"


def the_changelog_tells_an_owner_what_to_do(candidate: Candidate) -> Iterator[str]:
    if not (text := words(candidate)):
        yield f"CHANGELOG.md lacks a section `## [{candidate.number}] - YYYY-MM-DD`: write it"
        return
    to_do = re.split(r"^### ", text.partition(f"{TO_DO}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    if not to_do.strip():
        yield f"its section lacks `{TO_DO}`: say there what a project's owner does, or `Nothing.`"
    if text.partition(TO_DO)[0].strip() == "":
        yield "its section does not say what changes for a project"
    if section(candidate, r"Unreleased\]"):
        yield f"[Unreleased] holds something: move it to the section of {candidate.version}"


def section(candidate: Candidate, heading: str) -> str:
    """Return what the changelog says below a heading of the second level."""
    below = re.split(rf"^## \[{heading}$", candidate.read("CHANGELOG.md"), flags=re.MULTILINE)
    if len(below) != 2:
        return ""
    return re.split(r"^(?:## |\[.*\]: )", below[1], maxsplit=1, flags=re.MULTILINE)[0].strip()


def words(candidate: Candidate) -> str:
    """Return what the changelog says of the version."""
    return section(candidate, rf"{re.escape(candidate.number)}\] - \d{{4}}-\d\d-\d\d")


def its_answers_are_kept_for_later_releases(candidate: Candidate) -> Iterator[str]:
    for tag in releases(candidate.template):
        file = ANSWERS / f"{tag}.yml"
        if candidate.git("diff", "--name-only", tag, "HEAD", "--", file.as_posix()):
            yield f"{file.as_posix()} is not as {tag} left it: git restore --source={tag} {file}"
    file = ANSWERS / f"{candidate.version}.yml"
    if not (candidate.template / file).is_file() or not any(
        yaml.safe_load_all(candidate.read(file))
    ):
        yield f"{file.as_posix()} is missing: add answers that it takes, a project a document"


RULES = (
    it_is_on_main_with_nothing_to_commit,
    the_version_is_new_and_the_greatest,
    the_version_of_pyproject_is_the_same,
    the_changelog_tells_an_owner_what_to_do,
    its_answers_are_kept_for_later_releases,
)
