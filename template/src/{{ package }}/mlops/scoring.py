"""The step `score`: the champion predicts one period, staged, checked, published."""

import contextlib
import datetime
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from . import predictions
from .console import Outcome, peak_memory, row_progress, step
from .drift import compare
from .errors import MlopsError
from .journal import Event
from .profile import Floats, count
from .project import Project, user_module
from .registry import Scorer
from .samples import hashes, inside
from .store import open_store
from .tables import Tables
from .windows import Window, parse_as_of, plan


@dataclass
class Batch:
    """What is scored, by whom, and what a pass over the rows leaves: 8 bytes for each key."""

    project: Project
    champion: Scorer
    window: Window | None
    facts: dict[str, Any]
    keys: list[Any] = field(default_factory=list)
    counts: dict[str, Floats] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The number of rows scored so far."""
        return sum(map(len, self.keys))

    def add(self, rows: pd.DataFrame, prediction: pd.DataFrame) -> None:
        """Remember what the checks need of a piece, whose figures must be numbers."""
        profile = self.champion.version.card["profile"]["predictions"]
        self.keys.append(hashes(rows, self.champion.contract.keys))
        for name in map(str, prediction.select_dtypes("float64")):
            bad = int((~np.isfinite(prediction[name])).sum())
            self.refuse(bad, f"{bad} values of {name} are missing or infinite")
            self.counts[name] = self.counts.get(name, 0) + count(profile[name], prediction[name])

    def refuse(self, wrong: object, why: str) -> None:
        """Raise MlopsError where something is wrong, so that the batch stays where it is."""
        MlopsError.when(wrong, f"the batch of {self.champion.version} is not published: {why}.")


def score(project: Project, as_of: str | None) -> Outcome:
    """Score the last period before `as_of` with the champion, and publish the batch."""
    store = open_store(project)
    store.refuse_pause()
    batch = _plan(project, store.registry.load(store.fetch_champion()), as_of)

    step(f"scoring {batch.window or 'all rows'} with {batch.champion.version} of {project.name}")
    start = time.perf_counter()
    with predictions.stage(project) as staged:
        _write(batch, staged / predictions.PART)
        _check_rows(batch, staged / predictions.PART)
        _check_distribution(batch)
        speed = round(batch.rows / (time.perf_counter() - start))
        facts = batch.facts | {"rows": batch.rows, "rows_per_second": speed}
        target = predictions.publish(project, staged, facts)

    date, shown = batch.facts["date"], project.shown(target)
    store.journal.append(Event("score", subject=date, as_of=date, details=facts))
    words = f"{batch.rows:,} predictions in {shown}; {speed:,} rows/s{peak_memory()}"
    return Outcome("ok", words, facts | {"path": str(target)})


def _plan(project: Project, champion: Scorer, as_of: str | None) -> Batch:
    moment, timed = parse_as_of(as_of, project.settings), champion.contract.inputs.one("event_time")
    window = plan(moment, project.settings.time).scoring if timed else None
    date, version = f"{moment:%Y-%m-%d}", champion.version.number
    facts = {"batch": predictions.next_batch(project, date), "date": date, "version": version}
    return Batch(project, champion, window, facts)


def _write(batch: Batch, target: Path) -> None:
    """Stream the rows through the champion into one Parquet file."""
    keys, stamps, writer = batch.champion.contract.keys, dict(batch.facts), None
    stamps["scoring_date"] = pd.Timestamp(stamps.pop("date"))
    stamps["predicted_at"] = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(row_progress())
        task = progress.add_task("", total=None)
        for rows in pieces(batch):
            prediction = batch.champion.predict(rows)
            batch.add(rows, prediction)
            frame = pd.concat([rows[keys], prediction], axis=1).assign(**stamps)
            table = pa.Table.from_pandas(frame, preserve_index=False)
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(target, table.schema))
            writer.write_table(table.cast(writer.schema))
            progress.advance(task, len(frame))
    name = batch.project.settings.streamed_table
    where = f"in {batch.window}" if batch.window else "at all"
    MlopsError.when(writer is None, f"table {name} holds no rows {where}; nothing to score.")


def pieces(batch: Batch) -> Iterator[pd.DataFrame]:
    """Yield the rows piece by piece, read by today's data.py, cleaned by the champion's schema."""
    project, contract, data = batch.project, batch.champion.contract, user_module("data")
    name = project.settings.streamed_table
    for piece in Tables(project, contract.text).pieces(name, batch.window):
        tables = Tables(project, contract.text, {name: piece})
        raw = piece if piece.empty else data.inputs(tables, batch.window)
        if not raw.empty:  # data.py may filter
            rows = contract.inputs.clean(raw.reset_index(drop=True), f"table {name}")
            kept = inside(rows, contract, batch.window)
            if not kept.empty:
                yield kept


def _check_rows(batch: Batch, written: Path) -> None:
    count = pq.read_metadata(written).num_rows
    batch.refuse(count != batch.rows, f"{count} of {batch.rows} rows were written")
    keys = np.concatenate(batch.keys)
    keys.sort()
    doubled = int((keys[1:] == keys[:-1]).sum())
    batch.refuse(doubled, f"{doubled} keys stand twice; data.inputs must not")


def _check_distribution(batch: Batch) -> None:
    """Hold the batch against the predictions of the champion's gate window."""
    profile, floor = batch.champion.version.card["profile"], batch.project.settings.scoring.max_psi
    for name, counts in batch.counts.items():
        far = compare(name, profile["predictions"][name], counts, floor, 1)
        words = f"{name} has moved from its gate window (PSI {far['psi']:.2f} > {far['limit']:.2f})"
        remedy = "look at the inputs, then train anew or raise scoring.max_psi"
        batch.refuse(far["drifted"], f"{words}; {remedy}")
