"""The default project in a scratch folder, and Python processes that are timed in it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rendering import append, commit, copy_template, render

PROGRAM = "from loan_risk.mlops.cli import main; main()"  # what the console script does
NOT_THE_USERS = ("MLOPS_", "PYTHONDONTWRITEBYTECODE")
VARIABLES = {
    **{name: value for name, value in os.environ.items() if not name.startswith(NOT_THE_USERS)},
    "OMP_WAIT_POLICY": "PASSIVE",  # as the platform sets it: a floor must not be slower for it
    "PYTHONPATH": "src",
    "PYSPARK_PYTHON": sys.executable,  # else Spark's workers take another one
    "PYSPARK_SUBMIT_ARGS": "--master local[2] pyspark-shell",
}

Seconds = Callable[[], float]


@dataclass(frozen=True)
class Process:
    """A process that ended well: its seconds, its largest memory in MB, and what it wrote."""

    seconds: float
    peak: float
    printed: str
    said: str


@dataclass(frozen=True)
class Scratch:
    """A folder for what is measured, how many rows a large batch has, and a peer's four steps."""

    folder: Path
    rows: int
    peer_command: str = ""

    @cached_property
    def template(self) -> Path:
        """The template as it lies here."""
        return copy_template(self.folder / "template")

    @cached_property
    def project(self) -> Path:
        """The default project, locked and committed, with nothing trained."""
        folder = render(self.template, self.folder / "loan-risk")
        subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)
        commit(folder)
        return folder

    @cached_property
    def older(self) -> Path:
        """A project of a version before the newest, which changes a file of each owner."""
        template = copy_template(self.folder / "older")
        folder = render(template, self.folder / "of-older")
        commit(folder)
        for name in ("noxfile.py", ".gitignore", "README.md.jinja"):
            append(template / "template" / name, "\n# One more line.\n")
        commit(template, tag="v0.2.0")
        return folder

    def python(self, *words: str) -> Process:
        """Run Python in the project's folder."""
        return run([sys.executable, *words], self.project)

    def takes(self, *words: str) -> Seconds:
        """Return how to measure a run of Python."""
        return lambda: self.python(*words).seconds


def run(command: list[str], folder: Path) -> Process:
    """Run a command in a folder."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=VARIABLES, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)  # the only way to its own memory
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (out, err):
            file.seek(0)
        printed, said = out.read(), err.read()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    return Process(seconds, usage.ru_maxrss / 1024, printed, said)
