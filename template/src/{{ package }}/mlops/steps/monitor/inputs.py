"""What a monitoring sees of the last scored period: today's rows and their predictions."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...base.windows import Window
from ...data.fingerprints import hashes
from ...figures.decision import INVESTIGATE, Facts, persists
from ...figures.drift import compare
from ...figures.profile import Floats, count
from ...records import predictions
from ...records.registry import LoadedVersion
from ..pieces import work_on_pieces
from .context import Watch


@dataclass
class Counts:
    """What is kept of rows: counts, and 8 bytes a row."""

    columns: dict[str, Floats]
    keys: np.ndarray
    newest: pd.Timestamp | None = None
    versions: set[int] = field(default_factory=set)


def observe(watch: Watch) -> Facts:
    """Return the facts of the last scored period: its columns, rows and freshness."""
    date = max(watch.batches, default=watch.as_of)
    window = watch.window(watch.ago(1, date), date)
    late = date not in watch.batches or date <= watch.ago(1, watch.as_of)
    if late:
        due = "none at all" if date not in watch.batches else f"the newest are of {date:%Y-%m-%d}"
        words = f"no predictions were published for {watch.as_of:%Y-%m-%d}, {due}"
        watch.found.append((INVESTIGATE, f"{words}; run {watch.project.command('score')}"))
    batch, online = watch.batches.get(date, []), watch.online(date)
    source = partial(_count_answers, watch, batch) if online else partial(_count, watch, window)
    counts = watch.read(source) or _merged([])
    if early := not online and _ends_early(counts.newest, window):
        words = f"the newest row of the period {window} is of {counts.newest:%Y-%m-%d}"
        watch.found.append((INVESTIGATE, f"{words}: is the delivery whole?"))
    made = watch.read(partial(_made, watch, batch)) or _merged([])
    if not online:
        _know_batch(watch, batch)
    watch.know_versions(made.versions, f"the batch of {date:%Y-%m-%d}")
    return {
        "columns": _columns(watch, counts.columns, made.columns),
        "window": str(window or "all rows"),
        "rows": _rows(watch, counts, made, batch=bool(window) and not online),
        "freshness": {
            "newest_row": counts.newest and f"{counts.newest:%Y-%m-%d}",
            "late": late or early,
        },
    }


def _ends_early(newest: pd.Timestamp | None, window: Window | None) -> bool:
    """Tell whether the second half of the period has no row: mostly, half a delivery."""
    if window is None or newest is None:
        return False
    return bool(newest < window.end - (window.end - window.start) / 2)


def _rows(watch: Watch, counts: Counts, made: Counts, *, batch: bool) -> Facts:
    """Return how many rows were read, twice, and scored, beside what a period used to have.

    Clients may ask twice, and as often as they like.
    """
    keys, card = pd.Series(counts.keys), watch.champion.version.card
    learned = next((column["rows"] for column in card.profile.inputs.values()), 0)
    return {
        "scored": len(made.keys),
        "read": len(keys),
        "usual": learned / card.time.train if batch else None,
        "doubled": int(keys.duplicated().sum()) if batch else 0,
        "without_prediction": int((~keys.isin(made.keys)).sum()),  # faster than numpy's
    }


def _know_batch(watch: Watch, batch: list[Path]) -> None:
    """Say where the run that published a batch was cut before it reached the journal."""
    known = predictions.published(watch.store.entries)
    names = {f"date={each.date}/batch-{each.batch}" for each in known}
    for place in set(map(predictions.part_name, batch)) - names:
        words = f"{place} is published, but stands in no entry"
        watch.found.append((INVESTIGATE, f"{words}; run {watch.project.command('score')} again"))


def _count(watch: Watch, window: Window | None) -> Counts:
    return _merged(list(work_on_pieces(watch.project, watch.champion, window, _count_piece)))


def _count_piece(champion: LoadedVersion, rows: pd.DataFrame) -> Counts:
    contract, reference = champion.contract, champion.version.card.profile.inputs
    columns = {name: count(column, rows[name]) for name, column in reference.items()}
    event_time = contract.inputs.one("event_time")
    newest = rows[event_time].max() if event_time else None
    return Counts(columns, hashes(rows, contract.keys), newest)


def _count_answers(watch: Watch, batch: list[Path]) -> Counts:
    """Count what clients sent, which lies beside what they got."""
    reference, parts = watch.champion.version.card.profile.inputs, []
    for rows in predictions.read_parts(batch):
        sent: dict[str, Any] = {n: rows.get(f"input_{n}", rows.get(n)) for n in reference}
        columns = {name: count(column, sent[name]) for name, column in reference.items()}
        keys = hashes(rows, watch.champion.contract.keys)
        parts.append(Counts(columns, keys, rows["predicted_at"].max()))
    return _merged(parts)


def _made(watch: Watch, batch: list[Path]) -> Counts:
    """Count what was predicted, but only what the champion predicted by column."""
    profile, parts = watch.champion.version.card.profile.predictions, []
    for rows in predictions.read_parts(batch):
        mine, keys = rows[rows["version"] == watch.number], watch.champion.contract.keys
        columns = {name: count(c, mine[name]) for name, c in profile.items() if len(mine)}
        versions = set(map(int, rows["version"].unique()))
        parts.append(Counts(columns, hashes(rows, keys), None, versions))
    return _merged(parts)


def _merged(parts: list[Counts]) -> Counts:
    names = dict.fromkeys(name for part in parts for name in part.columns)
    columns: dict[str, Any] = {n: sum(p.columns.get(n, 0.0) for p in parts) for n in names}
    keys = np.concatenate([np.zeros(0, "uint64"), *(part.keys for part in parts)])
    newest = max((part.newest for part in parts if part.newest is not None), default=None)
    return Counts(columns, keys, newest, set().union(*(part.versions for part in parts)))


def _columns(watch: Watch, inputs: dict[str, Floats], made: dict[str, Floats]) -> list[Facts]:
    card, floor = watch.champion.version.card.profile, watch.project.settings.monitoring.max_psi
    family = len(inputs) + len(made)
    columns = [
        {"kind": kind, **compare(name, getattr(card, side)[name], counts, floor, family)}
        for kind, side, found in (("input", "inputs", inputs), ("prediction", "predictions", made))
        for name, counts in found.items()
    ]
    earlier = watch.windows_before()
    for column in columns:
        before = [f"{column['kind']} {column['name']}" in drifted for drifted in earlier]
        column["persistent"] = persists([*before, column["drifted"]])
    return columns
