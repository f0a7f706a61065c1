"""Other packages: allowed versions work, and a model that does not load with them is reported."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from lifecycle.project import AS_OF, Project

pytestmark = pytest.mark.full

LIFE = (("train", "--as-of", AS_OF), ("gate",), ("promote",))
PROGRAM = """
import json, sys
from loan_risk.mlops.cli import app
for words in json.loads(sys.argv[1]):
    code = app(words, prog_name="loan-risk", standalone_mode=False)
    if code:
        sys.exit(f"{words} ended with {code}")
"""


def run_with(project: Project, pins: list[str], *commands: tuple[str, ...]) -> None:
    """Run commands in a Python that finds these packages before those of the tests.

    All run in one process, because each would spend its first seconds on the same imports.
    """
    environment, packages = project.path("build/environment"), project.path("build/packages")
    uv("venv", "--quiet", "--python", sys.executable, environment)
    uv("pip", "install", "--quiet", "--no-deps", "--target", packages, *pins)
    python = environment / "bin/python"
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    found = (packages, sysconfig.get_path("purelib"), project.folder / "src")
    Path(own, "found.pth").write_text("\n".join(map(str, found)), encoding="utf-8")
    program = [str(python), "-c", PROGRAM, json.dumps(commands)]
    subprocess.run(program, cwd=project.folder, check=True)


def uv(*words: str | Path) -> None:
    """Run uv."""
    subprocess.run(["uv", *words], check=True)


def test_a_version_that_other_packages_cannot_load_is_reported_and_rejected(born: Project) -> None:
    run_with(born, ["scikit-learn==1.7.2"], *LIFE)  # 1.8 cannot load the trees that 1.7 saves
    answer = born.run("score", "--as-of", AS_OF, code=1)
    assert "version 1" in answer.said
    assert "does not load" in answer.said
    assert "install the packages that it was trained with (`git checkout " in answer.said
    assert "uv sync" in answer.said
    assert born.batches() == []
    rejected = born.run("gate", "1", code=3)
    assert rejected.named("rejected") == {"stands alone", "loads"}
    assert "that it was trained with" in rejected.checks["loads"]["reason"]


@pytest.mark.wide
def test_the_lifecycle_runs_on_the_previous_pandas(born: Project) -> None:
    run_with(born, ["pandas<3", "pytz"], *LIFE, ("score", "--as-of", AS_OF))
    assert len(born.batches()) == 1
