"""Publishing a training to MLflow: the run that documents it and the version that it made."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.data.pandas_dataset import from_pandas
from mlflow.environment_variables import MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING
from mlflow.models.model import Model, ModelInfo

from ...base.console import print_step, resources
from ...base.errors import summarize
from ...data.fingerprints import hashes
from ...figures.association import alike_columns
from ...figures.importance import Judged, permutation_importance
from ...figures.predictions import constant_prediction
from ...figures.profile import take_profile
from ...figures.seasons import add_seasons
from ...records import lineage
from ...records.card import ColumnsTogether, Profiles, VersionCard
from ...records.integrity import SCORER, HashedFile, check_written, named_files, sha256_of_file
from ...records.registry import Registry, signature
from ...records.scorer import ScorerFacts, predict_frame
from ...records.tracking import experiment_id
from . import plots
from .run_params import estimator_name, run_params
from .stored_estimator import Trust, write_estimator
from .training import Measured, Training, make_card

GOLDEN_ROWS = 20
MOST_TRAIN_ROWS = 10_000  # whose figures are compared with those of the gate window

Predict = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Published:
    """A version that was just registered."""

    number: int
    """Number of the version."""
    card: VersionCard
    """What is known about it."""
    digest: str
    """SHA-256 over its files."""
    estimator: str
    """Class of its estimator."""


class Flavor:
    """MLflow's flavor pyfunc, which also keeps the SHA-256 of each file before its upload."""

    def __init__(self) -> None:
        """Begin without files."""
        self.files: dict[str, str] = {}
        """The SHA-256 of each file, by its name in the version."""

    def save_model(self, path: str, **options: Any) -> None:
        """Write the files of a version to a folder of this process, as MLflow's flavor does."""
        mlflow.pyfunc.save_model(path=path, **options)
        for name, file in named_files(Path(path)):
            if "__pycache__" not in file.parts:  # MLflow deletes it before the upload
                self.files[name] = sha256_of_file(file)


def publish(training: Training, registry: Registry) -> Published:
    """Log the run and register the version."""
    project = training.source.project
    tags = lineage.as_tags(training.build)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "artifacts"
        folder.mkdir()
        folder.with_name(SCORER).write_bytes(training.scorer)
        card, prediction = _write_files(training, folder)
        pictures = plots.draw(training.truth, prediction, card.importance)
        requirements = lineage.locked_requirements(project)
        experiment = experiment_id(registry.client, project)
        estimator = estimator_name(training.estimator)
        name = f"train {estimator}"
        with mlflow.start_run(experiment_id=experiment, run_name=name, tags=tags) as run:
            mlflow.log_params(run_params(card.model, training.estimator))
            _keep_rows(training, card)
            for name, figure in pictures.items():
                mlflow.log_figure(figure, f"plots/{name}.png")
            flavor = Flavor()
            info = _log_model(training, card, folder, requirements, flavor)
            written = flavor.files | _hash_files(training, folder)
            mlflow.log_metrics(_known(card.figures), model_id=info.model_id)
            for position, figures in enumerate(plots.by_period(training, prediction)):
                mlflow.log_metrics(figures, step=position)
            mlflow.log_metrics(resources(card.rows.train))
    version = registry.client.create_model_version(
        project.name, info.model_uri, run.info.run_id, tags=tags, model_id=info.model_id
    )
    number = int(version.version)
    files = registry.copy(number)
    check_written(files.folder, written, f"version {number} of {project.name}")
    registry.client.update_run(run.info.run_id, name=f"v{number} {estimator}")
    return Published(number, card, files.digest, estimator)


def _write_files(training: Training, folder: Path) -> tuple[VersionCard, pd.DataFrame]:
    """Write the version's files; return its card and its prediction of the gate window."""
    gate = training.gate.frame
    features = training.source.contract.features
    trust = Trust(training.snapshot.name, training.source.project.settings.trusted_types)
    trusted_types = write_estimator(training.estimator, folder / "model.skops", trust)
    predict = _predictor(training)
    everyone = predict(training.gate.all_inputs)
    prediction = everyone.loc[gate.index]
    card = make_card(training, trusted_types, _measure(training, predict, everyone, prediction))
    (folder / "card.json").write_text(card.model_dump_json(indent=2), encoding="utf-8")
    gate[features].head(GOLDEN_ROWS).to_parquet(folder / "golden_rows.parquet")
    prediction.head(GOLDEN_ROWS).to_parquet(folder / "golden_predictions.parquet")
    _write_hashes(training, folder / "seen.npz")
    return card, prediction


def _predictor(training: Training) -> Predict:
    """Return the function that predicts as the version's own scorer will."""
    contract = training.source.contract
    facts: ScorerFacts = {
        "problem": contract.problem,
        "features": contract.features,
        "classes": list(training.classes),
        "cutoff": training.source.project.settings.model.cutoff,
    }
    return partial(predict_frame, training.estimator, facts)


