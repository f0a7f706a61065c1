"""The first tutorial: each command that a reader types prints what the page shows."""

import re
import shlex
import subprocess
import sys

import pytest
from tutorials import TUTORIAL, Step, steps

from lifecycle.conftest import At
from lifecycle.project import Project

PROGRAM = "uv run loan-risk "
PYTHON = "uv run python "
MODEL = "{max_iter: 30, learning_rate: 0.2}"  # of the tests, which must be fast
WORSE = re.compile(r"^  params: (.+)$", re.MULTILINE)


@pytest.mark.full
@pytest.mark.parametrize(
    ("stage", "first", "end"),
    [
        ("gated", "promote", "train"),
        pytest.param("opened", "train", "", marks=pytest.mark.wide),
    ],
)
def test_the_tutorial_shows_what_the_commands_print(
    at: At, stage: str, first: str, end: str
) -> None:
    """Copier and nox are left out: other tests run them."""
    project = at(stage)
    page = TUTORIAL / "first-model.md"
    worse = WORSE.search(page.read_text("utf-8"))
    assert worse
    done: list[str] = []
    for step in steps(page):
        if done and step.commands[0].startswith(PYTHON):
            header = Step(step.commands, step.output[:1])  # another model predicts other figures
            assert header.missing(run_python(project, *step.commands)) == []
        commands = [line.removeprefix(PROGRAM) for line in step.commands if PROGRAM in line]
        if not commands or (not done and commands[0] != first):
            continue
        if end and commands[0] == end:
            break
        if done and commands[0] == "train":
            project.edit("conf/base.yml", MODEL, worse[1])
        printed = "".join(project.run(*command.split(), code=None).said for command in commands)
        assert step.missing(printed) == [], printed
        done += commands
    assert {"promote", "score", "monitor"} <= set(done)


def run_python(project: Project, command: str) -> str:
    """Run a line of Python in a project, and return what it prints."""
    line = [sys.executable, *shlex.split(command.removeprefix(PYTHON))]
    return subprocess.run(
        line, cwd=project.folder, check=True, capture_output=True, text=True
    ).stdout
