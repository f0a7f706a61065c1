"""The report of `monitor`: an HTML page that needs no other file."""

from pathlib import Path

from ..figures.drift import ColumnDrift
from ..records.monitoring import MonitoringReport
from .charts import Reading, Trend, percent
from .templates import fill, save


def write(report: MonitoringReport, path: Path) -> None:
    """Write the page, whole or not at all. Equal reports make equal files."""
    save(render(report), path)


def render(report: MonitoringReport) -> str:
    """Return the page as HTML."""
    columns = sorted(report.columns, key=_order)
    return fill(
        "report.html", report=report, columns=columns, trends=_trends(report), percent=percent
    )


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
