"""Small invented tables of shapes that the example does not have, one function for each."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import Generator, default_rng

KINDS = [f"kind {number:02d}" for number in range(20)]


def chance(logit: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return probabilities."""
    found: npt.NDArray[np.float64] = 1 / (1 + np.exp(-np.asarray(logit, "float64")))
    return found


def moments(random: Generator, start: str, months: int, rows: int) -> pd.DataFrame:
    """Return a row number and a moment for each row, so many rows a month."""
    firsts = pd.date_range(start, periods=months, freq="MS").repeat(rows)
    days = pd.to_timedelta(random.integers(0, 28 * 24 * 60, len(firsts)), unit="min")
    seen_on = pd.Series(firsts + days).sort_values(ignore_index=True)
    return pd.DataFrame({"seen_on": seen_on})


def gaps() -> pd.DataFrame:
    """Return households without dates; whole numbers and flags have gaps, the target is whole."""
    random = default_rng(1)
    count = 1_500
    rows = pd.DataFrame({"household": range(count)})
    rows["rooms"] = random.integers(1, 8, count)
    children = random.integers(0, 5, count)
    owner = random.random(count) < 0.4
    insured = random.random(count) < 0.7
    region = random.choice(["north", "south", "west"], count)
    mean = np.exp(-0.5 + 0.2 * rows["rooms"] + 0.2 * children + 0.4 * owner + 0.5 * insured)
    rows["children"] = pd.array(children, "Int64")
    rows["owner"] = owner
    rows["insured"] = pd.array(insured, "boolean")
    rows["region"] = region
    for name in ("children", "insured", "region"):
        rows.loc[random.random(count) < 0.1, name] = None
    rows["claims"] = random.poisson(mean)
    return rows


def wide() -> pd.DataFrame:
    """Return customers with 300 numbers, of which ten matter."""
    random = default_rng(2)
    count = 1_500
    values = random.normal(size=(count, 300)).round(3)
    numbers = pd.DataFrame(values, columns=[f"ratio_{number:03d}" for number in range(300)])
    logit = numbers.iloc[:, :10].sum(axis="columns") * 0.6 - 0.3
    left = random.random(count) < chance(logit)
    numbers = numbers.mask(random.random(numbers.shape) < 0.05)
    names = pd.DataFrame({"customer": [f"C{number:05d}" for number in range(count)]})
    names["segment"] = random.choice(["a", "b", "c"], count)
    found: pd.DataFrame = pd.concat([names, numbers], axis="columns")
    return found.assign(left=left.astype(int))


