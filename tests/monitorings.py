"""Invented monitoring results, as `monitor --json` prints them, for the tests of the report."""

import math
from collections.abc import Callable
from typing import Any

Facts = dict[str, Any]

NUMBERS = ("income", "age", "loan_amount", "term_months", "debt_ratio", "savings", "open_lines")
CATEGORIES = ("region", "purpose", "employment")


def healthy() -> Facts:
    """Return the fifth quiet month of a binary model."""
    months = [month(2026, number) for number in range(2, 7)]
    values = (0.781, 0.774, 0.786, 0.779, 0.783)
    return {
        "format": 2,
        "project": "loan-risk",
        "env": "prod",
        "problem": "binary",
        "as_of": "2026-06-01",
        "version": 4,
        "trained_as_of": "2026-01-01",
        "owner": "Credit Risk <credit@bank.example>",
        "decision": "healthy",
        "reasons": [],
        "windows": {"scored": "2026-05-01..2026-06-01", "matured": "2026-02-01..2026-03-01"},
        "rows": rows(),
        "columns": [
            *(numeric(name, psi=0.02 + place / 150) for place, name in enumerate(NUMBERS)),
            *(category(name, psi=0.03) for name in CATEGORIES),
            {**numeric("score", psi=0.041), "kind": "prediction"},
        ],
        "performance": [
            metric("auc", 0.783, reference=0.790, bound=0.740),
            metric("brier", 0.142, reference=0.139, bound=0.155, better="lower"),
        ],
        "staleness": staleness(age=5, drifted_share=0.0),
        "freshness": {"newest_row": "2026-05-31", "late": False},
        "history": [
            past(day, version=4, max_psi=0.05 + 0.006 * place, auc=value, brier=0.14)
            for place, (day, value) in enumerate(zip(months, values, strict=True))
        ],
        "resources": {"wall_seconds": 2.1, "cpu_seconds": 2.0, "peak_memory_mb": 272},
    }


def decayed() -> Facts:
    """Return a month with new and persistent drift, in which the model has lost its power."""
    facts = healthy()
    history = [past(month(2025, n), version=3, max_psi=0.06, auc=0.77, brier=0.14) for n in (9, 10)]
    falling = (0.781, 0.771, 0.752, 0.731, 0.702, 0.662)
    rising = (0.051, 0.060, 0.088, 0.131, 0.204, 0.312)
    for number, (value, psi) in enumerate(zip(falling, rising, strict=True), start=1):
        entry = past(
            month(2026, number), version=4, max_psi=psi, auc=value, brier=0.22 - value / 10
        )
        entry["decision"] = "investigate" if number in (4, 5) else "healthy"
        history.append(entry)
    history[-1]["decision"] = "retrain"
    drifted = [
        {**numeric("income", psi=0.312), "persistent": True, "missing_now": 0.084},
        {**category("purpose", psi=0.173), "persistent": True},
        numeric("debt_ratio", psi=0.134),
    ]
    others = [column for column in facts["columns"] if column["name"] not in _names(drifted)]
    return facts | {
        "decision": "retrain",
        "reasons": [
            "auc fell from 0.790 to 0.662 (95% interval 0.613 to 0.704), below its bound of 0.740.",
            "3 of 11 columns drifted: income again (PSI 0.312), purpose again (0.173), debt_ratio.",
            "8.4% of income is missing, against 2.0% in training.",
        ],
        "columns": [*others, *drifted],
        "performance": [
            metric("auc", 0.662, reference=0.790, bound=0.740, verdict="decayed"),
            metric("brier", 0.154, reference=0.139, bound=0.155, better="lower"),
        ],
        "staleness": staleness(age=5, drifted_share=3 / 11),
        "history": history,
    }


def first_month() -> Facts:
    """Return a first month, without history, outcomes or known figures."""
    facts = healthy()
    gone = {**numeric("savings", psi=0.02), "ks": None, "missing_now": 1.0, "drifted": False}
    unmatured = metric("auc", None, reference=0.790, bound=None, verdict="unknown")
    learned = metric("brier", None, reference=0.139, bound=None, verdict="seen in training")
    return facts | {
        "env": "dev",
        "decision": "investigate",
        "version": 1,
        "owner": "",
        "reasons": [
            "No outcome is known yet: the first rows mature on 2026-09-01.",
            "savings is missing in every row.",
        ],
        "windows": {"scored": "all rows", "matured": "2026-02-01..2026-03-01"},
        "rows": {**rows(), "usual": None, "matured": 0, "expected": 0, "coverage": None},
        "columns": [*({**category(name, psi=0.03), "ks": None} for name in CATEGORIES), gone],
        "performance": [unmatured, learned],
        "staleness": staleness(age=0, drifted_share=0.0),
        "freshness": {"newest_row": None, "late": True},
        "history": [],
    }


