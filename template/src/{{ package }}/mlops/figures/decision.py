"""What the facts of a monitoring mean: healthy, investigate or retrain, each with its reasons.

Functions of facts alone, so that a simulation can ask them about thousands of months.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

HEALTHY, INVESTIGATE, RETRAIN = DECISIONS = ("healthy", "investigate", "retrain")
INTERVAL = "95% interval"
CHANCE = 1.96  # standard errors: two-sided 95%
KEPT = 0.5  # of the gate window's coverage; with less, labels are missing
FEWEST = 20  # rows of a batch of which a share can be told
GONE = 0.99  # of a column's values
UNSCORED = 0.01  # of the rows; a few arrive after the batch was made

Facts = dict[str, Any]
Finding = tuple[str, str]  # a decision and the sentence that asks for it


def decide(found: list[Finding]) -> tuple[str, list[str]]:
    """Return the gravest decision, and all sentences, the gravest first."""
    ordered = sorted(found, key=lambda finding: DECISIONS.index(finding[0]), reverse=True)
    return (ordered[0][0] if ordered else HEALTHY), [sentence for _, sentence in ordered]


def persists(drifted: list[bool]) -> bool:
    """Tell whether a column drifts now, the last window, and in one of the two before."""
    return drifted[-1] and sum(drifted[-3:]) > 1


@dataclass(frozen=True)
class Rule:
    """What a figure is held against."""

    sign: int  # 1 where more is better, -1 where less is
    limit: float  # of the gate
    reference: float | None  # the figure of the gate window
    margin: float | None  # how far below that it may lie; None asks for the limit alone
    events: int
    gate_events: int
    min_events: int


def judge(metric: str, value: float, error: float, rule: Rule) -> Facts:
    """Return the facts of a figure, with the bound from which on it has decayed.

    Decayed is worse than the gate's limit by more than chance, or worse than in the gate window by
    more than the margin and chance, to which both windows contribute: whichever is met first.
    """
    bound = rule.sign * rule.limit - CHANCE * error
    if rule.margin is not None and rule.reference is not None:
        both = error * (1 + rule.events / max(rule.gate_events, 1)) ** 0.5
        bound = max(bound, rule.sign * rule.reference - rule.margin - CHANCE * both)
    known = rule.events >= rule.min_events and isfinite(value) and isfinite(bound)
    low, high = value - CHANCE * error, value + CHANCE * error
    figures = {"value": value, "low": low, "high": high, "bound": rule.sign * bound}
    return {
        "metric": metric,
        **{key: figure if isfinite(figure) else None for key, figure in figures.items()},
        "reference": rule.reference,
        "better": "higher" if rule.sign > 0 else "lower",
        "verdict": ("decayed" if rule.sign * value < bound else "ok") if known else "unknown",
        "events": rule.events,
    }


def interval(value: float, error: float) -> str:
    """Say within which figures the true one lies; nothing where that cannot be known."""
    low, high = value - CHANCE * error, value + CHANCE * error
    return f"{INTERVAL} {low:.4f} to {high:.4f}" if isfinite(low) else ""


def performance(figures: list[Facts]) -> Iterator[Finding]:
    """Retrain where a figure decayed."""
    for figure in figures:
        if figure["verdict"] == "decayed":
            side, then = "below" if figure["better"] == "higher" else "above", figure["reference"]
            around = f"({INTERVAL} {figure['low']:.3f} to {figure['high']:.3f})"
            words = f"{figure['metric']} is {figure['value']:.3f} {around}"
            words += "" if then is None else f", {then:.3f} in the gate window"
            yield RETRAIN, f"{words}: {side} {figure['bound']:.3f}, further than chance explains"


def unrecovered(metric: str, rule: Rule, learned_from: str, others: list[Facts]) -> Facts | None:
    """Return the newest decay of another champion that this one has not made up for.

    It learned from rows before that decay, and in its gate window it does worse, by more than the
    margin, than the other did in its own. Rows reach the train window long after a change.
    """
    for other in reversed(others):
        then, now = other.get("decayed", {}).get(metric), rule.reference
        known = None not in (then, now, rule.margin) and other["as_of"] > learned_from
        if known and rule.sign * (then - now) > rule.margin:
            decay = {key: other[key] for key in ("as_of", "version")}
            return {"metric": metric, "then": then, "now": now, **decay}
    return None


def staleness(facts: Facts, most_drifted: float) -> Iterator[Finding]:
    """Retrain where the champion is half learned, too old, or reads too much that has drifted."""
    if lost := facts["lost"]:
        other = f"version {lost['version']}"
        words = f"{other} had decayed by {lost['as_of']}, and the champion learned from before that"
        words += f", too: {lost['metric']} is {lost['now']:.3f} in its gate window"
        yield RETRAIN, f"{words}, and was {lost['then']:.3f} in that of {other}"
    if facts["age"] > facts["limit"]:
        ages = f"{facts['age']} {facts['period']}s, more than {facts['limit']}"
        yield RETRAIN, f"the champion's age is {ages}"
    if facts["drifted_share"] > most_drifted:
        share = f"{facts['drifted_share']:.0%} of its inputs"
        yield RETRAIN, f"{share} have drifted, more than {most_drifted:.0%}"


def drift(columns: list[Facts]) -> Iterator[Finding]:
    """Investigate what has drifted in two of three windows, or is gone; name what did so once."""
    for column in sorted(columns, key=lambda c: c["psi"] / c["limit"], reverse=True):
        figures = f"PSI {column['psi']:.2f}, more than {column['limit']:.2f}"
        if column["persistent"]:
            words = f"{column['kind']} {column['name']} has drifted in two of three windows"
            yield INVESTIGATE, f"{words} ({figures})"
        elif column["missing_now"] > GONE and column["missing_then"] < 1 - GONE / 2:
            words = f"{column['kind']} {column['name']} has hardly any value in this window"
            yield INVESTIGATE, f"{words} ({column['missing_now']:.0%} are missing)"
        elif column["drifted"]:
            words = f"{column['kind']} {column['name']} has drifted in this window alone so far"
            yield HEALTHY, f"{words} ({figures})"


def completeness(
    rows: Facts, least: float, coverage: float, by_date: list[tuple[str, int, int]]
) -> Iterator[Finding]:
    """Investigate rows that are too few or stand twice, that have no prediction, or no label."""
    if rows["usual"] and 0 < rows["read"] < least * rows["usual"]:
        words = f"{rows['read']} rows are there for the period; the train window had"
        yield INVESTIGATE, f"{words} {rows['usual']:,.0f} in each: is the delivery whole?"
    if rows["doubled"]:
        yield INVESTIGATE, f"{rows['doubled']} keys of the period stand twice in the tables"
    if rows["scored"] and rows["without_prediction"] > UNSCORED * rows["scored"]:
        yield INVESTIGATE, f"{rows['without_prediction']} rows of the period have no prediction"
    for date, due, come in by_date:
        if due >= FEWEST and come < KEPT * coverage * due:
            words = f"{come} of {due} due labels of the batch of {date} have come"
            yield INVESTIGATE, f"{words} ({come / due:.0%}; {coverage:.0%} in the gate window)"
