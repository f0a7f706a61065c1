"""A comparison: what is measured, and the least that it could take."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from .scratch import Seconds


@dataclass(frozen=True)
class Comparison:
    """Two names, and how to measure what they stand for."""

    measured: str
    floor: str
    take_measured: Seconds
    take_floor: Seconds


def compare(comparisons: list[Comparison], repeat: int) -> list[list[str]]:
    """Return a row for each comparison.

    A round takes both sides of all of them, one after the other, so that whatever else the machine
    does slows both. The first round only warms up.
    """
    rounds, names = [], ", ".join(each.measured for each in comparisons)
    for number in range(repeat + 1):
        sys.stderr.write(f"· round {number} of {repeat}: {names}\n")
        rounds.append([(each.take_measured(), each.take_floor()) for each in comparisons])
    return [
        [each.measured, each.floor, *_figures(pairs)]
        for each, pairs in zip(comparisons, zip(*rounds[1:], strict=True), strict=True)
    ]


def _figures(pairs: Sequence[tuple[float, float]]) -> list[str]:
    """Return medians, difference, ratio, and between what the ratios of the rounds lie."""
    measured, floor = (median(side) for side in zip(*pairs, strict=True))
    ratios = [one / other for one, other in pairs]
    span = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return [
        f"{measured:.3f}",
        f"{floor:.3f}",
        f"{measured - floor:.3f}",
        f"**{measured / floor:.2f}**",
        span,
    ]
