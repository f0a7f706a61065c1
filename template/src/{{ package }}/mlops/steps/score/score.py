"""The step `score`: the champion predicts one period, staged, checked, published."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from ...base.console import Outcome, resources, step
from ...base.project import Project
from ...base.windows import parse_as_of, plan
from ...data.spark import started
from ...figures.drift import compare
from ...records import predictions
from ...records.registry import LoadedVersion
from ...records.store import open_store
from ..reasons import reasons, required
from . import shadow
from .batch import Batch, KeysAndPrediction, predict, write


def score(project: Project, as_of: str | None) -> Outcome:
    """Score the last period before `as_of` with the champion, and publish the batch."""
    with started(project):
        store = open_store(project)
        store.refuse_pause()
        batch = _plan(project, store.registry.load(store.fetch_champion()), as_of)

    step(f"scoring {batch.window or 'all rows'} with {batch.champion.version} of {project.name}")
    start = time.perf_counter()
    with predictions.stage(project) as staged:
        work = _explain if required(project.settings) else predict
        write(batch, staged / predictions.PART, work)
        _check_rows(batch, staged / predictions.PART)
        _check_distribution(batch)
        speed = round(batch.rows / (time.perf_counter() - start))
        facts = batch.facts | {"rows": batch.rows, "rows_per_second": speed}
        target = predictions.publish(project, staged, facts)

    date, shown = batch.facts["date"], project.shown(target)
    facts["resources"] = used = resources() | {"rows_per_second": speed}
    store.record("score", subject=date, as_of=date, details=facts)
    if project.settings.scoring.shadow:
        facts |= {"shadow": shadow.follow(store, batch, target)}
    peak = used.get("peak_memory_mb", "?")  # Windows does not tell
    words = f"{batch.rows:,} predictions in {shown}; {speed:,} rows/s, peak {peak} MB"
    return Outcome("ok", words, facts | {"path": str(target)})


def _plan(project: Project, champion: LoadedVersion, as_of: str | None) -> Batch:
    moment, timed = parse_as_of(as_of, project.settings), champion.contract.inputs.one("event_time")
    window = plan(moment, project.settings.time).scoring if timed else None
    date, version = f"{moment:%Y-%m-%d}", champion.version.number
    facts = {"batch": predictions.next_batch(project, date), "date": date, "version": version}
    return Batch(project, champion, window, facts)


def _explain(champion: LoadedVersion, rows: pd.DataFrame) -> KeysAndPrediction:
    """Return the same, with their reasons beside the predictions."""
    keys, prediction = predict(champion, rows)
    return keys, pd.concat([prediction, reasons(champion, rows)], axis=1)


def _check_rows(batch: Batch, written: Path) -> None:
    count = pq.read_metadata(written).num_rows
    if count != batch.rows:
        batch.refuse(f"{count} of {batch.rows} rows were written")
    keys = np.concatenate(batch.keys)
    keys.sort()
    doubled = int((keys[1:] == keys[:-1]).sum())
    if doubled:
        batch.refuse(f"{doubled} keys occur twice; data.inputs must return one row for each")


def _check_distribution(batch: Batch) -> None:
    """Hold the batch against the predictions of the champion's gate window."""
    profile, floor = batch.champion.version.card["profile"], batch.project.settings.scoring.max_psi
    for name, counts in batch.counts.items():
        far = compare(name, profile["predictions"][name], counts, floor, 1)
        if far["drifted"]:
            batch.refuse(
                f"{name} has moved from its gate window (PSI {far['psi']:.2f} > "
                f"{far['limit']:.2f}); check the inputs, then train again or raise scoring.max_psi"
            )
