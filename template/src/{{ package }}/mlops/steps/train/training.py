"""The result of one training, and the card of the version that it makes."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_info

from ...base.project import user_module
from ...base.windows import Window, edges, plan
from ...data import delta
from ...data.contract import Contract, declared
from ...data.labelled_rows import LabelledRows, PointInTimeData, count_events
from ...figures import delivery
from ...figures.diagnostics import known, summarize_target
from ...figures.importance import Fall
from ...figures.metrics import Metrics
from ...records import lineage
from ...records.card import (
    CardModel,
    CardTime,
    Column,
    ColumnsTogether,
    Lineage,
    Profiles,
    Sides,
    VersionCard,
)
from .run_params import describe

DECIDE_LOADING = ("scikit-learn", "numpy", "pandas", "skops", "mlflow")


@dataclass(frozen=True)
class Training:
    """The result of one training, with everything that it used."""

    source: PointInTimeData
    """Where the rows came from; its project has the parameters of the estimator."""
    snapshot: Path
    """Folder of the package with the user's modules."""
    train: LabelledRows
    """The rows that the estimator learned from."""
    gate: LabelledRows
    """The rows that were held out."""
    estimator: Any  # anything with scikit-learn's interface
    """The user's estimator, fitted."""
    scorer: bytes
    """The content of scorer.py, as it was compared with the commit."""
    build: lineage.BuildFacts
    """Where the code came from."""

    @cached_property
    def metrics(self) -> Metrics:
        """The metrics of the project, including those of `model.metrics` in the snapshot."""
        return Metrics(self.source.project.settings, user_module("model", self.snapshot))

    @property
    def truth(self) -> pd.Series:
        """The target of the gate window."""
        return self.gate.frame[self.source.contract.target]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of a multiclass model, in the order of its columns; empty for others."""
        if self.source.contract.problem != "multiclass":
            return ()
        return tuple(map(str, self.estimator.classes_))


@dataclass(frozen=True)
class Measured:
    """How the new estimator did."""

    figures: dict[str, float]
    """Metrics of the gate window by name; NaN if one cannot be computed."""
    constant_figures: dict[str, float]
    """The same of a prediction that is the mean for every row."""
    train_figures: dict[str, float]
    """The same of rows that it learned from."""
    train_figures_rows: int
    """Number of these rows."""
    importance: dict[str, Fall]
    """How much skill is lost in the gate window when a column is permuted, by column."""
    profiles: Profiles
    """How inputs and predictions are distributed."""
    together: tuple[ColumnsTogether, ...] = ()
    """The importance of columns that carry much of the same information, permuted together."""


def make_card(training: Training, trusted_types: list[str], measured: Measured) -> VersionCard:
    """Return the card of the version."""
    project = training.source.project
    contract = training.source.contract
    settings = project.settings
    as_of = f"{training.source.as_of:%Y-%m-%d}"
    train = training.train
    gate = training.gate
    return VersionCard(
        format=VersionCard.FORMAT,
        name=project.name,
        problem=contract.problem,
        features=tuple(contract.features),
        classes=training.classes,
        cutoff=settings.model.cutoff,
        risk_tier=settings.risk_tier,
        tables=settings.model_dump(mode="json", include={"tables"})["tables"],
        model=CardModel(
            seed=settings.model.seed,
            params=settings.model.params,
            cutoff=settings.model.cutoff,
        ),
        snapshot=training.snapshot.name,
        trusted_types=tuple(trusted_types),
        time=CardTime(
            split=settings.time.split,
            reason=settings.time.reason,
            period=settings.time.period,
            train=settings.time.train,
            gate=settings.time.gate,
            label_horizon=settings.time.label_horizon,
            embargo=settings.time.embargo,
            as_of=as_of,
        ),
        windows=Sides(train=train.window, gate=gate.window),
        rows=Sides(train=len(train.frame), gate=len(gate.frame)),
        coverage=Sides(train=round(train.coverage, 4), gate=round(gate.coverage, 4)),
        undated={**train.undated, **gate.undated},  # mostly the same rows
        delivery=_usual_delivery(training),
        gate_events=count_events(contract, training.truth),
        lineage=_lineage(training),
        figures={n: value if isfinite(value) else None for n, value in measured.figures.items()},
        constant_figures={name: known(value) for name, value in measured.constant_figures.items()},
        train_figures={name: known(value) for name, value in measured.train_figures.items()},
        train_figures_rows=measured.train_figures_rows,
        target=Sides(
            train=summarize_target(contract.problem, train.frame[contract.target]),
            gate=summarize_target(contract.problem, training.truth),
        ),
        columns=tuple(_columns(contract)),
        estimator=describe(training.estimator),
        importance={name: fall.mean for name, fall in measured.importance.items()},
        importance_errors={
            name: None if fall.error is None else known(fall.error)
            for name, fall in measured.importance.items()
        },
        importance_together=measured.together,
        profile=measured.profiles,
    )


def _columns(contract: Contract) -> Iterator[Column]:
    """Yield the columns of Inputs in the order of schema.py, then the target."""
    roles = {name: role for role, names in contract.inputs.roles.items() for name in names}
    for name, kind in contract.inputs.types.items():
        yield Column(
            name=name,
            role=roles.get(name, "feature"),
            type=declared(kind),
            nullable=bool(contract.inputs.checks.columns[name].nullable),
        )
    yield Column(
        name=contract.target,
        role="target",
        type=declared(contract.labels.types[contract.target]),
        nullable=bool(contract.labels.checks.columns[contract.target].nullable),
    )


def _usual_delivery(training: Training) -> delivery.UsualDelivery | None:
    """Return what is usual for the rows of a period; None if they have no event time."""
    source = training.source
    event_time = source.contract.inputs.one("event_time")
    if event_time is None:
        return None
    windows = plan(source.as_of, source.time)
    sides = ((windows.train, training.train), (windows.gate, training.gate))
    if source.time.split == "time":
        return delivery.learn(
            [
                (delivery.Periods(edges(window, source.time.period)), rows.all_inputs[event_time])
                for window, rows in sides
            ]
        )
    whole = edges(Window(windows.train.start, windows.gate.end), source.time.period)
    times = pd.concat([rows.all_inputs[event_time] for _, rows in sides])
    return delivery.learn([(delivery.Periods(whole), times)])


def _lineage(training: Training) -> Lineage:
    project = training.source.project
    build = training.build
    return Lineage(
        commit=build.commit,
        dirty=build.dirty,
        template=build.template,
        lock_sha256=build.lock_sha256,
        **lineage.current_actor(),
        environment=project.env,
        origin=project.settings.origin,
        configuration=lineage.configuration_hash(project),
        data=Sides(
            train=training.train.fingerprint,
            gate=training.gate.fingerprint,
        ),
        tables=delta.versions(project),
        packages={name: version(name) for name in DECIDE_LOADING},
        python=platform.python_version(),
        threads={pool["user_api"]: pool["num_threads"] for pool in threadpool_info()},
    )
