"""Real data replaces the example through the user's four files and conf/ alone."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Rendered
from real.make_data import write_diabetes, write_wine
from rendering import ROOT, git

from lifecycle.conftest import At
from lifecycle.project import Project

REAL = ROOT / "tests/real"
GUIDE = ROOT / "docs/how-to/use-your-own-data.md"
PROBLEMS = {"german_credit": "binary", "wine": "multiclass", "diabetes": "regression"}


@pytest.fixture(
    params=[
        "german_credit",
        *(pytest.param(p, marks=pytest.mark.wide) for p in ("wine", "diabetes")),
    ]
)
def real(request: pytest.FixtureRequest, at: At) -> Project:
    """A project whose example is replaced by real data."""
    project = at("born", problem=PROBLEMS[request.param])
    source = REAL / request.param
    for name in ("synthetic.py", "tests/model"):
        path = project.path(name)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for module in source.glob("*.py"):
        shutil.copy(module, project.package)
    shutil.copy(source / "conf/base.yml", project.folder / "conf")
    data = project.folder / "data"
    data.mkdir()
    if request.param == "german_credit":
        shutil.copy(source / "data/german_credit.csv", data)
    elif request.param == "wine":
        write_wine(data / "wine.csv")
    else:
        write_diabetes(data / "diabetes.csv")
    project.commit()
    return project


def test_real_data_goes_through_the_whole_lifecycle(real: Project) -> None:
    """All rows are scored, but only those that the version was not trained on are judged."""
    figures = real.run("train").facts["figures"]
    print(f"{real.package}: {figures}")
    assert real.run("gate").facts["verdict"] == "passed"
    real.run("promote")
    rows = len((next((real.folder / "data").glob("*.csv"))).read_text("utf-8").splitlines()) - 1
    assert real.run("score").facts["rows"] == rows
    monitored = real.run("monitor").facts
    for figure in monitored["performance"]:
        assert figure["value"] == pytest.approx(figures[figure["metric"]])
    seen = monitored["rows"]["seen_in_training"]
    assert 0.5 * rows < seen < rows
    said = f"{seen} of {rows} matured rows were seen in training, and are not judged"
    assert said in monitored["reasons"]


@pytest.mark.full
def test_a_second_version_of_the_same_rows_is_compared_with_the_first(real: Project) -> None:
    for command in ("train", "gate", "promote", "train"):
        real.run(command)
    gate = real.run("gate")
    assert gate.checks["against champion"]["verdict"] == "passed"
    assert gate.checks["attempts"]["figure"] == "2"


@pytest.mark.full
def test_the_contract_tests_pass_and_leave_what_the_commands_made_as_it_was(real: Project) -> None:
    for step in ("train", "gate", "promote", "score", "monitor"):
        real.run(step)
    made = contents(real)
    assert {"mlflow.db", "predictions", "extracts"} <= {path.parts[0] for path in made}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/mlops"]
    env = os.environ | {"PYTHONPATH": "src"}
    done = subprocess.run(
        command, cwd=real.folder, env=env, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert contents(real) == made


def contents(project: Project) -> dict[Path, str]:
    """Return the SHA-256 of each file that git ignores, apart from what can be made again."""
    names = git(project.folder, "ls-files", "--others", "-z").split("\0")
    files = [Path(name) for name in names if name and "__pycache__" not in name]
    again = ("build/journal", "build/snapshots")
    return {
        file: hashlib.sha256((project.folder / file).read_bytes()).hexdigest()
        for file in files
        if not file.as_posix().startswith(again)
    }


@pytest.mark.full
def test_the_guide_leads_to_a_champion_word_for_word(rendered: Rendered, tmp_path: Path) -> None:
    project = shutil.copytree(rendered(), tmp_path / "loan-risk")
    (tmp_path / "goldsmith").symlink_to(ROOT)
    fences = re.findall(r"^```(\w*)\n(.+?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    commands = [line for kind, block in fences if not kind for line in block.splitlines()]
    assert commands[:3] == [
        "uvx copier copy --defaults <address> loan-risk",
        "git clone <address> goldsmith",
        "cd loan-risk",
    ]
    names = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
    env = os.environ | {f"GIT_{name}": "analyst@bank.example" for name in names}
    for command in commands[3:]:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=project,
            env=env,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert list((project / "predictions/dev").rglob("_SUCCESS"))
