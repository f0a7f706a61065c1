"""The notebook: every cell runs, and shows rows, a fit and the versions."""

import json
import os
import re
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from lifecycle.conftest import At
from lifecycle.project import NOISE, Project


def test_versions_are_listed_with_their_figures_and_predict(at: At) -> None:
    """A version whose files cannot be trusted does not hide the others."""
    live = at("live")
    (first,) = live.call(list_versions)
    assert first["role"] == "champion"
    assert first["gate"] == "2025-07-01..2025-10-01"
    assert 0.5 < first["auc"] < 1
    assert live.call(predict_held_out) == ["decision", "score"]
    next(live.folder.glob("mlartifacts/**/card.json")).write_text("{}")
    (broken,) = live.call(list_versions)
    assert broken["problem"]


def list_versions() -> None:
    from loan_risk.mlops import versions

    print(versions().to_json(orient="records"))


def predict_held_out() -> None:
    from loan_risk.mlops import load, predict

    held_out = load("2026-01-01").holdout
    predicted = predict(1, held_out)
    assert predicted.index.equals(held_out.index)
    print(json.dumps(sorted(predicted)))


@pytest.mark.full
@pytest.mark.parametrize(
    "problem",
    [
        "binary",
        *(pytest.param(p, marks=pytest.mark.wide) for p in ("multiclass", "regression")),
    ],
)
def test_every_cell_runs(at: At, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project = at("rivalled", problem=problem)
    monkeypatch.setenv("PYTHONPATH", str(project.folder / "src"))
    outputs = execute(project)
    text = "\n".join(plain(output) for output in outputs)
    assert not NOISE.search(re.sub(r"'image/png'.*", "", text)), text
    assert re.search(r"skill on train: +0\.\d+\nskill on holdout: +0\.\d+", text)
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    table = "".join(output["data"].get("text/html", "") for output in outputs if "data" in output)
    assert "champion" in table
    assert "challenger" in table


def test_without_a_version_the_notebook_says_how_to_get_one(at: At) -> None:
    assert at("opened").call(list_versions) == []


def execute(project: Project) -> list[Any]:
    """Run the notebook as Jupyter does, in its folder; return the outputs of all cells."""
    path = project.folder / "notebooks/explore.ipynb"
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}})
    client.execute(env=os.environ | {"OMP_NUM_THREADS": "1"})
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def plain(output: Any) -> str:
    """Return what an output says in text."""
    return str(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
