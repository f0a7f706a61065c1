"""How often the gate rejects a binary version whose probabilities are too low, too high or right.

Only the rows are invented: the tests, tolerances and metrics are the platform's own. All versions
of a line rank equally well; only the level of their scores differs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from rendering import platform

calibration = platform("figures.calibration")
diagnostics = platform("figures.diagnostics")
metrics = platform("figures.metrics")
settings = platform("base.settings")

HEADER = [
    "rows",
    "defaults",
    "mean score / default rate",
    "rejected overall",
    "by band",
    "by either",
]
REPRODUCED = ["gate", "mean score / default rate", "passes"]
SEED = 19
SIZES = (500, 1_566, 10_000)
RATES = (0.01, 0.05, 0.14)
FACTORS = (1.0, 0.5, 0.8, 1.25, 2.0)
SPREAD = 1.2  # standard deviation of the log odds: an AUC of about 0.77
LIMITS = settings.Calibration()

Flags = npt.NDArray[np.bool_]


@dataclass
class Loans:
    """Rows whose default rate is `rate` on average, and whose true probabilities are known."""

    random: np.random.Generator
    rows: int
    rate: float

    def __post_init__(self) -> None:
        """Find the log odds whose mean probability is the rate."""
        from scipy.optimize import brentq

        draws = np.random.default_rng(0).normal(0, SPREAD, 100_000)
        self._centre = brentq(lambda at: (1 / (1 + np.exp(-at - draws))).mean() - self.rate, -15, 5)

    def draw(self) -> tuple[pd.Series, npt.NDArray[np.float64]]:
        """Return which of the rows defaulted, and their probabilities."""
        odds = self.random.normal(self._centre, SPREAD, self.rows)
        chance = 1 / (1 + np.exp(-odds))
        return pd.Series((self.random.random(self.rows) < chance).astype("int64")), chance


def scores(chance: npt.NDArray[np.float64], factor: float) -> pd.DataFrame:
    """Return scores that rank like the true probabilities, at another level."""
    return pd.DataFrame({"score": np.minimum(chance * factor, 1)})


def tested(loans: Loans, factor: float, trials: int) -> tuple[Flags, Flags]:
    """Return for each trial whether the whole is off, and whether a band is."""
    tolerances = (LIMITS.tolerance, LIMITS.band_tolerance)
    whole = np.zeros(trials, bool)
    band = np.zeros(trials, bool)
    for trial in range(trials):
        truth, chance = loans.draw()
        found = calibration.judge_calibration("binary", truth, scores(chance, factor), tolerances)
        whole[trial] = found.overall[0].verdict == "off"
        band[trial] = any(each.verdict == "off" for each in found.bands)
    return whole, band


def rejections(trials: int) -> Iterator[list[str]]:
    """Yield a row for each number of rows, default rate and level."""
    for rows in SIZES:
        for rate in RATES:
            loans = Loans(np.random.default_rng([SEED, rows, round(1000 * rate)]), rows, rate)
            for factor in FACTORS:
                whole, band = tested(loans, factor, trials)
                yield [
                    f"{rows:,}",
                    f"{rate:.0%}",
                    f"{factor:g}",
                    share(whole),
                    share(band),
                    share(whole | band),
                ]


def reproduced(trials: int) -> Iterator[list[str]]:
    """Yield how often the example's limits let a version pass, without and with the new checks."""
    for factor in (1.0, 0.5):
        loans = Loans(np.random.default_rng([SEED, 0]), 1_566, 0.14)
        before = np.zeros(trials, bool)
        after = np.zeros(trials, bool)
        for trial in range(trials):
            truth, chance = loans.draw()
            predicted = scores(chance, factor)
            brier = float(np.mean((predicted["score"] - truth) ** 2))
            before[trial] = metrics.auc(truth, chance) >= 0.7 and brier <= 0.125
            found = calibration.judge_calibration(
                "binary", truth, predicted, (LIMITS.tolerance, LIMITS.band_tolerance)
            )
            tests = (*found.overall, *found.bands)
            after[trial] = before[trial] and all(each.verdict != "off" for each in tests)
        yield ["limits of `auc` and `brier` alone", f"{factor:g}", share(before)]
        yield ["and calibration", f"{factor:g}", share(after)]


def share(flags: Flags) -> str:
    """Return a rate with its 95% interval, by Wilson."""
    low, high = diagnostics.interval_of_share(flags.astype("float64"))
    return f"{flags.mean():.1%} ({low:.1%} to {high:.1%})"
