"""How columns were distributed: what a version's card keeps of them, and the bins it gives.

A column of numbers keeps its heavy values and 200 quantiles of the rest, one of categories keeps
the frequent ones; missing values are counted apart. A few kilobytes stand for any number of rows.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Column = dict[str, Any]  # as JSON holds it
ColumnProfile = Column
Floats = npt.NDArray[np.float64]

HEAVY = 0.05  # a number with this share of the rows has a bin of its own
RARE, MOST = 0.01, 30  # rarer categories, and those beyond the most frequent, are "other"
QUANTILES, BINS = 200, 10


def take_profile(frame: pd.DataFrame) -> dict[str, Column]:
    """Return the profile of each column; a date always moves on, so it has none."""
    dated = frame.select_dtypes("datetime").columns
    return {str(name): _describe(values) for name, values in frame.drop(columns=dated).items()}


def _describe(values: pd.Series) -> Column:
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    known: Any = values.dropna() if numeric else values.dropna().astype(str)
    shares = known.value_counts() / max(len(values), 1)
    kept = shares[shares >= (HEAVY if numeric else RARE)].head(MOST)
    column = {
        "type": "number" if numeric else "category",
        "rows": len(values),
        "missing": float(values.isna().mean()),
        "values": kept.index.tolist(),
        "shares": kept.tolist(),
    }
    rest = known[~known.isin(kept.index)]
    if numeric:
        column["quantiles"] = rest.quantile(np.linspace(0, 1, QUANTILES + 1)).dropna().tolist()
    return column


def edges(column: Column) -> Floats:
    """Return where the numbers that are not heavy are cut: at equal shares, ties merged."""
    quantiles = np.array(column.get("quantiles", []))
    if not len(quantiles):
        return quantiles
    inner = np.linspace(0, len(quantiles) - 1, BINS + 1)[1:-1].round().astype(int)
    return np.asarray(np.unique(quantiles[inner]), np.float64)


def expected(column: Column) -> Floats:
    """Return the rows that were in each bin: the values kept, the parts of the rest, missing."""
    quantiles, rest = column.get("quantiles", []), 1 - column["missing"] - sum(column["shares"])
    parts = np.ones(1)
    if quantiles:
        below = np.searchsorted(quantiles, edges(column), side="right") / len(quantiles)
        parts = np.diff([0.0, *below, 1.0])
    shares = [*column["shares"], *(max(rest, 0.0) * parts), column["missing"]]
    return np.array([share * column["rows"] for share in shares], "float64")


def count(column: Column, values: pd.Series) -> Floats:
    """Return how many of `values` fall into each bin of a column."""
    cuts, missing = edges(column), int(values.isna().sum())
    if column["type"] == "number":  # a comparison a bin: ten times faster than a place for each row
        known = values.to_numpy("float64", na_value=np.nan)
        kept = np.array([np.count_nonzero(known == value) for value in column["values"]], "int64")
        below = [np.count_nonzero(known <= cut) for cut in cuts]
        parts = np.diff([0, *below, len(values) - missing])
        np.subtract.at(parts, np.searchsorted(cuts, column["values"]), kept)
    else:
        found = values.value_counts()
        found.index = found.index.astype("str")
        kept = found.reindex(column["values"], fill_value=0).to_numpy("int64")
        parts = np.array([len(values) - missing - kept.sum()])
    return np.array([*kept, *parts, missing], "float64")


def names(column: Column) -> list[str]:
    """Return how a person calls each bin."""
    numeric, parts = column["type"] == "number", ["other"]
    cuts = [f"{cut:.4g}" for cut in edges(column)]
    if cuts:
        between = [f"{low} to {high}" for low, high in pairwise(cuts)]
        parts = [f"<= {cuts[0]}", *between, f"> {cuts[-1]}"]
    kept = [f"{value:.4g}" if numeric else str(value) for value in column["values"]]
    return [*kept, *parts, "missing"]


def order(column: Column) -> npt.NDArray[np.intp]:
    """Return the order of the bins on a line: numbers ascend, missing is last."""
    if column["type"] == "category":
        return np.arange(len(column["values"]) + 2)
    upper = [*column["values"], *edges(column), np.inf]
    return np.array([*np.argsort(upper, kind="stable"), len(upper)])
