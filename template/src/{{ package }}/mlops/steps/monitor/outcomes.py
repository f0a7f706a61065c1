"""The outcomes that `monitor` examines: how the champion did on rows whose labels are due."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...base.project import user_module
from ...base.windows import Window, periods
from ...data.fingerprints import hashes
from ...data.labelled_rows import KnownLabels, PointInTimeData, count_events, read_labels
from ...data.window_rows import describe_undated
from ...figures import decision
from ...figures.calibration import (
    MONITORED_LEVEL,
    CalibrationResult,
    Tolerances,
    calibration_findings,
    judge_calibration,
)
from ...figures.decision import (
    HEALTHY,
    INVESTIGATE,
    BatchLabels,
    Figure,
    Finding,
    OutcomeRows,
    Rule,
)
from ...figures.predictions import find_fault
from ...records import predictions
from .context import MonitoringContext, try_to_read

TRUTH = "the truth"  # a target may have the name of a column of the predictions


@dataclass(frozen=True)
class Outcomes:
    """What was found about predictions whose labels are due."""

    performance: list[Figure]
    """The metrics of the matured rows."""
    calibration: CalibrationResult | None
    """The level of their predictions; None if too few rows can judge it."""
    by_batch: list[BatchLabels]
    """How many labels of each batch have arrived."""
    window: str
    """The events: `2025-09-01..2025-12-01`, or `all rows` without event times."""
    rows: OutcomeRows
    """How many rows there are."""
    findings: list[Finding]
    """Everything else that was found."""


def examine_outcomes(context: MonitoringContext) -> Outcomes:
    """Judge the predictions of a window as long as the gate's, which ended one horizon ago."""
    time = context.project.settings.time
    end = context.ago(time.label_horizon, context.as_of)
    start = context.ago(time.gate, end)
    due = Window(start, end)
    dates = sorted(date for date in context.batches if start < date <= end)

    findings: list[Finding] = []
    parts: list[pd.DataFrame] = []
    for date in dates:
        read, unread = try_to_read(partial(_read_predictions, context, date))
        findings += unread
        parts += read or []
    made = pd.concat(parts) if parts else pd.DataFrame({"version": []})
    own = made[made["version"] == context.number]
    unnamed = own.reindex(columns=context.keys).isna().any(axis=1)
    findings += _without_key(int(unnamed.sum()))
    own = own[~unnamed]
    if own.empty:
        nothing = OutcomeRows(expected=0, matured=0, unknown_keys=0, coverage=None)
        findings += _no_predictions(context, due)
        return Outcomes([], None, [], str(due), nothing, findings)

    findings += context.check_versions(map(int, made["version"].unique()), str(due))
    findings += _gaps(context, dates, end)
    own = own.drop_duplicates(context.keys, keep="last")
    window = context.window(context.ago(1, dates[0]), dates[-1])
    labels, unread = try_to_read(partial(_read_labels, context, window))
    findings += unread
    if labels is not None:
        findings += [Finding(HEALTHY, sentence) for sentence in describe_undated(labels.undated)]
    matured = own.iloc[:0].assign(**{TRUTH: None})
    unknown_keys = 0
    if labels is not None:
        truth = labels.target.set_axis([TRUTH], axis="columns")
        matured = own.join(truth, on=context.keys, how="inner").reset_index(drop=True)
        foreign = ~np.isin(hashes(truth.reset_index(), context.keys), hashes(made, context.keys))
        unknown_keys = int(foreign.sum())
    seen = _seen_in_training(context, matured)
    judged = matured[~seen]
    findings += _not_judged(seen)
    findings += _too_few_events(context, judged, start)
    rows = OutcomeRows(
        expected=len(own),
        matured=len(matured),
        unknown_keys=unknown_keys,
        coverage=len(matured) / len(own),
        seen_in_training=int(seen.sum()),
    )
    figures = _figures(context, judged) if len(judged) else []
    if len(matured) and not len(judged):
        names = context.project.settings.gate.thresholds
        figures = [decision.not_judged(name, rule_of(context, name)) for name in names]
    calibration = _calibration(context, judged)
    if calibration and context.project.settings.gate.calibration.required:
        problem = context.champion.contract.problem
        findings += calibration_findings(problem, calibration, figures)
    by_batch = _by_batch(own, matured)
    return Outcomes(figures, calibration, by_batch, str(window or "all rows"), rows, findings)


def rule_of(context: MonitoringContext, metric: str, events: int = 0) -> Rule:
    """Return what a figure that is based on so many events is judged against."""
    settings = context.project.settings
    limit = settings.gate.thresholds[metric]
    reference = context.card.figures.get(metric)
    lead = None
    if metric == settings.metric and reference is not None:
        constant = context.card.constant_figures.get(metric)
        lead = None if constant is None else limit.sign * (reference - constant)
    return Rule(
        sign=limit.sign,
        limit=float((limit.max if limit.min is None else limit.min) or 0.0),
        reference=reference,
        margin=settings.margin(metric, lead),
        events=events,
        gate_events=context.card.gate_events,
        min_events=settings.gate.min_events,
    )


