"""What is compared with a floor: a copy, an update, `--help`, and the steps of a model's life."""

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
ALL_IN_ONE_PROCESS = """
import json, sys
from loan_risk.mlops.cli import app
for arguments in json.loads(sys.argv[1]):
    assert not app(arguments, standalone_mode=False)
"""
CHECK_FILES = """
import time
from loan_risk.mlops.base.project import open_project
from loan_risk.mlops.records.store import open_store
store = open_store(open_project("dev"))
number = store.champion()  # has read the journal
start = time.perf_counter()
store.fetch(number)
print(time.perf_counter() - start)
"""
START_SERVING = """
from loan_risk.mlops.base.project import open_project
from loan_risk.mlops.records.store import open_store
from loan_risk.mlops.serving.service import Service
Service(open_store(open_project("dev")))
"""
SCORE = ("score", "--as-of", AS_OF)
GATE = ("gate", "--set", "gate.attempts=1000")  # each round judges one more version on this window
STEPS = (("train", "--as-of", AS_OF), GATE, ("promote",), SCORE)


def copier_comparisons(scratch: Scratch) -> list[Comparison]:
    """Compare `copier copy` and `copier update` with importing Copier."""

    def copy() -> float:
        folder = tempfile.mkdtemp(dir=scratch.folder)
        arguments = ("copy", "--defaults", "--quiet", str(scratch.template), folder)
        return scratch.python("-m", "copier", *arguments).seconds

    def update() -> float:
        folder = tempfile.mkdtemp(dir=scratch.folder)
        shutil.copytree(scratch.older, folder, dirs_exist_ok=True)
        arguments = ("update", "--defaults", "--quiet", folder)
        return scratch.python("-m", "copier", *arguments).seconds

    import_copier = scratch.timer("-c", "import copier")
    return [
        Comparison("`copier copy`", "`import copier`", copy, import_copier),
        Comparison("`copier update`", "`import copier`", update, import_copier),
    ]


def help_comparisons(scratch: Scratch) -> list[Comparison]:
    """Compare the program's `--help` with importing typer."""
    print_help = scratch.timer("-c", PROGRAM, "--help")
    import_typer = scratch.timer("-c", "import typer")
    return [Comparison("`--help`", "`import typer`", print_help, import_typer)]


def lifecycle_comparisons(scratch: Scratch) -> list[Comparison]:
    """Compare the steps of a model's life with a bare fit and predict of the same rows.

    With a peer's command, also compare them with the same steps of another package.
    """
    step_seconds: list[float] = []

    def step(arguments: tuple[str, ...]) -> float:
        step_seconds.append(scratch.python("-c", PROGRAM, *arguments).seconds)
        return step_seconds[-1]

    def last_four_steps() -> float:
        return sum(step_seconds[-4:])

    def peer() -> float:
        return run(shlex.split(scratch.peer_command), scratch.folder).seconds

    train, gate, promote, score = (partial(step, arguments) for arguments in STEPS)
    one_process = scratch.timer("-c", ALL_IN_ONE_PROCESS, json.dumps(STEPS))
    fit = scratch.timer(RAW, "fit")
    predict = scratch.timer(RAW, "predict")
    fit_and_predict = scratch.timer(RAW, "both")
    comparisons = [
        Comparison("`train`", "load and fit", train, fit),
        Comparison("`gate`", "load and predict", gate, predict),
        Comparison("`promote`", "load and predict", promote, predict),
        Comparison("`score`, a month", "load and predict", score, predict),
        Comparison("all four", "load, fit, predict", last_four_steps, fit_and_predict),
    ]
    if scratch.peer_command:
        command = f"`{scratch.peer_command}`"
        comparisons.append(Comparison("all four", command, last_four_steps, peer))
    comparisons.append(
        Comparison("all four in one process", "load, fit, predict", one_process, fit_and_predict)
    )
    return comparisons


def integrity_comparisons(scratch: Scratch) -> list[Comparison]:
    """Compare copying the champion and checking its files with the commands that do it."""
    for arguments in STEPS[:3]:
        scratch.python("-c", PROGRAM, *arguments)

    def check_files() -> float:
        return float(scratch.python("-c", CHECK_FILES).printed)

    name = "check of the champion's files"
    score = scratch.timer("-c", PROGRAM, *SCORE)
    start = scratch.timer("-c", START_SERVING)
    return [
        Comparison(name, "`score`, a month", check_files, score),
        Comparison(name, "start of `serve`", check_files, start),
    ]


BENCHES = {
    "copy": copier_comparisons,
    "help": help_comparisons,
    "lifecycle": lifecycle_comparisons,
    "integrity": integrity_comparisons,
}
