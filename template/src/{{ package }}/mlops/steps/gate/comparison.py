"""The gate's checks that compare: with the champion, with a constant, and between groups."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from timeit import timeit

import numpy as np
import pandas as pd

from ...base.errors import MlopsError
from ...base.settings import Settings
from ...figures.importance import Judged, permutation_importance
from ...figures.resampling import Positions, lower_bound
from ...records.evidence import Check, CheckVerdict
from ...records.registry import LoadedVersion, Version
from ...records.snapshot import read_sources
from .case import Case, check, passed_if

FEWEST_FEATURES = 4  # with fewer, one column may rightly account for nearly all of the lift
SINGLE_ROWS = 30
MOST_GROUPS = 20  # a column with more values, such as an age in years, has no groups
# Metrics on a fixed scale up to 1, in which gaps between groups are measured directly. In any other
# metric, such as an error in euros, a gap is a share of the figure of all rows.
IN_POINTS = {"auc", "auc_ovr", "average_precision", "accuracy", "macro_f1", "brier", "r2"}


@dataclass(frozen=True)
class Scale:
    """How a difference of two figures is written, with its sign and in words."""

    above: str
    """What a difference above 0 means: better or worse."""
    below: str
    """What one below 0 means."""
    form: str
    """The format of its size: `.3f`."""

    def write(self, difference: float) -> str:
        """Return a difference with its sign."""
        return f"{difference:+{self.form}}"

    def describe(self, difference: float) -> str:
        """Return a difference in words: `0.012 worse`, or `equal`."""
        size = f"{abs(difference):{self.form}}"
        if not float(size.rstrip("%")):
            return "equal"
        return f"{size} {self.above if difference > 0 else self.below}"


LEAD = Scale("better", "worse", ".4f")
POINTS = Scale("worse", "better", ".3f")
SHARES = Scale("worse", "better", ".1%")


def with_others(case: Case) -> Iterator[Check]:
    """Run the checks of this module."""
    if len(case.contract.features) >= FEWEST_FEATURES:
        yield dominance(case)
    try:
        yield against_champion(case)
        if case.champion is not None:
            yield latency(case, case.champion)
    except MlopsError as error:  # the champion cannot read today's rows
        yield check("against champion", "insufficient", "no answer", "", str(error))
    yield from slices(case)


def dominance(case: Case) -> Check:
    """Refuse a model whose lift over a constant depends on one column: usually a leak."""
    predict = case.challenger.predict
    skill = case.metrics.skill
    constant = _constant(case.prediction)
    lift = skill(case.truth, case.prediction) - skill(case.truth, constant)
    if lift <= 0:
        reason = "it is no better than a constant prediction"
        return check("one column", "noted", "no lift", "", reason)
    judged = Judged(case.sample.frame, case.truth, case.prediction)
    falls = permutation_importance(predict, skill, judged, case.contract.features)
    name = max(falls, key=lambda column: falls[column].mean)
    share = falls[name].mean / lift
    limit = case.settings.gate.dominance
    reason = f"share of its lead over a constant prediction due to {name}"
    if share > limit:
        reason += (
            "; if this column is known when the model predicts, as a lagged value is, raise "
            "gate.dominance"
        )
    return check(
        "one column",
        passed_if(share <= limit),
        f"{share:.2f}",
        f"<= {limit:g}",
        reason,
        setting="gate.dominance",
    )


def against_champion(case: Case) -> Check:
    """Bootstrap the paired difference to the champion on rows that neither trained on.

    `noninferior` requires its lower 95% bound to be above -margin, `superior` above 0. If the
    higher metric simply won, the newer of two equal models would win about every second time.
    """
    name = "against champion"
    if case.champion_error:
        raise MlopsError(case.champion_error)
    if case.champion is None and case.is_champion:
        return check(name, "noted", "itself", "", "it is the champion")
    if case.champion is None:
        return check(name, "noted", "none yet", "", "there is no champion to compare it with")
    rule = _comparison_rule(case, case.champion)
    group = case.contract.inputs.one("group")
    theirs = case.champion.predict(case.champion.clean(case.sample.raw))
    our_skill = case.metrics.skill_of_draws(case.truth, case.prediction)
    their_skill = case.metrics.skill_of_draws(case.truth, theirs)

    def difference(drawn: Positions) -> float:
        return our_skill(drawn) - their_skill(drawn)

    lead = our_skill(None) - their_skill(None)
    bound = lower_bound(difference, len(case.truth), case.sample.frame[group] if group else None)
    return judge_lead(case.settings, rule, case.champion.version, lead, bound)


def judge_lead(
    settings: Settings, rule: str, champion: Version, lead: float, bound: float
) -> Check:
    """Judge a version by the lower bound of its lead over the champion in the gate's metric."""
    allowed = settings.gate.margin if rule == "noninferior" else 0.0
    reason = (
        f"must be {rule} to {champion}; {settings.metric} {LEAD.describe(lead)}, 95% bound "
        f"{LEAD.describe(bound)}"
    )
    return check(
        "against champion",
        passed_if(bound > -allowed),
        f"lead at least {LEAD.write(bound)}",
        f"> {0 - allowed:g}",  # not -allowed, which would show "-0"
        reason,
        setting="gate.margin" if rule == "noninferior" else "gate.comparison",
    )


