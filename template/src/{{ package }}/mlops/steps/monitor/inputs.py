"""The inputs that `monitor` examines: the rows of the last scored period, and their predictions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...base.windows import Window
from ...data.fingerprints import hashes
from ...data.window_rows import describe_undated
from ...figures.decision import HEALTHY, INVESTIGATE, Finding, InputRows
from ...figures.delivery import UsualDelivery, ends_early
from ...figures.domain import MOST_ROWS, DomainDrift
from ...figures.drift import Column, ColumnDrift, Family, Limits, compare
from ...figures.profile import ColumnProfile, Floats, tally
from ...figures.seasons import season_names
from ...records import predictions
from ...records.card import CardTime, VersionCard
from ...records.monitoring import Freshness
from ...records.registry import Version
from ..pieces import work_on_pieces
from .context import MonitoringContext, try_to_read
from .together import compare_together


@dataclass(frozen=True)
class Inputs:
    """What was found in the last scored period."""

    columns: list[ColumnDrift]
    """How inputs and predictions compare with their profiles."""
    window: str
    """The period: `2025-12-01..2026-01-01`, or `all rows` without event times."""
    rows: InputRows
    """How many rows it has."""
    freshness: Freshness
    """How new the rows are."""
    findings: list[Finding]
    """Everything else that was found."""
    together: DomainDrift | None = None
    """How all inputs together compare with those of the training; None if it is not known."""


@dataclass(frozen=True)
class Counts:
    """What is kept of rows: counts for each column, and 8 bytes per row."""

    columns: dict[str, Floats]
    """Number of rows in each bin and beyond each end, by column."""
    keys: npt.NDArray[np.uint64]
    """The hash of each row's key."""
    newest: pd.Timestamp | None = None
    """Time of the newest event, or of the newest answer of `serve`."""
    versions: frozenset[int] = frozenset()
    """The versions that predicted the rows."""
    sample: pd.DataFrame | None = None
    """Inputs of the MOST_ROWS rows whose hashes are the smallest, by hash; None for predictions."""


NOTHING = Counts({}, np.zeros(0, "uint64"))


def examine_inputs(context: MonitoringContext) -> Inputs:
    """Compare the rows and predictions of the last scored period with the champion's profiles."""
    date = max(context.batches, default=context.as_of)
    window = context.window(context.ago(1, date), date)
    batch = context.batches.get(date, [])
    online = context.is_online(date)

    findings: list[Finding] = []
    undated: dict[str, int] = {}
    late = not batch or date <= context.ago(1, context.as_of)
    if late:
        findings.append(_not_scored(context, date if batch else None))
    counts, unread = try_to_read(
        partial(_count_answers, context, batch)
        if online
        else partial(_count, context, window, undated)
    )
    findings += unread
    findings += [Finding(HEALTHY, sentence) for sentence in describe_undated(undated)]
    counts = counts or NOTHING
    early = not online and _ends_early(counts.newest, window, context.card.delivery)
    if early:
        findings.append(
            Finding(
                INVESTIGATE,
                f"the newest row of the period {window} is from {counts.newest:%Y-%m-%d}; "
                "check whether the delivery is complete",
            )
        )
    predicted, unread = try_to_read(partial(_count_predictions, context, batch))
    findings += unread
    predicted = predicted or NOTHING
    findings += _unknown_batches(context)
    findings += _missing_batches(context)
    findings += context.check_versions(predicted.versions, f"the batch of {date:%Y-%m-%d}")
    findings += _unknown_calendar(context)

    columns = _compare(context, window, counts.columns, predicted.columns)
    sample = pd.DataFrame() if counts.sample is None else counts.sample
    return Inputs(
        columns=columns,
        together=compare_together(context, sample, window, columns),
        window=str(window or "all rows"),
        rows=_rows(
            context.card,
            counts,
            predicted,
            periodic=bool(window) and not online,
            undated=sum(undated.values()),
        ),
        freshness=Freshness(
            newest_row=None if counts.newest is None else counts.newest.date(), late=late or early
        ),
        findings=findings,
    )


