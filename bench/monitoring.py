"""How often a monitoring is wrong, and how soon it is right: many models' lives, simulated.

Only the rows are invented; profiles, indices, intervals and decisions are the platform's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rendering import platform

ALARMS = ["quiet life", "model-months", "`investigate`", "bound", "`retrain` in 10 years", "bound"]
DELAYS = ["change", "decision", "months to notice", "noticed within a year"]
GATE, TRAIN, MARGIN, MIN_AUC, EVENTS = 3, 12, 0.02, 0.70, 100
FLOOR, MOST_DRIFTED = 0.1, 0.3
SEASON = 0.4  # how much a share and a mean swing within a year
YEAR = 12

Frame = pd.DataFrame
Changes = dict[str, float]


@dataclass
class World:
    """Where one model lives: `rows` a month, and what changes from its first month in use on."""

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
        shares = np.array([0.5, 0.3, 0.2 * (1 + season)])
        texts = {
            f"text{i}": draw.choice(list("abc"), rows, p=shares / shares.sum()) for i in range(6)
        }
        risk = draw.normal(-2 + 0.3 * season, 1.2, rows)
        known = draw.random(rows) >= change.get("forgotten", 0.0)  # the rest says nothing any more
        truth = draw.random(rows) < 1 / (1 + np.exp(-np.where(known, risk, draw.permutation(risk))))
        late = {"risk": risk, "truth": truth.astype(int)}
        return pd.DataFrame({**numbers, **texts, **late})


@dataclass
class Life:
    """A model in its world: learned from a year, judged on the quarter before its first month."""

    world: World
    horizon: int

    def __post_init__(self) -> None:
        """Take the profiles, as training does."""
        take = platform("figures.profile").take_profile
        learned = pd.concat([self.world.month(number) for number in range(-TRAIN - GATE, -GATE)])
        judged = pd.concat([self.world.month(number) for number in range(-GATE, 0)])
        inputs = take(learned.drop(columns=["risk", "truth"]))
        self.columns = {**inputs, **take(judged[["risk"]])}
        self.reference, self.gate_events = auc(judged), int(judged["truth"].sum())
        self.months: list[Frame] = []
        self.drifted: list[dict[str, bool]] = []

    def next_decision(self) -> str:
        """Live through one month more, and monitor it."""
        decision = platform("figures.decision")
        self.months.append(self.world.month(len(self.months)))
        columns = self._columns()
        inputs = [column["persistent"] for column in columns if column["kind"] == "input"]
        share = sum(inputs) / len(inputs)
        stale = {"age": 0, "limit": 1, "drifted_share": share, "lost": None}
        found = [
            *decision.performance(self._performance()),
            *decision.staleness(stale, MOST_DRIFTED),
            *decision.drift(columns),
        ]
        return str(decision.decide(found)[0])

    def _columns(self) -> list[dict[str, Any]]:
        drift, profile, now = (
            platform("figures.drift"),
            platform("figures.profile"),
            self.months[-1],
        )
        found = []
        for name, column in self.columns.items():
            counts = profile.count(column, now[name])
            moved = drift.compare(name, column, counts, FLOOR, len(self.columns))
            found.append({**moved, "kind": "prediction" if name == "risk" else "input"})
        self.drifted.append({column["name"]: column["drifted"] for column in found})
        for column in found:
            past = [month[column["name"]] for month in self.drifted]
            column["persistent"] = platform("figures.decision").persists(past)
        return found

    def _performance(self) -> list[dict[str, Any]]:
        over = len(self.months) - self.horizon
        if over <= 0:
            return []
        known = pd.concat(self.months[max(over - GATE, 0) : over])
        return [judge(known, self.reference, self.gate_events)]


def judge(known: Frame, reference: float, gate_events: int) -> dict[str, Any]:
    """Return what the platform says of matured rows, held against those of the gate window."""
    error = platform("figures.resampling").standard_error(resampled_auc(known), len(known))
    rule = rule_of(reference, gate_events, int(known["truth"].sum()))
    return dict(platform("figures.decision").judge("auc", auc(known), float(error[0]), rule))


def rule_of(reference: float, gate_events: int, events: int) -> Any:
    """Return what the platform holds an AUC against."""
    given = {"reference": reference, "gate_events": gate_events, "events": events}
    limits = {"sign": 1, "limit": MIN_AUC, "margin": MARGIN, "min_events": EVENTS}
    return platform("figures.decision").Rule(**given, **limits)


def auc(frame: Frame) -> float:
    """Return the figure by which the models are judged."""
    return float(platform("figures.metrics").auc(frame["truth"], frame["risk"]))


def resampled_auc(frame: Frame) -> Callable[[Any], list[float]]:
    """Return the same figure of drawn rows, ten times faster: they are sorted once for all."""
    ordered = np.argsort(frame["risk"].to_numpy())
    truth = frame["truth"].to_numpy()[ordered]

    def figure(drawn: Any) -> list[float]:
        times = np.bincount(drawn, minlength=len(truth))[ordered]
        events, others = times * truth, times * (1 - truth)
        return [float(events @ np.cumsum(others) / (events.sum() * others.sum()))]

    return figure


def false_alarms(horizon: int, rows: int, months: int) -> list[str]:
    """Let models live for three years each where nothing changes, and count what is said."""
    random, said = np.random.default_rng([7, horizon, rows]), {"investigate": 0, "retrain": 0}
    lived = 0
    while lived < months:
        life = Life(World(random, rows, {}), horizon)
        for _ in range(3 * YEAR):
            decision = life.next_decision()
            lived += 1
            if decision in said:
                said[decision] += 1
            if decision == "retrain":
                break  # a new model, another life
    decade = 10 * YEAR / lived
    share, most = said["investigate"] / lived, upper_bound(said["investigate"]) / lived
    again, often = said["retrain"] * decade, upper_bound(said["retrain"]) * decade
    return [
        f"labels after {horizon} months, {rows:,} rows a month",
        f"{lived:,}",
        f"{share:.2%}",
        f"{most:.2%}",
        f"{again:.2f}",
        f"{often:.2f}",
    ]


def upper_bound(count: int) -> float:
    """Return the one-sided upper 95% bound of an expected count. Source: Garwood, 1936."""
    from scipy.stats import chi2

    return float(chi2.ppf(0.95, 2 * (count + 1)) / 2)


def delay(name: str, changes: Changes, rows: int, decision: str, lives: int) -> list[str]:
    """Return after how many months a change is noticed, where labels come at once."""
    random, months = np.random.default_rng([11, rows]), []
    for _ in range(lives):
        life = Life(World(random, rows, changes), horizon=0)
        said = (life.next_decision() for _ in range(YEAR))
        noticed = (month for month, word in enumerate(said, start=1) if word == decision)
        months.append(next(noticed, 2 * YEAR))
    within = np.mean(np.array(months) <= YEAR)
    median = f"{np.median(months):g}" if np.median(months) <= YEAR else "more than 12"
    return [f"{name}, {rows:,} rows a month", f"`{decision}`", median, f"{within:.0%}"]


def alarms(months: int) -> list[list[str]]:
    """Return a row for each horizon: what is said of models where nothing changes."""
    return [false_alarms(horizon, rows, months) for horizon in (0, 3, 12) for rows in (200, 600)]


def delays(lives: int) -> list[list[str]]:
    """Return a row for each change and number of rows: after how many months it is noticed."""
    rows = []
    for count in (200, 600, 2_000):
        for size in (0.25, 0.5, 1.0):
            change = f"one input moves by {size:g} of its deviation"
            rows.append(delay(change, {"shift": size}, count, "investigate", lives))
        for share in (0.1, 0.2, 0.4):
            change = f"scores say nothing on {share:.0%} of the rows"
            rows.append(delay(change, {"forgotten": share}, count, "retrain", lives))
    return rows
