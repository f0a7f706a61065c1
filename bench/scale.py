"""Large batches of 20 inputs: `score` against predicting them in memory, `monitor` against a peer.

The peer, Evidently, does not import with pandas 3, so it gets an environment of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from statistics import median

from lifecycle.project import AS_OF
from rendering import commit, replace

from .ratios import RAW, SCORE, STEPS
from .scratch import PROGRAM, Process, Scratch, run

SCORED = [
    *("measured", "floor", "measured, rows/s", "floor, rows/s", "ratio", "in single rounds"),
    "peak, MB",
]
ON_SPARK = SCORED[:-1]
WATCHED = [
    *("measured", "peer", "measured, s", "peer, s", "times faster", "in single rounds"),
    *("peak, MB", "peer's peak, MB", "same verdicts", "PSI apart, same bins"),
]
PEER, WATCHING = (str(Path(__file__).with_name(name)) for name in ("peer.py", "watching.py"))
PACKAGES = ("evidently==0.7.23", "pandas<3")
DRIFTED = 0.1  # Evidently's threshold of a PSI, and the platform's
MORE = 9  # inputs beside the example's eleven
PIECE = 1_000_000  # rows of a file, and of what predicts in memory
MANY, FEW = "build/many", "build/many/000000000.parquet"


class Large(Scratch):
    """A project of 20 inputs with a champion, and a table of many rows."""

    @cached_property
    def project(self) -> Path:
        """The project, which has trained, gated and promoted."""
        folder = super().project
        package, last = folder / "src/loan_risk", "    has_account: bool\n"
        columns = "".join(f"    figure_{n}: float\n" for n in range(MORE))
        replace(package / "schema.py", last, f"{last}{columns}")
        last = '        "has_account": customer % 7 < 4,\n'
        drawn = f"**{{f'figure_{{n}}': random.normal(size=count) for n in range({MORE})}},\n"
        replace(package / "synthetic.py", last, f"{last}        {drawn}")
        commit(folder)
        self.__dict__["project"] = folder
        for words in STEPS[:3]:
            self.python("-c", PROGRAM, *words)
        self.python(RAW, "multiply", str(self.rows), AS_OF, MANY)
        return folder

    @cached_property
    def peer(self) -> str:
        """The interpreter of the peer's environment."""
        python, home = self.folder / "peer/bin/python", {**os.environ, "VIRTUAL_ENV": ""}
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        make = ("uv", "venv", "--quiet", "--python", version, self.folder / "peer")
        install = ("uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python)
        for command in (make, (*install, *PACKAGES)):
            subprocess.run(command, check=True, env=home)
        return str(python)

    def command(self, path: str, *words: str) -> Process:
        """Run a command on the files of a path."""
        return self.python("-c", PROGRAM, *words, "--json", "--set", _table(path))


def scored(large: Large, repeat: int) -> list[list[str]]:
    """Return the row of `score`, process and all, against predicting a piece of it in memory."""
    rounds, peaks, piece = [], [], min(large.rows, PIECE)
    for number in range(1, repeat + 1):
        sys.stderr.write(f"· round {number} of {repeat}: score {large.rows:,} rows\n")
        done = large.command(f"{MANY}/*.parquet", *SCORE)
        alone = float(large.python(RAW, "predict", FEW).printed)
        rounds.append((large.rows / done.seconds, piece / alone))
        peaks.append(done.peak)
    name = f"`score`, {large.rows:,} rows"
    return [[name, "predict alone", *_throughput(rounds), f"{median(peaks):,.0f}"]]


def on_spark(large: Large, repeat: int) -> list[list[str]]:
    """Return the row of `score` on a table of Spark, against MLflow's own function for Spark."""
    rounds, rows = [], min(large.rows, PIECE)
    table = f"tables.applications={{kind: spark, path: {FEW}}}"
    for number in range(1, repeat + 1):
        sys.stderr.write(f"· round {number} of {repeat}: score {rows:,} rows on Spark\n")
        ours = large.python("-c", PROGRAM, *SCORE, "--set", table)
        theirs = large.python(RAW, "spark", FEW)
        rounds.append((rows / ours.seconds, rows / theirs.seconds))
    name = f"`score` on Spark, {rows:,} rows"
    return [[name, "`mlflow.pyfunc.spark_udf`", *_throughput(rounds)]]


def watched(large: Large, repeat: int) -> list[list[str]]:
    """Return a row for the whole of both processes, and one for PSI from reading to verdicts."""
    large.command(FEW, *SCORE)
    large.python(WATCHING, "write", FEW)
    whole, alone = [], []
    for number in range(1, repeat + 1):
        sys.stderr.write(f"· round {number} of {repeat}: monitor\n")
        ours, theirs = large.command(FEW, "monitor", "--as-of", AS_OF), _ask(large, "")
        whole.append((ours.seconds, theirs.seconds, ours.peak, theirs.peak))
        index = large.python(WATCHING, "index", FEW)
        sides = [json.loads(side.printed)["seconds"] for side in (index, theirs)]
        alone.append((*sides, index.peak, theirs.peak))
    columns = [each for each in json.loads(ours.printed)["columns"] if each["kind"] == "input"]
    own, same = (json.loads(done.printed)["psi"] for done in (theirs, _ask(large, "_binned")))
    other = [each["name"] for each in columns if each["drifted"] != (own[each["name"]] > DRIFTED)]
    apart = max(abs(each["psi"] - same[each["name"]]) for each in columns)
    agreed = [", ".join(other) or "yes", f"{apart:.4f}"]
    name = f"{min(large.rows, PIECE):,} rows"
    return [
        [f"`monitor`, {name}", "Evidently", *_faster(whole), *agreed],
        [f"PSI alone, {name}", "Evidently, PSI alone", *_faster(alone), *agreed],
    ]


def _throughput(rounds: Sequence[tuple[float, float]]) -> list[str]:
    """Return both sides' rows a second, their ratio, and within what single rounds lie."""
    measured, floor = (median(side) for side in zip(*rounds, strict=True))
    ratios = [one / other for one, other in rounds]
    span = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return [f"{measured:,.0f}", f"{floor:,.0f}", f"**{measured / floor:.2f}**", span]


def _ask(large: Large, kind: str) -> Process:
    """Ask the peer about the same rows."""
    files = [f"build/{side}{kind}.parquet" for side in ("then", "now")]
    return run([large.peer, PEER, *files], large.project)


def _faster(rounds: Sequence[tuple[float, ...]]) -> list[str]:
    ours, theirs, peak, their_peak = (median(side) for side in zip(*rounds, strict=True))
    times = [other / measured for measured, other, *_ in rounds]
    span = f"{min(times):.1f} to {max(times):.1f}"
    seconds = (f"{ours:.2f}", f"{theirs:.2f}", f"**{theirs / ours:.1f}**", span)
    return [*seconds, f"{peak:,.0f}", f"{their_peak:,.0f}"]


def _table(path: str) -> str:
    return f"tables.applications={{kind: files, path: {path}}}"
