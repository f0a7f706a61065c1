"""The step `monitor`: is the champion still good? It makes a decision and a report."""

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ...base.console import Outcome, print_step, resources
from ...base.errors import MlopsError
from ...base.project import Project
from ...base.settings import Problem
from ...base.windows import parse_as_of
from ...data.spark import started
from ...figures import decision
from ...figures.calibration import CalibrationResult, furthest, write_level, write_tolerance
from ...figures.decision import Decision, Figure, Finding, LostDecay, RowCounts, Staleness
from ...figures.domain import TOGETHER
from ...figures.drift import ColumnDrift, ShareDrift
from ...pages import report as page
from ...records.details import MonitorDetails
from ...records.monitoring import MonitoringReport, MonitoringSummary, Windows
from ...records.registry import Version
from ...records.rules import refuse_unfit
from ...records.store import open_store
from ...records.tracking import command_lock, experiment_id
from ..alerts import require_addresses, send_change
from .context import MonitoringContext
from .inputs import Inputs, examine_inputs
from .outcomes import Outcomes, examine_outcomes, rule_of

HISTORY_LENGTH = 36  # summaries in the history of a report
MOST_COLUMNS = 20  # on screen; of more, only those that matter
VERDICTS = {"seen in training": "not judged: seen in training"}  # on screen, if another text


@dataclass(frozen=True)
class Monitored:
    """What one run found."""

    message: str
    """The result in one sentence."""
    report: MonitoringReport
    """All details."""


def monitor(project: Project, as_of: str | None) -> Outcome:
    """Compare what the champion gets and predicts with what it was approved for."""
    monitored = monitor_champion(project, as_of)
    columns = ("figure", "then", "now", "limit", "verdict")
    report = monitored.report
    return Outcome("ok", monitored.message, report.to_json(), columns, _table(report))


def monitor_champion(project: Project, as_of: str | None) -> Monitored:
    """Monitor the champion, and record what was found."""
    refuse_unfit(project, "monitor")
    require_addresses(project)
    # a second run must know which alerts the first one has sent
    with command_lock(project, "monitor", "is being monitored by"):
        return _monitor(project, as_of)


def _monitor(project: Project, as_of: str | None) -> Monitored:
    with started(project):
        store = open_store(project)
        champion = store.fetch_champion()
    require_profile(project, champion)
    context = MonitoringContext(project, store, champion, parse_as_of(as_of, project.settings))

    print_step(f"monitoring {champion} of {project.name} on {context.as_of:%Y-%m-%d}")
    report = _report(context, examine_inputs(context), examine_outcomes(context))
    name = f"{project.env}-{report.as_of}-version-{report.version}.html"
    path = project.path(project.settings.reports) / name
    page.write(report, path)
    run = _log(context, report, path)

    reasons = "; ".join(report.reasons) or "nothing has drifted and nothing is missing"
    message = f"{champion}: {report.decision}; {reasons}; report: {project.shown(path)}"
    state = "" if report.decision == decision.HEALTHY else report.decision
    alerted = send_change(store, MonitorDetails, state, message)
    details = MonitorDetails(**dict(report.history[-1]), run=run, alerted=alerted)
    store.record(details, subject=str(report.version), as_of=str(report.as_of))
    return Monitored(message, report)


def require_profile(project: Project, champion: Version) -> None:
    """Raise MlopsError for a version with which nothing can be compared."""
    if not champion.card.profile.inputs:
        raise MlopsError(
            f"{champion} cannot be monitored: it was trained with an older template, which kept no "
            f"profile of its columns; train a new version with {project.command('train')}, then "
            "gate and promote it."
        )