def _comparison_rule(case: Case, champion: LoadedVersion) -> str:
    """Return `noninferior` or `superior`, which `auto` requires of new code only."""
    rule = case.settings.gate.comparison
    if rule != "auto":
        return rule
    packages = (champion.version.package, case.challenger.version.package)
    same_code = read_sources(packages[0]) == read_sources(packages[1])
    return "noninferior" if same_code else "superior"


def slices(case: Case) -> Iterator[Check]:
    """Compare each protected group with all rows, by the risk tier's limit."""
    frame = case.sample.frame
    for column in case.contract.inputs.roles.get("protected", []):
        groups = frame[column].nunique(dropna=False)
        if groups > MOST_GROUPS:
            reason = f"{column} has too many values for groups; make bands of them in data.py"
            figure = f"{groups} groups"
            yield check(f"slice {column}", "rejected", figure, f"<= {MOST_GROUPS}", reason)
            continue
        for value, rows in frame.groupby(column, dropna=False):
            positions = frame.index.get_indexer(rows.index)
            yield _slice(case, f"slice {column}={value}", positions)


def _slice(case: Case, name: str, positions: Positions) -> Check:
    """Compare one group with all rows."""
    limit = case.settings.slice_gap
    points = case.settings.metric in IN_POINTS
    gap, bound = _gap(case, positions)
    if not points:
        whole = abs(case.metrics.skill(case.truth, case.prediction))
        gap = gap / whole if whole else float("nan")
        bound = bound / whole if whole else float("nan")
    scale = POINTS if points else SHARES
    verdict: CheckVerdict = passed_if(limit is not None and bound <= limit)
    if limit is None or np.isnan(bound):
        verdict = "insufficient" if case.settings.risk_tier == "high" else "noted"
    shown = "reported" if limit is None else f"<= {limit:g}" if points else f"<= {limit:.0%}"
    metric = case.settings.metric
    reason = f"{len(positions)} rows; {metric} cannot be computed for them"
    if not np.isnan(bound):
        reason = (
            f"{len(positions)} rows; compared with all, {metric} {scale.describe(gap)}, 95% bound "
            f"{scale.describe(bound)}"
        )
        if not points:
            reason += f", as shares of the {metric} of all rows"
    figure = "gap not known" if np.isnan(bound) else f"gap at least {scale.write(bound)}"
    return check(name, verdict, figure, shown, reason, setting="gate.slice_gap")


def latency(case: Case, champion: LoadedVersion) -> Check:
    """Compare the time that one row takes with the champion's, in turns on one thread."""
    from threadpoolctl import threadpool_limits

    ours = partial(case.challenger.predict, case.sample.frame.head(1))
    theirs = partial(champion.predict, champion.clean(case.sample.raw.head(1)))
    with threadpool_limits(1):  # in turns, so that other load affects both
        seconds = [(timeit(ours, number=1), timeit(theirs, number=1)) for _ in range(SINGLE_ROWS)]
    slow, fast = (float(median) * 1000 for median in np.median(seconds, axis=0))
    return judge_latency(case.settings, slow, fast)


def judge_latency(settings: Settings, ours: float, theirs: float) -> Check:
    """Judge the milliseconds that the version and the champion take for a single row.

    In a batch, a row takes far less time than alone. So where no client waits for single rows, a
    ratio alone rejects nothing: the time must exceed the budget as well.
    """
    limit = settings.gate.latency_ratio
    budget = settings.gate.latency_ms
    online = settings.serving.online
    too_slow = ours > limit * theirs and (online or ours > budget)
    reason = f"time to predict one row, for which the champion takes {theirs:.1f} ms"
    bound = f"<= {limit:g}x"
    if not online:
        bound = f"{bound}, or <= {budget:g} ms"
    return check(
        "latency",
        passed_if(not too_slow),
        f"{ours / theirs:.2f}x, {ours:.1f} ms",
        bound,
        reason,
        setting="gate.latency_ratio" if online else "gate.latency_ratio and gate.latency_ms",
    )


def _gap(case: Case, positions: Positions) -> tuple[float, float]:
    """Return how much worse a slice is than all rows, in the metric's unit, and its lower bound."""
    skill = case.metrics.skill_of_draws(case.truth, case.prediction)
    group = case.contract.inputs.one("group")
    clusters = case.sample.frame[group].iloc[positions] if group else None
    whole = skill(None)

    def gap(drawn: Positions) -> float:
        return whole - skill(positions[drawn])

    return gap(np.arange(len(positions))), lower_bound(gap, len(positions), clusters)


def _constant(prediction: pd.DataFrame) -> pd.DataFrame:
    """Return the prediction frame of a model that predicts the mean for every row."""
    means = prediction.select_dtypes("float64").mean()
    return pd.DataFrame({**prediction.mode().iloc[0], **means}, index=prediction.index)