def _measure(
    training: Training, predict: Predict, everyone: pd.DataFrame, prediction: pd.DataFrame
) -> Measured:
    features = training.source.contract.features
    metrics = training.metrics
    judged = Judged(training.gate.frame, training.truth, prediction)
    alone = [[name] for name in features]
    together = [group for group in alike_columns(judged.rows, features) if len(group) > 1]
    falls = permutation_importance(
        predict, metrics.skill, judged, [*alone, *together], with_errors=True
    )
    learned = training.train.frame
    if len(learned) > MOST_TRAIN_ROWS:
        learned = learned.sample(MOST_TRAIN_ROWS, random_state=0)
    train_figures = _figures_of_training(training, predict, learned)
    return Measured(
        figures=metrics.all(training.truth, prediction),
        constant_figures=_figures_of_constant(training, prediction),
        train_figures=train_figures,
        train_figures_rows=len(learned) if train_figures else 0,
        importance=dict(zip(features, falls, strict=False)),
        together=tuple(
            ColumnsTogether(columns=tuple(names), fall=fall.mean, error=fall.error)
            for names, fall in zip(together, falls[len(features) :], strict=True)
        ),
        profiles=_profiles(training, everyone),
    )


def _profiles(training: Training, prediction: pd.DataFrame) -> Profiles:
    """Return how the inputs of the training window and the predictions of the gate window are."""
    source = training.source
    event_time = source.contract.inputs.one("event_time")
    rows = training.train.all_inputs
    learned = rows[source.contract.features]
    inputs = take_profile(learned)
    predictions = take_profile(prediction)
    if event_time:
        period = source.time.period
        inputs = add_seasons(inputs, learned, rows[event_time], period)
        predicted_for = training.gate.all_inputs[event_time]
        predictions = add_seasons(predictions, prediction, predicted_for, period)
    return Profiles(inputs=inputs, predictions=predictions)


def _figures_of_training(
    training: Training, predict: Predict, learned: pd.DataFrame
) -> dict[str, float]:
    """Return the metrics of training rows; none if one fails, since only the card shows them."""
    truth = learned[training.source.contract.target]
    try:
        return training.metrics.all(truth, predict(learned))
    except Exception as error:  # noqa: BLE001 - model.metrics can raise anything
        print_step(f"the model card gets no figures of training rows: {summarize(error)}")
        return {}


def _figures_of_constant(training: Training, prediction: pd.DataFrame) -> dict[str, float]:
    """Return the metrics of a constant prediction; none if model.metrics fails on it."""
    try:
        return training.metrics.all(training.truth, constant_prediction(prediction))
    except Exception as error:  # noqa: BLE001 - model.metrics can raise anything
        print_step(f"a constant prediction has no figures: {summarize(error)}")
        return {}


def _known(figures: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if value is not None}


def _log_model(
    training: Training, card: VersionCard, folder: Path, requirements: list[str], flavor: Flavor
) -> ModelInfo:
    for cache in training.snapshot.rglob("__pycache__"):
        shutil.rmtree(cache)  # MLflow would copy it as well
    _skip_comparison()
    # MLflow would add the variables' names to the version after its flavor has written it
    MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING.set(False)  # type: ignore[no-untyped-call]
    info: ModelInfo = Model.log(
        artifact_path=None,
        flavor=flavor,
        flavor_name="pyfunc.ModelFromCode",
        name="model",
        python_model=str(folder.with_name(SCORER)),
        code_paths=[str(training.snapshot)],
        artifacts={path.stem: str(path) for path in folder.iterdir()},
        signature=signature(training.source.contract, list(card.classes)),
        input_example=pd.read_parquet(folder / "golden_rows.parquet").head(3),
        pip_requirements=requirements,
    )
    return info


def _skip_comparison() -> None:
    """Keep MLflow from comparing the requirements with the installed packages.

    It does so twice, for a warning that `connect` silences, and the first time reads the files of
    every package, which takes as long as fitting the example's estimator. The name is MLflow's own:
    if a newer MLflow has another one, only the time is lost.
    """
    from mlflow.utils import requirements_utils

    vars(requirements_utils)["_check_requirement_satisfied"] = lambda _: None


def _hash_files(training: Training, folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that MLflow was given, by its name in the version."""
    snapshot = training.snapshot
    files = {f"artifacts/{path.name}": path for path in folder.iterdir()}
    files |= {
        f"code/{snapshot.name}/{path.relative_to(snapshot).as_posix()}": path
        for path in snapshot.rglob("*.py")
    }
    files[SCORER] = folder.with_name(SCORER)
    return {name: sha256_of_file(path) for name, path in files.items()}


def _keep_rows(training: Training, card: VersionCard) -> None:
    """Keep the exact rows in this environment, and log where they are."""
    project = training.source.project
    target = training.source.contract.target
    sides = {
        "train": (training.train.frame, card.lineage.data.train),
        "gate": (training.gate.frame, card.lineage.data.gate),
    }
    for name, (frame, digest) in sides.items():
        extract = lineage.extract_path(project, project.env, digest)
        extract.parent.mkdir(parents=True, exist_ok=True)
        if not extract.is_file():
            part = extract.with_suffix(".tmp")
            with HashedFile(part) as file:
                frame.to_parquet(file)
            part.replace(extract)  # whole or not at all
        data = from_pandas(frame, str(extract), targets=target, name=name)
        mlflow.log_input(data, context=name)


def _write_hashes(training: Training, path: Path) -> None:
    """Write the hashes of the training rows' keys and groups, and of all rows of both windows.

    The gate checks its own rows against the former; `reproduce` compares the latter.
    """
    train = training.train.frame
    contract = training.source.contract
    group = contract.inputs.one("group")
    np.savez_compressed(
        path,
        keys=np.unique(hashes(train, contract.keys)),
        groups=np.unique(hashes(train, [group])) if group else np.array([], "uint64"),
        train=training.train.row_hashes,
        gate=training.gate.row_hashes,
    )
