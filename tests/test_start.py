"""A newcomer's first minutes: the two commands of a generated README, run as written."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

import pytest
from conftest import Rendered
from programs import uv_cache
from rendering import PROBLEMS


def two_commands(project: Path) -> list[str]:
    """Return the commands of the README's first code block."""
    readme = (project / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^```\n(.+?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block is not None
    return [line.partition("#")[0].strip() for line in block.group(1).splitlines()]


def assert_lived(printed: str) -> None:
    """Assert that drift comes before decay, and a successor before the recovery."""
    text = " ".join(printed.split())
    turns = (
        *("Drift: ", "The drift persists: ", "Decay: ", "version 2 is rejected by: "),
        *("version 3 is the champion now", "Recovery: "),
    )
    places = [text.find(turn) for turn in turns]
    assert -1 not in places, printed
    assert places == sorted(places), printed
    last = next(line for line in printed.splitlines() if line.startswith("2029-10-01"))
    assert last.endswith("healthy")


def run(command: str, project: Path, python: str) -> str:
    """Run a command as a newcomer to whom no tool is configured; return what it prints."""
    home = project.parent / "home"  # empty: git has no name
    home.mkdir(exist_ok=True)
    env = os.environ | {"HOME": str(home), "UV_PYTHON": python}
    env["UV_CACHE_DIR"] = str(uv_cache())  # only the download cache is kept
    done = subprocess.run(
        command.split(), cwd=project, env=env, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


class Newcomer:
    """A class for each Python, because xdist distributes classes to workers."""

    python: ClassVar[str]

    @pytest.mark.parametrize("problem", PROBLEMS)
    def test_both_commands_pass(self, problem: str, rendered: Rendered, tmp_path: Path) -> None:
        project = shutil.copytree(rendered(problem=problem), tmp_path / "loan-risk")
        demo, everything = two_commands(project)
        assert_lived(run(demo, project, self.python))
        run(everything, project, self.python)
        assert list((project / "build/demo/predictions").rglob("_SUCCESS"))
        report = project / "build/demo/reports/dev-2029-10-01-version-3.html"
        assert "Decisions and drift" in report.read_text(encoding="utf-8")
        assert report.with_name("card-dev-3.html").is_file()
        assert report.with_name("compare-dev-1-3.html").is_file()


@pytest.mark.full
@pytest.mark.wide
class TestPython311(Newcomer):
    """Python 3.11."""

    python = "3.11"


@pytest.mark.full
@pytest.mark.wide
class TestPython312(Newcomer):
    """Python 3.12."""

    python = "3.12"


@pytest.mark.full
@pytest.mark.wide
class TestPython313(Newcomer):
    """Python 3.13."""

    python = "3.13"


@pytest.mark.full
def test_all_checks_pass_with_the_newest_python(rendered: Rendered, tmp_path: Path) -> None:
    """CI runs the demo, which comes first in the README, with another Python and problem."""
    project = shutil.copytree(rendered(problem="regression"), tmp_path / "loan-risk")
    demo, everything = two_commands(project)
    run(demo.replace("demo", "setup"), project, "3.13")
    run(everything, project, "3.13")
