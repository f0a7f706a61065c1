"""Write the bank's extract to data/loans.csv, as known on a date: run it in the project.

The loans are invented by `bank.py`, the `synthetic.py` that the project began with. As in many real
extracts, two columns tell what happened after a loan was granted. From CHANGE on, brokers bring
other customers, and a public fund helps the self-employed to pay.
"""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import PCG64, Generator

FIRST = "2024-01-01"
SEED = 11
CHANGE = pd.Timestamp("2026-03-01")
CHANGES = ("DRIFT_FROM", "SELF_EMPLOYED_FROM", "FUND_FROM")  # of the bank, over two years
FILE = Path("data/loans.csv")

Tables = dict[str, pd.DataFrame]


def main(known_on: str) -> None:
    """Write the loans that were granted before a date, with the reviews of that time."""
    rows = extract(pd.Timestamp(known_on))
    FILE.parent.mkdir(exist_ok=True)
    new = FILE.with_suffix(".new")
    rows.to_csv(new, index=False, lineterminator="\n")
    new.replace(FILE)


def extract(known_on: pd.Timestamp) -> pd.DataFrame:
    """Return one row for each granted loan."""
    invented = bank()
    months = pd.date_range(FIRST, known_on, freq="MS", inclusive="left")
    loans = pd.concat([_granted(invented(month, SEED), month) for month in months])
    known = loans["reviewed_on"] < known_on
    return loans.assign(
        reviewed_on=loans["reviewed_on"].where(known),
        contacts=loans["contacts"].where(known, 0),
        reminders_sent=loans["reminders_sent"].where(known, 0),
        defaulted=loans["defaulted"].where(known).astype("Int64"),
    )


def bank() -> Callable[[pd.Timestamp, int], Tables]:
    """Return the function that invents a month; all changes come at once, as there is less time."""
    rows: Callable[[pd.Timestamp, int], Tables]
    rows = runpy.run_path(str(Path(__file__).with_name("bank.py")))["rows"]
    rows.__globals__.update(dict.fromkeys(CHANGES, CHANGE))
    return rows


def _granted(tables: Tables, month: pd.Timestamp) -> pd.DataFrame:
    """Return the granted loans of a month, with columns that only an extract has."""
    outcomes = tables["outcomes"]
    granted = outcomes.loc[
        outcomes["decision"] == "granted", ["application_id", "reviewed_on", "defaulted"]
    ]
    loans = tables["applications"].merge(granted, on="application_id")
    random = Generator(PCG64([SEED, month.year, month.month, 1]))
    bad = loans["defaulted"] == 1
    return loans.assign(
        phone=[f"+44 20 7946 0{digits:03d}" for digits in random.integers(1_000, size=len(loans))],
        contacts=random.poisson(np.where(bad, 1.6, 0.7)),
        reminders_sent=np.where(
            bad, random.integers(1, 4, size=len(loans)), random.random(len(loans)) < 0.02
        ).astype(int),
    )


if __name__ == "__main__":
    main(sys.argv[1])
