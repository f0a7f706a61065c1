"""A store of a real MLflow on SQLite, which is made once."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from mlops.projects import make_project
from rendering import platform

details = platform("records.details")
journal_cache = platform("records.journal_cache")
store = platform("records.store")
tracking = platform("records.tracking")

MODEL = "dev.loan-risk"
PROMOTION = {
    "verdict": "passed",
    "window": "",
    "digest": "",
    "evidence_sha256": "",
    "evidence_entry": 1,
    "approved_by": "",
}


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project whose versions 1 and 2 were promoted; each has one file."""
    folder = tmp_path_factory.mktemp("original") / "loan risk"  # addresses encode the space
    folder.mkdir()
    project = make_project(folder)
    opened = store.open_store(project)
    client = opened.registry.client
    experiment = tracking.experiment_id(client, project)
    tracking.experiment_id(client, project, ".monitor")
    for number in (1, 2):
        model = client.create_logged_model(experiment, name="model")
        files = Path(model.artifact_location.removeprefix("file://").replace("%20", " "))
        files.mkdir(parents=True)
        (files / "MLmodel").write_text(f"{number}", encoding="utf-8")
        client.create_model_version(MODEL, f"models:/{model.model_id}", model_id=model.model_id)
        trained = details.TrainDetails(snapshot="s", commit="c", dirty=False, digest="d")
        opened.record(trained, subject=str(number))
        opened.record(details.PromoteDetails.model_validate(PROMOTION), subject=str(number))
    return folder


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Any:
    """A copy of that project, to change freely; its files are its own."""
    copied = tmp_path / "copies/loan risk"
    shutil.copytree(original, copied)
    platform("records.relocation").relocate_store(copied / "mlflow.db")
    journal_cache.open_cache.cache_clear()
    return make_project(copied)
