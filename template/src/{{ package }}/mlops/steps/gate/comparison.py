"""The gate's checks that compare: with the champion, with a constant, and between groups."""

from collections.abc import Iterator
from functools import partial
from timeit import timeit

import numpy as np
import pandas as pd

from ...base.errors import MlopsError
from ...figures.resampling import Positions, lower_bound, permutation_importance
from ...records.registry import LoadedVersion
from .checks import Case, Check, judge

FEWEST_FEATURES = 4  # below, one column may rightly carry nearly all
SINGLE_ROWS = 30
MOST_GROUPS = 20  # an age in years is no group


def with_others(case: Case) -> Iterator[Check]:
    """Run the checks of this module."""
    if len(case.contract.features) >= FEWEST_FEATURES:
        yield dominance(case)
    try:
        yield against_champion(case)
        if case.champion is not None:
            yield latency(case, case.champion)
    except MlopsError as error:  # the champion cannot read today's rows
        yield Check("against champion", "insufficient", "no answer", "", str(error))
    yield from slices(case)


def dominance(case: Case) -> Check:
    """Refuse a model whose lift over a constant hangs on one column: mostly a leak."""
    predict, skill = case.challenger.predict, partial(case.metrics.skill, case.truth)
    lift = skill(case.prediction) - skill(_constant(case.prediction))
    if lift <= 0:
        return Check("one column", "noted", "no lift", "", "no better than a constant")
    rows, features = case.sample.frame, case.contract.features
    falls = permutation_importance(predict, skill, rows, case.prediction, features)
    name, share = max(falls, key=lambda name: falls[name]), max(falls.values()) / lift
    reason = f"share of the lift that {name} carries"
    limit = case.settings.gate.dominance
    return Check("one column", judge(share <= limit), f"{share:.2f}", f"<= {limit:g}", reason)


def against_champion(case: Case) -> Check:
    """Bootstrap the paired difference to the champion on rows that neither trained on.

    `noninferior` asks that its lower 95% bound lies above -margin, `superior` above 0: with
    "higher wins", the newer of two equal models would win about every second time.
    """
    if case.trouble:
        raise MlopsError(case.trouble)
    if case.champion is None:
        return Check("against champion", "noted", "none yet", "", "the first champion")
    rule, group = case.settings.gate.comparison, case.contract.inputs.one("group")
    if rule == "auto":
        same_code = case.champion.version.card["snapshot"] == case.card["snapshot"]
        rule = "noninferior" if same_code else "superior"
    limit = -case.settings.gate.margin if rule == "noninferior" else 0.0
    ours, theirs = case.prediction, case.champion.predict(case.champion.clean(case.sample.raw))
    truth, skill = case.truth, case.metrics.skill

    def difference(drawn: Positions) -> float:
        known = truth.iloc[drawn]
        return skill(known, ours.iloc[drawn]) - skill(known, theirs.iloc[drawn])

    bound = lower_bound(difference, len(truth), case.sample.frame[group] if group else None)
    reason = f"{rule} to {case.champion.version}; lower 95% bound of the difference"
    return Check("against champion", judge(bound > limit), f"{bound:+.4f}", f"> {limit:g}", reason)


def slices(case: Case) -> Iterator[Check]:
    """Compare each protected group with all rows, by the risk tier's limit."""
    limit, frame = case.settings.slice_gap, case.sample.frame
    unsure = "insufficient" if case.settings.risk_tier == "high" else "noted"
    for column in case.contract.inputs.roles.get("protected", []):
        groups = frame[column].nunique(dropna=False)
        if groups > MOST_GROUPS:
            remedy = "make bands of them in data.py"
            yield Check(f"slice {column}", "rejected", str(groups), f"<= {MOST_GROUPS}", remedy)
            continue
        for value, rows in frame.groupby(column, dropna=False):
            gap, bound = _gap(case, frame.index.get_indexer(rows.index))
            verdict = unsure if limit is None or np.isnan(bound) else judge(bound <= limit)
            shown = "reported" if limit is None else f"<= {limit:g}"
            reason = f"{len(rows)} rows; lower 95% bound of the gap {bound:+.3f}"
            yield Check(f"slice {column}={value}", verdict, f"{gap:+.3f}", shown, reason)


def latency(case: Case, champion: LoadedVersion) -> Check:
    """Compare the time that one row takes with the champion's, in turns on one thread."""
    from threadpoolctl import threadpool_limits

    ours = partial(case.challenger.predict, case.sample.frame.head(1))
    theirs = partial(champion.predict, champion.clean(case.sample.raw.head(1)))
    with threadpool_limits(1):  # in turns, so that both meet the same machine
        times = [[timeit(asked, number=1) for asked in (ours, theirs)] for _ in range(SINGLE_ROWS)]
    ratio, limit = np.divide(*np.median(times, axis=0)), case.settings.gate.latency_ratio
    reason = "single-row time as a ratio to the champion's"
    return Check("latency", judge(ratio <= limit), f"{ratio:.2f}", f"<= {limit:g}", reason)


def _gap(case: Case, positions: Positions) -> tuple[float, float]:
    """Return how far a slice lies behind all rows, and the lower bound of that."""
    truth, prediction, skill = case.truth, case.prediction, case.metrics.skill
    group = case.contract.inputs.one("group")
    clusters = case.sample.frame[group].iloc[positions] if group else None
    every = skill(truth, prediction)

    def gap(drawn: Positions) -> float:
        taken = positions[drawn]
        return every - skill(truth.iloc[taken], prediction.iloc[taken])

    return gap(np.arange(len(positions))), lower_bound(gap, len(positions), clusters)


def _constant(prediction: pd.DataFrame) -> pd.DataFrame:
    """Return the prediction frame of a model that says the same of every row: the mean."""
    means = prediction.select_dtypes("float64").mean()
    return pd.DataFrame({**prediction.mode().iloc[0], **means}, index=prediction.index)