def _report(context: MonitoringContext, inputs: Inputs, outcomes: Outcomes) -> MonitoringReport:
    """Decide, and return everything that was found."""
    settings = context.project.settings
    staleness = _staleness(context, inputs.columns)
    chosen, reasons = decision.decide(_findings(context, inputs, outcomes, staleness))
    summary = _summary(context, chosen, reasons, inputs, outcomes.performance)
    return MonitoringReport(
        format=MonitoringReport.FORMAT,
        project=settings.project_name,
        env=context.project.env,
        problem=settings.problem,
        as_of=summary.as_of,
        version=summary.version,
        trained_as_of=datetime.date.fromisoformat(context.card.time.as_of),
        owner=settings.team,
        decision=chosen,
        reasons=summary.reasons,
        windows=Windows(scored=inputs.window, matured=outcomes.window),
        rows=RowCounts(**dict(inputs.rows), **dict(outcomes.rows)),
        columns=tuple(inputs.columns),
        together=inputs.together,
        performance=tuple(outcomes.performance),
        calibration=outcomes.calibration,
        staleness=staleness,
        freshness=inputs.freshness,
        history=(*context.history, summary)[-HISTORY_LENGTH:],
        resources=resources(inputs.rows.scored),
    )


def _findings(
    context: MonitoringContext, inputs: Inputs, outcomes: Outcomes, staleness: Staleness
) -> list[Finding]:
    """Return all findings, in the order in which equally serious ones are reported."""
    monitoring = context.project.settings.monitoring
    return [
        *inputs.findings,
        *outcomes.findings,
        *decision.performance_findings(outcomes.performance),
        *decision.staleness_findings(staleness, monitoring.max_drifted),
        *decision.drift_findings(inputs.columns),
        *decision.domain_findings(inputs.together),
        *decision.completeness_findings(inputs.rows, monitoring.min_rows),
        *decision.label_findings(outcomes.by_batch, context.card.coverage.gate),
    ]


def _staleness(context: MonitoringContext, columns: Iterable[ColumnDrift]) -> Staleness:
    """Return what can make the champion stale."""
    settings = context.project.settings
    time = settings.time
    unit = time.period[0].upper()
    trained = pd.Timestamp(context.card.time.as_of)
    age = (context.as_of.to_period(unit) - trained.to_period(unit)).n
    limit = time.label_horizon + time.gate + settings.monitoring.max_age
    persistent = [column.persistent for column in columns if column.kind == "input"]
    drifted_share = sum(persistent) / max(len(persistent), 1)
    lost = _lost_decay(context)
    too_many_drifted = drifted_share > settings.monitoring.max_drifted
    return Staleness(
        age=age,
        limit=limit,
        period=time.period,
        drifted_share=drifted_share,
        lost=lost,
        stale=lost is not None or age > limit or too_many_drifted,
    )


def _lost_decay(context: MonitoringContext) -> LostDecay | None:
    """Return the decay of another champion from which this one has not recovered, if any."""
    metric = context.project.settings.metric
    rule = rule_of(context, metric)
    decays = context.decays_of_others()
    return decision.find_lost_decay(metric, rule, context.learned_from(), decays)


def _summary(
    context: MonitoringContext,
    chosen: Decision,
    reasons: list[str],
    inputs: Inputs,
    figures: list[Figure],
) -> MonitoringSummary:
    """Return what later runs need of this one."""
    columns = inputs.columns
    drifted = [column.label for column in columns if column.drifted]
    if inputs.together and inputs.together.drifted:
        drifted.append(TOGETHER)
    worst = max(columns, key=lambda column: column.ratio, default=None)
    return MonitoringSummary(
        as_of=context.as_of.date(),
        decision=chosen,
        version=context.number,
        reasons=tuple(reasons),
        max_psi=None if worst is None else worst.psi,
        psi_limit=None if worst is None else worst.limit,
        metrics={figure.metric: figure.value for figure in figures},
        bounds={figure.metric: figure.bound for figure in figures},
        decayed={each.metric: each.reference for each in figures if each.verdict == "decayed"},
        drifted=tuple(drifted),
    )


