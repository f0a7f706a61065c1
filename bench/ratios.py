"""What is compared: rendering, the program's help, and the steps of a model's life."""

import json
import shlex
import shutil
import tempfile
from functools import partial
from pathlib import Path

from lifecycle.project import AS_OF

from .comparison import Comparison
from .scratch import PROGRAM, Scratch, run

HEADER = ["measured", "floor", "measured, s", "floor, s", "more, s", "ratio", "in single rounds"]
RAW = str(Path(__file__).with_name("raw.py"))
AT_ONCE = """
import json, sys
from loan_risk.mlops.cli import app
for words in json.loads(sys.argv[1]):
    assert not app(words, standalone_mode=False)
"""
SCORE = ("score", "--as-of", AS_OF)
GATE = ("gate", "--set", "gate.attempts=1000")  # each round brings one more version to the window
STEPS = (("train", "--as-of", AS_OF), GATE, ("promote",), SCORE)


def copying(scratch: Scratch) -> list[Comparison]:
    """Compare a rendering with the start of Copier."""

    def copy() -> float:
        words = ("copy", "--defaults", "--quiet", str(scratch.template))
        return scratch.python("-m", "copier", *words, tempfile.mkdtemp(dir=scratch.folder)).seconds

    def update() -> float:
        folder = tempfile.mkdtemp(dir=scratch.folder)
        shutil.copytree(scratch.older, folder, dirs_exist_ok=True)
        words = ("update", "--defaults", "--quiet", folder)
        return scratch.python("-m", "copier", *words).seconds

    floor = scratch.takes("-c", "import copier")
    measured = {"`copier copy`": copy, "`copier update`": update}
    return [Comparison(name, "`import copier`", take, floor) for name, take in measured.items()]


def helping(scratch: Scratch) -> list[Comparison]:
    """Compare the program's help with the start of typer."""
    measured, floor = scratch.takes("-c", PROGRAM, "--help"), scratch.takes("-c", "import typer")
    return [Comparison("`--help`", "`import typer`", measured, floor)]


def living(scratch: Scratch) -> list[Comparison]:
    """Compare the steps of a model's life with a bare fit and a bare predict of the same rows.

    And with the same steps of another package, where a command runs these.
    """
    spent = list[float]()

    def step(words: tuple[str, ...]) -> float:
        spent.append(scratch.python("-c", PROGRAM, *words).seconds)
        return spent[-1]

    train, gate, promote, score = (partial(step, words) for words in STEPS)
    fit, predict = scratch.takes(RAW, "fit"), scratch.takes(RAW, "predict")
    at_once = scratch.takes("-c", AT_ONCE, json.dumps(STEPS))
    fit_and_predict = scratch.takes(RAW, "both")

    def peer() -> float:
        return run(shlex.split(scratch.peer_command), scratch.folder).seconds

    def four() -> float:
        return sum(spent[-4:])

    others = [Comparison("all four", f"`{scratch.peer_command}`", four, peer)]
    return [
        Comparison("`train`", "load and fit", train, fit),
        Comparison("`gate`", "load and predict", gate, predict),
        Comparison("`promote`", "load and predict", promote, predict),
        Comparison("`score`, a month", "load and predict", score, predict),
        Comparison("all four", "load, fit, predict", four, fit_and_predict),
        *(others if scratch.peer_command else []),
        Comparison("all four in one process", "load, fit, predict", at_once, fit_and_predict),
    ]


BENCHES = {"copy": copying, "help": helping, "lifecycle": living}
