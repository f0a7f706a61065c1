"""The step `train`: read, split, fit, log, register as challenger."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import pandas as pd

from ...base.console import Outcome, resources, step
from ...base.errors import Misconfigured, MlopsError
from ...base.project import Project, user_module
from ...base.windows import parse_as_of
from ...data.contract import TAKEN, Contract, read_contract
from ...data.labelled_rows import Sample, Source, read_part
from ...records.card import Training
from ...records.lineage import read_build_facts
from ...records.registry import CHALLENGER
from ...records.snapshot import take_snapshot
from ...records.store import open_store
from .publishing import publish


def train(project: Project, as_of: str | None, tune: int = 0, *, changed: bool = False) -> Outcome:
    """Train on the rows that `as_of` allows, and register the result as challenger.

    With `tune`, so many trials look for better parameters first. With `changed`, train only where
    code, configuration, lock or date differ from the champion's and the newest version's.
    """
    facts, snapshot = read_build_facts(project), take_snapshot(project)
    moment = parse_as_of(as_of, project.settings)
    if changed:
        from ..retrain import made_already

        if same := made_already(project, f"{moment:%Y-%m-%d}"):
            return same
    contract = read_contract(user_module("schema", snapshot), project.settings.problem)

    step(f"reading the rows known on {moment:%Y-%m-%d}")
    source = Source(project, user_module("data", snapshot), contract, moment, project.settings.time)
    rows, fresh = read_part(source, "train"), read_part(source, "gate")
    check_trainable(contract, rows)
    model, store = user_module("model", snapshot), open_store(project)  # before hours are spent
    if tune:
        from . import tuning

        project = tuning.tune(source, model, rows.frame, tune)

    step(f"fitting on {len(rows.frame):,} rows and {len(contract.features)} features")
    estimator = fit(project, model, contract, rows.frame)

    step("logging and registering")
    training = Training(replace(source, project=project), snapshot, rows, fresh, estimator, facts)
    number, figures = publish(training, store.registry)
    store.registry.point(CHALLENGER, number)
    details = {"snapshot": snapshot.name, "commit": facts.commit, "dirty": facts.dirty}
    store.record("train", subject=str(number), as_of=f"{moment:%Y-%m-%d}", details=details)
    told = f"version {number} of {project.name} is the challenger; next: {project.command('gate')}"
    found = {"version": number, "snapshot": snapshot.name, "figures": figures}
    found |= {"params": project.settings.model.params, "resources": resources(len(rows.frame))}
    shown = tuple((name, f"{value:.4f}") for name, value in figures.items())
    return Outcome("ok", told, found, ("held-out figure", "value"), shown)


def fit(project: Project, model: ModuleType, contract: Contract, frame: pd.DataFrame) -> Any:
    """Return the user's estimator, fitted."""
    settings = project.settings.model
    try:
        estimator = model.build({**settings.params, "seed": settings.seed})
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):  # the code is wrong, not the setting
            raise
        raise Misconfigured(f"model.build does not take model.params of conf: {error}.") from None
    arguments = {}
    if hasattr(model, "sample_weight"):
        steps = getattr(estimator, "steps", None)
        name = f"{steps[-1][0]}__sample_weight" if steps else "sample_weight"
        arguments[name] = model.sample_weight(frame)
    target = frame[contract.target]
    if contract.problem == "multiclass":
        target = target.astype(str)  # classes become columns of the prediction frame
    return estimator.fit(frame[contract.features], target, **arguments)


def check_trainable(contract: Contract, rows: Sample) -> None:
    """Raise MlopsError where no estimator could learn from `rows`."""
    frame, target = rows.frame, rows.frame[contract.target]
    for name in rows.raw.columns.difference(list(contract.inputs.types)):
        remedy = "add it there, or leave it out in data.py"
        raise MlopsError(f"train window: column {name} is not in schema.Inputs; {remedy}.")
    for name in frame[contract.features].columns[frame[contract.features].isna().all()]:
        remedy = "mend the source, or take it out of schema.Inputs"
        raise MlopsError(f"train window: column {name} is all missing; {remedy}.")
    if contract.problem == "binary" and not target.isin([0, 1]).all():
        raise Misconfigured(f"data.labels: {contract.target} must be 0 or 1; 1 is the event.")
    for name in TAKEN & set(target.astype(str)) if contract.problem == "multiclass" else ():
        raise Misconfigured(f"data.labels: a class is called {name}, as a column is; rename it.")
    if contract.problem != "regression" and target.nunique() < 2:
        only, remedy = target.iloc[0], "check data.labels, or take a longer train window"
        raise MlopsError(f"train window: {contract.target} has one class only, {only}; {remedy}.")
