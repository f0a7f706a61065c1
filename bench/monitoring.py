"""How often a monitoring is wrong, and how soon it is right: simulated lives of many models.

Only the rows are invented; profiles, PSI, intervals and decisions are the platform's own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rendering import platform

calibration = platform("figures.calibration")
decision = platform("figures.decision")
drift = platform("figures.drift")
metrics = platform("figures.metrics")
profile = platform("figures.profile")
resampling = platform("figures.resampling")
seasons = platform("figures.seasons")

ALARMS = ["quiet life", "model-months", "`investigate`", "bound", "`retrain` in 10 years", "bound"]
DELAYS = ["change", "decision", "months to notice", "noticed within a year"]
YEAR = 12  # months
GATE = 3  # months
TRAIN = 12  # months
MARGIN = 0.02  # of AUC
MIN_AUC = 0.70
MIN_EVENTS = 100
MAX_DRIFTED = 0.3  # of the inputs
UNKNOWN_SEASON = 0.3  # of the log odds, times the season: the default rate moves by 10%
TOLERANCES = calibration.Tolerances(0.25, 0.5, calibration.MONITORED_LEVEL)
SEASON = 0.4  # how far a share and a mean move within a year
STRONG_SEASON = 0.5  # how far the mean of the column `seasonal` moves
FIRST = pd.Period("2026-01", "M")  # the first month in use

Frame = pd.DataFrame
Changes = dict[str, float]


@dataclass
class World:
    """What one model meets: `rows` rows a month, with changes from its first month in use on."""

    random: np.random.Generator
    rows: int
    changes: Changes

    def month(self, number: int) -> Frame:
        """Return the rows of a month, with score and outcome; 0 is the first one in use."""
        season = SEASON * np.sin(2 * np.pi * number / YEAR)
        change = self.changes if number >= 0 else {}
        draw, rows = self.random, self.rows
        numbers = {f"number{i}": draw.normal(0.1 * season * (i == 0), 1, rows) for i in range(6)}
        numbers["number1"] += change.get("shift", 0.0)
        numbers["seasonal"] = draw.normal(STRONG_SEASON / SEASON * season, 1, rows)
        numbers["month"] = np.full(rows, number % YEAR + 1)
        shares = np.array([0.5, 0.3, 0.2 * (1 + season)])
        texts = {
            f"text{i}": draw.choice(list("abc"), rows, p=shares / shares.sum()) for i in range(6)
        }
        risk = draw.normal(-2 + 0.3 * season, 1.2, rows)
        known = draw.random(rows) >= change.get("forgotten", 0.0)  # of the rest, scores say nothing
        odds = np.where(known, risk, draw.permutation(risk))
        moved = UNKNOWN_SEASON * season + change.get("level", 0.0)  # which no score knows
        truth = draw.random(rows) < 1 / (1 + np.exp(-odds - moved))
        return pd.DataFrame({**numbers, **texts, "risk": risk, "truth": truth.astype(int)})


@dataclass
class Life:
    """A model in its world: trained on a year, judged on the quarter before its first month."""

    world: World
    horizon: int

    def __post_init__(self) -> None:
        """Take the profiles, as training does."""
        learned = self._months(range(-TRAIN - GATE, -GATE))
        judged = self._months(range(-GATE, 0))
        inputs = _profiles(learned.drop(columns=["risk", "truth", "time"]), learned["time"])
        predictions = _profiles(judged[["risk"]], judged["time"])
        self.columns = [
            *(drift.Column("input", name, column) for name, column in inputs.items()),
            *(drift.Column("prediction", name, column) for name, column in predictions.items()),
        ]
        self.reference = auc(judged)
        self.gate_events = int(judged["truth"].sum())
        self.months: list[Frame] = []
        self.drifted: dict[str, list[bool]] = {column.label: [] for column in self.columns}

    def _months(self, numbers: range) -> Frame:
        """Return the rows of some months, with their time."""
        times = [(FIRST + number).to_timestamp() for number in numbers]
        months = [self.world.month(number) for number in numbers]
        rows = [month.assign(time=time) for month, time in zip(months, times, strict=True)]
        return pd.concat(rows, ignore_index=True)

    def next_decision(self) -> str:
        """Live through one more month, and monitor it."""
        self.months.append(self.world.month(len(self.months)))
        columns = self._columns()
        persistent = [column.persistent for column in columns if column.kind == "input"]
        share = sum(persistent) / len(persistent)
        young = {"age": 0, "limit": 1, "period": "month", "lost": None}
        stale = decision.Staleness(**young, drifted_share=share, stale=share > MAX_DRIFTED)
        known = self._matured()
        performance = [] if known is None else [judge(known, self.reference, self.gate_events)]
        findings = [
            *decision.performance_findings(performance),
            *([] if known is None else level_findings(known, performance)),
            *decision.staleness_findings(stale, MAX_DRIFTED),
            *decision.drift_findings(columns),
        ]
        return str(decision.decide(findings)[0])

    def _columns(self) -> list[Any]:
        """Compare each column of the last month with its profile."""
        compared = []
        month = FIRST + (len(self.months) - 1)
        family = drift.Family(len(self.columns), seasons=(month.strftime("%B"),))
        for column in self.columns:
            counts = profile.tally(column.profile, self.months[-1][column.name])
            before = self.drifted[column.label]
            result = drift.compare(column, counts, family, before)
            before.append(result.drifted)
            compared.append(result)
        return compared

    def _matured(self) -> Frame | None:
        over = len(self.months) - self.horizon
        return pd.concat(self.months[max(over - GATE, 0) : over]) if over > 0 else None


def level_findings(known: Frame, performance: list[Any]) -> Iterator[Any]:
    """Test the level of matured rows; no score knows all of the season."""
    if known["truth"].sum() >= MIN_EVENTS:
        scores = pd.DataFrame({"score": 1 / (1 + np.exp(-known["risk"]))})
        tested = calibration.judge_calibration("binary", known["truth"], scores, TOLERANCES)
        yield from calibration.calibration_findings("binary", tested, performance)


def _profiles(frame: Frame, times: pd.Series) -> Any:
    return seasons.add_seasons(profile.take_profile(frame), frame, times, "month")


def judge(known: Frame, reference: float, gate_events: int) -> Any:
    """Return the platform's figure of matured rows, judged against that of the gate window."""
    error = resampling.standard_error(resampled_auc(known), len(known))
    rule = rule_of(reference, gate_events, int(known["truth"].sum()))
    return decision.judge("auc", auc(known), float(error[0]), rule)


