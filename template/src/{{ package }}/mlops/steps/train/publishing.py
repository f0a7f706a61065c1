"""A training, written to MLflow: the run that documents it and the version that it made."""

import json
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from ...base.console import resources
from ...base.errors import Misconfigured
from ...base.project import PLATFORM
from ...figures.profile import take_profile
from ...figures.resampling import permutation_importance
from ...records import lineage
from ...records.card import Card
from ...records.registry import Registry, untrusted
from ...records.scorer import predict_frame
from ...records.signature import signature
from ...records.tracking import experiment_id
from . import plots
from .extracts import keep_rows, write_hashes
from .training import Training, make_card

GOLDEN_ROWS = 20


def publish(training: Training, registry: Registry) -> tuple[int, dict[str, float]]:
    """Log the run, register the version, and return its number and its held-out figures."""
    project, tags = training.source.project, lineage.as_tags(training.facts)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        card, prediction = _write_files(training, folder)
        pictures = plots.draw(training.truth, prediction, card["importance"])
        requirements = lineage.locked_requirements(project)
        experiment = experiment_id(registry.client, project)
        with mlflow.start_run(experiment_id=experiment, run_name="train", tags=tags) as run:
            mlflow.log_params(card["model"]["params"] | {"seed": card["model"]["seed"]})
            keep_rows(training, card)
            for name, figure in pictures.items():
                mlflow.log_figure(figure, f"plots/{name}.png")
            info = _log_model(training, card, folder, requirements)
            mlflow.log_metrics(card["figures"], model_id=info.model_id)
            for position, figures in enumerate(plots.by_period(training, prediction)):
                mlflow.log_metrics(figures, step=position)
            mlflow.log_metrics(resources(card["rows"]["train"]))
    version = registry.client.create_model_version(
        project.name, info.model_uri, run.info.run_id, tags=tags, model_id=info.model_id
    )
    return int(version.version), card["figures"]


def write_estimator(training: Training, target: Path) -> list[str]:
    """Write the estimator as a skops file; return the types that loading it must trust.

    Raises Misconfigured for a type that is neither known nor configured, naming the step.
    """
    import skops.io

    skops.io.dump(training.estimator, target)
    configured = training.source.project.settings.trusted_types
    for name in untrusted(target, training.snapshot.name, configured):
        steps = getattr(training.estimator, "steps", [])
        types = {s: skops.io.get_untrusted_types(data=skops.io.dumps(part)) for s, part in steps}
        holder = next((step for step in types if name in types[step]), "of the estimator")
        told = f"model.build: step {holder} holds the type {name}, which is not trusted"
        remedy = "use a named function or class of features.py"
        raise Misconfigured(f"{told}; {remedy}, or add the type to trusted_types in conf/base.yml.")
    return list(skops.io.get_untrusted_types(file=target))


def _write_files(training: Training, folder: Path) -> tuple[Card, pd.DataFrame]:
    """Write what the version takes along; return its card and its gate window's prediction."""
    gate, contract = training.gate.frame, training.source.contract
    card = make_card(training, write_estimator(training, folder / "model.skops"))
    answer = partial(predict_frame, training.estimator, card)
    everyone = answer(training.gate.everyone)
    prediction = everyone.loc[gate.index]
    card["figures"] = training.metrics.all(training.truth, prediction)
    skill = partial(training.metrics.skill, training.truth)
    card["importance"] = permutation_importance(answer, skill, gate, prediction, card["features"])
    inputs = training.train.everyone[contract.features]
    card["profile"] = {"inputs": take_profile(inputs), "predictions": take_profile(everyone)}
    (folder / "card.json").write_text(json.dumps(card, indent=2), encoding="utf-8")
    gate[contract.features].head(GOLDEN_ROWS).to_parquet(folder / "golden_rows.parquet")
    prediction.head(GOLDEN_ROWS).to_parquet(folder / "golden_predictions.parquet")
    write_hashes(training, folder / "seen.npz")
    return card, prediction


def _log_model(training: Training, card: Card, folder: Path, requirements: list[str]) -> Any:
    for cache in training.snapshot.rglob("__pycache__"):
        shutil.rmtree(cache)  # MLflow would copy it along
    return mlflow.pyfunc.log_model(
        name="model",
        python_model=str(PLATFORM / "records/scorer.py"),
        code_paths=[str(training.snapshot)],
        artifacts={path.stem: str(path) for path in folder.iterdir()},
        signature=signature(training.source.contract, card["classes"]),
        input_example=pd.read_parquet(folder / "golden_rows.parquet").head(3),
        pip_requirements=requirements,
    )
