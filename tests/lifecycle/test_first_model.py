"""The first tutorial: each command that a reader types prints what the page shows."""

import re

import pytest
from tutorials import TUTORIAL, steps

from lifecycle.conftest import At

PROGRAM = "uv run loan-risk "
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