def rule_of(reference: float, gate_events: int, events: int) -> Any:
    """Return what the platform judges an AUC against."""
    return decision.Rule(
        sign=1,
        limit=MIN_AUC,
        reference=reference,
        margin=MARGIN,
        events=events,
        gate_events=gate_events,
        min_events=MIN_EVENTS,
    )


def auc(frame: Frame) -> float:
    """Return the figure by which the models are judged."""
    return float(metrics.auc(frame["truth"], frame["risk"]))


def resampled_auc(frame: Frame) -> Callable[[Any], list[float]]:
    """Return the same figure of drawn rows, ten times faster: the rows are sorted once."""
    ordered = np.argsort(frame["risk"].to_numpy())
    truth = frame["truth"].to_numpy()[ordered]

    def figure(drawn: Any) -> list[float]:
        times = np.bincount(drawn, minlength=len(truth))[ordered]
        events = times * truth
        others = times * (1 - truth)
        return [float(events @ np.cumsum(others) / (events.sum() * others.sum()))]

    return figure


def false_alarms(horizon: int, rows: int, months: int) -> list[str]:
    """Let models live for three years each where nothing changes, and count the decisions."""
    random = np.random.default_rng([7, horizon, rows])
    counts = {"investigate": 0, "retrain": 0}
    lived = 0
    while lived < months:
        life = Life(World(random, rows, {}), horizon)
        for _ in range(3 * YEAR):
            asked_for = life.next_decision()
            lived += 1
            if asked_for in counts:
                counts[asked_for] += 1
            if asked_for == "retrain":
                break  # a new model, another life
    decade = 10 * YEAR / lived
    return [
        f"labels after {horizon} months, {rows:,} rows a month",
        f"{lived:,}",
        f"{counts['investigate'] / lived:.2%}",
        f"{upper_bound(counts['investigate']) / lived:.2%}",
        f"{counts['retrain'] * decade:.2f}",
        f"{upper_bound(counts['retrain']) * decade:.2f}",
    ]


def upper_bound(count: int) -> float:
    """Return the one-sided upper 95% bound of an expected count. Source: Garwood, 1936."""
    from scipy.stats import chi2

    return float(chi2.ppf(0.95, 2 * (count + 1)) / 2)


def delay(name: str, changes: Changes, rows: int, expected: str, lives: int) -> list[str]:
    """Return after how many months a change is noticed, where labels arrive at once."""
    random = np.random.default_rng([11, rows])
    months = []
    for _ in range(lives):
        life = Life(World(random, rows, changes), horizon=0)
        decisions = (life.next_decision() for _ in range(YEAR))
        noticed = (month for month, each in enumerate(decisions, start=1) if each == expected)
        months.append(next(noticed, 2 * YEAR))
    within = np.mean(np.array(months) <= YEAR)
    median = f"{np.median(months):g}" if np.median(months) <= YEAR else "more than 12"
    return [f"{name}, {rows:,} rows a month", f"`{expected}`", median, f"{within:.0%}"]


def alarms(months: int) -> list[list[str]]:
    """Return a row for each horizon and number of rows: decisions where nothing changes."""
    return [false_alarms(horizon, rows, months) for horizon in (0, 3, 12) for rows in (200, 600)]


def delays(lives: int) -> list[list[str]]:
    """Return a row for each change and number of rows: after how many months it is noticed."""
    rows = []
    for count in (200, 600, 2_000):
        for size in (0.25, 0.5, 1.0):
            change = f"one input moves by {size:g} of its deviation"
            rows.append(delay(change, {"shift": size}, count, "investigate", lives))
        for times in (1.5, 2.0, 0.5):
            change = f"{times:g} times as many defaults at the same scores"
            rows.append(delay(change, {"level": np.log(times)}, count, "investigate", lives))
        for share in (0.1, 0.2, 0.4):
            change = f"scores say nothing on {share:.0%} of the rows"
            rows.append(delay(change, {"forgotten": share}, count, "retrain", lives))
    return rows
