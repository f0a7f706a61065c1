"""One history: a project is born, its team edits, the template moves, the project updates."""

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
    """What came of a history."""

    number: int
    seconds: float = 0.0
    updates: int = 0
    refused: int = 0  # edits of the platform's files that its check named
    findings: list[Finding] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Tell what went wrong, after what, and how to see it again."""
        lines = [
            f"history {self.number} went wrong; ./nox -s bench -- update --seed {self.number} "
        ]
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
    edits: tuple[Edit, ...] = EDITS

    def play(self) -> None:
        """Edit and update, some versions at once, until the newest."""
        rng, outcome = self.project.rng, self.outcome
        newest = len(self.chain.releases) - 1
        while self.release < newest and not outcome.findings:
            self.edit()
            if rng.random() < 0.2:
                self.meddle()
            if rng.random() < 0.2:
                self.answer_anew()
            if not outcome.findings:
                self.update(rng.randint(self.release + 1, newest))
        if outcome.findings:
            return
        before = contents(self.project.folder)
        update(self.project.folder)
        if contents(self.project.folder) != before:
            outcome.findings.append(Finding("wrong", "a second update changes something"))

    def edit(self) -> None:
        """Let the team work."""
        rng = self.project.rng
        edits = rng.choices(self.edits, k=rng.randint(1, 8))
        if rng.random() < 0.1:
            edits.append(rng.choice(RARE))
        for edit in edits:
            if edit(self.project) is not False:
                self.tell(f"team: {edit.__name__}")
        commit(self.project.folder)

    def meddle(self) -> None:
        """Edit or delete a file of the platform's; its check must say so. Then take it back."""
        folder, rng = self.project.folder, self.project.rng
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
        self.tell(f"team: edits {name}, and takes it back")
        code, said = check_platform_files(folder)
        if code == 1 and f"{name} is the platform's" in said:
            self.outcome.refused += 1
        else:
            self.outcome.findings.append(Finding("wrong", f"the check overlooked {name}: {said}"))
        git(folder, "restore", f"--source={intact}", name)
        if check_platform_files(folder) != (0, ""):
            self.outcome.findings.append(Finding("wrong", f"the check still complains of {name}"))
        commit(folder)

    def answer_anew(self) -> None:
        """Change an answer within a version."""
        rng, answers = self.project.rng, stored(self.project.folder)
        choices: dict[str, tuple[str, ...]] = {"risk_tier": TIERS, "team": TEAMS}
        choices |= {"ci": VENDORS, "compute": ("local", "databricks", "kubernetes")}
        mine = tomllib.loads((self.project.folder / "pyproject.toml").read_text("utf-8"))["project"]
        if mine["description"] == answers["description"]:  # else the team has written its own
            choices["description"] = ("Other", *DESCRIPTIONS)
        for question in self.chain.releases[self.release].asked:
            choices[question.name] = question.choices
        name = rng.choice(sorted(choices))
        answer = {name: rng.choice(choices[name])}
        self.tell(f"team: answers {answer}")
        self.bring(self.release, answers | answer, data=answer)

    def update(self, target: int) -> None:
        """Update to a release."""
        for release in self.chain.releases[self.release + 1 : target + 1]:
            self.tell(f"{release.tag}: {', '.join(release.changes)}")
        answers = stored(self.project.folder)
        self.bring(target, self.chain.carried(answers, self.release, target))

    def bring(self, target: int, answers: Answers, **options: Answers) -> None:
        """Run Copier, and look at what came of it."""
        folder, chain = self.project.folder, self.chain
        before = contents(folder)
        old = chain.rendering(self.release, stored(folder))
        update(folder, vcs_ref=chain.releases[target].tag, **options)
        new, given = chain.rendering(target, answers), chain.releases[target].given
        self.outcome.updates += 1
        self.outcome.findings += unmerged(folder)
        self.outcome.findings += Update(before, contents(folder), old, new, given).findings()
        self.release = target
        commit(folder)

    def tell(self, line: str) -> None:
        """Note what happened."""
        self.outcome.story.append(line)


def check_platform_files(folder: Path) -> tuple[int, str]:
    """Run the project's own check of the platform's files."""
    command = [sys.executable, str(CHECK)]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def stored(folder: Path) -> dict[str, str]:
    """Return the answers of a project."""
    answers = yaml.safe_load((folder / ANSWERS).read_bytes())
    return {name: value for name, value in answers.items() if not name.startswith("_")}


def begin(chain: Chain, number: int, edits: tuple[Edit, ...] = EDITS) -> History:
    """Return the history of this number, at the birth of its project."""
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
