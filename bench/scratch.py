"""The default project in a scratch folder, and timed processes that run in it."""

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
UNUSUAL = ("MLOPS_", "PYTHONDONTWRITEBYTECODE")
VARIABLES = {
    **{name: value for name, value in os.environ.items() if not name.startswith(UNUSUAL)},
    "OMP_WAIT_POLICY": "PASSIVE",  # as the platform sets it, so that floors profit as well
    "PYTHONPATH": "src",
    "PYSPARK_PYTHON": sys.executable,  # otherwise Spark's workers use another one
    "PYSPARK_SUBMIT_ARGS": "--master local[2] pyspark-shell",
}

Seconds = Callable[[], float]


@dataclass(frozen=True)
class Process:
    """A process that has ended successfully."""

    seconds: float
    peak: float
    """Its largest memory in MB."""
    printed: str
    """What it wrote to stdout."""
    errors: str
    """What it wrote to stderr."""


@dataclass(frozen=True)
class Scratch:
    """A scratch folder, and the parameters of the benches that use it."""

    folder: Path
    rows: int
    """The size of a large batch."""
    peer_command: str = ""
    """A command that trains, evaluates, promotes and predicts with another package."""

    @cached_property
    def template(self) -> Path:
        """A copy of the template's working tree."""
        return copy_template(self.folder / "template")

    @cached_property
    def project(self) -> Path:
        """The default project, locked and committed, without a trained model."""
        folder = render(self.template, self.folder / "loan-risk")
        subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)
        commit(folder)
        return folder

    @cached_property
    def older(self) -> Path:
        """A project one version behind the template, which has changed a file of each owner."""
        template = copy_template(self.folder / "older")
        folder = render(template, self.folder / "of-older")
        commit(folder)
        for name in ("noxfile.py", ".gitignore", "README.md.jinja"):
            append(template / "template" / name, "\n# One more line.\n")
        commit(template, tag="v0.2.0")
        return folder

    def python(self, *arguments: str) -> Process:
        """Run Python in the project's folder."""
        return run([sys.executable, *arguments], self.project)

    def timer(self, *arguments: str) -> Seconds:
        """Return a function that runs Python and returns the seconds it took."""
        return lambda: self.python(*arguments).seconds


def run(command: list[str], folder: Path) -> Process:
    """Run a command in a folder; exit where it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=VARIABLES, stdout=out, stderr=err)
        # Only wait4 returns the memory of this one process.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (out, err):
            file.seek(0)
        printed = out.read()
        errors = err.read()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with exit code {process.returncode}:\n{errors}")
    return Process(seconds, usage.ru_maxrss / 1024, printed, errors)
