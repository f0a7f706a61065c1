"""How often the gate's check `one column` refuses an honest model, and how often it finds a leak.

Only rows and models are invented; the share and the groups are the platform's own.
"""

from typing import Any

import numpy as np
import pandas as pd
from rendering import platform

association = platform("figures.association")
importance = platform("figures.importance")

TITLES = ["model", "rows", "trials", "share that is rejected", "95% interval", "largest share"]
LIMIT = 0.9  # gate.dominance
SEED = 19


def table(trials: int) -> list[list[str]]:
    """Return a row for each kind of model and number of rows."""
    kinds = {
        "one honest driver of half the variance": honest_driver,
        "two honest drivers, correlated by 0.85, of half the variance": honest_pair,
        "a leak": leak,
        "a leak in three near copies": leak_in_copies,
    }
    rows = []
    for count in (300, 2_000):
        for name, make in kinds.items():
            random = np.random.default_rng([SEED, count])
            shares = np.array([largest_share(*make(random, count)) for _ in range(trials)])
            rejected = int((shares > LIMIT).sum())
            low, high = wilson(rejected, trials)
            largest = f"{shares.min():.2f} to {shares.max():.2f}"
            rate = f"{rejected / trials:.1%}"
            interval = f"{low:.1%} to {high:.1%}"
            rows.append([name, f"{count:,}", f"{trials}", rate, interval, largest])
    return rows


def largest_share(frame: pd.DataFrame, weights: Any) -> float:
    """Return the share of the columns on which a linear model depends most."""

    def predict(rows: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"value": rows.to_numpy() @ weights}, index=rows.index)

    groups = association.alike_columns(frame, list(frame))
    return float(max(importance.total_effects(predict, frame, predict(frame), groups)))


def honest_driver(random: np.random.Generator, rows: int) -> tuple[pd.DataFrame, Any]:
    """Return columns and weights: the first one has half of the variance of the prediction."""
    return named(random.normal(size=(rows, 6))), np.sqrt([0.5, *[0.1] * 5])


def honest_pair(random: np.random.Generator, rows: int) -> tuple[pd.DataFrame, Any]:
    """Return columns of which the first two go together and have half of the variance."""
    values = random.normal(size=(rows, 6))
    values[:, 1] = 0.85 * values[:, 0] + np.sqrt(1 - 0.85**2) * values[:, 1]
    both = np.sqrt(0.5 / (2 + 2 * 0.85))
    return named(values), np.array([both, both, *np.sqrt([0.125] * 4)])


def leak(random: np.random.Generator, rows: int) -> tuple[pd.DataFrame, Any]:
    """Return columns of which the first gives the answer away."""
    return named(random.normal(size=(rows, 6))), np.sqrt([0.98, *[0.004] * 5])


def leak_in_copies(random: np.random.Generator, rows: int) -> tuple[pd.DataFrame, Any]:
    """Return columns of which three are copies of the answer with a tenth of noise."""
    answer = random.normal(size=(rows, 1))
    copies = answer + 0.1 * random.normal(size=(rows, 3))
    values = np.concatenate([copies, random.normal(size=(rows, 5))], axis=1)
    return named(values), np.array([*[np.sqrt(0.98) / 3] * 3, *np.sqrt([0.004] * 5)])


def named(values: Any) -> pd.DataFrame:
    """Return a frame with the columns x0, x1 and so on."""
    return pd.DataFrame(values, columns=[f"x{place}" for place in range(values.shape[1])])


def wilson(count: int, trials: int) -> tuple[float, float]:
    """Return the 95% interval of a rate. Source: Wilson, JASA 22, 1927."""
    square = 1.96**2
    middle = (count + square / 2) / (trials + square)
    half = 1.96 * np.sqrt(count * (1 - count / trials) + square / 4) / (trials + square)
    return max(middle - half, 0.0), min(middle + half, 1.0)
