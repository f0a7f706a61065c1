"""The challenger in the shadow of a batch: it predicts the same rows, and no reader sees them.

predictions/<env>/_shadow/date=2026-01-01/batch-0001/part.parquet: readers skip what begins with
`_`. It begins when the champion's batch is published and written down, so nothing that a
challenger does can delay, change or stop that one.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ...base.console import step
from ...base.errors import MlopsError
from ...figures.drift import stability_index
from ...figures.profile import Floats, count
from ...records import predictions
from ...records.store import Store
from .batch import Batch, predict, write

HIDDEN = "_shadow"

Facts = dict[str, Any]


def sentence(error: Exception) -> str:
    """Return in a line what went wrong with a challenger."""
    kind = "" if isinstance(error, MlopsError) else f"{type(error).__name__}: "
    return " ".join(f"{kind}{error}".split())


def follow(store: Store, batch: Batch, published: Path) -> Facts:
    """Let the challenger predict the rows of a published batch; return how far both are apart."""
    try:
        challenger = store.registry.load(store.registry.fetch_challenger())
        facts = batch.facts | {"version": challenger.version.number}
        other = Batch(batch.project, challenger, batch.window, facts)
        with predictions.stage(batch.project) as staged:
            write(other, staged / predictions.PART, predict)
            _refuse_other_rows(batch, other)
            facts |= _compare(batch, published, staged)
            predictions.publish(batch.project, staged, facts, HIDDEN)
        apart = ", ".join(f"{name} by {mean:.4f}" for name, mean in facts["difference"].items())
        step(f"{challenger.version} in the shadow differs on average: {apart}")
    except Exception as error:  # noqa: BLE001 - whatever a challenger raises
        facts = {"missing": sentence(error)}
        step(f"nothing is in the shadow: {facts['missing']}")
    subject = str(facts.get("version", ""))
    store.record("shadow", subject=subject, as_of=batch.facts["date"], details=facts)
    return facts


def _refuse_other_rows(batch: Batch, other: Batch) -> None:
    """Raise MlopsError where the challenger did not meet the same rows in the same order."""
    alike = all(map(np.array_equal, batch.keys, other.keys))
    if not alike or other.rows != batch.rows:
        raise MlopsError(
            "the rows came in another order than in the batch, or have changed since; score again"
        )


def _compare(batch: Batch, ours: Path, theirs: Path) -> Facts:
    """Return each figure's mean absolute difference, and the stability index of the numbers.

    The difference of a decision or a label is the share of the rows on which both disagree.
    """
    profile = batch.champion.version.card["profile"]["predictions"]
    apart, counts = dict[str, float](), dict[str, Floats]()
    for our, their in zip(
        *(predictions.read_parts([side / predictions.PART]) for side in (ours, theirs)), strict=True
    ):
        for name in filter(their.__contains__, profile):
            gap = their[name] != our[name]
            if name in batch.counts:
                gap = (their[name] - our[name]).abs()
                counts[name] = counts.get(name, 0) + count(profile[name], their[name])
            apart[name] = apart.get(name, 0) + float(gap.sum()) / batch.rows
    psi = {name: stability_index(batch.counts[name], now) for name, now in counts.items()}
    return {"rows": batch.rows, "difference": apart, "psi": psi}