def _log(context: MonitoringContext, report: MonitoringReport, path: Path) -> str:
    """Log a report and its page to a new MLflow run; return the run's identifier."""
    import mlflow

    experiment = experiment_id(context.store.registry.client, context.project, ".monitor")
    run_name = f"monitor {report.as_of} v{report.version} {report.decision}"
    with mlflow.start_run(experiment_id=experiment, run_name=run_name) as run:
        mlflow.log_metrics(_measures(report) | report.resources)
        mlflow.log_dict(report.to_json(), "monitor.json")
        mlflow.log_artifact(str(path))
    return str(run.info.run_id)


def _measures(report: MonitoringReport) -> dict[str, float]:
    """Return the figures for MLflow, under names that it accepts."""
    figures: dict[str, float | None] = {
        **{figure.metric: figure.value for figure in report.performance},
        **{f"psi_{column.kind}_{column.name}": column.psi for column in report.columns},
        "domain_auc": report.together.auc if report.together else None,
        "age": report.staleness.age,
        "drifted_share": report.staleness.drifted_share,
        **dict(report.rows),
        "decision": decision.DECISIONS.index(report.decision),
    }
    return {
        re.sub(r"[^\w .-]", "_", name): float(value)
        for name, value in figures.items()
        if value is not None
    }


def _table(report: MonitoringReport) -> tuple[tuple[str, ...], ...]:
    """Return the rows of the terminal's table: figure, then, now, limit, verdict."""
    rows: list[tuple[str, ...]] = []
    for figure in report.performance:
        sign = ">=" if figure.better == "higher" else "<="
        rows.append(
            (
                figure.metric,
                _shown(figure.reference),
                f"{_shown(figure.value)} ({_shown(figure.low)} to {_shown(figure.high)})",
                f"{sign} {_shown(figure.bound)}",
                VERDICTS.get(figure.verdict, figure.verdict),
            )
        )
    if report.calibration:
        rows.append(_calibration_row(report.problem, report.calibration))
    shown = _worth_showing(report.columns)
    for column in shown:
        verdict = "drifted" if column.drifted and column.psi > column.limit else "ok"
        limit = f"<= {_shown(column.limit)}"
        rows.append((f"PSI of {column.name}", "", _shown(column.psi), limit, verdict))
        rows += [_share_row(column, share) for share in column.shares if share.drifted]
    if others := len(report.columns) - len(shown):
        rows.append((f"PSI of other inputs: {others}", "", "", "", "ok"))
    if together := report.together:
        verdict = "drifted" if together.drifted else "ok"
        limit = f"<= {_shown(together.limit)}"
        rows.append(("AUC of then against now", "0.500", _shown(together.auc), limit, verdict))
    staleness = report.staleness
    verdict = "stale" if staleness.age > staleness.limit else "ok"
    age = f"age in {staleness.period}s"
    rows.append((age, "", f"{staleness.age}", f"<= {staleness.limit}", verdict))
    return tuple(rows)


def _calibration_row(problem: Problem, calibration: CalibrationResult) -> tuple[str, ...]:
    """Return the row of the level of the predictions: predicted, observed, tolerance."""
    test = furthest(calibration.overall)
    off = any(each.verdict == "off" for each in (*calibration.overall, *calibration.bands))
    return (
        "calibration",
        write_level(problem, test.predicted),
        write_level(problem, test.observed),
        write_tolerance(problem, test.tolerance),
        "off" if off else "ok",
    )


def _share_row(column: ColumnDrift, share: ShareDrift) -> tuple[str, ...]:
    """Return the row of a share that has drifted; the interval is that of its change."""
    now = f"{_shown(share.now)} ({share.low:+.3f} to {share.high:+.3f})"
    name = f"share of {column.name} {share.of}"
    return name, _shown(share.then), now, f"± {share.limit:g}", "drifted"


def _worth_showing(columns: Sequence[ColumnDrift]) -> list[ColumnDrift]:
    """Return all columns, or of many those that have drifted, and those of the predictions."""
    if len(columns) <= MOST_COLUMNS:
        return list(columns)
    return [column for column in columns if column.drifted or column.kind == "prediction"]


def _shown(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.3f}"
