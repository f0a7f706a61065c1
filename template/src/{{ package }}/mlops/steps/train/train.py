"""The step `train`: read, split, fit, log, register as challenger."""

from dataclasses import replace

from ...base.console import Outcome, resources, step
from ...base.project import Project, user_module
from ...base.windows import parse_as_of
from ...data.contract import read_contract
from ...data.labelled_rows import Source, read_part
from ...records.lineage import read_build_facts
from ...records.registry import CHALLENGER
from ...records.snapshot import take_snapshot
from ...records.store import open_store
from .estimator import check_trainable, fit
from .publishing import publish
from .training import Training
from .unchanged import made_already


def train(project: Project, as_of: str | None, tune: int = 0, *, changed: bool = False) -> Outcome:
    """Train on the rows that `as_of` allows, and register the result as challenger.

    With `tune`, so many trials look for better parameters first. With `changed`, train only where
    code, configuration, lock or date differ from the champion's and the newest version's.
    """
    facts, snapshot = read_build_facts(project), take_snapshot(project)
    moment = parse_as_of(as_of, project.settings)
    if changed and (same := made_already(project, f"{moment:%Y-%m-%d}")):
        return same
    contract = read_contract(user_module("schema", snapshot), project.settings.problem)

    step(f"reading the rows known on {moment:%Y-%m-%d}")
    source = Source(project, user_module("data", snapshot), contract, moment, project.settings.time)
    rows, fresh = read_part(source, "train"), read_part(source, "gate")
    check_trainable(contract, rows)
    model, store = user_module("model", snapshot), open_store(project)  # before hours are spent
    if tune:
        from .tuning import tune as search  # optuna is an extra

        project = search(source, model, rows.frame, tune)

    step(f"fitting on {len(rows.frame):,} rows and {len(contract.features)} features")
    estimator = fit(project, model, contract, rows.frame)

    step("logging and registering")
    training = Training(replace(source, project=project), snapshot, rows, fresh, estimator, facts)
    number, figures = publish(training, store.registry)
    store.registry.move_alias(CHALLENGER, number)
    details = {"snapshot": snapshot.name, "commit": facts.commit, "dirty": facts.dirty}
    store.record("train", subject=str(number), as_of=f"{moment:%Y-%m-%d}", details=details)
    told = f"version {number} of {project.name} is the challenger; next: {project.command('gate')}"
    found = {"version": number, "snapshot": snapshot.name, "figures": figures}
    found |= {"params": project.settings.model.params, "resources": resources(len(rows.frame))}
    shown = tuple((name, f"{value:.4f}") for name, value in figures.items())
    return Outcome("ok", told, found, ("held-out figure", "value"), shown)
