"""A version made by other packages says which lock loads it, and harms nothing."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from lifecycle.project import AS_OF, Project

pytestmark = pytest.mark.full

OLDER = "scikit-learn==1.7.2"  # what it saves of boosted trees, 1.8 and newer cannot load
PROGRAM = "import sys; from loan_risk.mlops.cli import main; sys.argv[0] = 'loan-risk'; main()"


@pytest.fixture
def older(born: Project, tmp_path: Path) -> Path:
    """A Python that finds an older scikit-learn before the packages of these tests."""
    environment, packages = tmp_path / "environment", tmp_path / "packages"
    uv("venv", "--quiet", "--python", sys.executable, environment)
    uv("pip", "install", "--quiet", "--no-deps", "--target", packages, OLDER)
    python = environment / "bin/python"
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    found = (packages, sysconfig.get_path("purelib"), born.folder / "src")
    Path(own, "older.pth").write_text("\n".join(map(str, found)), encoding="utf-8")
    return python


def uv(*words: str | Path) -> None:
    """Run uv."""
    subprocess.run(["uv", *words], check=True)


def test_a_version_of_an_older_scikit_learn(born: Project, older: Path) -> None:
    for words in (("train", "--as-of", AS_OF), ("gate",), ("promote",)):
        subprocess.run([older, "-c", PROGRAM, *words], cwd=born.folder, check=True)
    answer = born.run("score", "--as-of", AS_OF, code=1)
    assert "version 1" in answer.said
    assert "does not load" in answer.said
    assert "made with lock" in answer.said
    assert "uv sync" in answer.said
    assert born.batches() == []
    rejected = born.run("gate", "1", code=3)
    assert rejected.named("rejected") == {"stands alone", "loads"}
    assert "made with lock" in rejected.checks["loads"]["reason"]