def usual_rows(learned: int, judged: int, time: CardTime) -> float:
    """Return how many rows a period had when a version was trained.

    `learned` and `judged` are its numbers of training and gate rows. A split by time takes them
    from their own windows; any other split divides the rows of both windows and of the embargo.
    """
    if time.split == "time":
        return learned / time.train
    embargo = time.label_horizon if time.embargo is None else time.embargo
    return (learned + judged) / (time.train + embargo + time.gate)


def _not_scored(context: MonitoringContext, newest: pd.Timestamp | None) -> Finding:
    """Return the finding that the last period has no predictions."""
    latest = "there are none at all" if newest is None else f"the newest are of {newest:%Y-%m-%d}"
    return Finding(
        INVESTIGATE,
        f"no predictions were published for {context.as_of:%Y-%m-%d}: {latest}; "
        f"run {context.project.command('score')}",
    )


def _ends_early(
    newest: pd.Timestamp | None, window: Window | None, usual: UsualDelivery | None
) -> bool:
    """Return whether the newest row is much earlier than usual, as in half a delivery."""
    if window is None or newest is None:
        return False
    return ends_early((newest - window.start) / (window.end - window.start), usual)


def _rows(
    card: VersionCard, counts: Counts, predicted: Counts, *, periodic: bool, undated: int = 0
) -> InputRows:
    """Return the row counts; `periodic` means that the rows are those of one period, each once.

    Requests are not periodic: clients may send the same row any number of times.
    """
    keys = pd.Series(counts.keys)
    learned = next((each.rows for each in card.profile.inputs.values()), 0)
    judged = next((each.rows for each in card.profile.predictions.values()), 0)
    is_daily = periodic and card.time.period == "day"
    return InputRows(
        scored=len(predicted.keys),
        read=len(keys),
        usual=usual_rows(learned, judged, card.time) if periodic and learned else None,
        doubled=int(keys.duplicated().sum()) if periodic else 0,
        without_prediction=int((~keys.isin(predicted.keys)).sum()),  # faster than NumPy's isin
        undated=undated,
        usual_least=card.delivery.rows if is_daily and card.delivery else None,
    )


def _unknown_batches(context: MonitoringContext) -> list[Finding]:
    """Return a finding for each batch of the monitored time that no entry knows.

    The run that published it stopped before writing its entry, or somebody else wrote it.
    """
    unknown = context.store.unknown_batches(*_monitored_dates(context))
    return [
        Finding(
            INVESTIGATE,
            f"{context.project.shown(predictions.path_of(context.project, place))} is published "
            "but has no entry in the journal, so it is not judged; delete it, then score that date "
            "again",
        )
        for place in unknown
    ]


def _missing_batches(context: MonitoringContext) -> list[Finding]:
    """Return a finding for each batch of the monitored time whose files are gone."""
    gone = predictions.missing(context.project, context.store.entries, *_monitored_dates(context))
    return [
        Finding(
            INVESTIGATE,
            f"{context.project.shown(predictions.path_of(context.project, place))} has an entry in "
            "the journal, but its files are gone; restore them from a backup",
        )
        for place in gone
    ]


def _monitored_dates(context: MonitoringContext) -> tuple[str, str]:
    """Return the last date before the monitored time, and the last one of it."""
    time = context.project.settings.time
    start = context.ago(time.label_horizon + time.gate, context.as_of)
    return f"{start:%Y-%m-%d}", f"{context.as_of:%Y-%m-%d}"


def _count(context: MonitoringContext, window: Window | None, undated: dict[str, int]) -> Counts:
    return _merge(work_on_pieces(context.project, context.champion, window, _count_piece, undated))


def _count_piece(champion: Version, rows: pd.DataFrame) -> Counts:
    profiles = champion.card.profile.inputs
    event_time = champion.contract.inputs.one("event_time")
    keys = hashes(rows, champion.contract.keys)
    return Counts(
        columns=_count_columns(profiles, rows.__getitem__),
        keys=keys,
        newest=rows[event_time].max() if event_time else None,
        sample=_sample(profiles, rows.__getitem__, keys),
    )


