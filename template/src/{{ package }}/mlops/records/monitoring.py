"""The records of a monitoring: its report, and the summary that later monitorings need."""

import datetime
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, JsonValue

from ..base.record import Facts, Lift, Record, StoredRecord
from ..base.settings import Problem
from ..figures.decision import Decision, Figure, RowCounts, Staleness
from ..figures.drift import ColumnDrift


class Windows(Record):
    """The windows of a monitoring: `2025-12-01..2026-01-01`, or `all rows` without event times."""

    scored: str  # the last scored period
    matured: str  # the predictions whose labels are due


class Freshness(Record):
    """How new the rows of the last scored period are."""

    newest_row: datetime.date | None  # None without rows or event times
    late: bool  # the last period was not scored, or its second half has no rows


class MonitoringSummary(Record):
    """What later monitorings and the trends of a report need of one monitoring.

    The first monitorings did not note what has a default here.
    """

    as_of: datetime.date
    decision: Decision
    version: int  # the champion
    reasons: tuple[str, ...] = ()  # the gravest first
    max_psi: float | None = None  # of the column whose PSI is highest against its limit
    psi_limit: float | None = None  # of that column
    metrics: dict[str, float | None] = Field(default={})  # of the matured rows, by name
    bounds: dict[str, float | None] = Field(default={})  # by metric; a worse value has decayed
    decayed: dict[str, float | None] = Field(default={})  # their figures in the gate window
    drifted: tuple[str, ...] = ()  # labels of columns, such as `input income`


def _lift_report(facts: Facts) -> Facts:
    """Lift a report to format 2.

    Format 1 repeated whole entries of the journal in its history, and its first reports did not
    count the rows that were read, nor look for decays that were not made up for.
    """
    rows = _object(facts, "rows")
    staleness = _object(facts, "staleness")
    history = facts["history"]
    if not isinstance(history, list):
        raise TypeError("history")
    summaries: list[JsonValue] = []
    for details in history:
        if not isinstance(details, dict):
            raise TypeError("history")
        names = MonitoringSummary.model_fields.keys() & details.keys()
        summaries.append({name: details[name] for name in names})
    return {
        "resources": {},
        **facts,
        "rows": {"read": None, "usual": None, "doubled": None, **rows},
        "staleness": {"lost": None, **staleness},
        "history": summaries,
    }


def _object(facts: Facts, name: str) -> Facts:
    """Return a part of a report; raises TypeError where it is not an object."""
    part = facts[name]
    if not isinstance(part, dict):
        raise TypeError(name)
    return part


class MonitoringReport(StoredRecord):
    """All that a monitoring found: monitor.json, the output of `--json`, and the page."""

    FORMAT = 2
    LIFTS: ClassVar[Mapping[int, Lift]] = {1: _lift_report}

    project: str
    env: str
    problem: Problem
    as_of: datetime.date
    version: int  # the champion
    trained_as_of: datetime.date
    owner: str
    decision: Decision
    reasons: tuple[str, ...]  # the gravest first
    windows: Windows
    rows: RowCounts
    columns: tuple[ColumnDrift, ...]
    performance: tuple[Figure, ...]
    staleness: Staleness
    freshness: Freshness
    history: tuple[MonitoringSummary, ...]  # the last one of each date, oldest first, this included
    resources: dict[str, float]  # wall and CPU seconds, MB of memory, rows per second
