"""The gate's checks that compare: with the champion, with a constant, and between groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from timeit import timeit

import numpy as np
import pandas as pd

from ...base.errors import MlopsError
from ...base.settings import Settings
from ...figures.association import alike_columns
from ...figures.decision import NORMAL_QUANTILE
from ...figures.importance import total_effects
from ...figures.predictions import constant_prediction
from ...figures.resampling import Floats, Positions, bounds, lower_bound, standard_error
from ...records.evidence import Check, CheckVerdict
from ...records.registry import LoadedVersion, Version
from ...records.snapshot import read_sources
from .case import Case, check, passed_if

FEWEST_FEATURES = 4  # with fewer, one column may rightly account for nearly all of the lift
MOST_PERMUTED = 10_000  # rows; the share that a column accounts for is known to about 0.02 then
MOST_NAMED = 3  # columns in a sentence
SINGLE_ROWS = 30
FEWEST_ROWS = 10  # of a group, so that no check names the value of single rows
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
        yield from against_champion(case)
        if case.champion is not None:
            yield latency(case, case.champion)
    except MlopsError as error:  # the champion cannot read today's rows
        yield check("against champion", "insufficient", "no answer", "", str(error))
    yield from slices(case)


def dominance(case: Case) -> Check:
    """Refuse a model whose predictions depend on one column, or on its copies: usually a leak.

    What is measured is the share of the predictions' variance that needs the column
    (`total_effects`), which for a calibrated prediction is its share of the lift over a constant.
    """
    constant = constant_prediction(case.prediction)
    skill = case.metrics.skill_of_draws(case.truth, case.prediction)
    skill_of_constant = case.metrics.skill_of_draws(case.truth, constant)

    def lift(drawn: Positions | None) -> float:
        return skill(drawn) - skill_of_constant(drawn)

    lead = lift(None)
    if lead <= 0:
        reason = "it is no better than a constant prediction"
        return check("one column", "noted", "no lift", "", reason)
    group = case.contract.inputs.one("group")
    clusters = case.sample.frame[group] if group else None
    error = standard_error(lambda drawn: [lift(drawn)], len(case.truth), clusters)[0]
    columns, share = _largest_effect(case)
    unsure = bool(lead - NORMAL_QUANTILE * error <= 0)
    return judge_dominance(case.settings, columns, share, unsure=unsure)


def _largest_effect(case: Case) -> tuple[list[str], float]:
    """Return the columns that the predictions need most, alike ones together, and their share."""
    rows = case.sample.frame
    prediction = case.prediction
    if len(rows) > MOST_PERMUTED:
        drawn = np.random.default_rng(0).choice(len(rows), MOST_PERMUTED, replace=False)
        rows = rows.iloc[drawn]
        prediction = prediction.iloc[drawn]
    groups = alike_columns(rows, case.contract.features)
    shares = total_effects(case.challenger.predict, rows, prediction, groups)
    return max(zip(groups, shares, strict=True), key=lambda each: each[1])


def judge_dominance(
    settings: Settings, columns: Sequence[str], share: float, *, unsure: bool
) -> Check:
    """Judge a version by the share of the variance of its predictions that needs these columns.

    `unsure` means that its lift over a constant prediction may be chance, so that nothing can be
    said about what carries it.
    """
    limit = settings.gate.dominance
    names = ", ".join(columns[:MOST_NAMED])
    if others := len(columns) - MOST_NAMED:
        names += f" and {others} more" if others > 0 else ""
    reason = f"share of the variance of its predictions due to {names}"
    if len(columns) > 1:
        reason += ", which go together"
    verdict: CheckVerdict = passed_if(share <= limit)
    if share > limit and unsure:
        verdict = "noted"
        reason += "; not judged, since its lift over a constant prediction may be chance"
    elif share > limit:
        known = "these columns are" if len(columns) > 1 else "this column is"
        reason += (
            f"; if {known} known when the model predicts, as a lagged value is, raise "
            "gate.dominance"
        )
    return check(
        "one column", verdict, f"{share:.2f}", f"<= {limit:g}", reason, setting="gate.dominance"
    )


def against_champion(case: Case) -> Iterator[Check]:
    """Bootstrap the paired differences to the champion on rows that neither trained on.

    In the gate's metric, `noninferior` requires the lower 95% bound of the lead to be above
    -margin, `superior` above 0. If the higher metric simply won, the newer of two equal models
    would win about every second time. No other metric may be lost either.
    """
    name = "against champion"
    if case.champion_error:
        raise MlopsError(case.champion_error)
    if case.champion is None and case.is_champion:
        yield check(name, "noted", "itself", "", "it is the champion")
        return
    if case.champion is None:
        yield check(name, "noted", "none yet", "", "there is no champion to compare it with")
        return
    rule = _comparison_rule(case, case.champion)
    theirs = case.champion.predict(case.champion.clean(case.sample.raw))
    for metric, lead in _leads(case, theirs).items():
        version = case.champion.version
        if metric == case.settings.metric:
            yield judge_lead(case.settings, rule, version, lead)
        else:
            yield judge_other_lead(case.settings, metric, version, lead)


@dataclass(frozen=True)
class Lead:
    """By how much a version is better than the champion in a metric, in the metric's unit."""

    size: float
    """The difference; below 0, the version is worse."""
    low: float
    """Its one-sided lower 95% bound."""
    high: float
    """Its one-sided upper 95% bound."""
    margin: float
    """How much worse the version may be."""


