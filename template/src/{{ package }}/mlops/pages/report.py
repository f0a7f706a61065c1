"""The report of `monitor`: an HTML page that needs no other file."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..figures.drift import POSITIVE, ColumnDrift
from ..records.monitoring import MonitoringReport, MonitoringSummary
from .card_charts import MOST_CLASSES, Chart, class_calibration, reliability
from .charts import Reading, Timeline, TimelineRow, Trend, percent
from .templates import fill, save

MOST_DRIFTED = 8  # columns in the timeline, those that drifted most often


def write(report: MonitoringReport, path: Path) -> None:
    """Write the page, whole or not at all. Equal reports make equal files."""
    save(render(report), path)


def render(report: MonitoringReport) -> str:
    """Return the page as HTML."""
    columns = sorted(report.columns, key=_order)
    decision_shares = [
        share for column in columns if column.type == "category" for share in column.shares
    ]
    return fill(
        "report.html",
        report=report,
        columns=columns,
        decision_shares=decision_shares,
        decisions_now=[share for share in decision_shares if share.of == POSITIVE],
        trends=_trends(report),
        story=_timeline(report.history),
        percent=percent,
        calibration=_calibration(report),
    )


def _calibration(report: MonitoringReport) -> list[Chart]:
    """Return the charts of the level of matured predictions; of many classes, the frequent ones."""
    if report.calibration is None:
        return []
    charts = []
    for test in report.calibration.overall[:MOST_CLASSES]:
        name = test.group.removeprefix("class ")
        if report.problem == "multiclass":
            suffix = f" of {test.group}"
            bands = [band.bin for band in report.calibration.bands if band.group.endswith(suffix)]
            charts.append(class_calibration(name, bands))
            continue
        axes = ("mean score", "share of positives")
        if report.problem == "regression":
            axes = ("mean prediction", "mean truth")
        bands = [band.bin for band in report.calibration.bands]
        charts.append(reliability("Calibration", report.problem, bands, axes))
    return charts


def _order(column: ColumnDrift) -> tuple[bool, float, str]:
    """Order columns: drifted ones first, then by the ratio of the PSI to its limit."""
    return not column.drifted, -column.ratio, column.name


def _trends(report: MonitoringReport) -> list[Trend]:
    """Return the history of each metric and of the largest PSI, each with its limit."""
    if not report.history:
        return []
    figures = {figure.metric: figure for figure in report.performance}
    earlier = [name for summary in report.history for name in summary.metrics]
    trends = []
    for name in dict.fromkeys([*figures, *earlier]):
        readings = [
            Reading(each.as_of, each.metrics.get(name), each.bounds.get(name), each.version)
            for each in report.history
        ]
        figure = figures.get(name)
        if figure is None:
            trends.append(Trend(name, readings))
        else:
            trends.append(Trend(name, readings, figure.better, (figure.low, figure.high)))
    largest = [
        Reading(each.as_of, each.max_psi, each.psi_limit, each.version) for each in report.history
    ]
    return [*trends, Trend("Largest PSI", largest, better="lower", floor=0)]


def _timeline(history: Sequence[MonitoringSummary]) -> Timeline:
    """Return the decisions of all dates, and when the columns drifted that did so most often."""
    often = Counter(label for summary in history for label in summary.drifted)
    rows = [TimelineRow("decision", [summary.decision for summary in history])]
    for label, _ in often.most_common(MOST_DRIFTED):
        styles = ["drifted" if label in summary.drifted else None for summary in history]
        rows.append(TimelineRow(label.partition(" ")[2], styles))
    return Timeline(
        days=[summary.as_of for summary in history],
        versions=[summary.version for summary in history],
        rows=rows,
    )
