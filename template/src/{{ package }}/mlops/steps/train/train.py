"""The step `train`: read, split, fit, log, register as challenger."""

from dataclasses import replace

from ...base.console import Outcome, print_step, resources
from ...base.project import Project, user_module
from ...base.windows import parse_as_of
from ...data.contract import read_contract
from ...data.labelled_rows import PointInTimeData, describe_short_history, read_split
from ...data.window_rows import describe_undated
from ...records.details import TrainDetails
from ...records.lineage import read_reviewed_facts
from ...records.rules import refuse_unfit
from ...records.snapshot import SCORER_PATH, read_code, take_snapshot
from ...records.store import open_store
from .dry_run import check_on_few_rows
from .estimator import check_trainable, fit
from .publishing import Published, publish
from .training import Training
from .tuning import search_params, with_params
from .unchanged import find_unchanged


def train(project: Project, as_of: str | None, tune: int = 0, *, changed: bool = False) -> Outcome:
    """Train on the rows that `as_of` allows, and register the result as challenger.

    If `tune` > 0, search for better parameters in that many trials first. With `changed`, do
    not train if the champion or the newest version has the same code, configuration, lockfile and
    reference date.
    """
    refuse_unfit(project, "train")
    if changed and (unchanged := find_unchanged(project, as_of)):
        return unchanged
    version = train_version(project, as_of, tune)
    message = f"version {version.number} of {project.name} is the challenger"
    facts = {
        "version": version.number,
        "snapshot": version.card.snapshot,
        "digest": version.digest,
        "figures": version.card.figures,
        "params": version.card.model.params,
        "resources": resources(version.card.rows.train),
    }
    rows = tuple((name, _shown(value)) for name, value in version.card.figures.items())
    columns = ("held-out figure", "value")
    return Outcome("ok", message, facts, columns, rows, next_command=project.command("gate"))


def train_version(project: Project, as_of: str | None, tune: int = 0) -> Published:
    """Train a version, register it, and make it the challenger."""
    code = read_code()
    build = read_reviewed_facts(project, "train", code)
    snapshot = take_snapshot(code)
    reference_date = parse_as_of(as_of, project.settings)
    contract = read_contract(user_module("schema", snapshot), project.settings.problem)
    store = open_store(project)  # fail before reading and fitting if the store is unreachable

    print_step(f"reading the rows known on {reference_date:%Y-%m-%d}")
    source = PointInTimeData(
        project, user_module("data", snapshot), contract, reference_date, project.settings.time
    )
    train_rows = read_split(source, "train")
    gate_rows = read_split(source, "gate")
    undated = describe_undated({**train_rows.undated, **gate_rows.undated})
    for sentence in [*undated, *describe_short_history(source, train_rows)]:
        print_step(sentence)
    check_trainable(contract, train_rows)
    model = user_module("model", snapshot)
    check_on_few_rows(project, model, contract, train_rows.frame)
    tuned = project
    if tune:
        params = search_params(source, model, train_rows.frame, tune)
        tuned = with_params(project, params)

    print_step(f"fitting on {len(train_rows.frame):,} rows and {len(contract.features)} features")
    estimator = fit(tuned, model, contract, train_rows.frame)

    print_step("logging and registering")
    training = Training(
        source=replace(source, project=tuned),
        snapshot=snapshot,
        train=train_rows,
        gate=gate_rows,
        estimator=estimator,
        scorer=code[SCORER_PATH],
        build=build,
    )
    version = publish(training, store.registry)
    details = TrainDetails(
        snapshot=snapshot.name,
        commit=build.commit,
        dirty=build.dirty,
        digest=version.digest,
        estimator=version.estimator,
    )
    store.record(details, subject=str(version.number), as_of=f"{reference_date:%Y-%m-%d}")
    return version


def _shown(figure: float | None) -> str:
    return "n/a" if figure is None else f"{figure:.4f}"
