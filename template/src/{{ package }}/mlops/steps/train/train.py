"""The step `train`: read, split, fit, log, register as challenger."""

from dataclasses import replace

from ...base.console import Outcome, print_step, resources
from ...base.project import Project, user_module
from ...base.windows import parse_as_of
from ...data.contract import read_contract
from ...data.labelled_rows import PointInTimeData, read_split
from ...records.details import TrainDetails
from ...records.lineage import read_build_facts
from ...records.registry import CHALLENGER
from ...records.snapshot import take_snapshot
from ...records.store import open_store
from .estimator import check_trainable, fit
from .publishing import Published, publish
from .training import Training
from .tuning import search_params
from .unchanged import find_unchanged


def train(project: Project, as_of: str | None, tune: int = 0, *, changed: bool = False) -> Outcome:
    """Train on the rows that `as_of` allows, and register the result as challenger.

    `tune` is the number of trials that look for better parameters first. With `changed`, train only
    where code, configuration, lockfile or date differ from the champion's and the newest version's.
    """
    if changed and (unchanged := find_unchanged(project, as_of)):
        return unchanged
    version = train_version(project, as_of, tune)
    message = (
        f"version {version.number} of {project.name} is the challenger; "
        f"next: {project.command('gate')}"
    )
    facts = {
        "version": version.number,
        "snapshot": version.card.snapshot,
        "figures": version.card.figures,
        "params": version.card.model.params,
        "resources": resources(version.card.rows.train),
    }
    rows = tuple((name, _shown(value)) for name, value in version.card.figures.items())
    return Outcome("ok", message, facts, ("held-out figure", "value"), rows)


def train_version(project: Project, as_of: str | None, tune: int = 0) -> Published:
    """Train a version, register it, and make it the challenger."""
    build = read_build_facts(project)
    snapshot = take_snapshot(project)
    moment = parse_as_of(as_of, project.settings)
    contract = read_contract(user_module("schema", snapshot), project.settings.problem)

    print_step(f"reading the rows known on {moment:%Y-%m-%d}")
    source = PointInTimeData(
        project, user_module("data", snapshot), contract, moment, project.settings.time
    )
    rows = read_split(source, "train")
    held_out = read_split(source, "gate")
    check_trainable(contract, rows)
    model = user_module("model", snapshot)
    store = open_store(project)  # a store that does not answer ends the command before the fit
    if tune:
        project = search_params(source, model, rows.frame, tune)

    print_step(f"fitting on {len(rows.frame):,} rows and {len(contract.features)} features")
    estimator = fit(project, model, contract, rows.frame)

    print_step("logging and registering")
    source = replace(source, project=project)
    training = Training(source, snapshot, rows, held_out, estimator, build)
    version = publish(training, store.registry)
    store.registry.move_alias(CHALLENGER, version.number)
    details = TrainDetails(snapshot=snapshot.name, commit=build.commit, dirty=build.dirty)
    store.record(details, subject=str(version.number), as_of=f"{moment:%Y-%m-%d}")
    return version


def _shown(figure: float | None) -> str:
    return "n/a" if figure is None else f"{figure:.4f}"