def _read_predictions(context: MonitoringContext, date: pd.Timestamp) -> list[pd.DataFrame]:
    parts = predictions.read_parts(context.batches[date], context.store.entries)
    return [rows.assign(scoring_date=date) for rows in parts]


def _read_labels(context: MonitoringContext, window: Window | None) -> KnownLabels:
    """Return the labels that are known now."""
    source = PointInTimeData(
        context.project,
        user_module("data"),
        context.champion.contract,
        context.as_of,
        context.project.settings.time,
    )
    return read_labels(source, window, f"labels of the window {window or 'of all rows'}")


def _seen_in_training(context: MonitoringContext, matured: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return for each row whether the champion was trained on its key.

    Without dates, or with a batch of an earlier date, it was trained on some of the rows that it
    scored. It may know their answers by heart.
    """
    return np.isin(hashes(matured, context.keys), context.champion.trained_keys)


def _not_judged(seen: npt.NDArray[np.bool_]) -> list[Finding]:
    if not seen.any():
        return []
    return [
        Finding(
            HEALTHY,
            f"{seen.sum()} of {len(seen)} matured rows were seen in training, and are not judged",
        )
    ]


def _without_key(count: int) -> list[Finding]:
    """Return a finding for answers to which no label can be matched."""
    if not count:
        return []
    return [
        Finding(
            INVESTIGATE,
            f"{count} answers were given to clients that sent no key, so no label can be matched",
        )
    ]


def _by_batch(own: pd.DataFrame, matured: pd.DataFrame) -> list[BatchLabels]:
    """Return how many labels of each batch are due, and how many have arrived."""
    due = own.groupby("scoring_date").size()
    arrived = matured.groupby("scoring_date").size()
    return [
        BatchLabels(date.date(), int(due[date]), int(arrived.get(date, 0))) for date in due.index
    ]


def _no_predictions(context: MonitoringContext, due: Window) -> list[Finding]:
    """Return a finding that says whether predictions are too recent to be judged, or missing."""
    began = context.began
    if began is None:
        return []
    version = f"version {context.number}"
    if began <= due.end:
        return [
            Finding(
                INVESTIGATE,
                f"there are no predictions of {version} for {due}, whose labels are due",
            )
        ]
    time = context.project.settings.time
    mature = began + periods(time.label_horizon, time.period)
    return [
        Finding(
            HEALTHY,
            f"the labels of the first predictions of {version} mature on {mature:%Y-%m-%d}: "
            "until then its performance is not known",
        )
    ]


def _gaps(
    context: MonitoringContext, dates: list[pd.Timestamp], end: pd.Timestamp
) -> list[Finding]:
    """Return a finding for each period without a batch since the champion's first one."""
    findings: list[Finding] = []
    for back in range(context.project.settings.time.gate):
        period = Window(context.ago(back + 1, end), context.ago(back, end))
        scored = any(period.start < date <= period.end for date in dates)
        if context.began is not None and context.began <= period.end and not scored:
            findings.append(
                Finding(INVESTIGATE, f"there are no predictions for {period}, whose labels are due")
            )
    return findings


def _too_few_events(
    context: MonitoringContext, matured: pd.DataFrame, start: pd.Timestamp
) -> list[Finding]:
    """Return a finding if few labels are known.

    It calls for an investigation only if the champion has been in use for the whole window.
    """
    fewest = context.project.settings.gate.min_events
    events = count_events(context.champion.contract, matured[TRUTH])
    if events >= fewest:
        return []
    regression = context.champion.contract.problem == "regression"
    counted = "matured rows" if regression else "matured rows of the rarest class"
    whole = context.began is None or context.ago(1, context.began) <= start
    return [
        Finding(
            INVESTIGATE if whole else HEALTHY,
            f"{events} {counted}, fewer than gate.min_events ({fewest}): the performance cannot be "
            + ("judged" if whole else "judged yet; there are more with each period that is scored"),
        )
    ]


def _figures(context: MonitoringContext, matured: pd.DataFrame) -> list[Figure]:
    """Return each figure that the gate bounds, with its interval and its verdict."""
    from ...figures.metrics import Metrics

    settings = context.project.settings
    contract = context.champion.contract
    metrics = Metrics(settings, user_module("model"))
    truth = matured[TRUTH].rename(contract.target)
    prediction = matured[list(context.card.profile.predictions)]
    names = settings.gate.thresholds
    events = count_events(contract, truth)
    values = metrics.all(truth, prediction, names)
    errors = metrics.errors(truth, prediction, names)
    return [
        decision.judge(name, value, errors[name], rule_of(context, name, events))
        for name, value in values.items()
    ]


def _calibration(context: MonitoringContext, matured: pd.DataFrame) -> CalibrationResult | None:
    """Test the level of predictions whose labels have matured.

    None with too few events, and if predictions have a fault.
    """
    settings = context.project.settings
    contract = context.champion.contract
    prediction = matured[list(context.card.profile.predictions)]
    few = count_events(contract, matured[TRUTH]) < settings.gate.min_events
    if few or find_fault(contract.problem, prediction):
        return None
    limits = settings.gate.calibration
    return judge_calibration(
        contract.problem,
        matured[TRUTH],
        prediction,
        Tolerances(limits.tolerance, limits.band_tolerance, MONITORED_LEVEL),
    )
