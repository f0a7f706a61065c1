"""The report of one monitoring: a page that stands alone, drawn from its facts."""

import math
from datetime import date
from pathlib import Path
from typing import Any

from .charts import bars, meter
from .page import fill, known, number, save, word
from .trends import Trend

Facts = dict[str, Any]
Badge = tuple[str, str]  # a colour and what it says

MOST_PICTURES = 12  # of distributions; the table names every column
UNKNOWN = ("none", "unknown")
COLUMN_VERDICTS = {
    "again": ("bad", "drifted again"),
    "drifted": ("warn", "drifted"),
    "steady": ("good", "steady"),
    "unknown": UNKNOWN,
}
METRIC_VERDICTS = {"ok": ("good", "holds"), "decayed": ("bad", "decayed")}
LATE = {True: ("bad", "late"), False: ("good", "on time")}
STALE = {True: ("bad", "stale"), False: ("good", "not stale")}

# decision -> its colour, sign and word, and what it asks for
DECISIONS = {
    "healthy": ("good", "✓", "Healthy", "Nothing calls for action."),
    "investigate": ("warn", "!", "Investigate", "Someone should find out why, then decide."),
    "retrain": ("bad", "↻", "Retrain", "The model should be trained anew."),
}


def write(facts: Facts, path: Path) -> None:
    """Write the report of a monitoring, whole or not at all. Equal facts make equal files."""
    save(report(facts), path)


def report(facts: Facts) -> str:
    """Return the whole page."""
    columns = [{**column, "said": _said(column)} for column in sorted(facts["columns"], key=_order)]
    period = facts["staleness"]["period"]
    parts = ("colour", "sign", "name", "advice")
    return fill(
        "report.html",
        facts=facts,
        decisions={name: dict(zip(parts, of, strict=True)) for name, of in DECISIONS.items()},
        tiles=_tiles(facts, [column["said"] for column in columns]),
        trends=_trends(facts),
        columns=columns,
        drifted=[column for column in columns if column["drifted"]],
        most=MOST_PICTURES,
        metric_verdicts=METRIC_VERDICTS,
        column_verdicts=COLUMN_VERDICTS,
        unknown=UNKNOWN,
        age=lambda age: f"{number(age)} {period}{'' if age == 1 else 's'}",
        bars=bars,
        meter=meter,
    )


def _said(column: Facts) -> str:
    """Return what is said of a column: again, drifted, steady or unknown."""
    if column["drifted"]:
        return "again" if column["persistent"] else "drifted"
    return "steady" if known(column["psi"]) else "unknown"


def _order(column: Facts) -> tuple[bool, float, str]:
    """Order columns: drifted ones first, then by the part of the limit that the PSI takes."""
    psi, limit = column["psi"], column["limit"]
    part = psi / limit if known(psi) and limit else -math.inf
    return not column["drifted"], -part, column["name"]


def _tiles(facts: Facts, columns: list[str]) -> dict[str, tuple[str, Badge]]:
    """Return the figures that one looks at first, each with what it is measured by."""
    stale, fresh, rows = facts["staleness"], facts["freshness"], facts["rows"]
    metrics = [metric["verdict"] for metric in facts["performance"]]
    age = f"{number(stale['age'])} {stale['period']}{'' if stale['age'] == 1 else 's'}"
    return {
        "Metrics that hold": _tally(metrics, "ok", ("bad", "decayed")),
        "Columns that are steady": _tally(columns, "steady", ("warn", "drifted")),
        "Age of the model": (age, STALE.get(stale["stale"], UNKNOWN)),
        "Newest row": (word(fresh["newest_row"]), LATE.get(fresh["late"], UNKNOWN)),
        "Rows scored": (number(rows["scored"]), ("none", f"{number(rows['matured'])} matured")),
    }


def _tally(verdicts: list[str], good: str, bad: Badge) -> tuple[str, Badge]:
    """Return how many of how many are good, and how many are not, or not known to be."""
    if not verdicts:
        return "n/a", UNKNOWN
    fine, unknown = verdicts.count(good), verdicts.count("unknown")
    if troubled := len(verdicts) - fine - unknown:
        verdict = (bad[0], f"{troubled} {bad[1]}")
    else:
        verdict = ("none", f"{unknown} unknown") if unknown else ("good", f"none {bad[1]}")
    return f"{fine} of {len(verdicts)}", verdict


def _trends(facts: Facts) -> list[Trend]:
    """Return the history of each metric and of the largest PSI, each with its limit."""
    history = facts["history"]
    metrics = {metric["metric"]: metric for metric in facts["performance"]}
    earlier = [name for entry in history for name in entry["metrics"]]

    def trend(name: str, values: list[Any], limits: list[Any], **more: Any) -> Trend:
        dates = [date.fromisoformat(entry["as_of"]) for entry in history]
        return Trend(name, dates, values, limits, [e["version"] for e in history], **more)

    found = []
    for name in dict.fromkeys([*metrics, *earlier]):
        metric = metrics.get(name, {})
        values = [entry["metrics"].get(name) for entry in history]
        limits = [entry["bounds"].get(name) for entry in history]
        interval = (metric.get("low"), metric.get("high"))
        found.append(
            trend(name, values, limits, better=metric.get("better", ""), interval=interval)
        )
    values, limits = ([entry[key] for entry in history] for key in ("max_psi", "psi_limit"))
    largest = trend("Largest PSI", values, limits, better="lower", floor=0)
    return [*found, largest] if history else []
