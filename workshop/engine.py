"""The commands of the workshop: progress, check, hint, solution, watch and reset."""

import argparse
import contextlib
import itertools
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import script
from .exercise import Exercise, Module
from .missing import Missing
from .modules import MODULES
from .place import HOME, Place
from .progress import Progress
from .start import keep_start, restore_start

SESSION = "uvx nox -s workshop"
WATCHED = (
    "src",
    "conf",
    "tests",
    "docs",
    "predictions",
    "build/goldsmith",
    "build/fleet",
    f"{HOME}/answers",
    ".git/refs",
)
WATCHED_FILES = (
    ".copier-answers.yml",
    "build/release/release.json",
    "pyproject.toml",
    "uv.lock",
    "mlflow.db",
    ".git/HEAD",
    ".git/index",
)
POLL_SECONDS = 1.0
INDENT = " " * 11


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command in the project of the working directory, and return its exit code."""
    options = _parse(arguments)
    place = Place(Path.cwd())
    progress = Progress.read(place)
    if progress.current and progress.current.number != progress.started:
        start(place, progress)  # also that of a module which a newer workshop brought
    exercise = find(options.exercise) if options.exercise else progress.current
    if options.command == "progress" or exercise is None:
        print(overview(progress))
        return 0
    if options.command == "hint":
        print(next_hint(exercise, progress))
        return 0
    if options.command == "solution":
        return solve(place, exercise, progress) if options.apply else show_solution(exercise)
    if options.command == "reset":
        return reset(place, progress)
    if options.command == "watch":
        return watch(place)
    return check(place, exercise, progress)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"{SESSION} --", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    parser.set_defaults(command="progress", exercise="", apply=False)
    for name, meaning in {
        "progress": "show all exercises and the current one",
        "check": "say what is right, and what is missing",
        "hint": "show one more hint",
        "solution": "show the commands of the solution; with --apply, run them",
        "watch": "check again whenever something changes, until Ctrl-C",
        "reset": "go back to how the current exercise began",
    }.items():
        command = commands.add_parser(name, help=meaning)
        if name in ("check", "hint", "solution"):
            command.add_argument("exercise", nargs="?", default="", help="such as 1.2")
        if name == "solution":
            command.add_argument("--apply", action="store_true", help="run the commands")
    return parser.parse_args(arguments)


def exercises() -> Iterator[Exercise]:
    """Yield all exercises in their order."""
    for module in MODULES:
        yield from module.exercises


def find(number: str) -> Exercise:
    """Return an exercise by its number; ends the program if there is none."""
    for exercise in exercises():
        if exercise.number == number:
            return exercise
    numbers = ", ".join(exercise.number for exercise in exercises())
    sys.exit(f"There is no exercise {number}; choose one of {numbers}.")


def has_turn(exercise: Exercise, progress: Progress) -> bool:
    """Return whether everything before an exercise is solved."""
    before = itertools.takewhile(lambda other: other != exercise, exercises())
    return all(other.number in progress.solved for other in before)


def overview(progress: Progress) -> str:
    """Return the list of all exercises, and the goal of the current one."""
    total = len(list(exercises()))
    lines = ["", f"{len(progress.solved)} of {total} exercises are solved.", ""]
    for module in MODULES:
        lines.append(f"  {module.number}  {module.title}")
        for exercise in module.exercises:
            sign = "x" if exercise.number in progress.solved else " "
            here = "   <-- you are here" if exercise == progress.current else ""
            lines.append(f"     [{sign}] {exercise.number} {exercise.title}{here}")
    lines.append("")
    if progress.current is None:
        lines.append("You have solved all exercises. Well done.")
    else:
        lines += [*describe(progress.current), f"When you are done: {SESSION} -- check"]
    return "\n".join(lines)


def describe(exercise: Exercise) -> list[str]:
    """Return the title, the goal and the page of an exercise."""
    page = module_of(exercise).page
    return [
        f"Exercise {exercise.number}: {exercise.title}",
        *textwrap.wrap(exercise.goal, 90, break_on_hyphens=False),
        f"Read its steps in {HOME}/pages/{page}, or on the same page of the documentation.",
        "",
    ]


def module_of(exercise: Exercise) -> Module:
    """Return the module of an exercise."""
    return next(module for module in MODULES if exercise in module.exercises)


def check(place: Place, exercise: Exercise, progress: Progress) -> int:
    """Print what is right and what is missing; if it is solved, start the next exercise."""
    if not has_turn(exercise, progress):
        print(f"Solve exercise {progress.started} first.")
        return 1
    print(f"\nExercise {exercise.number}: {exercise.title}\n")
    try:
        for right in exercise.check(place):
            print_item("right", right)
    except Missing as missing:
        print_item("missing", missing.what)
        print_item("", f"Why it matters: {missing.why}")
        print_item("", f"Next: {missing.hint}")
        print(f"\nFor more help: {SESSION} -- hint")
        return 1
    except Exception as error:
        if not is_platform_error(error):
            raise
        print_item("missing", str(error))
        print_item("", "The platform reports this error, so nothing else could be checked.")
        return 1
    print(f"\nExercise {exercise.number} is solved.\n")
    if exercise == progress.current:
        progress.advance()
        start(place, progress)
    if progress.current is None:
        print("It was the last one. Well done.")
    else:
        print("\n".join(describe(progress.current)))
    return 0


def is_platform_error(error: Exception) -> bool:
    """Return whether an error is a message of the platform about the participant's project."""
    return any(kind.__name__ == "MlopsError" for kind in type(error).__mro__)


