"""How often the gate passes a binary version whose probabilities or AUC are too low.

Only the rows are invented: the tests, tolerances and metrics are the platform's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from rendering import platform

from . import monitoring

calibration = platform("figures.calibration")
diagnostics = platform("figures.diagnostics")
metrics = platform("figures.metrics")
resampling = platform("figures.resampling")
settings = platform("base.settings")
checks = platform("steps.gate.checks")

HEADER = [
    "rows",
    "defaults",
    "mean score / default rate",
    "rejected overall",
    "by band",
    "by either",
]
LUCKY = ["true AUC, limit 0.7", "rows", "passes by the figure", "by its bound"]
OTHERS = ["problem", "rows", "predictions", "rejected overall", "by band", "by either"]
MONITORED = ["rows a month", "defaults / predicted", "months", "months with a finding"]
REPRODUCED = ["gate", "mean score / default rate", "passes"]
SEED = 19
SIZES = (500, 1_566, 10_000)
RATES = (0.01, 0.05, 0.14)
FACTORS = (1.0, 0.5, 0.8, 1.25, 2.0)
SPREAD = 1.2  # standard deviation of the log odds: an AUC of about 0.77
LIMITS = settings.Calibration()
TOLERANCES = calibration.Tolerances(LIMITS.tolerance, LIMITS.band_tolerance)

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
    whole = np.zeros(trials, bool)
    band = np.zeros(trials, bool)
    for trial in range(trials):
        truth, chance = loans.draw()
        found = calibration.judge_calibration("binary", truth, scores(chance, factor), TOLERANCES)
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


def others(trials: int) -> Iterator[list[str]]:
    """Yield the same of three classes, and of a share from 0 to 1."""
    kinds = {"multiclass": (classes, "that of A halved"), "regression": (shares, "halved")}
    for problem, (draw, spoiled) in kinds.items():
        for rows in (500, 1_566):
            for factor, name in ((1.0, "right"), (0.5, spoiled)):
                random = np.random.default_rng([SEED, rows, round(100 * factor)])
                whole = np.zeros(trials, bool)
                band = np.zeros(trials, bool)
                for trial in range(trials):
                    truth, predicted = draw(random, rows, factor)
                    found = calibration.judge_calibration(problem, truth, predicted, TOLERANCES)
                    whole[trial] = any(each.verdict == "off" for each in found.overall)
                    band[trial] = any(each.verdict == "off" for each in found.bands)
                yield [problem, f"{rows:,}", name, share(whole), share(band), share(whole | band)]


def classes(
    random: np.random.Generator, rows: int, factor: float
) -> tuple[pd.Series, pd.DataFrame]:
    """Return classes with shares of 20, 30 and 50%; B gets what the probability of A loses."""
    chances = pd.DataFrame(random.dirichlet([2, 3, 5], rows), columns=list("ABC"))
    drawn = (chances.cumsum(axis=1).to_numpy() < random.random((rows, 1))).sum(axis=1)
    truth = pd.Series(np.array(list("ABC"))[np.minimum(drawn, 2)])
    moved = (1 - factor) * chances["A"]
    predicted = chances.assign(A=chances["A"] - moved, B=chances["B"] + moved)
    return truth, predicted.assign(label=predicted.idxmax(axis=1))


def shares(random: np.random.Generator, rows: int, factor: float) -> tuple[pd.Series, pd.DataFrame]:
    """Return values of which a model explains a fifth, such as losses."""
    mean = random.beta(2, 6, rows)
    truth = pd.Series(mean + random.normal(0, 2 * mean.std(), rows))
    return truth, pd.DataFrame({"value": factor * mean})


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
            found = calibration.judge_calibration("binary", truth, predicted, TOLERANCES)
            tests = (*found.overall, *found.bands)
            after[trial] = before[trial] and all(each.verdict != "off" for each in tests)
        yield ["limits of `auc` and `brier` alone", f"{factor:g}", share(before)]
        yield ["and calibration", f"{factor:g}", share(after)]


def monitored(months: int) -> Iterator[list[str]]:
    """Yield how often `monitor` finds a level that is off, in a world whose season no score knows.

    It tests the matured rows of a quarter each month, so that findings come in series.
    """
    for rows in (200, 600, 2_000):
        for times in (1.0, 1.25, 1.5, 2.0, 0.5):
            random = np.random.default_rng([SEED, rows, round(100 * times)])
            world = monitoring.World(random, rows, {"level": float(np.log(times))})
            lived: list[pd.DataFrame] = []
            found = np.zeros(months, bool)
            for month in range(months):
                lived = [*lived, world.month(month)][-monitoring.GATE :]
                found[month] = any(monitoring.level_findings(pd.concat(lived), []))
            yield [f"{rows:,}", f"{times:g}", f"{months:,}", share(found)]


def lucky(trials: int) -> Iterator[list[str]]:
    """Yield how often versions pass a limit of 0.7, with a true AUC around it."""
    from scipy.stats import norm

    limit = settings.Limit(min=0.7)
    for rows in (500, 1_566):
        for true in (0.66, 0.68, 0.70, 0.72, 0.75):
            random = np.random.default_rng([SEED, rows, round(100 * true)])
            figures = np.zeros(trials, bool)
            verdicts = np.zeros(trials, bool)
            for trial in range(trials):
                truth = (random.random(rows) < 0.14).astype("int64")
                risk = random.normal(2**0.5 * norm.ppf(true) * truth, 1)
                frame = pd.DataFrame({"risk": risk, "truth": truth})
                error = resampling.standard_error(monitoring.resampled_auc(frame), rows)[0]
                value = monitoring.auc(frame)
                figures[trial] = limit.allows(value)
                judged = checks.judge_figure("auc", value, float(error), limit)
                verdicts[trial] = judged.verdict == "passed"
            yield [f"{true:.2f}", f"{rows:,}", share(figures), share(verdicts)]


def share(flags: Flags) -> str:
    """Return a rate with its 95% interval, by Wilson."""
    low, high = diagnostics.interval_of_share(flags.astype("float64"))
    return f"{flags.mean():.1%} ({low:.1%} to {high:.1%})"
