"""The challenger in the shadow: it predicts the rows of a batch, and nobody uses the result.

predictions/<env>/_shadow/date=2026-01-01/batch-0001/part.parquet: most readers skip names that
begin with `_`. It starts once the champion's batch is published and recorded, so that nothing a
challenger does can delay, change or stop that batch.
"""

from pathlib import Path

import numpy as np

from ...base.console import print_step
from ...base.errors import MlopsError, summarize
from ...figures.drift import stability_index
from ...figures.profile import Floats, count
from ...records import predictions
from ...records.details import ShadowDetails
from ...records.predictions import SHADOW, ShadowFacts
from ...records.store import Store
from .batch import Batch, predict, write


def follow(store: Store, batch: Batch, published: Path) -> ShadowDetails:
    """Have the challenger predict the rows of a published batch; return how both differ."""
    try:
        details = _shadow(store, batch, published)
    except Exception as error:  # noqa: BLE001 - a challenger can raise anything
        details = ShadowDetails(missing=summarize(error))
        print_step(f"there is no shadow: {details.missing}")
    subject = "" if details.version is None else str(details.version)
    store.record(details, subject=subject, as_of=batch.date)
    return details


def _shadow(store: Store, batch: Batch, published: Path) -> ShadowDetails:
    """Write the challenger's batch."""
    challenger = store.registry.load(store.fetch_challenger())
    other = Batch(batch.project, challenger, batch.window, batch.date, batch.number)
    with predictions.stage(batch.project) as staged:
        sha256 = write(other, staged / predictions.PART, predict)
        _refuse_other_rows(batch, other)
        facts = _compare(store, batch, other, published, staged)
        predictions.publish(batch.project, staged, facts, SHADOW)
    differences = ", ".join(f"{name} by {mean:.4f}" for name, mean in facts.difference.items())
    print_step(f"{challenger.version} in the shadow differs on average: {differences}")
    return ShadowDetails(**facts.model_dump(exclude={"format"}), sha256=sha256)


def _refuse_other_rows(batch: Batch, other: Batch) -> None:
    """Raise MlopsError if the challenger did not get the same rows in the same order."""
    alike = all(map(np.array_equal, batch.keys, other.keys))
    if not alike or other.rows != batch.rows:
        raise MlopsError(
            "the challenger did not get the same rows in the same order as the champion, perhaps "
            "because the table changed meanwhile; run `score` again"
        )


def _compare(store: Store, batch: Batch, other: Batch, ours: Path, theirs: Path) -> ShadowFacts:
    """Return the mean absolute difference and the stability index of each number.

    The difference of a decision or a label is the share of the rows on which both disagree.
    """
    profile = batch.champion.version.card.profile.predictions
    differences: dict[str, float] = {}
    counts: dict[str, Floats] = {}
    our_rows = predictions.read_parts([ours / predictions.PART], store.entries)
    their_rows = predictions.read_parts([theirs / predictions.PART], [])  # not published yet
    for our, their in zip(our_rows, their_rows, strict=True):
        for name in filter(their.__contains__, profile):
            gap = their[name] != our[name]
            if name in batch.counts:
                gap = (their[name] - our[name]).abs()
                counts[name] = counts.get(name, 0) + count(profile[name], their[name])
            differences[name] = differences.get(name, 0.0) + float(gap.sum()) / batch.rows
    return ShadowFacts(
        batch=batch.number,
        date=batch.date,
        version=other.champion.version.number,
        rows=batch.rows,
        difference=differences,
        psi={name: stability_index(batch.counts[name], now) for name, now in counts.items()},
    )
