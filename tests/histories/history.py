"""One history: a project is generated, its team edits it, the template changes, it updates."""

import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import yaml
from rendering import TIERS, VENDORS, commit, contents, git, update

from . import edits, shared_edits
from .changes import Answers
from .checks import ANSWERS, Finding, Update, platforms, unmerged
from .edits import Edit, Project
from .releases import DESCRIPTIONS, Chain

EDITS: tuple[Edit, ...] = (*edits.EDITS, *shared_edits.EDITS)
TEAMS = ("Ours <ours@bank.example>", "We & Co. <we@bank.example>")
RARE = shared_edits.RARE
SOUND = (*edits.SOUND, *shared_edits.EDITS)  # the project still runs
CHECK = Path(".mlops/platform_files.py")


@dataclass
class Outcome:
    """The outcome of a history."""

    number: int
    seconds: float = 0.0
    updates: int = 0
    refused: int = 0  # edits of platform files that the project's check reported
    findings: list[Finding] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return what went wrong, what happened before, and how to repeat it."""
        replay = f"./nox -s bench -- update --seed {self.number} --histories 1"
        findings = [f"{finding.kind}: {finding.sentence}" for finding in self.findings]
        lines = [f"history {self.number} went wrong; repeat it by", replay, *self.story, *findings]
        return "\n".join(lines)


@dataclass
class History:
    """A project that is updated through the releases of a chain."""

    chain: Chain
    project: Project
    release: int
    outcome: Outcome
    edits: tuple[Edit, ...] = EDITS

    def play(self) -> None:
        """Edit and update until the newest release, sometimes skipping releases."""
        rng = self.project.rng
        outcome = self.outcome
        newest = len(self.chain.releases) - 1
        while self.release < newest and not outcome.findings:
            self.edit()
            if rng.random() < 0.2:
                self.edit_platform_file()
            if rng.random() < 0.2:
                self.change_answer()
            if not outcome.findings:
                self.update(rng.randint(self.release + 1, newest))
        if outcome.findings:
            return
        before = contents(self.project.folder)
        update(self.project.folder)
        if contents(self.project.folder) != before:
            outcome.findings.append(Finding("wrong", "a second update changes something"))

    def edit(self) -> None:
        """Let the team edit its files."""
        rng = self.project.rng
        edits = rng.choices(self.edits, k=rng.randint(1, 8))
        if rng.random() < 0.1:
            edits.append(rng.choice(RARE))
        for edit in edits:
            if edit(self.project) is not False:
                self.note(f"team: {edit.__name__}")
        commit(self.project.folder)

    def edit_platform_file(self) -> None:
        """Edit or delete a platform file, expect the project's check to report it, and undo it."""
        folder = self.project.folder
        rng = self.project.rng
        path = folder / rng.choice(sorted(platforms(contents(folder))))
        if path.name == CHECK.name:
            return
        intact = git(folder, "rev-parse", "HEAD").strip()
        if rng.random() < 0.3:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes() + b"# ours\n")
        commit(folder)
        name = path.relative_to(folder).as_posix()
        self.note(f"team: edits {name}, and undoes that")
        code, output = check_platform_files(folder)
        if code == 1 and f"{name} is the platform's" in output:
            self.outcome.refused += 1
        else:
            self.outcome.findings.append(Finding("wrong", f"the check overlooked {name}: {output}"))
        git(folder, "restore", f"--source={intact}", name)
        if check_platform_files(folder) != (0, ""):
            self.outcome.findings.append(Finding("wrong", f"the check still reports {name}"))
        commit(folder)

    def change_answer(self) -> None:
        """Change an answer without changing the version."""
        rng = self.project.rng
        answers = stored(self.project.folder)
        choices: dict[str, tuple[str, ...]] = {"risk_tier": TIERS, "team": TEAMS}
        choices |= {"ci": VENDORS, "compute": ("local", "databricks", "kubernetes")}
        pyproject = tomllib.loads((self.project.folder / "pyproject.toml").read_text("utf-8"))
        if pyproject["project"]["description"] == answers["description"]:  # not edited by the team
            choices["description"] = ("Other", *DESCRIPTIONS)
        for question in self.chain.releases[self.release].asked:
            choices[question.name] = question.choices
        name = rng.choice(sorted(choices))
        answer = {name: rng.choice(choices[name])}
        self.note(f"team: answers {answer}")
        self.run_update(self.release, answers | answer, data=answer)

    def update(self, target: int) -> None:
        """Update to a release."""
        for release in self.chain.releases[self.release + 1 : target + 1]:
            self.note(f"{release.tag}: {', '.join(release.changes)}")
        answers = stored(self.project.folder)
        self.run_update(target, self.chain.carried(answers, self.release, target))

    def run_update(self, target: int, answers: Answers, **options: Answers) -> None:
        """Run Copier, and check the result."""
        folder = self.project.folder
        chain = self.chain
        before = contents(folder)
        old = chain.rendering(self.release, stored(folder))
        update(folder, vcs_ref=chain.releases[target].tag, **options)
        new = chain.rendering(target, answers)
        given = chain.releases[target].given
        self.outcome.updates += 1
        self.outcome.findings += unmerged(folder)
        self.outcome.findings += Update(before, contents(folder), old, new, given).findings()
        self.release = target
        commit(folder)

    def note(self, line: str) -> None:
        """Add a line to the story of the history."""
        self.outcome.story.append(line)


def check_platform_files(folder: Path) -> tuple[int, str]:
    """Run the project's own check of the platform files; return its exit code and output."""
    command = [sys.executable, "-I", "-S", str(CHECK)]
    run = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def stored(folder: Path) -> dict[str, str]:
    """Return the answers that a project has stored."""
    answers = yaml.safe_load((folder / ANSWERS).read_bytes())
    return {name: value for name, value in answers.items() if not name.startswith("_")}


def begin(chain: Chain, number: int, edits: tuple[Edit, ...] = EDITS) -> History:
    """Return the history of this number, with its newly generated project."""
    rng = Random(f"history {number}")  # noqa: S311 - a game
    birth = rng.randrange(len(chain.births))
    source = chain.born(birth)
    folder = chain.folder / f"history-{number}" / source.name
    shutil.copytree(source, folder, symlinks=True)
    return History(chain, Project(folder, rng), chain.births[birth][0], Outcome(number), edits)


def play(chain: Chain, number: int) -> Outcome:
    """Play the history of this number on a chain."""
    start = time.perf_counter()
    history = begin(chain, number)
    history.play()
    shutil.rmtree(history.project.folder.parent)
    history.outcome.seconds = time.perf_counter() - start
    return history.outcome
