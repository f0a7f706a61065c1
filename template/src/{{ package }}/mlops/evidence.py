"""What a report's verdict rests on: performance, drift and distributions, as tables and charts."""

import math
from datetime import date
from typing import Any

from .charts import bars, known, meter, number, share
from .page import Content, Html, badge, card, element, section, table
from .trends import Trend

Facts = dict[str, Any]

MOST_PICTURES = 12  # of distributions; the table names every column
UNKNOWN = ("none", "unknown")
COLUMN_VERDICTS = {
    "again": ("bad", "drifted again"),
    "drifted": ("warn", "drifted"),
    "steady": ("good", "steady"),
    "unknown": UNKNOWN,
}
METRIC_VERDICTS = {"ok": ("good", "holds"), "decayed": ("bad", "decayed")}
TREND_LEGEND = (
    ("value", "value"),
    ("interval", "its 95% interval"),
    ("limit", "limit"),
    ("breach", "beyond the limit"),
)
THEN_AND_NOW = (("then", "then"), ("now", "now"))


def trends(facts: Facts) -> Html:
    """Return the history of each metric and of the largest PSI, each with its limit."""
    history = facts["history"]
    if not history:
        return section(
            "Trends", element("p", "They begin with the next monitoring.", class_="note")
        )
    metrics = {metric["metric"]: metric for metric in facts["performance"]}
    earlier = [name for entry in history for name in entry["metrics"]]
    names = dict.fromkeys([*metrics, *earlier])
    shown = [*(_metric_trend(history, name, metrics.get(name, {})) for name in names)]
    cards = map(_trend, [*shown, _psi_trend(history)])
    return section("Trends", _legend(TREND_LEGEND), element("div", *cards, class_="cards"))


def performance(metrics: list[Facts]) -> Html:
    """Return a table of each metric's figures."""
    columns = ("Metric", "Verdict", "Now", "95% interval", "Reference", "Bound", "Events")
    rows = map(_metric_row, metrics)
    return section(
        "Performance",
        table("Metrics of the matured rows", columns, rows)
        if metrics
        else element("p", "No metric could be computed for this window.", class_="note"),
    )


def drift(found: list[Facts]) -> Html:
    """Return a table of all columns, drifted ones first."""
    columns = (
        "Column",
        "Verdict",
        "PSI",
        "Against limit",
        "Limit",
        "KS",
        "Missing then",
        "Missing now",
    )
    rows = map(_column_row, sorted(found, key=_by_drift))
    return section(
        "Drift",
        table("Columns then and now", columns, rows)
        if found
        else element("p", "No column could be compared for this window.", class_="note"),
    )


def column_verdict(column: Facts) -> str:
    """Return what is said of a column: again, drifted, steady or unknown."""
    if column["drifted"]:
        return "again" if column["persistent"] else "drifted"
    return "steady" if known(column["psi"]) else "unknown"


def distributions(columns: list[Facts]) -> Html | None:
    """Return pictures of the drifted columns, then and now."""
    drifted = [column for column in sorted(columns, key=_by_drift) if column["drifted"]]
    if not drifted:
        return None
    left = len(drifted) - MOST_PICTURES
    rest = f"{left} more drifted: the table above has their figures." if left > 0 else None
    return section(
        "Drifted columns, then and now",
        _legend(THEN_AND_NOW),
        element("div", *map(_distribution, drifted[:MOST_PICTURES]), class_="cards"),
        element("p", rest, class_="note") if rest else None,
    )


def _metric_row(metric: Facts) -> tuple[Content, ...]:
    low, high, bound = metric["low"], metric["high"], number(metric["bound"])
    side = "≥" if metric["better"] == "higher" else "≤"
    return (
        metric["metric"],
        badge(*METRIC_VERDICTS.get(metric["verdict"], UNKNOWN)),
        number(metric["value"]),
        f"{number(low)} to {number(high)}" if known(low) and known(high) else "n/a",
        number(metric["reference"]),
        f"{side} {bound}" if known(metric["bound"]) else bound,
        number(metric["events"]),
    )


def _column_row(column: Facts) -> tuple[Content, ...]:
    is_prediction = column["kind"] == "prediction"
    return (
        element("span", column["name"], element("small", "prediction") if is_prediction else None),
        badge(*COLUMN_VERDICTS[column_verdict(column)]),
        number(column["psi"]),
        meter(column["psi"], column["limit"]),
        number(column["limit"]),
        number(column["ks"]),
        share(column["missing_then"]),
        share(column["missing_now"]),
    )


def _by_drift(column: Facts) -> tuple[bool, float, str]:
    """Order columns: drifted ones first, then by the part of the limit that the PSI takes."""
    psi, limit = column["psi"], column["limit"]
    part = psi / limit if known(psi) and limit else -math.inf
    return not column["drifted"], -part, column["name"]


def _metric_trend(history: list[Facts], name: str, metric: Facts) -> Trend:
    return Trend(
        name=name,
        dates=[date.fromisoformat(entry["as_of"]) for entry in history],
        values=[entry["metrics"].get(name) for entry in history],
        limits=[entry["bounds"].get(name) for entry in history],
        versions=[entry["version"] for entry in history],
        better=metric.get("better", ""),
        interval=(metric.get("low"), metric.get("high")),
    )


def _psi_trend(history: list[Facts]) -> Trend:
    return Trend(
        name="Largest PSI",
        dates=[date.fromisoformat(entry["as_of"]) for entry in history],
        values=[entry["max_psi"] for entry in history],
        limits=[entry["psi_limit"] for entry in history],
        versions=[entry["version"] for entry in history],
        better="lower",
        floor=0,
    )


def _trend(trend: Trend) -> Html:
    columns = ("As of", trend.name, "Limit", "Version")
    listed = zip(trend.dates, trend.values, trend.limits, trend.versions, strict=True)
    rows = [
        (str(day), number(value), number(limit), number(version))
        for day, value, limit, version in listed
    ]
    note = f"{number(trend.values[-1])}, limit {number(trend.limits[-1])}"
    data = table(f"{trend.name} over time", columns, rows)
    return card(trend.name, note, trend.draw(), data)


def _distribution(column: Facts) -> Html:
    name, bins, then, now = (column[key] for key in ("name", "bins", "then", "now"))
    shares = zip(bins, then, now, strict=True)
    rows = [(label, share(one), share(other)) for label, one, other in shares]
    data = table(f"Share of rows in each bin of {name}", ("Bin", "Then", "Now"), rows)
    note = f"PSI {number(column['psi'])}, limit {number(column['limit'])}"
    return card(name, note, bars(name, bins, then, now), data)


def _legend(entries: tuple[tuple[str, str], ...]) -> Html:
    """Return what the marks of the charts below mean."""
    marks = (
        element("li", element("span", class_=f"key {style}", aria_hidden="true"), meaning)
        for style, meaning in entries
    )
    return element("ul", *marks, class_="legend")
