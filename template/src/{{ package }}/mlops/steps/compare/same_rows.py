"""The predictions of two versions for the same rows: those of the newer gate window."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd

from ...base.errors import MlopsError
from ...base.project import Project, user_module
from ...base.settings import Settings
from ...data.fingerprints import fingerprint, hashes
from ...data.labelled_rows import PointInTimeData, read_split
from ...figures.agreement import compare_predictions
from ...figures.decision import interval
from ...figures.metrics import Metrics
from ...figures.predictions import find_fault
from ...figures.resampling import Positions, standard_error
from ...records.card import VersionCard
from ...records.comparison import Advantage, Figure, Measure, Pair, SameRows
from ...records.erasures import last_erasures
from ...records.lineage import extract_path
from ...records.registry import LoadedVersion, Version
from ...records.store import Store
from .differences import stored_hashes


@dataclass(frozen=True)
class KnownRows:
    """The labelled rows of a gate window."""

    raw: pd.DataFrame
    """The rows, which each version cleans itself."""
    frame: pd.DataFrame
    """The rows as the version whose window it is has cleaned them, with the target."""
    changed: bool
    """Whether they are others than at training."""
    from_extract: bool
    """Whether they were kept at training."""


def compare_on_same_rows(store: Store, first: LoadedVersion, second: LoadedVersion) -> SameRows:
    """Predict the rows of the newer gate window with both versions, and compare the predictions.

    Raises MlopsError if the rows cannot be read, or if one of the versions cannot predict them.
    """
    newer = first if newer_of(first.version, second.version) is first.version else second
    known = read_rows(store.project, newer, first if newer is second else second)
    predictions = (_predict(first, newer, known), _predict(second, newer, known))
    truth = known.frame[newer.contract.target]
    settings = store.project.settings
    metrics = Metrics(settings, user_module("model"))
    figures = [metrics.all(truth, prediction) for prediction in predictions]
    group = newer.contract.inputs.one("group")
    clusters = None if group is None else known.frame[group]
    cutoffs = (first.version.card.cutoff, second.version.card.cutoff)
    return SameRows(
        version=newer.version.number,
        window=newer.version.card.windows.gate,
        source="extract" if known.from_extract else "tables",
        changed=known.changed,
        erased=erased_on(store, newer.version.card),
        seen=Pair(first=_seen(first, known.frame), second=_seen(second, known.frame)),
        measures=tuple(
            Measure(
                metric=name,
                first=Figure(value=_finite(figures[0][name])),
                second=Figure(value=_finite(figures[1].get(name, float("nan")))),
            )
            for name in figures[0]
        ),
        advantage=_advantage(settings, metrics, truth, predictions, clusters),
        agreement=compare_predictions(*predictions, cutoffs),
    )


def newer_of(first: Version, second: Version) -> Version:
    """Return the version with the later reference date; of the same date, that trained last."""
    return max(first, second, key=lambda version: (version.card.time.as_of, version.number))


def read_rows(project: Project, newer: LoadedVersion, other: LoadedVersion) -> KnownRows:
    """Return the rows of the newer gate window: the extract, or else those of today's tables.

    An extract has the columns of the newer version only, so the tables are read, too, if the other
    one needs more.
    """
    lineage = newer.version.card.lineage
    extract = extract_path(project, lineage.environment, lineage.data.gate)
    kept = _read_extract(extract, lineage.data.gate)
    if kept is not None and set(other.contract.inputs.types) <= set(kept):
        return KnownRows(raw=kept, frame=kept, changed=False, from_extract=True)
    time = newer.version.card.time
    source = PointInTimeData(
        project, user_module("data"), newer.contract, pd.Timestamp(time.as_of), time.settings()
    )
    rows = read_split(source, "gate")
    changed = rows.fingerprint != lineage.data.gate
    return KnownRows(raw=rows.raw, frame=rows.frame, changed=changed, from_extract=False)


def _read_extract(path: Path, digest: str) -> pd.DataFrame | None:
    """Return the rows that were kept; None if the file is missing or damaged, or has other rows."""
    try:
        kept = pd.read_parquet(path)
    except (OSError, ValueError):
        return None
    return kept if fingerprint(kept) == digest else None


def _predict(loaded: LoadedVersion, newer: LoadedVersion, known: KnownRows) -> pd.DataFrame:
    """Return a version's predictions; raises MlopsError if they are not fit to be compared."""
    rows = known.frame if loaded is newer else loaded.clean(known.raw)
    prediction = loaded.predict(rows)
    fault = find_fault(loaded.contract.problem, prediction)
    if fault:
        raise MlopsError(f"{loaded.version} does not predict as it must: {fault}.")
    return prediction


def _seen(loaded: LoadedVersion, frame: pd.DataFrame) -> int:
    """Return how many of the rows have a key that a version was trained on."""
    keys = stored_hashes(loaded.version, "keys")
    if keys is None or not set(loaded.contract.keys) <= set(frame):
        return 0
    return int(np.isin(hashes(frame, loaded.contract.keys), keys).sum())


def erased_on(store: Store, card: VersionCard) -> str:
    """Return the day on which rows of a gate window's extract were erased; empty if they were not.

    Only the environment that trained a version keeps its extracts, and records their erasure.
    """
    lineage = card.lineage
    if lineage.environment != store.project.env:
        return ""
    name = extract_path(store.project, lineage.environment, lineage.data.gate).name
    erasure = last_erasures(store.entries).get(name)
    return erasure.date if erasure else ""


def _advantage(
    settings: Settings,
    metrics: Metrics,
    truth: pd.Series,
    predictions: tuple[pd.DataFrame, pd.DataFrame],
    clusters: pd.Series | None,
) -> Advantage | None:
    """Return the difference in the gate's metric with its interval, by the paired bootstrap."""
    first, second = (metrics.skill_of_draws(truth, prediction) for prediction in predictions)

    def difference(drawn: Positions) -> list[float]:
        return [settings.sign * (second(drawn) - first(drawn))]

    [value] = difference(np.arange(len(truth)))
    if not isfinite(value):
        return None
    [error] = standard_error(difference, len(truth), clusters).tolist()
    low, high = interval(value, error)
    return Advantage(
        metric=settings.metric,
        better="higher" if settings.sign > 0 else "lower",
        difference=value,
        interval=(low, high) if isfinite(low) else None,
    )


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
