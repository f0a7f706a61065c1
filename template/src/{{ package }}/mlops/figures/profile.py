"""Profiles of columns: how their values were distributed, and the bins that follow from it.

The profile of a column of numbers has its most frequent values and 200 quantiles of the rest; that
of a column of categories has the frequent ones, and hashes of the rest. Missing values are counted
separately. A profile takes a few kilobytes, for any number of rows.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from ..base.record import Record
from ..data.fingerprints import hash_texts

Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]

HEAVY = 0.05  # a number has its own bin if at least this share of the rows has it
RARE = 0.01  # categories with a smaller share of the rows are put into bins by their hash
MOST_VALUES = 30  # at most so many values have their own bins
MOST_HASHED = 10  # bins of rare categories
LEAST_HASHED = 0.05  # share of the rows in such a bin, on average
MOST_SEEN = 2_000  # hashes of rare categories that are kept
HASHES = 2**16  # different ones that are kept: too few to find out the categories from them
TAIL = 0.01  # share of the rows beyond each of the two outer quantiles
QUANTILES = 200  # steps between the quantiles that are stored
MOST_IN_FULL = 1e9  # larger numbers have a power of ten in the names of bins
BINS = 10  # for the numbers without their own bin


class ColumnProfile(Record):
    """How the values of one column were distributed over the rows of one window."""

    type: Literal["number", "category"]
    """How the values are put into bins; text and truth values are categories."""
    rows: int
    """Number of rows in the window."""
    missing: float
    """Share of the rows without a value, 0 to 1."""
    values: tuple[float | str, ...]
    """The values with their own bins, the most frequent first."""
    shares: tuple[float, ...]
    """Share of the rows, 0 to 1, for each of `values`."""
    quantiles: tuple[float, ...] = ()
    """201 quantiles of the other numbers, at equal steps; empty for categories."""
    hashed: tuple[float, ...] = ()
    """Categories without their own bins: the expected share of the rows, 0 to 1, in each bin into
    which their hashes put them. Empty for numbers, and in profiles that put them into one bin."""
    seen: tuple[int, ...] = ()
    """Hashes, 0 to 65,535, of the categories without their own bins."""
    seen_of: int = 1
    """Of how many such categories the hash of one is kept, so that there are few: 1 is all."""
    unseen: float = 0.0
    """Expected share of the rows, 0 to 1, that are found to have a category that the window did not
    have: the share of rows whose category occurs once. Source: Good, Biometrika 40, 1953."""
    seasons: dict[str, tuple[int, ...]] = Field(default={})
    """How many rows of a month or weekday were in each bin, as `tally` counts them, by its name:
    `March`. Only those that differ from the other rows by more than chance."""

    @property
    def numbers(self) -> Floats:
        """The values of a column of numbers."""
        return np.array(self.values, "float64")


def take_profile(frame: pd.DataFrame) -> dict[str, ColumnProfile]:
    """Return the profile of each column except dates, whose values always move on."""
    dates = frame.select_dtypes("datetime").columns
    return {str(name): _describe(values) for name, values in frame.drop(columns=dates).items()}


def _describe(values: pd.Series) -> ColumnProfile:
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    known: pd.Series = values.dropna() if numeric else values.dropna().astype(str)
    counts = known.value_counts()
    shares = counts / max(len(values), 1)
    kept = shares[shares >= (HEAVY if numeric else RARE)].head(MOST_VALUES)
    profile = ColumnProfile(
        type="number" if numeric else "category",
        rows=len(values),
        missing=float(values.isna().mean()),
        values=tuple(kept.index.tolist()),
        shares=tuple(kept.tolist()),
    )
    if numeric:
        rest = known[~known.isin(kept.index)]
        quantiles = rest.quantile(np.linspace(0, 1, QUANTILES + 1)).dropna().tolist()
        return profile.model_copy(update={"quantiles": tuple(quantiles)})
    rare = counts.drop(kept.index)
    return profile.model_copy(update=_describe_rare(rare, max(len(values), 1)))


def _describe_rare(counts: pd.Series, rows: int) -> dict[str, object]:
    """Return the fields about the categories without their own bins; `counts` are their rows."""
    once = int((counts == 1).sum())
    share = float(counts.sum()) / rows
    bins = int(np.clip(share / LEAST_HASHED, 1, MOST_HASHED))
    hashes = hash_texts(counts.index)
    seen_of = -(-len(counts) // MOST_SEEN) or 1
    unseen = once / rows / seen_of
    held = np.bincount(_hash_bin(hashes, bins), counts, bins) / rows
    held *= 1 - unseen / max(share, unseen, 1 / rows)
    kept = hashes[_is_kept(hashes, seen_of)]
    return {
        "hashed": tuple(held.tolist()),
        "seen": tuple(np.unique(kept % HASHES).tolist()),
        "seen_of": seen_of,
        "unseen": unseen,
    }


def _hash_bin(hashes: Hashes, bins: int) -> npt.NDArray[np.intp]:
    return np.asarray((hashes >> np.uint64(48)) % np.uint64(bins), np.intp)


def _is_kept(hashes: Hashes, seen_of: int) -> npt.NDArray[np.bool_]:
    """Return whether the hash is one of those that a profile keeps."""
    return np.asarray((hashes >> np.uint64(16)) % np.uint64(2**32) % np.uint64(seen_of) == 0)


def edges(profile: ColumnProfile) -> Floats:
    """Return the edges between the bins of the other numbers: equal shares, ties merged."""
    quantiles = np.array(profile.quantiles, "float64")
    if not len(quantiles):
        return quantiles
    inner = np.linspace(0, len(quantiles) - 1, BINS + 1)[1:-1].round().astype(int)
    return np.asarray(np.unique(quantiles[inner]), np.float64)


def expected(profile: ColumnProfile) -> Floats:
    """Return how many rows each bin had: values with their own bins, the rest, the missing."""
    if profile.hashed:
        shares = [*profile.shares, *profile.hashed, profile.unseen, profile.missing]
        return np.array(shares, "float64") * profile.rows
    rest = 1 - profile.missing - sum(profile.shares)
    parts = np.ones(1)
    if profile.quantiles:
        places = np.searchsorted(profile.quantiles, edges(profile), side="right")
        parts = np.diff([0.0, *places / len(profile.quantiles), 1.0])
    shares = [*profile.shares, *(max(rest, 0.0) * parts), profile.missing]
    return np.array([share * profile.rows for share in shares], "float64")


def count(profile: ColumnProfile, values: pd.Series) -> Floats:
    """Return how many of `values` fall into each bin, in the order of `expected`."""
    missing = int(values.isna().sum())
    if profile.type == "number":
        # One comparison per bin is ten times faster than a search for the bin of each row.
        cuts = edges(profile)
        known = values.to_numpy("float64", na_value=np.nan)
        kept = np.array([np.count_nonzero(known == number) for number in profile.numbers], "int64")
        below = [np.count_nonzero(known <= cut) for cut in cuts]
        parts = np.diff([0, *below, len(values) - missing])
        np.subtract.at(parts, np.searchsorted(cuts, profile.numbers), kept)
    else:
        counts = values.value_counts()
        counts.index = counts.index.astype("str")
        kept = counts.reindex(list(profile.values), fill_value=0).to_numpy("int64")
        parts = np.array([len(values) - missing - kept.sum()])
        if profile.hashed:
            parts = _count_rare(profile, counts.drop(list(profile.values), errors="ignore"))
    return np.array([*kept, *parts, missing], "float64")


def _count_rare(profile: ColumnProfile, counts: pd.Series) -> Floats:
    """Return how many rows are in each bin of rare categories, and how many are unseen."""
    bins = len(profile.hashed)
    hashes = hash_texts(counts.index)
    is_new = _is_kept(hashes, profile.seen_of) & ~np.isin(hashes % HASHES, profile.seen)
    places = np.where(is_new, bins, _hash_bin(hashes, bins))
    return np.asarray(np.bincount(places, counts, bins + 1), np.float64)


@dataclass(frozen=True)
class Tails:
    """The ends of a column of numbers: its 1% and 99% quantiles, and its range."""

    low: float
    """The 1% quantile."""
    high: float
    """The 99% quantile."""
    least: float
    """The smallest number."""
    most: float
    """The largest number."""
    beyond: float
    """Share of all rows, 0 to 1, that was below `low` or above `high`; with ties, less than 2%."""


def tails(profile: ColumnProfile) -> Tails | None:
    """Return the ends of a column of numbers; None for categories, and without values."""
    if profile.type == "category" or not (profile.shares or profile.quantiles):
        return None
    numbers = np.array([*profile.numbers, *profile.quantiles])
    rest = max(1 - profile.missing - sum(profile.shares), 0.0)
    each = rest / max(len(profile.quantiles), 1)
    weights = np.array([*profile.shares, *[each] * len(profile.quantiles)])
    order = np.argsort(numbers)
    numbers = numbers[order]
    weights = weights[order]
    tail = TAIL * weights.sum()
    low = numbers[np.searchsorted(weights.cumsum(), tail)]
    high = numbers[-1 - np.searchsorted(weights[::-1].cumsum(), tail)]
    beyond = weights[(numbers < low) | (numbers > high)].sum()
    return Tails(
        low=float(low),
        high=float(high),
        least=float(numbers[0]),
        most=float(numbers[-1]),
        beyond=float(beyond),
    )


def tally(profile: ColumnProfile, values: pd.Series) -> Floats:
    """Return `count`, and for numbers how many are beyond the outer quantiles and the range."""
    counts = count(profile, values)
    ends = tails(profile)
    if ends is None:
        return counts
    known = values.to_numpy("float64", na_value=np.nan)
    below = known[known < ends.low]
    above = known[known > ends.high]
    outside = np.count_nonzero(below < ends.least) + np.count_nonzero(above > ends.most)
    return np.array([*counts, len(below) + len(above), outside], "float64")


def bin_names(profile: ColumnProfile) -> list[str]:
    """Return a readable name for each bin."""
    cuts = _shown(edges(profile).tolist())
    parts = ["other"]
    if profile.hashed:
        numbered = [f"other {place}" for place in range(1, len(profile.hashed) + 1)]
        parts = [*(numbered if len(numbered) > 1 else parts), "unseen"]
    if cuts:
        between = [f"{low} to {high}" for low, high in pairwise(cuts)]
        parts = [f"≤ {cuts[0]}", *between, f"> {cuts[-1]}"]
    if profile.type == "number":
        kept = _shown(list(profile.numbers))
    else:
        kept = list(map(str, profile.values))
    return [*kept, *parts, "missing"]


def _shown(numbers: list[float]) -> list[str]:
    """Return numbers with three digits, or as many as tell them apart: 0.0813, 940, 9,700."""
    texts = [_with_digits(number, 3) for number in numbers]
    for digits in (4, 5, 6):
        if len(set(texts)) < len(set(numbers)):
            texts = [_with_digits(number, digits) for number in numbers]
    return texts


def _with_digits(number: float, digits: int) -> str:
    if 1000 <= abs(number) < MOST_IN_FULL:
        return f"{float(f'{number:.{max(digits, 4)}g}'):,.0f}"
    return f"{number:.{digits}g}"


def bin_order(profile: ColumnProfile) -> npt.NDArray[np.intp]:
    """Return the order of the bins on a line: numbers ascend, the missing come last."""
    if profile.type == "category":
        return np.arange(len(expected(profile)))
    upper = [*profile.numbers, *edges(profile), np.inf]
    return np.array([*np.argsort(upper, kind="stable"), len(upper)])
