"""The demo's story: a first champion, months in which its customers change, and its successor.

One process runs all commands, for each would spend its first seconds on importing the same.
"""

import sys
from importlib import import_module

FIRST = {
    "train": "fit a challenger on a year of rows",
    "gate": "hold it against thresholds, and against the champion if there is one",
    "promote": "make it the champion",
    "score": "predict the newest month",
}
LATER = {
    "score": "predict again, when brokers have brought other customers",
    "monitor": "tell whether the champion is still good",
    "retrain": "do what follows: train, gate and promote its successor",
}
LAST = {
    "score": "predict with the champion",
    "monitor": "tell whether the champion is still good",
    "status": "what is where",
}
INVENTED = [("2026-01-01", FIRST), ("2027-08-01", LATER), ("2027-08-01", LAST)]
DATED = ("train", "score", "monitor", "retrain")


def main() -> int:
    """Run the program's commands; arguments: its name, its package, and the date of rows of yours.

    Without a date, the story goes over the months that synthetic.py invents.
    """
    name, package, *dates = sys.argv[1:]
    chapters = [(dates[0], FIRST | LAST)] if dates else INVENTED
    program = import_module(f"{package}.mlops.cli").app
    for date, commands in chapters:
        for command, meaning in commands.items():
            words = [command, *(["--as-of", date] if date and command in DATED else [])]
            say(f"{name} {' '.join(words)}: {meaning}")
            if code := program(words, prog_name=name, standalone_mode=False):
                return int(code)
    return 0


def say(text: str) -> None:
    """Print a headline, bold on a terminal."""
    line = f"\n--- {text} "
    line += "-" * max(0, 90 - len(line))
    print(f"\033[1m{line}\033[0m" if sys.stdout.isatty() else line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
