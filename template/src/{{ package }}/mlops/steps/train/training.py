"""What one training brought, and the card of the version that it makes."""

import platform
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_info

from ...base.project import user_module
from ...data import delta
from ...data.fingerprints import fingerprint
from ...data.labelled_rows import LabelledRows, Source, count_events
from ...figures.metrics import Metrics
from ...records import lineage
from ...records.card import Card

DECIDE_LOADING = ("scikit-learn", "numpy", "pandas", "skops", "mlflow")


@dataclass(frozen=True)
class Training:
    """All that one training brought."""

    source: Source
    snapshot: Path
    train: LabelledRows
    gate: LabelledRows
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
        "gate_events": count_events(contract, training.truth),
        "lineage": {
            **asdict(training.facts),
            **lineage.current_actor(),
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
