"""How the champion performed where the truth is known by now: predictions and matured labels."""

from functools import partial

import numpy as np
import pandas as pd

from ...base.project import user_module
from ...base.windows import Window, periods
from ...data.fingerprints import hashes
from ...data.labelled_rows import PointInTimeData, count_events, read_labels
from ...figures import decision
from ...figures.decision import HEALTHY, INVESTIGATE, Facts
from ...records import predictions
from .context import Watch

TRUTH = "the truth"  # a target may be called like a column of the predictions


def assess(watch: Watch) -> Facts:
    """Return the facts of the window as long as the gate's that ended one horizon ago."""
    time = watch.project.settings.time
    end = watch.ago(time.label_horizon, watch.as_of)
    start = watch.ago(time.gate, end)
    dates = sorted(date for date in watch.batches if start < date <= end)
    made = [rows for date in dates for rows in watch.read(partial(_made, watch, date)) or ()]
    whole = pd.concat(made) if made else pd.DataFrame({"version": []})
    mine = _named(watch, whole[whole["version"] == watch.number])
    facts: Facts = {"expected": 0, "matured": 0, "unknown_keys": 0, "coverage": None}
    if mine.empty:
        _say_why(watch, start, end)
        none = {"by_date": [], "performance": [], "window": f"{Window(start, end)}"}
        return {"rows": facts, **none}
    watch.know_versions(set(map(int, whole["version"].unique())), f"{Window(start, end)}")
    _say_gaps(watch, dates, end)
    keys = watch.champion.contract.keys
    mine = mine.drop_duplicates(keys, keep="last")
    window = watch.window(watch.ago(1, dates[0]), dates[-1])
    labels = watch.read(partial(_labels, watch, window))
    known = mine.iloc[:0].assign(**{TRUTH: None})
    if labels is not None:
        known = mine.join(labels, on=keys, how="inner").reset_index(drop=True)
        foreign = ~np.isin(hashes(labels.reset_index(), keys), hashes(whole, keys))
        facts["unknown_keys"] = int(foreign.sum())
    facts |= {"expected": len(mine), "matured": len(known), "coverage": len(known) / len(mine)}
    _enough(watch, known, start)
    return {
        "rows": facts,
        "by_date": _by_date(mine, known),
        "performance": list(_figures(watch, known)) if len(known) else [],
        "window": str(window or "all rows"),
    }


def _made(watch: Watch, date: pd.Timestamp) -> list[pd.DataFrame]:
    return [rows.assign(scoring_date=date) for rows in predictions.read_parts(watch.batches[date])]


def _named(watch: Watch, mine: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have a key, which online a client may leave out."""
    unnamed = mine.reindex(columns=watch.champion.contract.keys).isna().any(axis=1)
    if unnamed.any():
        words = f"{unnamed.sum()} answers were asked for without a key: no label can be theirs"
        watch.found.append((INVESTIGATE, words))
    return mine[~unnamed]


def _by_date(mine: pd.DataFrame, known: pd.DataFrame) -> list[tuple[str, int, int]]:
    """Return how many labels of each batch are due, and how many have come."""
    due, come = (rows.groupby("scoring_date").size() for rows in (mine, known))
    return [(f"{date:%Y-%m-%d}", int(due[date]), int(come.get(date, 0))) for date in due.index]


def _labels(watch: Watch, window: Window | None) -> pd.DataFrame:
    project, contract = watch.project, watch.champion.contract
    source = PointInTimeData(
        project, user_module("data"), contract, watch.as_of, project.settings.time
    )
    labels = read_labels(source, window, f"labels of the window {window or 'of all rows'}")
    return labels.set_axis([TRUTH], axis="columns")


def _say_why(watch: Watch, start: pd.Timestamp, end: pd.Timestamp) -> None:
    """Tell predictions that are too young to be judged from those that are missing."""
    began, version = watch.began, f"version {watch.number}"
    if began is not None and began <= end:
        words = f"the table holds no predictions of {version} for {Window(start, end)}"
        watch.found.append((INVESTIGATE, f"{words}, whose labels are due"))
    elif began is not None:
        time = watch.project.settings.time
        due = began + periods(time.label_horizon, time.period)
        words = f"the labels of the first predictions of {version} mature on {due:%Y-%m-%d}"
        watch.found.append((HEALTHY, f"{words}: until then its performance is not known"))


def _say_gaps(watch: Watch, dates: list[pd.Timestamp], end: pd.Timestamp) -> None:
    """Say which periods have no batch, since the champion began."""
    for back in range(watch.project.settings.time.gate):
        period = Window(watch.ago(back + 1, end), watch.ago(back, end))
        scored = any(period.start < date <= period.end for date in dates)
        if watch.began is not None and watch.began <= period.end and not scored:
            words = f"no predictions of {period} are there, whose labels are due"
            watch.found.append((INVESTIGATE, words))


def _enough(watch: Watch, known: pd.DataFrame, start: pd.Timestamp) -> None:
    """Say where too few labels are known; grave once all periods are the champion's."""
    fewest, began = watch.project.settings.gate.min_events, watch.began
    count = count_events(watch.champion.contract, known[TRUTH])
    if count < fewest:
        full = began is None or watch.ago(1, began) <= start
        words = f"{count} matured events, fewer than gate.min_events ({fewest})"
        said = f"{words}: the performance cannot be judged"
        watch.found.append((INVESTIGATE if full else HEALTHY, said))


def _figures(watch: Watch, known: pd.DataFrame) -> list[Facts]:
    """Return each figure that the gate bounds, with its interval and its verdict."""
    from ...figures.metrics import Metrics

    settings, contract = watch.project.settings, watch.champion.contract
    metrics = Metrics(settings, user_module("model"))
    truth, limits = known[TRUTH].rename(contract.target), settings.gate.thresholds
    prediction = known[list(watch.champion.version.card.profile.predictions)]
    errors, count = metrics.errors(truth, prediction, limits), count_events(contract, truth)
    return [
        decision.judge(name, value, errors[name], rule_of(watch, name, count))
        for name, value in metrics.all(truth, prediction, limits).items()
    ]


def rule_of(watch: Watch, name: str, count: int = 0) -> decision.Rule:
    """Return what a figure of so many events is held against."""
    settings, card = watch.project.settings, watch.champion.version.card
    limit = settings.gate.thresholds[name]
    sign, edge = (1, limit.min) if limit.min is not None else (-1, limit.max)
    return decision.Rule(
        sign=sign,
        limit=float(edge or 0.0),
        reference=card.figures.get(name),
        margin=settings.gate.margin if name == settings.metric else None,  # in that figure's unit
        events=count,
        gate_events=card.gate_events,
        min_events=settings.gate.min_events,
    )