def classes() -> pd.DataFrame:
    """Return card payments of 20 kinds, of which the rarest has 2%."""
    random = default_rng(3)
    rows = moments(random, "2025-07-01", 6, 1_000)
    count = len(rows)
    shares = 1 / np.linspace(1, 6, 20)
    kind = random.choice(20, count, p=shares / shares.sum())
    rows["payment"] = [f"P{number:06d}" for number in range(count)]
    rows["amount"] = np.exp(2 + kind % 5 * 0.8 + random.normal(0, 0.3, count)).round(2)
    rows["hour"] = np.clip((8 + kind // 5 * 3 + random.normal(0, 1, count)).astype(int), 0, 23)
    seen = np.where(random.random(count) < 0.7, kind // 2, random.integers(0, 10, count))
    rows["terminal"] = [f"T{number}" for number in seen]
    rows["abroad"] = random.random(count) < np.where(kind % 2, 0.6, 0.1)
    rows["kind"] = [KINDS[number] for number in kind]
    rows["known_on"] = rows["seen_on"]
    return rows


def rare() -> pd.DataFrame:
    """Return transfers, of which 0.4% are fraud."""
    random = default_rng(4)
    rows = moments(random, "2025-01-01", 12, 5_000)
    count = len(rows)
    rows["transfer"] = [f"T{number:06d}" for number in range(count)]
    rows["amount"] = np.exp(random.normal(5, 1, count)).round(2)
    rows["account_age"] = random.exponential(5, count).round(2)
    rows["payees"] = random.poisson(4, count)
    rows["new_device"] = random.random(count) < 0.1
    rows["country"] = random.choice(["DE", "FR", "NL", "XX"], count, p=[0.7, 0.15, 0.1, 0.05])
    logit = -9.5 + 0.7 * np.log(rows["amount"]) + 2 * rows["new_device"]
    logit += 2 * (rows["country"] == "XX") - 0.1 * rows["account_age"]
    rows["fraud"] = (random.random(count) < chance(logit)).astype(int)
    rows["known_on"] = rows["seen_on"] + pd.DateOffset(months=1)
    return rows


def panel() -> pd.DataFrame:
    """Return accounts in each month, all of them dated the first of the month."""
    random = default_rng(5)
    accounts = 400
    trait = random.normal(0, 1.5, accounts)
    limit = random.choice([1_000.0, 2_000.0, 5_000.0], accounts)
    arrears: list[Any] = []  # one array for each month
    months = []
    for month in pd.date_range("2024-10-01", periods=15, freq="MS"):
        balance = (limit * random.beta(2, 3, accounts)).round(2)
        logit = -2.2 + trait + 2 * balance / limit
        late = (random.random(accounts) < chance(logit)).astype(int)
        rows = pd.DataFrame({"account": [f"A{each:04d}" for each in range(accounts)]})
        rows["seen_on"] = month
        rows["balance"] = balance
        rows["limit"] = limit
        rows["late_in_quarter"] = sum(arrears[-3:], start=np.zeros(accounts, dtype=int))
        rows["salary_account"] = trait < random.normal(0, 1, accounts)
        rows["late"] = late
        rows["known_on"] = month + pd.DateOffset(months=1)
        months.append(rows)
        arrears.append(late)
    rows = pd.concat(months[3:], ignore_index=True)
    return rows.assign(account_month=rows["account"] + " " + rows["seen_on"].dt.strftime("%Y-%m"))


def horizon() -> pd.DataFrame:
    """Return loans, of which it is known after 12 months whether they were in default."""
    random = default_rng(6)
    rows = moments(random, "2023-05-01", 32, 400)
    count = len(rows)
    rows["loan"] = [f"L{number:05d}" for number in range(count)]
    rows["amount"] = np.exp(random.normal(9, 0.6, count)).round()
    rows["income"] = np.exp(random.normal(8, 0.4, count)).round()
    rows["debts"] = random.exponential(500, count).round()
    rows["sector"] = random.choice(["retail", "trade", "farming"], count)
    logit = -2.9 + 0.25 * rows["amount"] / rows["income"] + rows["debts"] / 800
    rows["defaulted"] = (random.random(count) < chance(logit)).astype(int)
    rows.loc[random.random(count) < 0.05, "income"] = None
    rows["known_on"] = rows["seen_on"] + pd.DateOffset(months=12)
    return rows


def demand() -> pd.DataFrame:
    """Return what each store sold on each day; most on Saturdays, little on Sundays."""
    random = default_rng(7)
    days = pd.date_range("2025-09-01", "2025-12-31")
    stores = [f"S{number:02d}" for number in range(25)]
    rows = pd.MultiIndex.from_product([days, stores], names=["seen_on", "store"]).to_frame(False)
    count = len(rows)
    size = dict(zip(stores, np.exp(random.normal(3.5, 0.5, len(stores))), strict=True))
    week = np.array([1.0, 0.9, 0.95, 1.1, 1.4, 1.7, 0.3])
    rows["weekday"] = rows["seen_on"].dt.day_of_week.astype("int64")
    rows["promotion"] = random.random(count) < 0.15
    rows["price"] = random.uniform(2, 4, count).round(2)
    mean = rows["store"].map(size) * week[rows["weekday"]] * (1 + 0.5 * rows["promotion"])
    rows["sold"] = random.poisson(mean * (1 - 0.15 * (rows["price"] - 3)))
    rows["sold_week_before"] = rows.groupby("store")["sold"].shift(7)
    rows["known_on"] = rows["seen_on"] + pd.DateOffset(days=1)
    return rows.assign(store_day=rows["store"] + " " + rows["seen_on"].dt.strftime("%Y-%m-%d"))
