"""What is compared: rendering, the program's help, and the steps of a model's life."""

import json
import tempfile
from pathlib import Path

from lifecycle.project import AS_OF

from .comparison import Comparison
from .scratch import PROGRAM, Scratch

HEADER = ["measured", "floor", "measured, s", "floor, s", "ratio", "in single rounds"]
RAW, MANY = str(Path(__file__).with_name("raw.py")), "build/many.parquet"
SCORE = ("score", "--as-of", AS_OF)
GATE = ("gate", "--set", "gate.attempts=1000")  # each round brings one more version to the window
STEPS = (("train", "--as-of", AS_OF), GATE, ("promote",), SCORE)


def copying(scratch: Scratch) -> list[Comparison]:
    """Compare a rendering with the start of Copier."""

    def copy() -> float:
        words = ("copy", "--defaults", "--quiet", str(scratch.template))
        return scratch.python("-m", "copier", *words, tempfile.mkdtemp(dir=scratch.folder)).seconds

    floor = scratch.takes("-c", "import copier")
    return [Comparison("`copier copy`", "`import copier`", copy, floor)]


def helping(scratch: Scratch) -> list[Comparison]:
    """Compare the program's help with the start of typer."""
    measured, floor = scratch.takes("-c", PROGRAM, "--help"), scratch.takes("-c", "import typer")
    return [Comparison("`--help`", "`import typer`", measured, floor)]


def living(scratch: Scratch) -> list[Comparison]:
    """Compare the steps of a model's life with a bare fit and a bare predict of the same rows."""
    train, gate, promote, score = (scratch.takes("-c", PROGRAM, *words) for words in STEPS)
    fit, predict = scratch.takes(RAW, "fit"), scratch.takes(RAW, "predict")
    return [
        Comparison("`train`", "load and fit", train, fit),
        Comparison("`gate`", "load and predict", gate, predict),
        Comparison("`promote`", "load and predict", promote, predict),
        Comparison("`score`, a month", "load and predict", score, predict),
        scoring_many(scratch),
    ]


def scoring_many(scratch: Scratch) -> Comparison:
    """Compare a large batch, from the first row read, with predicting rows in memory."""
    table = f"tables.applications={{kind: files, path: {MANY}}}"

    def score() -> float:
        if not (scratch.project / MANY).exists():
            scratch.python(RAW, "multiply", str(scratch.rows), AS_OF, MANY)
        done = scratch.python("-c", PROGRAM, *SCORE, "--json", "--set", table)
        facts = json.loads(done.printed)
        return float(facts["rows"] / facts["rows_per_second"])

    def predict() -> float:
        return float(scratch.python(RAW, "predict", MANY).printed)

    return Comparison(f"`score`, {scratch.rows:,} rows", "predict alone", score, predict)


BENCHES = {"copy": copying, "help": helping, "lifecycle": living}
