"""A chain of releases of the template, each with random changes drawn from a seed."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import copier
from rendering import PROBLEMS, ROOT, TIERS, commit, contents, git

from . import questions, shared_changes
from .changes import CHANGES, UNSOUND, Answers, Change, Draft, Question

ALL: tuple[Change, ...] = (*CHANGES, *questions.CHANGES, *shared_changes.CHANGES)
SOUND = tuple(change for change in ALL if change not in UNSOUND)
NAMES = ("loan-risk", "a", "z9-abcdefghij-0123456789-abcdefghij-0123")
DESCRIPTIONS = ("Predicts.", """It's "quoted" \\ 9 %: # [x] {{ y }} {% z %} & schließlich 険""")
RELEASES = 5
# Most of the platform: an update treats one module as it treats two hundred.
UPPER_LAYERS = r"template/src/[^/]+/mlops/(?!base/)\w+/"
BIRTHS = 3


@dataclass(frozen=True)
class Release:
    """A release: its tag, its changes, and how it carries over the answers of a project."""

    tag: str
    changes: tuple[str, ...]
    carry: tuple[Callable[[Answers], None], ...]
    given: frozenset[str]  # paths that belong to the user from this release on
    asked: tuple[Question, ...]


@dataclass
class Chain:
    """A template with its releases; the same number always gives the same chain."""

    folder: Path
    number: int
    changes: tuple[Change, ...] = ALL
    left_out: str = "$^"  # a pattern of paths that the template lacks
    releases: list[Release] = field(default_factory=list)
    kept: dict[object, dict[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the releases."""
        for name in ("copier.yml", "taken.txt", "template", "examples"):
            copy(ROOT / name, self.template / name, self.left_out)
        draft = Draft(self.template, Random(f"chain {self.number}"))  # noqa: S311 - a game
        for number in range(1, RELEASES + 1):
            count = 0 if number == 1 else draft.rng.randint(2, 7)
            drawn = draft.rng.choices(self.changes, k=count)
            made = [change.__name__ for change in drawn if change(draft) is not False]
            release = Release(
                tag=f"v0.{number}.0",
                changes=tuple(made),
                carry=tuple(draft.carry),
                given=frozenset(draft.given),
                asked=tuple(draft.asked),
            )
            commit(self.template, release.tag)
            self.releases.append(release)
            draft.carry.clear()

    @property
    def template(self) -> Path:
        return self.folder / "template"

    @cached_property
    def births(self) -> list[tuple[int, Answers]]:
        """The release and the answers that the projects of this chain start with."""
        rng = Random(f"births {self.number}")  # noqa: S311
        return [
            (
                rng.choice([0, 0, 0, 1, 2]),
                {
                    "project_name": rng.choice(NAMES),
                    "problem": rng.choice(PROBLEMS),
                    "risk_tier": rng.choice(TIERS),
                    "description": rng.choice(DESCRIPTIONS),
                },
            )
            for _ in range(BIRTHS)
        ]

    def born(self, birth: int) -> Path:
        """Return the committed project of a birth. Copy it; do not edit it."""
        release, answers = self.births[birth]
        folder = self.folder / f"birth-{birth}" / answers["project_name"]
        if not folder.exists():
            self.render(folder, release, answers)
            commit(folder)
        return folder

    def render(self, folder: Path, release: int, answers: Answers) -> None:
        """Render a project with these answers at a release."""
        options: dict[str, Any] = {
            "defaults": True,
            "quiet": True,
            "vcs_ref": self.releases[release].tag,
        }
        copier.run_copy(str(self.template), folder, data=answers, **options)

    def rendering(self, release: int, answers: Answers) -> dict[str, bytes]:
        """Return the contents of an untouched project with these answers."""
        key = release, *sorted(answers.items())
        if key not in self.kept:
            folder = self.folder / "rendering" / answers["project_name"]
            self.render(folder, release, answers)
            self.kept[key] = contents(folder)
            shutil.rmtree(folder)
        return self.kept[key]

    def carried(self, answers: Answers, old: int, new: int) -> Answers:
        """Return the answers that a project should have after an update between two releases."""
        carried = dict(answers)
        for release in self.releases[old + 1 : new + 1]:
            for carry in release.carry:
                carry(carried)
        return carried


def copy(source: Path, target: Path, left_out: str) -> None:
    """Copy a file, or the files of a folder that git does not ignore and no pattern leaves out."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z", str(source))
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not re.match(left_out, name):
            path = target if source.is_file() else target / (ROOT / name).relative_to(source)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path)