def _count_answers(context: MonitoringContext, batch: list[Path]) -> Counts:
    """Count what clients sent, which the predictions table keeps with the predictions."""
    profiles = context.card.profile.inputs
    parts = []
    for rows in predictions.read_parts(batch, context.store.entries):
        columns = _count_columns(profiles, partial(_sent, rows))
        keys = hashes(rows, context.keys)
        sample = _sample(profiles, partial(_sent, rows), keys)
        parts.append(Counts(columns, keys, rows["predicted_at"].max(), sample=sample))
    return _merge(parts)


def _sent(answers: pd.DataFrame, name: str) -> pd.Series:
    """Return what clients sent for an input; it is renamed if a prediction has the same name."""
    renamed = f"input_{name}"
    return answers[renamed if renamed in answers else name]


def _count_predictions(context: MonitoringContext, batch: list[Path]) -> Counts:
    """Count the predictions; the bins count the champion's of rows that it was not trained on."""
    profiles = context.card.profile.predictions
    parts = []
    for rows in predictions.read_parts(batch, context.store.entries):
        keys = hashes(rows, context.keys)
        own = rows[rows["version"].eq(context.number) & context.champion.unseen(keys)]
        columns = _count_columns(profiles, own.__getitem__) if len(own) else {}
        versions = frozenset(map(int, rows["version"].unique()))
        parts.append(Counts(columns, keys, versions=versions))
    return _merge(parts)


def _count_columns(
    profiles: Mapping[str, ColumnProfile], values_of: Callable[[str], pd.Series]
) -> dict[str, Floats]:
    return {name: tally(profile, values_of(name)) for name, profile in profiles.items()}


def _sample(
    profiles: Mapping[str, ColumnProfile],
    values_of: Callable[[str], pd.Series],
    keys: npt.NDArray[np.uint64],
) -> pd.DataFrame:
    """Return the inputs of the rows whose hashes are the smallest."""
    smallest = np.argsort(keys)[:MOST_ROWS]
    columns = {name: values_of(name).iloc[smallest].array for name in profiles}
    return pd.DataFrame(columns, index=keys[smallest])


def _merge(parts: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    columns: dict[str, Floats] = {}
    keys = [NOTHING.keys]
    newest: pd.Timestamp | None = None
    versions: frozenset[int] = frozenset()
    sample: pd.DataFrame | None = None
    for part in parts:
        for name, counts in part.columns.items():
            columns[name] = columns[name] + counts if name in columns else counts
        keys.append(part.keys)
        if part.newest is not None:
            newest = part.newest if newest is None else max(newest, part.newest)
        versions |= part.versions
        if part.sample is not None:
            both = part.sample if sample is None else pd.concat([sample, part.sample])
            sample = both.sort_index(kind="stable").head(MOST_ROWS)
    return Counts(columns, np.concatenate(keys), newest, versions, sample)


def _unknown_calendar(context: MonitoringContext) -> list[Finding]:
    """Return a finding for each column of `monitoring.calendar` that is not an input."""
    return [
        Finding(
            HEALTHY,
            f"monitoring.calendar in conf/ names {name}, which is not an input of version "
            f"{context.number}; correct it unless a later version has that input",
        )
        for name in context.project.settings.monitoring.calendar
        if name not in context.card.profile.inputs
    ]


def _compare(
    context: MonitoringContext,
    window: Window | None,
    inputs: dict[str, Floats],
    predicted: dict[str, Floats],
) -> list[ColumnDrift]:
    """Compare each counted column with its profile, and with earlier windows."""
    monitoring = context.project.settings.monitoring
    profile = context.card.profile
    counted = [
        *((Column("input", name, profile.inputs[name]), inputs[name]) for name in inputs),
        *(
            (Column("prediction", name, profile.predictions[name]), predicted[name])
            for name in predicted
        ),
    ]
    family = Family(
        columns=len(counted),
        limits=Limits(
            psi=monitoring.max_psi,
            tails=monitoring.max_tails,
            out_of_range=monitoring.max_out_of_range,
            decisions=monitoring.max_decision_change,
        ),
        seasons=season_names(window, context.card.time.period),
        calendar=frozenset(monitoring.calendar),
    )
    earlier = context.drifted_before()
    return [
        compare(column, counts, family, [column.label in each for each in earlier])
        for column, counts in counted
    ]
