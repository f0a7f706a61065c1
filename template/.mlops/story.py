"""The demo: a first champion, months in which its customers change, and its successor.

All commands run in one process, because each would spend its first seconds on the same imports.
"""

import sys
from importlib import import_module

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
    date, the demo covers the months that synthetic.py generates.
    """
    name, package, *dates = sys.argv[1:]
    chapters = SYNTHETIC_CHAPTERS
    if dates:
        chapters = [(dates[0], FIRST_CHAMPION | SUCCESSOR)]
    program = import_module(f"{package}.mlops.cli").app
    for date, commands in chapters:
        for command, meaning in commands.items():
            arguments = [command]
            if date and command in DATED:
                arguments += ["--as-of", date]
            print_headline(f"{name} {' '.join(arguments)}: {meaning}")
            code = program(arguments, prog_name=name, standalone_mode=False)
            if code:
                return int(code)
    return 0


def print_headline(text: str) -> None:
    """Print a headline, bold on a terminal."""
    line = f"\n--- {text} ".ljust(90, "-")
    print(f"\033[1m{line}\033[0m" if sys.stdout.isatty() else line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
