"""One repository of the fleet: its version, and how its update would go, tried in a clone."""

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from .ownership import edited_platform_files
from .update import failure, update
from .versions import (
    ANSWERS,
    HERE,
    Refused,
    git,
    normal,
    read_answers,
    require,
    version_of,
)


@dataclass(frozen=True)
class Row:
    """What is known of a repository."""

    repository: str
    newest: str
    version: str = ""
    behind: int | None = None  # how many releases
    conflicts: list[str] = field(default_factory=list)  # files that the update leaves unmerged
    answers: list[str] = field(default_factory=list)  # that the update changes
    edited: list[str] = field(default_factory=list)  # the platform's files
    error: str = ""

    @property
    def fine(self) -> bool:
        """Whether the repository is current, or updates without a person."""
        return not (self.error or self.conflicts or self.answers)


def survey(repository: str, releases: Sequence[str], template: Collection[str]) -> Row:
    """Return what is to know of a repository; what is wrong with it is in the row."""
    row = Row(repository, releases[-1])
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch) / "clone"
        try:
            copy(repository, clone)
            stored = read_answers(clone)
            row = replace(row, version=str(stored.get("_commit", "")))
            require_template(stored, template)
            row = replace(row, behind=behind(row.version, releases))
            row = replace(row, edited=sorted(edited_platform_files(clone)))
            return try_update(clone, row) if row.behind else row
        except (Refused, OSError, ValueError) as problem:
            return replace(row, error=str(problem).replace(str(clone), repository))


def copy(repository: str, clone: Path) -> None:
    """Clone what is committed of a repository, without a trace in it."""
    source = repository
    if Path(repository).is_absolute():
        require_committed(Path(repository))
        source = Path(repository).as_uri()
    command = ["git", "clone", "--quiet", "--depth=1", "--no-tags", "--", source, str(clone)]
    if said := failure(command, clone.parent):
        raise Refused(f"it cannot be cloned: {said}")


def require_committed(folder: Path) -> None:
    """Refuse a folder that is no repository, or has something to commit."""
    if not folder.is_dir():
        raise Refused("there is no such folder")
    if not failure(["git", "rev-parse", "--resolve-git-dir", "."], folder):
        return  # a bare repository has no changes
    if not (folder / ".git").exists():
        raise Refused("this folder is no git repository")
    if git(folder, "--no-optional-locks", "status", "--porcelain"):
        raise Refused("it has changes that are not committed: commit or stash them")


def require_template(stored: dict[str, object], template: Collection[str]) -> None:
    """Refuse a project of another template."""
    source = str(stored.get("_src_path", ""))
    if not source or not stored.get("_commit"):
        raise Refused(f"{ANSWERS} does not name template and version: restore it with git")
    if normal(source) not in template:
        raise Refused(f"it comes from {source}: if that is this template, add --template {source}")


def behind(version: str, releases: Sequence[str]) -> int:
    """Return how many releases are newer; v1.0.0-2-g1a2b3c4 is a commit after v1.0.0."""
    own = version_of(version.rsplit("-", 2)[0] if "-g" in version else version)
    if not own or not version.startswith("v"):
        raise Refused(f"{version} is no release: update it by hand, from a commit with a tag")
    try:
        require(HERE, version)
    except Refused:
        raise Refused(f"{version} is not here: fetch it by `git fetch --tags`") from None
    return sum(release > own for release in map(version_of, releases) if release)


def try_update(clone: Path, row: Row) -> Row:
    """Update the clone from the template as it is here, and look at what that leaves."""
    use_template_here(clone)
    outcome = update(clone, row.newest)
    return replace(row, conflicts=outcome.conflicts, answers=outcome.answers)


def use_template_here(clone: Path) -> None:
    """Let the clone's answers name the template in this folder: its tags may not be pushed yet."""
    here = read_answers(clone) | {"_src_path": str(HERE)}
    text = yaml.safe_dump(here, allow_unicode=True)
    (clone / ANSWERS).write_text(text, encoding="utf-8")
    identity = ("-c", "user.name=fleet", "-c", "user.email=fleet@example.com")
    git(clone, *identity, "commit", "--all", "--quiet", "--allow-empty", "--message=from here")
