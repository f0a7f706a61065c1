"""How long a model stays bad after a change: monitored, retrained and gated each month.

The rows and the estimator are invented; intervals, decisions and the comparison with the champion
are the platform's own, and so are the windows: a challenger is trained on matured rows only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from rendering import platform
from sklearn.linear_model import LogisticRegression

from .monitoring import (
    GATE,
    MARGIN,
    MIN_AUC,
    SEASON,
    TRAIN,
    YEAR,
    auc,
    judge,
    resampled_auc,
    rule_of,
    upper_bound,
)

decision = platform("figures.decision")
resampling = platform("figures.resampling")

HEADER = [
    *("labels after, rows a month, learned from", "AUC before", "AUC left", "noticed"),
    *("first successor", "recovered", "in windows"),
]
QUIET = ["quiet life, retrained", "model-months", "`retrain` in 10 years", "bound"]
BEFORE, AFTER = np.array([1.1, 0.9, 0.0]), np.array([0.5, -0.3, 1.1])  # what each input means
SHORT = 3  # months of a short train window
SERVICE = 12  # months for which the first champion is good
PATIENCE = 60  # months after the change
MAX_AGE = 12  # of the champion beyond label horizon and gate window, in months: the default
CLOSE = 0.02  # of AUC: a model so near to the best possible one has recovered

Frame = pd.DataFrame


@dataclass
class World:
    """Months of rows; from `changed` on, the inputs mean something else."""

    random: np.random.Generator
    rows: int
    changed: int
    months: dict[int, Frame] = field(default_factory=dict)

    def window(self, start: int, end: int) -> Frame:
        """Return the rows of some months, always the same."""
        for number in range(start, end):
            if number not in self.months:
                self.months[number] = self.draw(number, self.rows)
        return pd.concat([self.months[number] for number in range(start, end)], ignore_index=True)

    def draw(self, number: int, rows: int) -> Frame:
        """Draw rows of a month, with a season in how often the event occurs."""
        inputs = self.random.normal(size=(rows, len(BEFORE)))
        season = SEASON * np.sin(2 * np.pi * number / YEAR)
        risk = -2 + season + inputs @ (AFTER if number >= self.changed else BEFORE)
        truth = self.random.random(rows) < 1 / (1 + np.exp(-risk))
        return pd.DataFrame(inputs).assign(truth=truth.astype(int), risk=risk)


@dataclass(frozen=True)
class Champion:
    """An estimator with its figures in the gate window, as of a month."""

    estimator: Any
    since: int
    learned_from: int
    reference: float
    events: int

    def scored(self, rows: Frame) -> Frame:
        """Return rows with its scores in place of the true risk."""
        inputs = rows[range(len(BEFORE))].to_numpy()
        return rows.assign(risk=self.estimator.predict_proba(inputs)[:, 1])


@dataclass
class Life:
    """Champions of one world, each trained on `train` months of matured rows."""

    world: World
    horizon: int
    train: int
    decays: list[Any] = field(default_factory=list)  # Decay of the platform

    def __post_init__(self) -> None:
        """Begin with a champion that no gate has compared with another."""
        self.champion = self.challenger(0)[0]

    def challenger(self, now: int) -> tuple[Champion, Frame]:
        """Train as of a month; return the candidate and its gate window."""
        over, horizon = now - self.horizon, self.horizon
        start = over - GATE - horizon - self.train
        learned = self.world.window(start, start + self.train)
        judged = self.world.window(over - GATE, over)
        inputs = learned[range(len(BEFORE))].to_numpy()
        fitted = Champion(LogisticRegression().fit(inputs, learned["truth"]), now, start, 0.0, 0)
        reference = auc(fitted.scored(judged))
        return replace(fitted, reference=reference, events=int(judged["truth"].sum())), judged

    def asks_for_retraining(self, now: int) -> bool:
        """Ask the platform: has the champion decayed, or not made up for another's decay?"""
        champion = self.champion
        if self._decayed(now):
            decay = decision.Decay(moment(now), champion.since, "auc", champion.reference)
            self.decays.append(decay)
            return True
        rule = rule_of(champion.reference, champion.events, 0)
        others = [decay for decay in self.decays if decay.version != champion.since]
        return bool(decision.find_lost_decay("auc", rule, moment(champion.learned_from), others))

    def _decayed(self, now: int) -> bool:
        over = now - self.horizon
        start = max(over - GATE, self.champion.since)
        if start >= over:
            return False
        known = self.champion.scored(self.world.window(start, over))
        figure = judge(known, self.champion.reference, self.champion.events)
        return bool(figure.verdict == "decayed")

    def old(self, now: int) -> bool:
        """Say whether the champion is stale by its age alone."""
        return now - self.champion.since > self.horizon + GATE + MAX_AGE

    def retrain(self, now: int) -> bool:
        """Train, and promote what passes."""
        candidate, judged = self.challenger(now)
        passed = passes(candidate, self.champion, judged)
        self.champion = candidate if passed else self.champion
        return passed


