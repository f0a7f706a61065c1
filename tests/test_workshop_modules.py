"""Each module of the workshop from a clean start: its message, wrong answers, and solution.

The exercises build on one another, so they run in their order, in one project.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from lifecycle.project import Project, Warm
from rendering import git, render
from wrong_answers import expected, wrong_answers

from workshop import join, script
from workshop.engine import fingerprint
from workshop.exercise import Exercise
from workshop.modules import MODULES

EXERCISES = [exercise for module in MODULES for exercise in module.exercises]
# Types are checked by mypy for half a minute at each commit; other tests do that.
ADA = {"SKIP": "types"} | {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Ada"), ("EMAIL", "ada@bank.example"))
}
pytestmark = [pytest.mark.full, pytest.mark.wide]


class Participant:
    """Somebody who types the commands of the exercises in a project."""

    def __init__(self, project: Project, tools: Path) -> None:
        self.project = project
        self.env = os.environ | ADA | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}

    def type(self, words: Sequence[str], folder: Path) -> int:
        """Run one command; those of the project's program run without delay."""
        if tuple(words[:3]) == ("uv", "run", "loan-risk"):
            answer = self.project.run(*words[3:], code=None, variables=ADA)
            print(answer.said)
            return answer.code
        if words[:3] == ["uv", "run", "python"]:
            answer = self.project.run_file(folder / words[3], *words[4:], variables=ADA)
            print(answer.said)
            return answer.code
        if words[:2] == ["uvx", "--directory"]:
            folder = folder / words[2]
            words = ["uvx", *words[3:]]
        if words[:3] == ["uvx", "--from", "copier"]:
            words = [sys.executable, *words[words.index("python") + 1 :]]
        if words[:2] in (["uvx", "nox"], ["uvx", "copier"]):
            words = [sys.executable, "-m", *words[1:]]
        return subprocess.run(list(words), cwd=folder, env=self.env, check=False).returncode

    def do(self, file: Path) -> None:
        """Run the commands of a file."""
        script.run(file, self.project.folder, lambda words, folder: self.type(list(words), folder))

    def go_to(self, exercise: Exercise) -> None:
        """Solve what comes before an exercise, where only some of them are tested."""
        for before in EXERCISES[: EXERCISES.index(exercise)]:
            if before.number not in self.solved:
                self.ask("progress")
                self.ask("reset")
                self.do(before.solution)
                self.ask("check")
                assert before.number in self.solved

    @property
    def solved(self) -> list[str]:
        """The exercises that are solved."""
        progress = self.project.path(".workshop/progress.json")
        if not progress.exists():
            return []
        return list(json.loads(progress.read_text(encoding="utf-8"))["solved"])

    def ask(self, *words: str, code: int = 0) -> str:
        """Run a command of the workshop and return what it prints."""
        run = self.project.path(".workshop/run.py")
        before = fingerprint(self.project.folder)
        answer = self.project.run_file(run, *words, variables=ADA)
        assert answer.code == code, answer.printed + answer.said
        if code:
            assert fingerprint(self.project.folder) == before  # or `watch` would check forever
        print(answer.printed)
        return " ".join(answer.printed.split())


@pytest.fixture(scope="module")
def participant(
    template: Path, warm: Warm, tools: Path, tmp_path_factory: pytest.TempPathFactory
) -> Participant:
    folder = render(template, tmp_path_factory.mktemp("workshop") / "loan-risk")
    join.join(folder)
    return Participant(Project(folder, warm), tools)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)
def test_an_exercise_from_its_start_to_its_solution(
    exercise: Exercise, participant: Participant
) -> None:
    participant.go_to(exercise)
    participant.ask("progress")
    for wrong in wrong_answers(exercise):
        participant.do(wrong)
        assert expected(wrong) in participant.ask("check", code=1), wrong
        participant.ask("reset")
    participant.do(exercise.solution)
    assert f"Exercise {exercise.number} is solved." in participant.ask("check")
    brought = (".workshop", ".mlops/sessions/workshop.py")
    assert git(participant.project.folder, "ls-files", *brought) == ""
