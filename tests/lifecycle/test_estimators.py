"""Every estimator of the guide trains without a setting: those of scikit-learn, and of others."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rendering import ROOT

from lifecycle import estimators
from lifecycle.conftest import At
from lifecycle.project import AS_OF, Project

BLOCK = re.compile(r"(?:^<!-- (\w+) -->\n\n)?^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LIBRARIES = ("lightgbm", "xgboost", "catboost")
NEEDS = ("graphviz", "six")  # of CatBoost, in addition to what every project has
SKILL = {"binary": 0.65, "multiclass": 0.55, "regression": 0.1}  # more than a constant has
COMMANDS = (["train", "--as-of", AS_OF], ["gate"], ["promote"], ["score", "--as-of", AS_OF])
CLI = """import json, sys
sys.path.insert(0, "src")
from loan_risk.mlops.cli import main
for words in json.loads(sys.argv.pop()):  # in one process, which has imported MLflow once
    sys.argv[1:] = words
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""


def blocks(problem: str, *, of_libraries: bool) -> list[str]:
    """Return the models of the pages for a problem, with other libraries or without."""
    pages = ("how-to/another-estimator.md", "reference/estimators.md")
    text = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in pages)
    return [
        code
        for kind, code in BLOCK.findall(text)
        if (kind or "binary") == problem
        and any(f"from {each} " in code for each in LIBRARIES) is of_libraries
    ]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the libraries, in addition to what this one has."""
    folder = tmp_path_factory.mktemp("libraries") / "env"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, folder], check=True)
    found = next(folder.glob("lib/python*/site-packages"))
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (found / "here.pth").write_text(here)
    install = ["uv", "pip", "install", "--quiet", "--no-deps", "--python", str(folder)]
    subprocess.run([*install, *LIBRARIES, *NEEDS], check=True)
    return folder / "bin/python"


def plain(at: At, problem: str = "binary") -> Project:
    """Return a project whose conf has no parameters of another estimator."""
    project = at("born", problem=problem)
    project.configure(model={"params": {}})
    project.commit()
    return project


def fit_with(python: Path, project: Project, models: list[str]) -> dict[str, Any]:
    """Fit models with an interpreter."""
    given = project.folder.with_name("models.json")
    given.write_text(json.dumps(models), encoding="utf-8")
    command = [str(python), str(estimators.__file__), str(given)]
    done = subprocess.run(command, cwd=project.folder, check=True, capture_output=True, text=True)
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_the_guide_has_a_model_for_each_library_and_problem() -> None:
    assert len(blocks("binary", of_libraries=True)) == len(LIBRARIES)
    assert len(blocks("multiclass", of_libraries=True)) == 1
    assert len(blocks("binary", of_libraries=False)) == 5
    assert len(blocks("regression", of_libraries=False)) == 2


def test_trees_with_categories_are_trained_without_a_setting(at: At) -> None:
    trees = [code for code in blocks("binary", of_libraries=False) if "from_dtype" in code]
    answers = plain(at).call(estimators.fit_all, trees)
    assert answers["0"] > SKILL["binary"], answers


@pytest.mark.full
@pytest.mark.parametrize("problem", ["binary", "regression"])
@pytest.mark.wide
def test_every_model_of_scikit_learn_is_trained(at: At, problem: str) -> None:
    models = blocks(problem, of_libraries=False)
    answers = plain(at, problem).call(estimators.fit_all, models)
    assert all(skill > SKILL[problem] for skill in answers.values()), answers


@pytest.mark.full
@pytest.mark.parametrize("problem", ["binary", "multiclass"])
@pytest.mark.wide
def test_every_model_of_a_library_is_trained(at: At, python: Path, problem: str) -> None:
    answers = fit_with(python, plain(at, problem), blocks(problem, of_libraries=True))
    assert all(skill > SKILL[problem] for skill in answers.values()), answers


@pytest.mark.full
@pytest.mark.parametrize("problem", ["multiclass", "regression"])
@pytest.mark.wide
def test_the_other_classes_of_a_library_are_trained(at: At, python: Path, problem: str) -> None:
    models = [code for code in blocks("binary", of_libraries=True) if "XGB" not in code]
    if problem == "regression":
        models = blocks("binary", of_libraries=True)
        models = [re.sub(r"(LGBM|XGB|CatBoost)Classifier", r"\1Regressor", code) for code in models]
    answers = fit_with(python, plain(at, problem), models)
    assert all(skill > SKILL[problem] for skill in answers.values()), answers


@pytest.mark.full
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.wide
def test_a_library_goes_through_the_whole_lifecycle(at: At, python: Path, library: str) -> None:
    project = plain(at)
    models = blocks("binary", of_libraries=True)
    project.write("model.py", next(code for code in models if f"from {library} " in code))
    project.commit()
    command = [str(python), "-P", "-c", CLI, json.dumps(COMMANDS)]
    env = os.environ | {"COLUMNS": "200"}
    done = subprocess.run(
        command, cwd=project.folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(project.batches()) == 1
