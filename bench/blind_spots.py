"""How often `monitor` finds changes to which the PSI of bins alone was blind, and false alarms.

Only rows are invented; profiles, seasons, limits and the classifier are the platform's own.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from rendering import platform

from .one_column import wilson

domain = platform("figures.domain")
drift = platform("figures.drift")
profile = platform("figures.profile")
seasons = platform("figures.seasons")

TITLES = ["window", "rows then, now", "trials", "by the PSI alone", "found", "95% interval"]
COLUMNS = 13  # that are compared together
FLOOR = 0.65  # monitoring.max_domain_auc
SEED = 19

Sides = tuple[pd.Series, pd.Series]


def table(trials: int) -> list[list[str]]:
    """Return a row for each change and number of rows, then for the same windows without it."""
    return [*changes(trials), *together(max(trials // 5, 1))]


def changes(trials: int) -> Iterator[list[str]]:
    """Yield a row for each change of one column."""
    kinds: dict[str, tuple[str, Callable[..., Sides]]] = {
        "150 categories, all replaced": ("input", replaced),
        "8% of the rows times 100": ("input", other_unit),
        "positive decisions, 20% to 33%": ("prediction", decisions),
    }
    for rows in (200, 600, 2_000):
        for name, (kind, make) in kinds.items():
            for changed in (True, False):
                random = np.random.default_rng([SEED, rows, changed])
                windows = [make(random, rows, changed) for _ in range(trials)]
                found = [compare(kind, *each) for each in windows]
                then = windows[0][0]
                by_index = sum(
                    each.psi > each.limit and "unseen" not in each.bins for each in found
                )
                label = name if changed else f"no change: {name.partition(',')[0]}"
                alarms = sum(each.drifted for each in found)
                yield row(label, f"{len(then):,}, {rows:,}", trials, by_index, alarms)


def compare(kind: str, then: pd.Series, now: pd.Series) -> Any:
    """Return how a column compares with its profile."""
    column = drift.Column(kind, "x", profile.take_profile(then.to_frame("x"))["x"])
    return drift.compare(column, profile.tally(column.profile, now), drift.Family(COLUMNS))


def replaced(random: np.random.Generator, rows: int, changed: bool) -> Sides:  # noqa: FBT001
    """Return equally frequent categories."""
    then = pd.Series([f"old {number}" for number in random.integers(0, 150, 12 * rows)])
    kind = "new" if changed else "old"
    return then, pd.Series([f"{kind} {number}" for number in random.integers(0, 150, rows)])


def other_unit(random: np.random.Generator, rows: int, changed: bool) -> Sides:  # noqa: FBT001
    """Return amounts, of which some are in another unit."""
    then = pd.Series(random.lognormal(8, 0.5, 12 * rows))
    now = random.lognormal(8, 0.5, rows)
    return then, pd.Series(np.where(changed & (random.random(rows) < 0.08), 100 * now, now))


def decisions(random: np.random.Generator, rows: int, changed: bool) -> Sides:  # noqa: FBT001
    """Return decisions; the gate window has three months."""
    then = pd.Series(random.random(3 * rows) < 0.2)
    return then, pd.Series(random.random(rows) < (0.33 if changed else 0.2))


def together(trials: int) -> Iterator[list[str]]:
    """Yield a row for each correlation that flips, and for one that does not."""
    for rows in (200, 600, 1_000):
        for now in (-0.6, -0.3, 0.6):
            before = abs(now)
            random = np.random.default_rng([SEED, rows, int(10 * now + 10)])
            limit = domain.auc_limit(FLOOR, rows, rows)
            pairs = [
                (correlated(random, rows, before), correlated(random, rows, now))
                for _ in range(trials)
            ]
            found = sum(domain.domain_auc(*pair) > limit for pair in pairs)
            alone = sum(
                any(compare("input", pair[0][name], pair[1][name]).drifted for name in pair[0])
                for pair in pairs
            )
            label = f"a correlation of {before} flips" if now < 0 else "no change: a correlation"
            yield row(label, f"{rows:,}, {rows:,}", trials, alone, found)


def correlated(random: np.random.Generator, rows: int, correlation: float) -> pd.DataFrame:
    """Return twelve columns, of which two are correlated."""
    values = random.normal(size=(rows, 12))
    values[:, 1] = correlation * values[:, 0] + np.sqrt(1 - correlation**2) * values[:, 1]
    return pd.DataFrame(values).add_prefix("x")


def row(name: str, rows: str, trials: int, by_index: int, found: int) -> list[str]:
    """Return a row of the table."""
    low, high = wilson(found, trials)
    share = f"{found / trials:.1%}"
    return [name, rows, f"{trials}", f"{by_index / trials:.1%}", share, f"{low:.1%} to {high:.1%}"]
