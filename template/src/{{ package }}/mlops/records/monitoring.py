"""Records of monitoring: the report of one run, and the summary that later runs need."""

import datetime
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, JsonValue

from ..base.record import Facts, Lift, Record, StoredRecord
from ..base.settings import Problem
from ..figures.calibration import CalibrationResult
from ..figures.decision import Decision, Figure, RowCounts, Staleness
from ..figures.domain import DomainDrift
from ..figures.drift import ColumnDrift


class Windows(Record):
    """The windows of a report: `2025-12-01..2026-01-01`, or `all rows` without event times."""

    scored: str
    """The last scored period."""
    matured: str
    """The predictions whose labels are due."""


class Freshness(Record):
    """How new the rows of the last scored period are."""

    newest_row: datetime.date | None
    """Date of the newest event; None without rows or event times."""
    late: bool
    """Whether the last period was not scored, or its newest row is much earlier than usual."""


class MonitoringSummary(Record):
    """What later runs, and the trends of their reports, need of one run.

    The oldest entries have only the first three of these fields.
    """

    as_of: datetime.date
    """The reference date."""
    decision: Decision
    """What should happen: nothing, an investigation or a retraining."""
    version: int
    """The champion."""
    reasons: tuple[str, ...] = ()
    """Sentences without a full stop, the most serious first."""
    max_psi: float | None = None
    """Population stability index of the column that is highest relative to its limit."""
    psi_limit: float | None = None
    """The limit of that column."""
    metrics: dict[str, float | None] = Field(default={})
    """Metrics of the matured rows by name, each in its unit; None if one cannot be computed."""
    bounds: dict[str, float | None] = Field(default={})
    """The bound of each metric by name: a worse value has decayed."""
    decayed: dict[str, float | None] = Field(default={})
    """The metrics that have decayed, with their values in the gate window."""
    drifted: tuple[str, ...] = ()
    """Labels of the columns that have drifted, such as `input income`."""


def _lift_report(facts: Facts) -> Facts:
    """Lift a report to format 2.

    The history of format 1 repeated whole journal entries. Its oldest reports did not count the
    rows that were read, and did not look for unrecovered decay.
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
    """Return a part of a report; raises TypeError if it is not an object."""
    part = facts[name]
    if not isinstance(part, dict):
        raise TypeError(name)
    return part


class MonitoringReport(StoredRecord):
    """Everything that one run of `monitor` found.

    It is the artifact monitor.json, the output of `--json`, and what the page shows. The platform
    does not read it back; `read` is for programs that do, and accepts every format.
    """

    FORMAT = 2
    LIFTS: ClassVar[Mapping[int, Lift]] = {1: _lift_report}

    project: str
    """The project's name."""
    env: str
    """The environment: dev, test or prod."""
    problem: Problem
    """What the model predicts: one of two classes, one of several, or a number."""
    as_of: datetime.date
    """The reference date."""
    version: int
    """The champion."""
    trained_as_of: datetime.date
    """The reference date that the champion was trained with."""
    owner: str
    """Who owns the model: a name and an e-mail address."""
    decision: Decision
    """What should happen: nothing, an investigation or a retraining."""
    reasons: tuple[str, ...]
    """Sentences without a full stop, the most serious first."""
    windows: Windows
    """The windows that were examined."""
    rows: RowCounts
    """How many rows the windows have."""
    columns: tuple[ColumnDrift, ...]
    """How inputs and predictions compare with their profiles."""
    together: DomainDrift | None = None
    """How all inputs together compare with those of the training; None if that is not known, and in
    reports that did not compare them."""
    performance: tuple[Figure, ...]
    """The metrics of the matured rows."""
    calibration: CalibrationResult | None = None
    """The level of the predictions of the matured rows; None with too few of them, and in reports
    that did not test it."""
    staleness: Staleness
    """Whether the champion is too old, or missed a change."""
    freshness: Freshness
    """How new the rows are."""
    history: tuple[MonitoringSummary, ...]
    """The last summary of each date, this one included, oldest first."""
    resources: dict[str, int | float]
    """wall_seconds, cpu_seconds, peak_memory_mb, rows_per_second; some may be absent."""
