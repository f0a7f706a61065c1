"""The card of a version: all that is known about it, in one JSON file beside the estimator."""

import platform
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_info

from ..base.project import user_module
from ..data import delta
from ..data.contract import MLFLOW_TYPES, Contract
from ..data.labelled_rows import Sample, Source, events, fingerprint
from ..figures.metrics import Metrics
from . import lineage

Card = dict[str, Any]  # as JSON holds it

DECIDE_LOADING = ("scikit-learn", "numpy", "pandas", "skops", "mlflow")


@dataclass(frozen=True)
class Training:
    """All that one training brought."""

    source: Source
    snapshot: Path
    train: Sample
    gate: Sample
    estimator: Any
    facts: lineage.BuildFacts

    @cached_property
    def metrics(self) -> Metrics:
        """The figures of the project, with those of the copied `model.metrics`."""
        return Metrics(self.source.project.settings, user_module("model", self.snapshot))

    @property
    def truth(self) -> pd.Series:
        """The target of the gate window."""
        return self.gate.frame[self.source.contract.target]


def make_card(training: Training, trusted_types: list[str]) -> Card:
    """Return the card before the figures of the gate window are known."""
    project, contract = training.source.project, training.source.contract
    settings = project.settings
    samples = {"train": training.train, "gate": training.gate}
    classes = training.estimator.classes_ if contract.problem == "multiclass" else ()
    return {
        "name": project.name,
        "problem": contract.problem,
        "features": contract.features,
        "classes": [str(name) for name in classes],
        "cutoff": settings.model.cutoff,
        **settings.model_dump(include={"model", "tables", "risk_tier"}),
        "snapshot": training.snapshot.name,
        "trusted_types": trusted_types,
        "time": settings.time.model_dump() | {"as_of": f"{training.source.as_of:%Y-%m-%d}"},
        "windows": {name: sample.window for name, sample in samples.items()},
        "rows": {name: len(sample.frame) for name, sample in samples.items()},
        "coverage": {name: round(sample.coverage, 4) for name, sample in samples.items()},
        "gate_events": events(contract, training.truth),
        "lineage": {
            **asdict(training.facts),
            **lineage.who_acts(),
            "environment": project.env,
            "origin": settings.origin,
            "configuration": lineage.configuration_hash(project),
            "data": {name: fingerprint(part.frame) for name, part in samples.items()},
            "tables": delta.versions(project),
            "packages": {name: version(name) for name in DECIDE_LOADING},
            "python": platform.python_version(),
            "threads": {pool["user_api"]: pool["num_threads"] for pool in threadpool_info()},
        },
    }


def signature(contract: Contract, classes: list[str]) -> Any:
    """Return the MLflow signature that the contract implies."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    outputs = {
        "binary": {"score": "double", "decision": "boolean"},
        "multiclass": dict.fromkeys(classes, "double") | {"label": "string"},
        "regression": {"value": "double"},
    }[contract.problem]
    inputs = {name: MLFLOW_TYPES[contract.inputs.types[name]] for name in contract.features}
    sides = [Schema([ColSpec(t, name) for name, t in s.items()]) for s in (inputs, outputs)]
    return ModelSignature(inputs=sides[0], outputs=sides[1])