def start(place: Place, progress: Progress) -> None:
    """Bring what the current exercise starts with, and keep this state for `reset`."""
    if progress.current is not None:
        script.copy_files(progress.current.folder / "start", place.folder)
        if progress.current.prepare:
            progress.current.prepare(place)
        keep_start(place.folder)
        progress.begin()


def print_item(sign: str, text: str) -> None:
    """Print a sentence with a sign before it, wrapped."""
    lines = textwrap.wrap(text, 90, break_on_hyphens=False) or [""]
    print(f"  {sign:8} {lines[0]}")
    for line in lines[1:]:
        print(INDENT + line)


def next_hint(exercise: Exercise, progress: Progress) -> str:
    """Return the hints shown so far and one more."""
    shown = progress.show_hint(exercise)
    lines = [f"\nExercise {exercise.number}: {exercise.title}\n"]
    lines += [
        textwrap.fill(
            f"{number}. {hint}",
            90,
            initial_indent="  ",
            subsequent_indent="     ",
            break_on_hyphens=False,  # so that a command can be copied
        )
        for number, hint in enumerate(exercise.hints[:shown], 1)
    ]
    if shown == len(exercise.hints):
        lines.append(f"\nThat was the last hint. The solution: {SESSION} -- solution")
    return "\n".join(lines)


def show_solution(exercise: Exercise) -> int:
    """Print the commands of the solution."""
    print(f"\nThe solution of exercise {exercise.number}: {exercise.title}\n")
    commands = exercise.solution.read_text(encoding="utf-8")
    print(textwrap.indent(commands, "  "))
    if "\nedit " in f"\n{commands}":
        print("`edit FILE OLD NEW` means: in your editor, replace OLD with NEW in that file.")
    print(f"Type these commands, or run them: {SESSION} -- solution --apply")
    return 0


def solve(place: Place, exercise: Exercise, progress: Progress) -> int:
    """Run the commands of the solution."""
    if not has_turn(exercise, progress):
        print(f"Solve exercise {progress.started} first.")
        return 1
    try:
        script.run(exercise.solution, place.folder)
    except script.Failed as failed:
        print(failed)
        return 1
    print(f"\nNow run {SESSION} -- check")
    return 0


def reset(place: Place, progress: Progress) -> int:
    """Put the project back to how the current exercise began."""
    try:
        restored = restore_start(place.folder)
    except OSError as error:
        print(f"Nothing is reset, because a file cannot be moved or copied: {error}.")
        print("Close the program that uses it, and reset again.")
        return 1
    if not restored:
        print("There is no earlier state to go back to.")
        return 1
    print(f"The project is as it was when exercise {progress.started} began.")
    print(f"What you had is in {HOME}/set-aside until the next reset.")
    return 0


def watch(place: Place) -> int:
    """Check whenever something changes, until Ctrl-C or the end of the workshop."""
    seen = None
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            now = fingerprint(place.folder)
            if now != seen:
                seen = now  # not a later one: a file may be saved while the check runs
                # Its own process: this one would not import a changed module again.
                subprocess.run([sys.executable, *sys.orig_argv[1:-1], "check"], check=False)
                print("\nWatching for changes. Ctrl-C ends it.", flush=True)
                if Progress.read(place).current is None:
                    return 0
            time.sleep(POLL_SECONDS)
    return 0


def fingerprint(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the time and size of each file that a check may read."""
    files = [folder / name for name in WATCHED_FILES]
    for top in WATCHED:
        for parent, folders, names in os.walk(folder / top):
            folders[:] = [name for name in folders if name != "__pycache__"]
            # git refreshes its index even when it only compares.
            files += [Path(parent) / name for name in names if name != "index"]
    states = {}
    for file in files:
        with contextlib.suppress(OSError):
            state = file.stat()
            states[str(file)] = (state.st_mtime_ns, state.st_size)
    return states
