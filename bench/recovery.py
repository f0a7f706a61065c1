"""How long a model is bad after its world has changed: monitored, retrained and gated each month.

The rows and the estimator are invented; intervals, decisions and the comparison with the champion
are the platform's own, and so are the windows: a challenger learns from matured rows only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from rendering import platform
from sklearn.linear_model import LogisticRegression

from .monitoring import GATE, MARGIN, MIN_AUC, SEASON, TRAIN, YEAR, auc, judge, resampled_auc

HEADER = [
    *("labels after, rows a month", "AUC before", "AUC left", "noticed", "first successor"),
    *("recovered", "in windows"),
]
BEFORE, AFTER = np.array([1.1, 0.9, 0.0]), np.array([0.5, -0.3, 1.1])  # what each input means
SERVICE = 12  # months for which the first champion is good
PATIENCE = 60  # months after the change
MAX_AGE = 12  # months that a champion serves after its gate window's twin is due: the default
CLOSE = 0.02  # of AUC: so near to the best possible, a model has recovered

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
    """An estimator with what its gate window said of it."""

    estimator: Any
    since: int
    reference: float
    events: int

    def scored(self, rows: Frame) -> Frame:
        """Return rows with its scores in place of the true risk."""
        inputs = rows[range(len(BEFORE))].to_numpy()
        return rows.assign(risk=self.estimator.predict_proba(inputs)[:, 1])


def challenger(world: World, now: int, horizon: int) -> tuple[Champion, Frame]:
    """Train as of a month; return the candidate and its gate window."""
    over = now - horizon
    learned = world.window(over - GATE - horizon - TRAIN, over - GATE - horizon)
    judged = world.window(over - GATE, over)
    inputs = learned[range(len(BEFORE))].to_numpy()
    fitted = Champion(LogisticRegression().fit(inputs, learned["truth"]), now, 0.0, 0)
    figure, events = auc(fitted.scored(judged)), int(judged["truth"].sum())
    return Champion(fitted.estimator, now, figure, events), judged


def passes(candidate: Champion, champion: Champion, judged: Frame) -> bool:
    """Hold a candidate against the threshold and against the champion, as the gate does."""
    ours, theirs = (resampled_auc(model.scored(judged)) for model in (candidate, champion))

    def difference(drawn: Any) -> float:
        return ours(drawn)[0] - theirs(drawn)[0]

    bound = platform("statistics").lower_bound(difference, len(judged))
    return bool(candidate.reference >= MIN_AUC and bound > -MARGIN)


def decays(world: World, champion: Champion, now: int, horizon: int) -> bool:
    """Ask the platform whether the champion's matured predictions have decayed."""
    over = now - horizon
    start = max(over - GATE, champion.since)
    if start >= over:
        return False
    known = champion.scored(world.window(start, over))
    return bool(judge(known, champion.reference, champion.events)["verdict"] == "decayed")


def life(random: np.random.Generator, horizon: int, rows: int) -> dict[str, float]:
    """Let a champion live through the change; return when what happened, in months after it."""
    world = World(random, rows, changed=SERVICE)
    fresh = world.draw(SERVICE, 20_000)
    best = auc(fresh)
    champion = challenger(world, 0, horizon)[0]
    found = {"before": champion.reference, "left": auc(champion.scored(fresh))}
    for now in range(1, SERVICE + PATIENCE):
        old = now - champion.since > horizon + GATE + MAX_AGE
        if old or decays(world, champion, now, horizon):
            found.setdefault("noticed", max(now - SERVICE, 0))
            candidate, judged = challenger(world, now, horizon)
            if passes(candidate, champion, judged):
                champion = candidate
                found.setdefault("successor", now - SERVICE)
        if now >= SERVICE and auc(champion.scored(fresh)) > best - CLOSE:
            return found | {"recovered": now - SERVICE}
    return found


def recoveries(lives: int) -> list[list[str]]:
    """Return a row for each horizon and number of rows: medians over lives."""
    table = []
    for horizon in (0, 3, 12):
        for rows in (600, 2_000):
            random = np.random.default_rng([13, horizon, rows])
            lived = pd.DataFrame([life(random, horizon, rows) for _ in range(lives)])
            medians = lived.reindex(columns=list(KINDS)).fillna(PATIENCE).median()
            shown = [written(medians[kind]) for kind, written in KINDS.items()]
            windows = medians["recovered"] / (horizon + GATE)
            table.append([f"{horizon} months, {rows:,}", *shown, f"{windows:.1f}"])
    return table


def months(value: float) -> str:
    """Write a number of months after the change."""
    return f"{value:g}" if value < PATIENCE else f"more than {PATIENCE}"


KINDS: dict[str, Callable[[float], str]] = {
    "before": "{:.3f}".format,
    "left": "{:.3f}".format,
    **dict.fromkeys(("noticed", "successor", "recovered"), months),
}