def moment(month: int) -> date:
    """Return a date for a month, in the same order; months before the first are negative."""
    return date.fromordinal(month + 1000)


def passes(candidate: Champion, champion: Champion, judged: Frame) -> bool:
    """Compare a candidate with the threshold and with the champion, as the gate does."""
    ours, theirs = (resampled_auc(model.scored(judged)) for model in (candidate, champion))

    def difference(drawn: Any) -> float:
        return ours(drawn)[0] - theirs(drawn)[0]

    bound = resampling.lower_bound(difference, len(judged))
    return bool(candidate.reference >= MIN_AUC and bound > -MARGIN)


def recovery(random: np.random.Generator, horizon: int, rows: int, train: int) -> dict[str, float]:
    """Let champions live through the change; return the months from it to each event."""
    life = Life(World(random, rows, changed=SERVICE), horizon, train)
    fresh = life.world.draw(SERVICE, 20_000)
    best = auc(fresh)
    left = auc(life.champion.scored(fresh))
    events = {"before": life.champion.reference, "left": left}
    for now in range(1, SERVICE + PATIENCE):
        if life.asks_for_retraining(now) or life.old(now):
            events.setdefault("noticed", max(now - SERVICE, 0))
            if life.retrain(now):
                events.setdefault("successor", now - SERVICE)
        if now >= SERVICE and auc(life.champion.scored(fresh)) > best - CLOSE:
            return events | {"recovered": now - SERVICE}
    return events


def recoveries(lives: int) -> list[list[str]]:
    """Return a row for each horizon, number of rows and train window: medians over lives."""
    table = []
    for horizon in (0, 3, 12):
        for rows, train in ((600, TRAIN), (2_000, TRAIN), (2_000, SHORT)):
            random = np.random.default_rng([13, horizon, rows])
            lived = [recovery(random, horizon, rows, train) for _ in range(lives)]
            medians = pd.DataFrame(lived).reindex(columns=list(KINDS)).fillna(PATIENCE).median()
            shown = [written(medians[kind]) for kind, written in KINDS.items()]
            windows = medians["recovered"] / (horizon + GATE)
            name = f"{horizon} months, {rows:,}, {train} months"
            table.append([name, *shown, f"{windows:.1f}"])
    return table


def quiet(horizon: int, rows: int, lived: int) -> list[str]:
    """Let champions follow one another where nothing changes; count retraining not due to age."""
    random = np.random.default_rng([17, horizon, rows])
    months = 0
    retrained = 0
    while months < lived:
        life = Life(World(random, rows, changed=PATIENCE), horizon, TRAIN)
        for now in range(1, PATIENCE):
            asks = life.asks_for_retraining(now)
            retrained += asks
            months += 1
            if asks or life.old(now):
                life.retrain(now)
    decade = 10 * YEAR / months
    return [
        f"labels after {horizon} months, {rows:,} rows a month",
        f"{months:,}",
        f"{retrained * decade:.2f}",
        f"{upper_bound(retrained) * decade:.2f}",
    ]


def calm(lived: int) -> list[list[str]]:
    """Return a row for each horizon: how often a follow-up is trained for nothing."""
    return [quiet(horizon, rows, lived) for horizon in (0, 3, 12) for rows in (200, 600)]


def months(value: float) -> str:
    """Return a number of months after the change as text."""
    return f"{value:g}" if value < PATIENCE else f"more than {PATIENCE}"


KINDS: dict[str, Callable[[float], str]] = {
    "before": "{:.3f}".format,
    "left": "{:.3f}".format,
    **dict.fromkeys(("noticed", "successor", "recovered"), months),
}
