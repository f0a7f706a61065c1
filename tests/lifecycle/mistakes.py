"""A user's mistakes: what is changed, what is run, and what the message must say."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from rendering import files

from lifecycle import behind
from lifecycle.project import AS_OF, Facts, Project

TRAIN = ("train", "--as-of", AS_OF)
PASSING = re.compile(r"build/|mlflow\.db|.*__pycache__/|.*/registered_model_meta$")

Change = Callable[[Project], object]


@dataclass(frozen=True)
class Mistake:
    """A change or a command that is wrong, and what its message must contain."""

    name: str
    change: Change
    words: tuple[str, ...]
    code: int = 1
    command: tuple[str, ...] = TRAIN

    def __str__(self) -> str:
        return self.name


def expect(project: Project, mistake: Mistake) -> None:
    """Make a mistake; expect its exit code, a one-line message and no other change."""
    mistake.change(project)
    before = state(project)
    answer = project.run(*mistake.command, code=mistake.code)
    error = answer.said.partition("error")[2].strip()
    assert error
    assert "\n" not in error
    for word in mistake.words:
        assert word in error, f"{word!r} is not in: {error}"
    assert answer.facts["outcome"] == "failed"
    assert answer.facts["exit_code"] == mistake.code
    assert state(project) == before


def state(project: Project) -> Facts:
    """Return what a command may leave behind: files, versions, entries, unfinished runs."""
    left = [name for name in files(project.folder) if not PASSING.match(name)]
    empty = {"versions": [], "entries": 0, "active": []}
    opened = project.path("mlflow.db").is_file()
    store = project.call(behind.contents, project.name) if opened else empty
    return {"files": left, "store": store}


def nothing(project: Project) -> None:
    """Change nothing: the command itself is the mistake."""


def edit(name: str, old: str, new: str) -> Change:
    """Replace text in a file."""
    return lambda project: project.edit(name, old, new)


def gone(name: str) -> Change:
    """Delete a file."""
    return lambda project: project.path(name).unlink()


def conf(env: str = "base", **keys: object) -> Change:
    """Set keys of conf/<env>.yml."""
    return lambda project: project.configure(env, **keys)


def inputs(line: str) -> Change:
    """Insert a line into data.inputs before it returns its rows."""
    return edit("data.py", "    return applications[", f"    {line}\n    return applications[")


def labels(line: str) -> Change:
    """Insert a line into data.labels before it returns its rows."""
    return edit("data.py", "    return reviewed[", f"    {line}\n    return reviewed[")


def both(*changes: Change) -> Change:
    """Make several changes."""

    def make(project: Project) -> None:
        for change in changes:
            change(project)

    return make


SYNTHETIC = {"kind": "synthetic", "origin": "synthetic"}


def table(**keys: object) -> Change:
    """Let conf/ name one table for the applications; the outcomes stay synthetic."""
    return conf(tables={"applications": keys, "outcomes": {**SYNTHETIC, "time": "applied_on"}})


def write(name: str, content: str) -> Change:
    """Write a file."""
    return lambda project: project.write(name, content)


def slow(*parameters: object) -> object:
    """Run a case in the full tests only."""
    return pytest.param(*parameters, marks=pytest.mark.full)
