"""The demo: a first champion, months in which its customers change, and its successor.

All commands run in one process, because each would spend its first seconds on the same imports.
"""

import sys
from importlib import import_module
from typing import Any

import pandas as pd

FIRST_CHAMPION = {
    "train": "fit a challenger on a year of rows",
    "gate": "check it against thresholds, and against the champion if there is one",
    "promote": "make it the champion",
    "score": "predict the newest month",
}
CHANGED_CUSTOMERS = {
    "score": "predict again, after brokers have brought other customers",
    "monitor": "decide whether the champion is still good",
    "retrain": "act on that decision: train, gate and promote a successor",
}
SUCCESSOR = {
    "score": "predict with the new champion",
    "monitor": "decide whether the new champion is good",
    "status": "show the current state",
}
SYNTHETIC_CHAPTERS = [
    ("2026-01-01", FIRST_CHAMPION),
    ("2027-08-01", CHANGED_CUSTOMERS),
    ("2027-08-01", SUCCESSOR),
]
DATED = ("train", "score", "monitor", "retrain")  # the commands that take --as-of


def main() -> int:
    """Run the commands of the demo; return the exit code of the first one that fails.

    Arguments: the name of the program, its package, and with rows of your own their date. Without a
    date, the demo covers months whose rows synthetic.py invents, whatever conf/ says.
    """
    name, package, *dates = sys.argv[1:]
    try:
        chapters, options = plan_demo(package, dates)
    except import_module(f"{package}.mlops.base.errors").MlopsError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    program = import_module(f"{package}.mlops.cli").app
    for date, commands in chapters:
        for command, meaning in commands.items():
            arguments = [command]
            if date and command in DATED:
                arguments += ["--as-of", date]
            print_headline(f"{name} {' '.join(arguments)}: {meaning}")
            code = program([*arguments, *options], prog_name=name, standalone_mode=False)
            if code:
                return int(code)
    return 0


def plan_demo(package: str, dates: list[str]) -> tuple[list[tuple[str, dict[str, str]]], list[str]]:
    """Return the commands at each date, and the options that all commands have."""
    if dates:
        return [(dates[0], FIRST_CHAMPION | SUCCESSOR)], []
    settings = import_module(f"{package}.mlops.base.project").open_project("dev").settings
    chapters = [
        (start_of_period(package, date, settings), commands)
        for date, commands in SYNTHETIC_CHAPTERS
    ]
    return chapters, list_invented(package, "dev")


def list_invented(package: str, env: str) -> list[str]:
    """Return the options by which tables have the rows that synthetic.py invents."""
    project = import_module(f"{package}.mlops.base.project").open_project(env)
    overrides = import_module(f"{package}.mlops.data.synthetic").list_overrides(project)
    return [f"--set={override}" for override in overrides]


def start_of_period(package: str, date: str, settings: Any) -> str:
    """Return the first day of the period around a date: windows follow the calendar."""
    windows = import_module(f"{package}.mlops.base.windows")
    start = windows.start_of_period(pd.Timestamp(date), settings.time.period)
    return f"{start:%Y-%m-%d}"


def print_headline(text: str) -> None:
    """Print a headline, bold on a terminal."""
    line = f"\n--- {text} ".ljust(90, "-")
    print(f"\033[1m{line}\033[0m" if sys.stdout.isatty() else line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