def regression() -> Facts:
    """Return a month of a regression model that is late and stale."""
    facts = healthy()
    maes = (1180.0, 1205.5, None, 1240.2, 1262.8)
    history = [
        {**entry, "metrics": {"mae": mae, "r2": 0.61}, "bounds": {"mae": 1300.0, "r2": 0.55}}
        for entry, mae in zip(facts["history"], maes, strict=True)
    ]
    history[-1]["decision"] = "investigate"
    return facts | {
        "project": "loss-given-default",
        "problem": "regression",
        "decision": "investigate",
        "reasons": [
            "The newest row is of 2026-04-19, 42 days before 2026-06-01: delivery is late."
        ],
        "columns": [
            *facts["columns"][:8],
            {**numeric("value", psi=0.058), "kind": "prediction"},
        ],
        "performance": [
            metric("mae", 1262.8, reference=1150.4, bound=1300.0, better="lower"),
            metric("r2", 0.61, reference=0.64, bound=0.55),
        ],
        "freshness": {"newest_row": "2026-04-19", "late": True},
        "staleness": staleness(age=7, drifted_share=0.0) | {"stale": True},
        "history": history,
    }


def multiclass() -> Facts:
    """Return two years of a model with many columns, more of them drifted than are drawn."""
    facts = healthy()
    days = [month(2024 + number // 12, number % 12 + 1) for number in range(24)]
    names = [f"{name}_{window}m" for name in CATEGORIES + NUMBERS for window in (1, 3, 12)]
    columns = [numeric(name, psi=0.05 + 0.008 * place) for place, name in enumerate(names)]
    return facts | {
        "project": "complaint-routing",
        "problem": "multiclass",
        "decision": "investigate",
        "reasons": ["21 of 30 columns drifted for the first time; no metric decayed."],
        "columns": columns,
        "performance": [
            metric("accuracy", 0.842, reference=0.851, bound=0.820),
            metric("macro_f1", 0.803, reference=0.815, bound=0.780),
            metric("auc_ovr", 0.948, reference=0.951, bound=0.930),
            metric("log_loss", 0.462, reference=0.447, bound=0.500, better="lower"),
        ],
        "history": [
            {
                **past(day, version=1 + place // 9, max_psi=0.06 + 0.02 * (place % 7)),
                "metrics": {
                    "accuracy": 0.84 + 0.01 * math.sin(place),
                    "macro_f1": 0.80 + 0.01 * math.cos(place),
                    "auc_ovr": 0.948,
                    "log_loss": 0.46 + 0.02 * math.sin(place / 3),
                },
                "bounds": {"accuracy": 0.82, "macro_f1": 0.78, "auc_ovr": 0.93, "log_loss": 0.5},
            }
            for place, day in enumerate(days)
        ],
    }


def hostile() -> Facts:
    """Return a result in which every text is markup or far too long."""
    markup = "</td></style></title><script>alert('&amp;')</script><b title=\"x\">\ud800"
    facts = decayed()
    name = markup + "_and_a_very_long_name_without_any_place_to_break" * 3
    column = {**category(name, psi=0.5), "persistent": True}
    bins = [markup, "w" * 80, *column["bins"][2:]]
    entries = [
        {**entry, "metrics": {markup: entry["metrics"]["auc"]}, "bounds": {markup: 0.74}}
        for entry in facts["history"]
    ]
    return facts | {
        "project": markup,
        "env": markup,
        "owner": f"{markup} <{markup}>",
        "reasons": [markup, "w" * 200],
        "columns": [{**column, "bins": bins}, *facts["columns"]],
        "performance": [metric(markup, 0.662, reference=0.790, bound=0.740, verdict="decayed")],
        "history": entries,
    }


def miscalibrated() -> Facts:
    """Return a month in which a model ranks as before, and far more defaults than it predicts."""
    reason = "the level of the model is off: 22.4% observed (95% interval 17.9% to 26.9%), 14.0%"
    changes = {"decision": "investigate", "reasons": [reason], "calibration": levels(factor=1.6)}
    return healthy() | changes


def calibrated_classes() -> Facts:
    """Return a month of a multiclass model whose classes all have the right level."""
    return multiclass() | {
        "calibration": levels(("class billing", "class cards", "class transfer"))
    }


EXAMPLES: dict[str, Callable[[], Facts]] = {
    make.__name__: make
    for make in (
        healthy,
        decayed,
        first_month,
        regression,
        multiclass,
        hostile,
        miscalibrated,
        calibrated_classes,
    )
}


def month(year: int, number: int) -> str:
    return f"{year}-{number:02}-01"


def rows() -> Facts:
    return {
        "scored": 12840,
        "read": 12840,
        "usual": 12500.0,
        "doubled": 0,
        "matured": 11960,
        "expected": 12100,
        "without_prediction": 0,
        "unknown_keys": 2,
        "coverage": 0.931,
    }


def staleness(age: int, drifted_share: float) -> Facts:
    drifted = {"drifted_share": drifted_share, "stale": False}
    return {"age": age, "limit": 6, "period": "month", "lost": None, **drifted}


def numeric(name: str, psi: float) -> Facts:
    """Return a numeric column whose upper bins have grown, the more the higher its PSI."""
    edges = [f"{200 * step:,} to {200 * (step + 1):,}" for step in range(1, 9)]
    bins = ["<= 200", *edges, "> 1,800", "missing"]
    tilt = [1 + 2 * psi * (step - 4.5) / 4.5 for step in range(10)]
    then = [0.098] * 10 + [0.02]
    now = [round(0.098 * weight, 4) for weight in tilt] + [0.02]
    return _column(name, "number", psi) | {"bins": bins, "then": then, "now": now}


def category(name: str, psi: float) -> Facts:
    bins = ["north", "south", "east", "west", "other"]
    then = [0.4, 0.3, 0.2, 0.08, 0.02]
    now = [0.4 - psi / 2, 0.3, 0.2, 0.08 + psi / 2, 0.02]
    return _column(name, "category", psi) | {"bins": bins, "then": then, "now": now}


def metric(name: str, value: float | None, **more: Any) -> Facts:
    """Return a metric's figures, with an interval of 6% on either side."""
    low, high = (None, None) if value is None else (value * 0.94, value * 1.06)
    known = {"metric": name, "value": value, "low": low, "high": high, "better": "higher"}
    return {**known, "verdict": "ok", "events": 0 if value is None else 488, **more}


def levels(names: tuple[str, ...] = ("all rows",), factor: float = 1.0) -> Facts:
    """Return tests of the level; `factor` times as much is observed as is predicted."""
    bands = [
        level(f"band {place}{f' of {name}' if len(names) > 1 else ''}", 0.03 * place, factor)
        for name in names
        for place in range(1, 11)
    ]
    return {"overall": [level(name, 0.14, factor) for name in names], "bands": bands}


def level(group: str, predicted: float, factor: float) -> Facts:
    observed = predicted * factor
    return {
        "group": group,
        "rows": 310,
        "predicted": predicted,
        "observed": observed,
        "low": observed * 0.8,
        "high": observed * 1.2,
        "deviation": factor - 1,
        "p_value": 0.0002 if factor > 1.5 else 0.61,
        "tolerance": 0.25,
        "verdict": "off" if factor > 1.5 else "ok",
    }


def past(day: str, version: int, max_psi: float, **metrics: float) -> Facts:
    bounds = {"auc": 0.74, "brier": 0.155}
    return {
        "as_of": day,
        "decision": "healthy",
        "version": version,
        "reasons": [],
        "max_psi": max_psi,
        "psi_limit": 0.12,
        "metrics": metrics,
        "bounds": {name: bounds[name] for name in metrics},
        "decayed": {},
        "drifted": [],
    }


def _column(name: str, kind: str, psi: float) -> Facts:
    return {
        "name": name,
        "kind": "input",
        "type": kind,
        "psi": psi,
        "limit": 0.12,
        "ks": psi / 2,
        "missing_then": 0.02,
        "missing_now": 0.02,
        "drifted": psi > 0.12,
        "persistent": False,
    }


def _names(columns: list[Facts]) -> set[str]:
    return {column["name"] for column in columns}
