"""The step `score`: the champion predicts one period, staged, checked, published."""

import contextlib
import datetime
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ...base.console import Outcome, resources, row_progress, step
from ...base.errors import MlopsError, asked_by
from ...base.project import Project, user_module
from ...base.windows import Window, parse_as_of, plan
from ...data.labelled_rows import hashes, inside
from ...data.spark import mapped, started
from ...data.tables import Tables
from ...figures.drift import compare
from ...figures.profile import Floats, count
from ...records import predictions
from ...records.registry import Scorer
from ...records.store import open_store
from ..reasons import reasons, required

Work = Callable[[Scorer, pd.DataFrame], Any]  # a function of a module, as Spark's workers need it


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
        from . import shadow

        facts |= {"shadow": shadow.follow(store, batch, target)}
    peak = used.get("peak_memory_mb", "?")  # Windows does not tell
    words = f"{batch.rows:,} predictions in {shown}; {speed:,} rows/s, peak {peak} MB"
    return Outcome("ok", words, facts | {"path": str(target)})


def _plan(project: Project, champion: Scorer, as_of: str | None) -> Batch:
    moment, timed = parse_as_of(as_of, project.settings), champion.contract.inputs.one("event_time")
    window = plan(moment, project.settings.time).scoring if timed else None
    date, version = f"{moment:%Y-%m-%d}", champion.version.number
    facts = {"batch": predictions.next_batch(project, date), "date": date, "version": version}
    return Batch(project, champion, window, facts)


def write(batch: Batch, target: Path, work: Work) -> None:
    """Stream what `work` makes of the rows into one Parquet file."""
    stamps, writer = dict(batch.facts), None
    stamps["scoring_date"] = pd.Timestamp(stamps.pop("date"))
    stamps["predicted_at"] = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(row_progress())
        task = progress.add_task("", total=None)
        for rows, prediction in each(batch, work):
            batch.add(rows, prediction)
            frame = pd.concat([rows, prediction], axis=1).assign(**stamps)
            table = pa.Table.from_pandas(frame, preserve_index=False)
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(target, table.schema))
            writer.write_table(table.cast(writer.schema))
            progress.advance(task, len(frame))


def each(batch: Batch, work: Work) -> Iterator[Any]:
    """Yield what `work` makes of the rows piece by piece, on Spark's workers where they are there.

    A piece is read by today's data.py and cleaned by the champion's schema. Raises MlopsError where
    there are no rows.
    """
    project, window, name = batch.project, batch.window, batch.project.settings.streamed_table
    tables = Tables(project, batch.champion.contract.text)
    use = partial(_use, work, project, window)
    if tables.table(name).kind == "spark":
        found = mapped(tables, window, batch.champion, use)
    else:
        found = (use(batch.champion, piece) for piece in tables.pieces(name, window))
    empty = True
    for made in found:
        if made is not None:
            empty = False
            yield made
    where = f"in {window}" if window else "at all"
    MlopsError.when(empty, f"table {name} holds no rows {where}; look at tables and time in conf.")


def _use(
    work: Work, project: Project, window: Window | None, champion: Scorer, piece: pd.DataFrame
) -> Any:
    contract, name = champion.contract, project.settings.streamed_table
    tables = Tables(project, contract.text, {name: piece})
    with asked_by("data.inputs"):
        raw = piece if piece.empty else user_module("data").inputs(tables, window)
    if raw.empty:  # data.py may filter
        return None
    rows = contract.inputs.clean(raw.reset_index(drop=True), f"table {name}")
    kept = inside(rows, contract, window)
    return None if kept.empty else work(champion, kept)


def predict(champion: Scorer, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the keys of the rows, and their predictions."""
    return rows[champion.contract.keys], champion.predict(rows)


def _explain(champion: Scorer, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the same, with their reasons beside the predictions."""
    keys, prediction = predict(champion, rows)
    return keys, pd.concat([prediction, reasons(champion, rows)], axis=1)


def _check_rows(batch: Batch, written: Path) -> None:
    count = pq.read_metadata(written).num_rows
    batch.refuse(count != batch.rows, f"{count} of {batch.rows} rows were written")
    keys = np.concatenate(batch.keys)
    keys.sort()
    doubled = int((keys[1:] == keys[:-1]).sum())
    batch.refuse(doubled, f"{doubled} keys stand twice; data.inputs must return one row for each")


def _check_distribution(batch: Batch) -> None:
    """Hold the batch against the predictions of the champion's gate window."""
    profile, floor = batch.champion.version.card["profile"], batch.project.settings.scoring.max_psi
    for name, counts in batch.counts.items():
        far = compare(name, profile["predictions"][name], counts, floor, 1)
        words = f"{name} has moved from its gate window (PSI {far['psi']:.2f} > {far['limit']:.2f})"
        remedy = "look at the inputs, then train anew or raise scoring.max_psi"
        batch.refuse(far["drifted"], f"{words}; {remedy}")
