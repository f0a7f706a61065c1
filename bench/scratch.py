"""The default project in a scratch folder, and Python processes that are timed in it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rendering import commit, copy_template, render

PROGRAM = "from loan_risk.mlops.cli import main; main()"  # what the console script does
VARIABLES = {
    **{name: value for name, value in os.environ.items() if not name.startswith("MLOPS_")},
    "OMP_WAIT_POLICY": "PASSIVE",  # as the platform sets it: a floor must not be slower for it
    "PYTHONPATH": "src",
}

Seconds = Callable[[], float]


@dataclass(frozen=True)
class Process:
    """A process that ended well."""

    seconds: float
    printed: str
    said: str


@dataclass(frozen=True)
class Scratch:
    """A folder for what is measured, and how many rows a large batch has."""

    folder: Path
    rows: int

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

    def python(self, *words: str) -> Process:
        """Run Python in the project's folder."""
        command, folder = [sys.executable, *words], self.project
        start = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, env=VARIABLES, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - start
        if done.returncode != 0:
            sys.exit(f"python {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
        return Process(seconds, done.stdout, done.stderr)

    def takes(self, *words: str) -> Seconds:
        """Return how to measure a run of Python."""
        return lambda: self.python(*words).seconds
