"""The step `score`: score the rows of a period with the champion; stage, check, publish."""

import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from ...base.console import Outcome, print_step, resources
from ...base.project import Project
from ...base.windows import parse_as_of, plan
from ...data.spark import started
from ...data.window_rows import describe_undated
from ...figures.drift import Column, Family, Limits, compare
from ...figures.seasons import season_names
from ...records import predictions
from ...records.details import ScoreDetails
from ...records.journal import EntryTaken
from ...records.predictions import BatchFacts
from ...records.registry import LoadedVersion
from ...records.rules import refuse_unfit
from ...records.store import Store, open_store
from ...records.tracking import sqlite_file
from ..reasons import reasons, required
from . import shadow
from .batch import Batch, KeysAndPrediction, Work, predict, write


def score(project: Project, as_of: str | None) -> Outcome:
    """Score the last period before `as_of` with the champion, and publish the batch."""
    refuse_unfit(project, "score")
    with started(project):
        store = open_store(project)
        store.refuse_pause()
        champion = store.registry.load(store.fetch_champion())
        batch = plan_batch(store, champion, as_of)

    print_step(f"scoring {batch.window or 'all rows'} with {champion.version} of {project.name}")
    start = time.perf_counter()
    with predictions.stage(project) as staged:
        part = staged / predictions.PART
        sha256 = write(batch, part, work_of(project))
        _check_rows(batch, part)
        _check_distribution(batch)
        speed = round(batch.rows / (time.perf_counter() - start))
        details = ScoreDetails(
            batch=batch.number,
            date=batch.date,
            version=champion.version.number,
            rows=batch.rows,
            rows_per_second=speed,
            sha256=sha256,
            undated=batch.undated,
            resources=resources() | {"rows_per_second": speed},
        )
        target = store.decide(partial(_publish, store, batch, staged, details))

    result = details.to_json() | {"path": str(target)}
    if project.settings.scoring.shadow:
        followed = shadow.follow(store, batch, target)
        result["shadow"] = followed.model_dump(mode="json", exclude={"resources"})
    peak = details.resources.get("peak_memory_mb", "?")  # Windows does not report it
    message = (
        f"{batch.rows:,} predictions in {project.shown(target)}; {speed:,} rows/s, peak {peak} MB"
    )
    message = "; ".join([message, *describe_undated(batch.undated)])
    return Outcome("ok", message, result)


def plan_batch(store: Store, champion: LoadedVersion, as_of: str | None) -> Batch:
    """Return the batch of the last period, or of all rows if events have no time."""
    project = store.project
    moment = parse_as_of(as_of, project.settings)
    date = f"{moment:%Y-%m-%d}"
    timed = champion.contract.inputs.one("event_time") is not None
    window = plan(moment, project.settings.time).scoring if timed else None
    number = predictions.next_batch(project, date, store.entries)
    return Batch(project, champion, window, date, number)


def _publish(store: Store, batch: Batch, staged: Path, details: ScoreDetails) -> Path:
    """Publish the batch and write its entry, if what it rests on has not changed meanwhile.

    Raises PersonNeeded if the environment was paused, and MlopsError if another version is the
    champion, or if another run has published this batch.
    """
    store.refuse_pause()
    champion = store.champion()
    if champion != details.version:
        batch.refuse(f"version {champion} has become the champion; score again")
    if predictions.next_batch(batch.project, batch.date, store.entries) != batch.number:
        batch.refuse(f"another run has published batch {batch.number} of {batch.date}; score again")
    if sqlite_file(batch.project) is not None:
        predictions.set_aside(batch.project, batch.date, batch.number)
    facts = BatchFacts(
        batch=details.batch,
        date=details.date,
        version=details.version,
        rows=details.rows,
        rows_per_second=details.rows_per_second,
    )
    target = predictions.publish(batch.project, staged, facts)
    try:
        store.record(details, subject=batch.date, as_of=batch.date)
    except EntryTaken:  # the decision is made again
        predictions.take_back(target, staged)
        raise
    return target


def work_of(project: Project) -> Work:
    """Return what is done with the rows: they are predicted, with reasons if these are required."""
    return _explain if required(project.settings) else predict


def _explain(champion: LoadedVersion, rows: pd.DataFrame) -> KeysAndPrediction:
    """Return the keys of the rows, and their predictions with the reasons."""
    keys, prediction = predict(champion, rows)
    # a champion without `explain` goes on without reasons until its successor is promoted
    return keys, pd.concat([prediction, reasons(champion, rows)], axis=1)


def _check_rows(batch: Batch, written: Path) -> None:
    """Raise MlopsError if rows were lost, or keys occur twice."""
    count = pq.read_metadata(written).num_rows
    if count != batch.rows:
        batch.refuse(f"{count} of {batch.rows} rows were written; score again")
    keys = np.concatenate(batch.keys)
    keys.sort()
    doubled = int((keys[1:] == keys[:-1]).sum())
    if doubled:
        rows = "1 row repeats" if doubled == 1 else f"{doubled} rows repeat"
        batch.refuse(f"{rows} the key of another row; data.inputs must return one row for each key")


def _check_distribution(batch: Batch) -> None:
    """Compare the batch with the predictions of the champion's gate window.

    The champion was not trained on the rows of that window, so others do not count here either.
    """
    profiles = batch.champion.version.card.profile.predictions
    if not profiles:
        print_step(
            f"the distribution is not checked: {batch.champion.version} was trained with an older "
            "template, which kept no profile of its predictions"
        )
    family = Family(
        columns=1,
        limits=Limits(psi=batch.project.settings.scoring.max_psi),
        seasons=season_names(batch.window, batch.champion.version.card.time.period),
    )
    for name, counts in batch.unseen.items():
        if not counts.sum():
            print_step(
                f"the distribution is not checked: {batch.champion.version} was trained on all "
                "rows of this batch"
            )
            return
        drift = compare(Column("prediction", name, profiles[name]), counts, family)
        if drift.drifted:
            batch.refuse(
                f"the distribution of {name} has moved too far from that in the gate window "
                f"(PSI {drift.psi:.2f} > {drift.limit:.2f}); "
                "check the inputs, then train again or raise scoring.max_psi"
            )
