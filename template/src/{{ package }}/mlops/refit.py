"""Refit a version: the part of `reproduce` that runs with the version's own commit and lockfile.

`python -m <package>.mlops.refit JOB` reads a `RefitJob` and prints a `RefitAnswer`, both of which
`records/refit.py` describes. Everything else here may change freely: this code only refits versions
that the same commit has trained.
"""

import contextlib
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from .base.errors import MlopsError, summarize
from .base.packages import claim_package
from .base.project import Project, open_project, user_module
from .data.contract import read_contract
from .data.fingerprints import fingerprint, row_hashes
from .data.labelled_rows import PointInTimeData, SplitName, read_split
from .records import lineage
from .records.card import Sides, VersionCard, read_card
from .records.refit import RefitAnswer, RefitJob, RefitSide
from .records.registry import largest_difference
from .records.scorer import Estimator, ScorerFacts, predict_frame
from .records.snapshot import read_sources, take_snapshot
from .steps.train.estimator import fit


@dataclass(frozen=True)
class FoundRows:
    """The rows of one window, if they are still the same as at training."""

    frame: pd.DataFrame | None
    """The rows; None if they are gone."""
    facts: RefitSide
    """Where they came from."""


def main(file: Path) -> None:
    """Do the job in a file and print the answer; exit with a message if that fails."""
    try:
        job = RefitJob.read(json.loads(file.read_text(encoding="utf-8")), f"the job {file.name}")
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for the answer alone
            answer = refit(job)
    except MlopsError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{json.dumps(answer.to_json())}\n")


def refit(job: RefitJob) -> RefitAnswer:
    """Fit the estimator of a version again, and compare it with the registered one."""
    card = read_card(Path(job.version, "artifacts/card.json"), "the card of the version")
    project = open_as_trained(card)
    package = take_snapshot()
    contract = read_contract(user_module("schema", package), project.settings.problem)
    source = PointInTimeData(
        project=replace(project, root=Path(job.root)),  # the worktree of the commit has no data
        data=user_module("data", package),
        contract=contract,
        as_of=pd.Timestamp(card.time.as_of),
        time=project.settings.time,
    )
    train = find_rows(source, card, job, "train")
    gate = find_rows(source, card, job, "gate")
    difference: float | None = None
    if train.frame is not None and gate.frame is not None:
        with threadpool_limits(card.lineage.threads):  # they decide the order of sums
            estimator = fit(project, user_module("model", package), contract, train.frame)
            difference = compare(estimator, card, job, gate.frame[contract.features])
    build = lineage.read_build_facts(project)
    configuration = lineage.configuration_hash(project)
    logged_sources = read_sources(Path(job.version, "code", card.snapshot))
    same = {
        "lock": build.lock_sha256 == card.lineage.lock_sha256,
        "configuration": configuration == card.lineage.configuration,
        "template": build.template == card.lineage.template,
        "snapshot": read_sources(package) == logged_sources,
    }
    return RefitAnswer(
        format=RefitAnswer.FORMAT,
        commit=build.commit,
        dirty=build.dirty,
        template=build.template,
        lock_sha256=build.lock_sha256,
        configuration=configuration,
        rows=Sides[RefitSide](train=train.facts, gate=gate.facts),
        difference=difference,
        differs=tuple(name for name, is_same in same.items() if not is_same),
    )


def open_as_trained(card: VersionCard) -> Project:
    """Open the project of this commit with the card's settings, which may come from `--set`."""
    settings = {
        "model": card.model.model_dump(mode="json"),
        "tables": card.tables,
        "time": card.time.model_dump(mode="json", exclude={"as_of"}),
    }
    return open_project(card.lineage.environment, card=settings)


def find_rows(
    source: PointInTimeData, card: VersionCard, job: RefitJob, side: SplitName
) -> FoundRows:
    """Return the rows of a window as they were at training: the kept ones, or else today's."""
    with np.load(Path(job.version, "artifacts/seen.npz")) as seen:
        trained = seen[side]
    today: pd.DataFrame | None = None
    changed: int | None = None
    trouble = ""
    try:
        today = read_split(source, side).frame
    except Exception as error:  # noqa: BLE001 - old code may fail on today's rows in any way
        trouble = " ".join(summarize(error).split()).removesuffix(".")
    if today is not None:
        now = row_hashes(today)
        changed = max(len(np.setdiff1d(trained, now)), len(np.setdiff1d(now, trained)))
    expected = getattr(card.lineage.data, side)
    kept = read_extract(Path(getattr(job.kept, side)))
    if kept is not None and fingerprint(kept) == expected:
        return FoundRows(kept, RefitSide(source="extract", changed=changed, trouble=trouble))
    if today is not None and fingerprint(today) == expected:
        return FoundRows(today, RefitSide(source="tables", changed=changed, trouble=trouble))
    return FoundRows(None, RefitSide(source=None, changed=changed, trouble=trouble))


def read_extract(path: Path) -> pd.DataFrame | None:
    """Return the rows that were kept, or None if the file is missing or damaged."""
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError):
        return None


def compare(estimator: Estimator, card: VersionCard, job: RefitJob, rows: pd.DataFrame) -> float:
    """Return the largest difference between the new predictions and those of the version.

    The latter are what it predicts now for `rows`, and what it predicted at training for its golden
    rows. Only numbers are compared: decisions and labels follow from them.
    """
    import mlflow

    artifacts = Path(job.version, "artifacts")
    claim_package(Path(job.version, "code", card.snapshot))
    registered = mlflow.pyfunc.load_model(job.version, suppress_warnings=True).predict(rows)
    golden_rows = pd.read_parquet(artifacts / "golden_rows.parquet")
    golden_predictions = pd.read_parquet(artifacts / "golden_predictions.parquet")
    facts: ScorerFacts = {
        "problem": card.problem,
        "features": list(card.features),
        "classes": list(card.classes),
        "cutoff": card.cutoff,
    }
    differences = []
    for part, before in ((golden_rows, golden_predictions), (rows, registered)):
        now = predict_frame(estimator, facts, part)
        difference = largest_difference(
            before.select_dtypes("float64"), now.select_dtypes("float64")
        )
        differences.append(float(difference))
    return max(differences)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
