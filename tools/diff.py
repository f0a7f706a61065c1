"""`./nox -s diff -- OLD NEW` shows what a project gets when it is updated from OLD to NEW."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from .ownership import PLATFORM_LIST, user_patterns
from .versions import (
    ANSWERS_FILE,
    TEMPLATE,
    Refused,
    git,
    read_answers,
    render,
    require_version,
    without_private,
)


def main() -> None:
    """Show the differences, and below them how large they are."""
    parser = argparse.ArgumentParser(prog="./nox -s diff --", description=__doc__)
    parser.add_argument("old", metavar="OLD", help="a tag, or any other commit")
    parser.add_argument(
        "new", metavar="NEW", help="likewise; HEAD includes your uncommitted changes"
    )
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="answer a question of the template; may be repeated",
    )
    parser.add_argument(
        "--project", type=Path, metavar="FOLDER", help="use the answers of this project"
    )
    options = parser.parse_args()
    try:
        answers: dict[str, object] = {}
        if options.project:
            answers |= without_private(read_answers(options.project))
        answers |= dict(map(parse_answer, options.data))
        show(options.old, options.new, answers)
    except Refused as refusal:
        sys.exit(str(refusal))


def parse_answer(text: str) -> tuple[str, object]:
    """Return the question and the answer of KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not equals:
        raise Refused(f"--data {text}: write KEY=VALUE, such as --data problem=regression.")
    return key, yaml.safe_load(value)


def show(old: str, new: str, answers: dict[str, object]) -> None:
    """Print the differences between two versions rendered with the same answers."""
    for version in (old, new):
        require_version(TEMPLATE, version)
    yours = user_patterns(TEMPLATE, new)  # an update uses the list of the new version
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / str(answers.get("project_name", "loan-risk"))
        stage_update(project, old, new, answers)
        staged = git(project, "diff", "--cached", "--no-renames", "--name-only", "-z")
        paths = [path for path in staged.split("\0") if path and path != PLATFORM_LIST]
        user_paths = [path for path in paths if yours.match_file(path)]
        updated_paths = [path for path in paths if path not in user_paths]
        if updated_paths:
            print_difference(project, updated_paths, "--patch")
            print(f"A project of {old} gets from {new}:", flush=True)
            print_difference(project, updated_paths, "--stat=100")
        else:
            print(f"{old} -> {new}: no difference.", flush=True)
        if user_paths:
            print("\nNew projects only, because these files belong to the user:", flush=True)
            print_difference(project, user_paths, "--stat=100")


def stage_update(project: Path, old: str, new: str, answers: dict[str, object]) -> None:
    """Commit the rendering of the old version, and stage that of the new one."""
    render(TEMPLATE, old, project, answers)
    # An update keeps the stored answers, even where the new version has other defaults.
    stored = without_private(read_answers(project))
    git(project, "init", "--quiet")
    git(project, "add", "--all", "--force")
    identity = ("-c", "user.name=diff", "-c", "user.email=diff@example.com")
    git(project, *identity, "commit", "--quiet", "--no-verify", "--message", old)
    for path in project.iterdir():
        if path.is_dir() and path.name != ".git":
            shutil.rmtree(path)
        elif path.name != ANSWERS_FILE and path.is_file():
            path.unlink()
    render(TEMPLATE, new, project, stored)
    git(project, "add", "--all", "--force")


def print_difference(project: Path, paths: list[str], output_format: str) -> None:
    """Let git print the staged difference, in colour on a terminal."""
    colour = "always" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else "never"
    options = ("--cached", output_format, f"--color={colour}")
    command = ["git", "--no-pager", "--literal-pathspecs", "diff", *options, "--", *paths]
    subprocess.run(command, cwd=project, check=True)


if __name__ == "__main__":
    main()
