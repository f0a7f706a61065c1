"""A newcomer's first minutes: the two commands of a rendered README, as they stand there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Rendered
from programs import uv_cache
from rendering import PROBLEMS

PYTHONS = ("3.11", "3.12", "3.13")
WIDE = pytest.mark.wide  # each problem and each Python once is enough for CI


def two_commands(project: Path) -> list[str]:
    """Return what the README's first block of code tells to type."""
    readme = (project / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^```\n(.+?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block is not None
    return [line.partition("#")[0].strip() for line in block.group(1).splitlines()]


@pytest.mark.full
@pytest.mark.parametrize(
    ("problem", "python"),
    [
        pytest.param(
            problem,
            python,
            marks=[] if (problem, python) in zip(PROBLEMS, PYTHONS, strict=True) else [WIDE],
        )
        for problem in PROBLEMS
        for python in PYTHONS
    ],
)
def test_both_commands_pass_for_a_newcomer(
    problem: str, python: str, rendered: Rendered, tmp_path: Path
) -> None:
    project = shutil.copytree(rendered(problem=problem), tmp_path / "loan-risk")
    home = tmp_path / "home"  # empty: git knows no name, no tool has a configuration
    home.mkdir()
    env = os.environ | {"HOME": str(home), "UV_PYTHON": python}
    env["UV_CACHE_DIR"] = str(uv_cache())  # the one thing that spares a download
    demo, everything = two_commands(project)
    for command in (demo, everything):
        done = subprocess.run(
            command.split(), cwd=project, env=env, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert list((project / "build/demo/predictions").rglob("_SUCCESS"))
