"""The survey of one repository: its version, and how its update would go, tried in a clone."""

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from .ownership import edited_platform_files
from .update import run_unattended, update
from .versions import (
    ANSWERS_FILE,
    TEMPLATE,
    Refused,
    git,
    inert,
    normalize_address,
    parse_version,
    read_answers,
    require_version,
)


@dataclass(frozen=True)
class RepositoryStatus:
    """What a survey found out about a repository; `--json` prints these fields."""

    repository: str
    newest: str
    """The newest release of the template."""
    version: str = ""
    """The version that the repository was last updated to."""
    behind: int | None = None
    """How many releases are newer; None where that is unknown."""
    conflicts: list[str] = field(default_factory=list)
    """Files that the update leaves unmerged."""
    answers: list[str] = field(default_factory=list)
    """Answers that the update changes."""
    edited: list[str] = field(default_factory=list)
    """Platform files that the team has edited."""
    error: str = ""
    """Why the repository could not be surveyed."""

    @property
    def fine(self) -> bool:
        """Whether the repository is current, or updates without a person's help."""
        return not (self.error or self.conflicts or self.answers)


def survey(repository: str, releases: Sequence[str], template: Collection[str]) -> RepositoryStatus:
    """Return the status of a repository; a problem with it becomes the status's error.

    Args:
        repository: An absolute path, or an address.
        releases: The tags of the template's releases, oldest first.
        template: The normalized addresses of the template.
    """
    status = RepositoryStatus(repository, releases[-1])
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch) / "clone"
        try:
            make_clone(repository, clone)
            answers = read_answers(clone)
            status = replace(status, version=str(answers.get("_commit", "")))
            require_template(answers, template)
            status = replace(status, behind=count_newer(status.version, releases))
            status = replace(status, edited=sorted(edited_platform_files(clone)))
            return try_update(clone, status) if status.behind else status
        except (Refused, OSError, ValueError) as error:
            return replace(status, error=str(error).replace(str(clone), repository))


def make_clone(repository: str, clone: Path) -> None:
    """Clone the committed state of a repository, which itself stays untouched."""
    source = repository
    if Path(repository).is_absolute():
        require_committed(Path(repository))
        source = Path(repository).as_uri()
    options = ("--quiet", "--depth=1", "--no-tags", "--template=")
    command = ["git", *inert(clone.parent), "clone", *options, "--", source, str(clone)]
    error = run_unattended(command, clone.parent)
    if error:
        raise Refused(f"it cannot be cloned: {error}")


def require_committed(folder: Path) -> None:
    """Raise Refused unless the folder is a git repository without uncommitted changes."""
    if not folder.is_dir():
        raise Refused("there is no such folder")
    look = ["git", *inert(folder), "rev-parse", "--resolve-git-dir", "."]
    is_bare = not run_unattended(look, folder)
    if is_bare:
        return  # it has no working tree that could have changes
    if not (folder / ".git").exists():
        raise Refused("this folder is not a git repository")
    if git(folder, "--no-optional-locks", "status", "--porcelain"):
        raise Refused("it has uncommitted changes: commit or stash them")


def require_template(answers: dict[str, object], template: Collection[str]) -> None:
    """Raise Refused for a project of another template."""
    source = str(answers.get("_src_path", ""))
    if not source or not answers.get("_commit"):
        raise Refused(f"{ANSWERS_FILE} does not name template and version: restore it with git")
    if normalize_address(source) not in template:
        raise Refused(f"it comes from {source}: if that is this template, add --template {source}")


def count_newer(version: str, releases: Sequence[str]) -> int:
    """Return how many releases are newer than a version.

    A version may also be a commit after a tag, as `git describe` writes it: v1.0.0-2-g1a2b3c4.
    """
    tag = version.rsplit("-", 2)[0] if "-g" in version else version
    own = parse_version(tag)
    if not own or not version.startswith("v"):
        raise Refused(f"{version} is not a release: update it by hand to a tagged version")
    try:
        require_version(TEMPLATE, version)
    except Refused:
        raise Refused(f"{version} is not in this clone: run `git fetch --tags`") from None
    return sum(release > own for release in map(parse_version, releases) if release)


def try_update(clone: Path, status: RepositoryStatus) -> RepositoryStatus:
    """Update the clone from this template, and add the outcome to the status."""
    use_this_template(clone)
    outcome = update(clone, status.newest)
    return replace(status, conflicts=outcome.conflicts, answers=outcome.answers)


def use_this_template(clone: Path) -> None:
    """Let the clone's answers name the template in this folder: its tags may not be pushed yet."""
    answers = read_answers(clone) | {"_src_path": str(TEMPLATE)}
    text = yaml.safe_dump(answers, allow_unicode=True)
    (clone / ANSWERS_FILE).write_text(text, encoding="utf-8")
    identity = ("-c", "user.name=fleet", "-c", "user.email=fleet@example.com")
    message = "--message=use the local template"
    git(clone, *identity, "commit", "--all", "--quiet", "--allow-empty", message)
