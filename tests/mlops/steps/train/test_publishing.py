"""What MLflow does while a version is published, and what `train` reads back from the store."""

import importlib
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pandas as pd
import pytest
from mlops.version_files import SNAPSHOT, write, write_version
from rendering import platform

integrity = platform("records.integrity")
project = platform("base.project")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, of the scorer
    publishing = platform("steps.train.publishing")


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a version in a store, which holds what MLflow has written."""
    files = write_version(tmp_path / "store")
    write(files / "scorer.py", (project.PLATFORM / "records/scorer.py").read_text())

    def save(path: str, **options: object) -> None:
        for name, file in integrity.named_files(files):
            write(Path(path) / name, file.read_text())
        write(Path(path) / "__pycache__/scorer.cpython-311.pyc")

    def log(training: Any, card: Any, folder: Path, requirements: list[str], *more: Any) -> Any:
        for flavor in more:
            flavor.save_model(path=str(tmp_path / "before"))
        return SimpleNamespace(model_id="m-1", model_uri="models:/m-1")

    for name in ("mlflow", "lineage", "plots"):
        monkeypatch.setattr(publishing, name, MagicMock())
    publishing.mlflow.pyfunc.save_model = save
    publishing.plots.by_period.return_value = []
    card = SimpleNamespace(
        model=SimpleNamespace(params={}, seed=0),
        rows=SimpleNamespace(train=1),
        figures={},
        importance={},
    )
    monkeypatch.setattr(publishing, "_write_files", lambda *_: (card, None))
    monkeypatch.setattr(publishing, "_keep_rows", lambda *_: None)
    monkeypatch.setattr(publishing, "_log_model", log)
    monkeypatch.setattr(publishing, "experiment_id", lambda *_: "1")
    return files


def publish(stored: Path, client: Any = None) -> Any:
    """Register a version whose files are in the store."""
    registry = MagicMock(client=client or MagicMock())
    registry.client.create_model_version.return_value.version = "7"
    registry.copy.return_value = integrity.VersionFiles(stored)
    training = SimpleNamespace(
        source=SimpleNamespace(project=SimpleNamespace(name="dev.loans")),
        build=None,
        truth=None,
        snapshot=stored / SNAPSHOT,
        estimator=None,
        scorer=(stored / "scorer.py").read_bytes(),
    )
    return publishing.publish(training, registry)


def test_a_version_is_published_if_the_store_holds_what_was_written(stored: Path) -> None:
    published = publish(stored)
    assert published.number == 7
    assert published.digest == integrity.VersionFiles(stored).digest


def test_a_run_is_named_after_its_version_and_estimator(stored: Path) -> None:
    """Until the version is registered, it has no number."""
    client = MagicMock()
    publishing.mlflow.start_run.return_value.__enter__.return_value.info.run_id = "r-1"
    published = publish(stored, client)
    assert publishing.mlflow.start_run.call_args.kwargs["run_name"] == "train NoneType"
    client.update_run.assert_called_once_with("r-1", name="v7 NoneType")
    assert published.estimator == "NoneType"


@pytest.mark.parametrize(
    "name",
    ["requirements.txt", "conda.yaml", "python_env.yaml", "uv.lock", "pyproject.toml", "MLmodel"],
)
def test_a_file_that_changes_while_it_is_registered_is_noticed(
    stored: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def change(*_: object) -> dict[str, str]:
        with (stored / name).open("a") as file:
            file.write("evil-package==6.6.6\n")
        return {}

    monkeypatch.setattr(publishing, "_hash_files", change)  # after the upload
    with pytest.raises(integrity.FilesChanged, match=f"does not hold {name} of version 7"):
        publish(stored)


def test_mlflow_reads_no_installed_packages_for_a_warning_that_nobody_sees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment: Any = importlib.import_module("mlflow.utils.environment")
    compared: list[str] = []
    check = "mlflow.utils.requirements_utils._check_requirement_satisfied"
    monkeypatch.setattr(check, compared.append)
    monkeypatch.setattr("importlib_metadata.packages_distributions", None)
    requirements = ["mlflow", "no-such-package==1.0"]
    environment.warn_dependency_requirement_mismatches(requirements)
    assert compared == requirements  # the name is still the one that MLflow calls
    publishing._skip_comparison()
    _, kept, _ = environment._process_pip_requirements([], requirements)
    assert compared == requirements
    assert kept == requirements


def test_a_metric_that_fails_on_training_rows_does_not_lose_the_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    training = SimpleNamespace(
        source=SimpleNamespace(contract=SimpleNamespace(target="defaulted")),
        metrics=SimpleNamespace(all=fail),
    )
    learned = pd.DataFrame({"defaulted": [0, 1]})
    assert publishing._figures_of_training(training, lambda rows: rows, learned) == {}
    assert "no figures of training rows: ZeroDivisionError" in capsys.readouterr().err


def test_rows_are_not_kept_through_a_link_that_appears_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("of somebody else", encoding="utf-8")
    extract = tmp_path / "extracts/dev/1a2b.parquet"
    to_parquet = pd.DataFrame.to_parquet

    def link_first(frame: pd.DataFrame, *given: Any) -> None:
        part = extract.with_suffix(".tmp")
        part.unlink(missing_ok=True)
        part.symlink_to(elsewhere)
        to_parquet(frame, *given)

    monkeypatch.setattr(pd.DataFrame, "to_parquet", link_first)
    for name in ("mlflow", "from_pandas"):
        monkeypatch.setattr(publishing, name, MagicMock())
    monkeypatch.setattr(publishing.lineage, "extract_path", lambda *_: extract)
    rows = SimpleNamespace(frame=pd.DataFrame({"paid": [0, 1]}))
    training = SimpleNamespace(
        source=SimpleNamespace(
            project=SimpleNamespace(env="dev"), contract=SimpleNamespace(target="paid")
        ),
        train=rows,
        gate=rows,
    )
    card = SimpleNamespace(lineage=SimpleNamespace(data=SimpleNamespace(train="1a2b", gate="1a2b")))
    publishing._keep_rows(training, card)
    assert elsewhere.read_text(encoding="utf-8") == "of somebody else"