def _leads(case: Case, theirs: pd.DataFrame) -> dict[str, Lead]:
    """Return the lead in each metric that has a threshold, the gate's metric first."""
    limits = case.settings.gate.thresholds
    names = sorted(limits, key=lambda name: name != case.settings.metric)
    signs = np.array([limits[name].sign for name in names])
    our_values = case.metrics.values_of_draws(case.truth, case.prediction, names)
    their_values = case.metrics.values_of_draws(case.truth, theirs, names)
    of_constant = case.metrics.values_of_draws(case.truth, constant_prediction(theirs), names)

    def differences(drawn: Positions | None) -> Floats:
        return signs * (our_values(drawn) - their_values(drawn))

    lows, highs = bounds(lambda drawn: differences(drawn).tolist(), len(case.truth), case.clusters)
    over_constant = signs * (their_values(None) - of_constant(None))
    return {
        name: Lead(
            size=float(differences(None)[at]),
            low=float(lows[at]),
            high=float(highs[at]),
            margin=case.settings.margin(name, float(over_constant[at])) or 0.0,
        )
        for at, name in enumerate(names)
    }


def judge_lead(settings: Settings, rule: str, champion: Version, lead: Lead) -> Check:
    """Judge a version by the lower bound of its lead over the champion in the gate's metric."""
    allowed = lead.margin if rule == "noninferior" else 0.0
    return check(
        "against champion",
        passed_if(lead.low > -allowed),
        f"lead at least {LEAD.write(lead.low)}",
        _more_than(-allowed),
        f"must be {rule} to {champion}; {_describe_lead(settings.metric, lead)}",
        setting="gate.margin" if rule == "noninferior" else "gate.comparison",
    )


def judge_other_lead(settings: Settings, metric: str, champion: Version, lead: Lead) -> Check:
    """Judge a version by its lead over the champion in another metric than the gate's.

    If conf/ states a margin, the version must be non-inferior by it. Otherwise it is rejected only
    if it is worse beyond chance, and by more than the margin.
    """
    stated = settings.gate.thresholds[metric].margin is not None
    verdict: CheckVerdict = passed_if(lead.low > -lead.margin)
    reason = _describe_lead(metric, lead)
    if verdict == "rejected" and not stated and not (lead.size < -lead.margin and lead.high < 0):
        verdict = "noted"
        reason += "; chance may explain it"
    return check(
        f"{metric} against champion",
        verdict,
        f"lead at least {LEAD.write(lead.low)}",
        _more_than(-lead.margin),
        f"must be noninferior to {champion}; {reason}",
        setting=f"gate.thresholds.{metric}.margin" if stated else "",
    )


def _more_than(bound: float) -> str:
    """Return a limit as it is displayed; without the sign of "-0"."""
    return f"> {0 + bound:g}"


def _describe_lead(metric: str, lead: Lead) -> str:
    return f"{metric} {LEAD.describe(lead.size)}, 95% bound {LEAD.describe(lead.low)}"


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
        small: list[int] = []
        for value, rows in frame.groupby(column, dropna=False):
            if len(rows) < FEWEST_ROWS:
                small.append(len(rows))
                continue
            positions = frame.index.get_indexer(rows.index)
            yield _slice(case, f"slice {column}={value}", positions)
        if small:
            yield _small_groups(case, column, small)


def _small_groups(case: Case, column: str, sizes: list[int]) -> Check:
    """Report groups that are too small to compare, without their values.

    The value of so few rows may be that of a single person, such as a name in a wrong column.
    """
    name = f"slice {column}=(fewer than {FEWEST_ROWS} rows)"
    groups = "group" if len(sizes) == 1 else "groups"
    return check(
        name,
        _unjudged(case),
        "gap not known",
        _shown_limit(case),
        f"{sum(sizes)} rows in {len(sizes)} {groups}, too few to compare",
        setting="gate.slice_gap",
    )


def _unjudged(case: Case) -> CheckVerdict:
    """Return the verdict on a group that cannot be compared."""
    return "insufficient" if case.settings.risk_tier == "high" else "noted"


def _shown_limit(case: Case) -> str:
    """Return the largest gap that a group may have, as the table shows it."""
    limit = case.settings.slice_gap
    if limit is None:
        return "reported"
    return f"<= {limit:g}" if case.settings.metric in IN_POINTS else f"<= {limit:.0%}"


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
        verdict = _unjudged(case)
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
    return check(name, verdict, figure, _shown_limit(case), reason, setting="gate.slice_gap")


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
