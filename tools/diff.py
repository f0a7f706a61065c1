"""`./nox -s diff -- OLD NEW` shows what a project gets when it is updated from OLD to NEW."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from .ownership import LIST, users_list
from .versions import (
    ANSWERS,
    HERE,
    Refused,
    answers_alone,
    git,
    read_answers,
    render,
    require,
)


def main() -> None:
    """Show the differences, and at last how large they are."""
    parser = argparse.ArgumentParser(prog="./nox -s diff --", description=__doc__)
    parser.add_argument("old", metavar="OLD", help="a tag, or any other commit")
    parser.add_argument("new", metavar="NEW", help="likewise; HEAD is the template as it lies here")
    parser.add_argument(
        "--data", action="append", default=[], metavar="KEY=VALUE", help="an answer; may repeat"
    )
    parser.add_argument("--project", type=Path, metavar="FOLDER", help="take its answers")
    asked = parser.parse_args()
    try:
        answers = answers_alone(read_answers(asked.project)) if asked.project else {}
        answers |= dict(map(answer, asked.data))
        show(asked.old, asked.new, answers)
    except Refused as refusal:
        sys.exit(str(refusal))


def answer(text: str) -> tuple[str, object]:
    """Return the question and the answer of KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not equals:
        raise Refused(f"--data {text}: write KEY=VALUE, such as --data problem=regression.")
    return key, yaml.safe_load(value)


def show(old: str, new: str, answers: dict[str, object]) -> None:
    """Print the differences between two versions rendered with the same answers."""
    for version in (old, new):
        require(HERE, version)
    yours = users_list(HERE, new)  # an update goes by the new list
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / str(answers.get("project_name", "loan-risk"))
        replace_by_newer(project, old, new, answers)
        staged = git(project, "diff", "--cached", "--no-renames", "--name-only", "-z")
        paths = [path for path in staged.split("\0") if path and path != LIST]
        users = [path for path in paths if yours.match_file(path)]
        gets = [path for path in paths if path not in users]
        print_difference(project, gets, "--patch")
        print(f"A project of {old} gets from {new}:" if gets else f"{old} -> {new}: no difference.")
        sys.stdout.flush()
        print_difference(project, gets, "--stat=100")
        if users:
            print("\nNew projects only, for these files belong to the user:", flush=True)
            print_difference(project, users, "--stat=100")


def replace_by_newer(project: Path, old: str, new: str, answers: dict[str, object]) -> None:
    """Commit the old rendering, and stage the new one in its place."""
    render(HERE, old, project, answers)
    stored = answers_alone(read_answers(project))  # an update keeps them, whatever defaults say
    git(project, "init", "--quiet")
    identity = ("-c", "user.name=diff", "-c", "user.email=diff@example.com")
    git(project, "add", "--all", "--force")
    git(project, *identity, "commit", "--quiet", "--no-verify", "--message", old)
    for path in project.iterdir():
        if path.is_dir() and path.name != ".git":
            shutil.rmtree(path)
        elif path.name != ANSWERS and path.is_file():
            path.unlink()
    render(HERE, new, project, stored)
    git(project, "add", "--all", "--force")


def print_difference(project: Path, paths: list[str], how: str) -> None:
    """Let git print, in colour for a person."""
    if paths:
        colour = "always" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else "never"
        options = ("--cached", how, f"--color={colour}")
        command = ["git", "--no-pager", "--literal-pathspecs", "diff", *options, "--", *paths]
        subprocess.run(command, cwd=project, check=True)


if __name__ == "__main__":
    main()
