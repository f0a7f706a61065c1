"""One history: a project is born, its team edits, the template moves, the project updates."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import yaml
from rendering import commit, contents, files, git, update

from . import edits, shared_edits
from .checks import ANSWERS, Finding, Update, platforms, unmerged
from .edits import Edit, Project
from .releases import Chain

EDITS: tuple[Edit, ...] = (*edits.EDITS, *shared_edits.EDITS)


@dataclass
class Outcome:
    """What came of a history."""

    number: int
    seconds: float = 0.0
    updates: int = 0
    refused: int = 0  # edits of the platform's files that its check named
    findings: list[Finding] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Tell what went wrong, after what, and how to see it again."""
        lines = [f"history {self.number} went wrong; ./nox -s bench -- update --seed {self.number} "]
        lines += ["--histories 1 plays it again.", *self.story]
        lines += [f"{each.kind}: {each.sentence}" for each in self.findings]
        return "\n".join(lines)


@dataclass
class History:
    """A project on its way through the releases of a chain."""

    chain: Chain
    project: Project
    release: int
    outcome: Outcome

    def play(self) -> None:
        """Edit and update, some versions at once, until the newest."""
        rng = self.project.rng
        newest = len(self.chain.releases) - 1
        while self.release < newest and not self.outcome.findings:
            self.edit()
            self.update(rng.randint(self.release + 1, newest))
        before = contents(self.project.folder)
        if not self.outcome.findings:
            update(self.project.folder)
        if contents(self.project.folder) != before:
            self.outcome.findings.append(Finding("wrong", "a second update changes something"))

    def edit(self) -> None:
        rng = self.project.rng
        for edit in rng.choices(EDITS, k=rng.randint(1, 8)):
            if edit(self.project) is not False:
                self.outcome.story.append(f"team: {edit.__name__}")
        commit(self.project.folder)

    def update(self, target: int) -> None:
        """Update to a release, and look at what came of it."""
        folder, chain = self.project.folder, self.chain
        tag = chain.releases[target].tag
        for release in chain.releases[self.release + 1 : target + 1]:
            self.outcome.story.append(f"{release.tag}: {', '.join(release.changes)}")
        before = contents(folder)
        answers = stored(folder)
        update(folder, vcs_ref=tag)
        self.outcome.updates += 1
        carried = chain.carried(answers, self.release, target)
        old, new = chain.rendering(self.release, answers), chain.rendering(target, carried)
        self.outcome.findings += unmerged(folder)
        self.outcome.findings += Update(before, contents(folder), old, new).findings()
        self.release = target
        commit(folder)


def stored(folder: Path) -> dict[str, str]:
    """Return the answers of a project."""
    answers = yaml.safe_load((folder / ANSWERS).read_bytes())
    return {name: value for name, value in answers.items() if not name.startswith("_")}


def play(chain: Chain, number: int) -> Outcome:
    """Play the history of this number on a chain."""
    rng = Random(f"history {number}")  # noqa: S311 - a game
    start = time.perf_counter()
    birth = rng.randrange(len(chain.births))
    source = chain.born(birth)
    folder = chain.folder / f"history-{number}" / source.name
    shutil.copytree(source, folder, symlinks=True)
    outcome = Outcome(number)
    History(chain, Project(folder, rng), chain.births[birth][0], outcome).play()
    if not outcome.findings:
        shutil.rmtree(folder.parent)
    outcome.seconds = time.perf_counter() - start
    return outcome
