"""The report of one monitoring: a page that stands alone, drawn from its facts."""

import math
from pathlib import Path
from typing import Any

from .charts import Trend, percent
from .templates import fill, known, save

Facts = dict[str, Any]


def write(facts: Facts, path: Path) -> None:
    """Write the report of a monitoring, whole or not at all. Equal facts make equal files."""
    save(report(facts), path)


def report(facts: Facts) -> str:
    """Return the whole page."""
    columns = sorted(map(_judged, facts["columns"]), key=_order)
    trends = _trends(facts) if facts["history"] else []
    return fill("report.html", facts=facts, columns=columns, trends=trends, percent=percent)


def _judged(column: Facts) -> Facts:
    """Add what is said of a column, and which part of its limit the PSI takes."""
    psi, limit = column["psi"], column["limit"]
    said = "steady" if known(psi) else "unknown"
    if column["drifted"]:
        said = "again" if column["persistent"] else "drifted"
    return {**column, "said": said, "part": psi / limit if known(psi) and limit else None}


def _order(column: Facts) -> tuple[bool, float, str]:
    """Order columns: drifted ones first, then by the part of the limit that the PSI takes."""
    part = column["part"] if known(column["part"]) else -math.inf
    return not column["drifted"], -part, column["name"]


def _trends(facts: Facts) -> list[Trend]:
    """Return the history of each metric and of the largest PSI, each with its limit."""
    history = facts["history"]
    metrics = {metric["metric"]: metric for metric in facts["performance"]}
    earlier = [name for entry in history for name in entry["metrics"]]
    trends = []
    for name in dict.fromkeys([*metrics, *earlier]):
        rows = [
            (each["as_of"], each["metrics"].get(name), each["bounds"].get(name), each["version"])
            for each in history
        ]
        metric = metrics.get(name, {})
        interval = (metric.get("low"), metric.get("high"))
        trends.append(Trend(name, rows, metric.get("better", ""), interval))
    index = [(e["as_of"], e["max_psi"], e["psi_limit"], e["version"]) for e in history]
    return [*trends, Trend("Largest PSI", index, better="lower", floor=0)]
