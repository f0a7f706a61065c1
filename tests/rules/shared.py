"""The rules of the files that two owners share.

Copier conflicts when both change the same or adjacent lines, so a line that nobody changes, a
comment or a blank one, lies between what is the user's and what the platform may change.
"""

import re
from collections.abc import Iterator

from .template import Rule, Template

PROJECT = "template/pyproject.toml.jinja"
SHARED = (PROJECT, "template/.gitignore", "template/.pre-commit-config.yaml")
YOURS = re.compile(r"\s*# Yours\b")
THEIRS = re.compile(r"\s*# The platform's\b")
USERS = re.compile(
    r'(version|fail_under) =|    "\{\{ project_name \}\}\[mlops\]"|\.DS_Store|\.idea'
)
ANSWERS = re.compile(r".*\{\{ (description|team)\b")  # may be answered again
OFFERED = ("project", "project.scripts", "tool.ruff", "tool.mypy", "tool.pytest.ini_options")


def owners_are_told_and_lie_apart(template: Template) -> Iterator[str]:
    """A line of the user's is in a part that says so, which a stable line ends."""
    for name in SHARED:
        users = False
        for above, line in pairs(template.read(name)):
            if YOURS.match(line) or THEIRS.match(line):
                users = bool(YOURS.match(line))
            elif re.match(r"\[|  - ", line):
                users = False
            another = above == 'name = "pyspark"'  # whose version follows: not the project's
            if USERS.match(line) and not users and not another:
                yield f"{name}: no comment above says that this is the user's: {line}"
            if THEIRS.match(line) and USERS.match(above):
                yield f"{name}: nothing lies between the user's line and the platform's: {above}"


def answers_lie_apart(template: Template) -> Iterator[str]:
    """An answer may change while the user edits the line below or above."""
    for above, line in pairs(template.read(PROJECT)):
        for one, other in ((above, line), (line, above)):
            if ANSWERS.match(one) and (ANSWERS.match(other) or USERS.match(other)):
                yield f"{PROJECT}: adjacent lines may change apart: {one} and {other}"


def shared_files_end_with_the_users(template: Template) -> Iterator[str]:
    """What a user appends meets no line that the platform changes."""
    for name in SHARED:
        lines = template.read(name).rstrip().splitlines()
        marks = [
            number for number, line in enumerate(lines) if YOURS.match(line) or THEIRS.match(line)
        ]
        if not marks or not YOURS.match(lines[marks[-1]]):
            yield f"{name} does not end with the user's part"
        elif marks[-1] == len(lines) - 1 and not lines[-2].lstrip().startswith("#"):
            yield f"{name}: its last line, which may lose its end, touches the platform's"


def tables_offer_a_place(template: Template) -> Iterator[str]:
    """Where teams add to a table, its last comment offers them the place."""
    for name in OFFERED:
        table = template.read(PROJECT).partition(f"[{name}]\n")[2]
        lines = re.split(r"(?m)^\[", table)[0].splitlines()
        if not any(YOURS.match(line) for line in lines):
            yield f"{PROJECT}: [{name}] offers the user no place"


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield each line with the one above."""
    lines = text.splitlines()
    yield from zip(["", *lines], lines, strict=False)


RULES: list[Rule] = [
    owners_are_told_and_lie_apart,
    answers_lie_apart,
    shared_files_end_with_the_users,
    tables_offer_a_place,
]
