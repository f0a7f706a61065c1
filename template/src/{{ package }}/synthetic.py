"""Invented loan applications, month by month, so that everything runs before there is real data.

People apply for a loan at a bank. The bank rejects some applications at once. It reviews each
granted loan three months later. Loans for holidays peak before summer and before Christmas. From
DRIFT_FROM on, brokers bring more applications, from people who earn less and default more often.
From SELF_EMPLOYED_FROM on, they bring yet more, many from the self-employed. From FUND_FROM on,
other loans default than before: a public fund helps the self-employed to pay, and brokers bring
people whom other banks have turned down.

Once `conf/` names your own tables, replace this file: `draft` writes one that invents rows like
those of yours.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.random import PCG64, Generator

DRIFT_FROM = pd.Timestamp("2026-03-01")
SELF_EMPLOYED_FROM = pd.Timestamp("2028-01-01")
FUND_FROM = pd.Timestamp("2028-02-01")

# Applications from January to December: a quiet summer, a busy end of the year.
VOLUME = (580, 560, 620, 610, 640, 600, 540, 520, 600, 620, 650, 660)
HOLIDAY_MONTHS = (5, 6, 11, 12)

# Each category's share of the applications, and what it adds to the risk.
CATEGORIES = {
    "purpose": {
        "car": (0.34, 0.0),
        "home": (0.28, -0.3),
        "refinancing": (0.22, 0.5),
        "holiday": (0.16, 0.3),
    },
    "employment": {
        "permanent": (0.58, -0.4),
        "temporary": (0.16, 0.6),
        "self-employed": (0.14, 0.4),
        "retired": (0.12, -0.2),
    },
    "housing": {"rent": (0.52, 0.2), "own": (0.34, -0.4), "family": (0.14, 0.3)},
    "channel": {"branch": (0.40, -0.2), "online": (0.44, 0.1), "broker": (0.16, 0.3)},
}
AMOUNT = {"car": 14_000, "home": 9_000, "refinancing": 11_000, "holiday": 3_500}
INCOME = {"permanent": 3_000, "temporary": 2_300, "self-employed": 3_300, "retired": 2_200}

Columns = dict[str, Any]  # name -> one value for each application


def rows(month: pd.Timestamp, seed: int) -> dict[str, pd.DataFrame]:
    """Return the rows of both tables that belong to the applications of one month.

    They depend only on `month` and `seed`, and numbers are rounded, so the same arguments give the
    same bytes on every machine.
    """
    month = pd.Timestamp(year=month.year, month=month.month, day=1)
    random = Generator(PCG64([seed, month.year, month.month]))
    applicants = _applicants(month, random)
    outcomes = _outcomes(applicants, _risk(applicants, month), random)
    return {
        "applications": pd.DataFrame(_as_stated(applicants, random)),
        "outcomes": pd.DataFrame(outcomes),
    }


def _applicants(month: pd.Timestamp, random: Generator) -> Columns:
    """Draw the applicants and the loans they apply for."""
    count = VOLUME[month.month - 1]
    customer = random.integers(40_000, size=count)
    older = customer % 2 == 0
    days = np.sort(random.integers(month.days_in_month, size=count))
    text = {name: _draw(_shares(name, month), count, random) for name in CATEGORIES}
    if month >= SELF_EMPLOYED_FROM:
        brought = (text["channel"] == "broker") & (random.random(count) < 0.5)
        text["employment"] = np.where(brought, "self-employed", text["employment"])
    amount = _look_up(AMOUNT, text["purpose"]) * np.exp(random.normal(0, 0.6, count))
    income = _look_up(INCOME, text["employment"]) * np.exp(random.normal(0, 0.35, count))
    if month >= DRIFT_FROM:
        income *= np.where(text["channel"] == "broker", 0.85, 1.0)
    return {
        "application_id": [f"{month:%Y-%m}-{number:04d}" for number in range(1, count + 1)],
        "customer_id": [f"C{number:05d}" for number in customer],
        "applied_on": month + pd.to_timedelta(days, unit="D"),
        "age_band": np.where(older, "40 and over", "under 40"),
        **text,
        "amount": amount.clip(500, 60_000).round(-2),
        "term_months": random.choice([12, 24, 36, 48, 60, 72], size=count),
        "income": income.round(-1),
        "other_debts": (0.4 * income * random.random(count) ** 2).round(-1),
        "years_employed": random.exponential(np.where(older, 8, 4)).clip(0, 40).round(1),
        "late_payments": random.poisson(0.6, count),
        "has_account": customer % 7 < 4,
    }


def _shares(name: str, month: pd.Timestamp) -> dict[str, float]:
    """Return the share of each category in a month, with season and drift."""
    shares = {category: share for category, (share, _) in CATEGORIES[name].items()}
    if name == "purpose" and month.month in HOLIDAY_MONTHS:
        shares["holiday"] *= 1.6
    if name == "channel" and month >= DRIFT_FROM:
        shares["broker"] *= 2.5
    if name == "channel" and month >= SELF_EMPLOYED_FROM:
        shares["broker"] *= 2.5
    return shares


def _risk(applicants: Columns, month: pd.Timestamp) -> np.ndarray:
    """Return the risk of each loan, on a scale without a unit."""
    instalment = applicants["amount"] / applicants["term_months"]
    burden = (instalment + applicants["other_debts"]) / applicants["income"]
    risk: np.ndarray = 1.2 * np.log(burden.clip(0.03, 2.0) / 0.3)
    risk += 0.8 * applicants["late_payments"].clip(max=4)
    risk -= 0.08 * applicants["years_employed"].clip(max=15)
    risk -= 0.4 * applicants["has_account"]
    for name, categories in CATEGORIES.items():
        extra = {category: extra for category, (_, extra) in categories.items()}
        risk += _look_up(extra, applicants[name])
    if month >= DRIFT_FROM:
        risk += 0.5 * (applicants["channel"] == "broker")
    if month >= FUND_FROM:
        risk -= 3.5 * (applicants["employment"] == "self-employed")
        risk += 1.2 * (applicants["channel"] == "broker")
    return risk


def _outcomes(applicants: Columns, risk: np.ndarray, random: Generator) -> Columns:
    """Draw the bank's decisions and the results of its reviews; rejected loans have no review."""
    granted = risk + random.logistic(0, 1, len(risk)) < 3.0
    distress = risk + random.logistic(0, 0.9, len(risk))
    reviewed_on = applicants["applied_on"] + pd.DateOffset(months=3)
    grade = np.select([distress > 1.6, distress > -0.8], ["C", "B"], "A")
    loss_rate = (1 / (1 + np.exp(1.8 - 0.9 * distress))).round(4)
    return {
        "application_id": applicants["application_id"],
        "applied_on": applicants["applied_on"],
        "decision": np.where(granted, "granted", "rejected"),
        "reviewed_on": reviewed_on.where(granted),
        "defaulted": np.where(granted, grade == "C", np.nan),
        "grade": pd.Series(grade).where(granted),
        "loss_rate": np.where(granted, loss_rate, np.nan),
    }


def _as_stated(applicants: Columns, random: Generator) -> Columns:
    """Leave out what applicants did not state; branches ask more persistently."""
    missing = {"employment": 0.04, "income": 0.08, "years_employed": 0.12}
    stated = dict(applicants)
    for name, share in missing.items():
        often = np.where(applicants["channel"] == "branch", 0.3 * share, share)
        stated[name] = pd.Series(applicants[name]).mask(random.random(len(often)) < often)
    return stated


def _draw(shares: dict[str, float], count: int, random: Generator) -> np.ndarray:
    weights = np.array(list(shares.values()))
    return random.choice(list(shares), size=count, p=weights / weights.sum())


def _look_up(figures: dict[str, Any], categories: np.ndarray) -> np.ndarray:
    return np.array([figures[category] for category in categories], dtype="float64")
