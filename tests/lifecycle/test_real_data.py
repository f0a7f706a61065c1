"""Real data replaces the example through the user's four files and conf/ alone."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import Rendered
from real.make_data import write_diabetes, write_wine
from rendering import ROOT, git, replace
from tutorials import TUTORIAL, missing, steps

from lifecycle.conftest import At
from lifecycle.project import Answer, Project, copy_project
from lifecycle.rehearsals import rehearse

REAL = ROOT / "tests/real"
PROBLEMS = {"german_credit": "binary", "wine": "multiclass", "diabetes": "regression"}
TARGETS = {"applications": "creditability", "wines": "cultivar", "patients": "progression"}
FRESH_CLONE = "git clone . ../fresh-clone"
REPRODUCE = "uv run loan-risk reproduce 1"  # test_reproduce.py runs it


@pytest.fixture(
    params=[
        "german_credit",
        *(
            pytest.param(name, marks=[pytest.mark.full, pytest.mark.wide])
            for name in ("wine", "diabetes")
        ),
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


@pytest.fixture(scope="module")
def champions() -> dict[str, Project]:
    """The projects that `judged` copies, by the name of their data."""
    return {}


@pytest.fixture
def judged(
    real: Project,
    champions: dict[str, Project],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Project:
    """A project with real data whose version 1 is the champion."""
    (data,) = (path.stem for path in (real.folder / "data").iterdir())
    if data not in champions:
        champions[data] = copy_project(real, tmp_path_factory.mktemp(data) / "loan-risk")
        for command in ("train", "gate", "promote"):
            champions[data].run(command)
    return copy_project(champions[data], tmp_path / "judged/loan-risk")


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
@pytest.mark.wide  # test_comparison.py compares versions of the same rows in CI
def test_a_second_version_of_the_same_rows_is_compared_with_the_first(judged: Project) -> None:
    judged.run("train")
    gate = judged.run("gate")
    assert gate.checks["against champion"]["verdict"] == "passed"
    assert gate.checks["attempts"]["figure"] == "2"


@pytest.mark.full
def test_the_contract_tests_pass_and_leave_what_the_commands_made_as_it_was(
    judged: Project,
) -> None:
    for step in ("score", "monitor"):
        judged.run(step)
    made = contents(judged)
    assert {"mlflow.db", "predictions", "extracts"} <= {path.parts[0] for path in made}
    done = run_tests(judged, "tests/mlops")
    assert done.code == 0, done.printed[-3000:]
    assert contents(judged) == made


# A fresh clone has no data


@pytest.fixture
def clone(real: Project, tmp_path: Path) -> Project:
    """A clone of a project that has the `synthetic.py` that `draft` writes for its table."""
    (table,) = yaml.safe_load(real.path("conf/base.yml").read_text("utf-8"))["tables"]
    real.run("draft", table, "--target", TARGETS[table])
    shutil.copy(real.path("build/draft/synthetic.py"), real.package)
    real.commit()
    folder = tmp_path / "clone" / "loan-risk"
    git(tmp_path, "clone", "--quiet", str(real.folder), str(folder))
    assert not (folder / "data").exists()
    return Project(folder, real.warm)


def test_a_clone_without_data_has_rows_that_fit_the_schema(clone: Project) -> None:
    done = run_tests(clone, "tests/mlops/test_rows.py")
    assert done.code == 0, done.printed[-3000:]


@pytest.mark.full
@pytest.mark.wide  # test_invented_rows.py rehearses drafted files in CI
def test_a_clone_without_data_is_rehearsed(clone: Project) -> None:
    code, said = rehearse(clone)
    assert code == 0, said[-3000:]


@pytest.mark.full
@pytest.mark.wide
def test_a_clone_without_data_passes_all_tests_and_trains_only_if_it_is_told_to(
    clone: Project,
) -> None:
    assert "data/" in clone.run("train", code=1).said
    (table,) = yaml.safe_load(clone.path("conf/base.yml").read_text("utf-8"))["tables"]
    clone.run("train", *(f"--set=tables.{table}.{key}=synthetic" for key in ("kind", "origin")))
    done = run_tests(clone, "tests")
    assert done.code == 0, done.printed[-3000:]


def run_tests(project: Project, *tests: str) -> Answer:
    """Run some of a project's own tests."""
    program = Path(pytest.__file__).with_name("__main__.py")
    return project.run_file(program, "-q", "-p", "no:cacheprovider", *tests, variables={})


def contents(project: Project) -> dict[Path, str]:
    """Return the SHA-256 of each file that git ignores, apart from what can be made again."""
    names = git(project.folder, "ls-files", "--others", "-z").split("\0")
    files = [Path(name) for name in names if name and "__pycache__" not in name]
    again = "build/journal"
    return {
        file: hashlib.sha256((project.folder / file).read_bytes()).hexdigest()
        for file in files
        if not file.as_posix().startswith(again)
    }


@pytest.mark.full
@pytest.mark.parametrize(
    "fresh_clone", [False, pytest.param(True, marks=pytest.mark.wide)], ids=["", "fresh clone"]
)
def test_the_tutorial_leads_to_a_champion_word_for_word(
    rendered: Rendered, tmp_path: Path, quick: dict[str, str], *, fresh_clone: bool
) -> None:
    """Each command prints what the tutorial shows; its last one runs all of CI on a fresh clone."""
    project = shutil.copytree(rendered(), tmp_path / "loan-risk")
    (tmp_path / "goldsmith").symlink_to(ROOT)
    names = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
    env = os.environ | {f"GIT_{name}": "analyst@bank.example" for name in names}
    env |= {name: quick[name] for name in ("MYPY_CACHE_DIR", "UV_PROJECT_ENVIRONMENT")}
    start, *following = steps(TUTORIAL / "your-data.md")
    assert start.commands[:3] == [
        "uvx copier copy --defaults <address> loan-risk",
        "git clone <address> goldsmith",
        "cd loan-risk",
    ]
    del start.commands[:3]
    for step in (start, *following):
        if step.commands == [REPRODUCE] or (step.commands[0] == FRESH_CLONE and not fresh_clone):
            continue
        if step.commands == ["uvx nox"]:  # the reader has changed the cutoff
            replace(project / "conf/base.yml", "cutoff: 0.5", "cutoff: 0.17")
            if not fresh_clone:  # test_start.py runs it in CI
                continue
        done = subprocess.run(
            ["bash", "-ec", "\n".join(step.commands)],
            cwd=project,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, f"{step.commands}\n{done.stdout[-5000:]}"
        assert step.missing(done.stdout) == [], done.stdout[-5000:]
        if "loan-risk draft " in step.commands[0]:
            lost = missing(
                "use-your-own-data",
                "draft data/german_credit.csv --target creditability",
                done.stdout,
            )
            assert lost == []
    assert list((project / "predictions/dev").rglob("_SUCCESS"))
