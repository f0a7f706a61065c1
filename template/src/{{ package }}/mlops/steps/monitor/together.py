"""The inputs together: a sample of the window's rows against one of the training rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ...base.console import print_step
from ...base.errors import summarize
from ...base.windows import Window
from ...figures.domain import (
    FEWEST_ROWS,
    MOST_ROWS,
    TOGETHER,
    DomainDrift,
    auc_limit,
    chosen_columns,
    domain_auc,
)
from ...figures.drift import ColumnDrift, persists
from ...figures.seasons import season_names
from ...records.lineage import extract_path
from .context import MonitoringContext

LEAST_COVERAGE = 0.9  # of the training rows by labels; the extract has only labelled rows

Positions = npt.NDArray[np.intp]


def compare_together(
    context: MonitoringContext,
    now: pd.DataFrame,
    window: Window | None,
    columns: Sequence[ColumnDrift],
) -> DomainDrift | None:
    """Compare a sample of the window's rows with the extract of the champion's training rows.

    None if `monitoring.max_domain_auc` is 1, if there are too few rows, if the extract is not in
    this environment, or if it lacks many rows of the training because they have no label.
    """
    card = context.card
    floor = context.project.settings.monitoring.max_domain_auc
    place = extract_path(context.project, card.lineage.environment, card.lineage.data.train)
    if floor >= 1 or len(now) < FEWEST_ROWS or card.coverage.train < LEAST_COVERAGE:
        return None
    drifted = [
        each.name for each in columns if each.kind == "input" and (each.drifted or not each.judged)
    ]
    chosen = chosen_columns(card.profile.inputs, card.importance, drifted)
    if len(chosen) < 2 or not place.is_file():
        return None
    try:
        then = _training_rows(context, place, chosen, window)
    except (OSError, pa.ArrowException) as error:
        print_step(f"the inputs are not compared together: {summarize(error)}")
        return None
    if len(then) < FEWEST_ROWS:
        return None
    limit = auc_limit(floor, len(then), len(now))
    value = domain_auc(then, now[chosen])
    earlier = [TOGETHER in each for each in context.drifted_before()]
    return DomainDrift(
        auc=value,
        limit=limit,
        rows_then=len(then),
        rows_now=len(now),
        columns=tuple(chosen),
        drifted=value > limit,
        persistent=persists([*earlier, value > limit]),
    )


def _training_rows(
    context: MonitoringContext, place: Path, columns: list[str], window: Window | None
) -> pd.DataFrame:
    """Return a sample of the rows in an extract, if possible of the window's season."""
    event_time = context.champion.contract.inputs.one("event_time")
    with pq.ParquetFile(place) as file:
        positions = np.arange(file.metadata.num_rows)
        if event_time and window:
            times = file.read(columns=[event_time]).to_pandas()[event_time]
            positions = of_season(times, season_names(window, context.card.time.period))
        size = min(MOST_ROWS, len(positions))
        drawn = np.sort(np.random.default_rng(0).choice(positions, size, replace=False))
        return _read_positions(file, columns, drawn)


def of_season(times: pd.Series, seasons: Sequence[str]) -> Positions:
    """Return the positions of the rows with as many of these seasons as leaves enough rows."""
    of_row = {
        name: times.dt.month_name().eq(name) | times.dt.day_name().eq(name) for name in seasons
    }
    choices = [list(seasons), *([name] for name in reversed(seasons)), []]
    for names in choices:
        inside = np.ones(len(times), bool)
        for name in names:
            inside &= of_row[name].to_numpy()
        if inside.sum() >= FEWEST_ROWS or not names:
            break
    return np.flatnonzero(inside)


def _read_positions(file: pq.ParquetFile, columns: list[str], drawn: Positions) -> pd.DataFrame:
    """Return the rows at these ascending positions, without keeping all others in memory."""
    parts: list[pd.DataFrame] = []
    start = 0
    for batch in file.iter_batches(columns=columns):
        inside = drawn[(drawn >= start) & (drawn < start + len(batch))] - start
        parts.append(batch.take(pa.array(inside)).to_pandas())
        start += len(batch)
    return pd.concat(parts, ignore_index=True)
