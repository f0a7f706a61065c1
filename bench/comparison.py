"""Compare what is measured with its floor, the least time that it could take."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from .scratch import Seconds


@dataclass(frozen=True)
class Comparison:
    """What is measured and its floor: their names, and how to measure each in seconds."""

    measured: str
    floor: str
    time_measured: Seconds
    time_floor: Seconds


def compare(comparisons: list[Comparison], repeat: int) -> list[list[str]]:
    """Return a table row for each comparison.

    A round measures both sides of every comparison in turn, so that other load on the machine slows
    both. The first round is a warm-up and does not count.
    """
    names = ", ".join(comparison.measured for comparison in comparisons)
    rounds = []
    for number in range(repeat + 1):
        sys.stderr.write(f"· round {number} of {repeat}: {names}\n")
        rounds.append([(each.time_measured(), each.time_floor()) for each in comparisons])
    pairs_by_comparison = zip(*rounds[1:], strict=True)
    return [
        [comparison.measured, comparison.floor, *_figures(pairs)]
        for comparison, pairs in zip(comparisons, pairs_by_comparison, strict=True)
    ]


def _figures(pairs: Sequence[tuple[float, float]]) -> list[str]:
    """Return both medians, their difference and ratio, and the range of the rounds' ratios."""
    measured, floor = (median(side) for side in zip(*pairs, strict=True))
    ratios = [measured_once / floor_once for measured_once, floor_once in pairs]
    span = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return [
        f"{measured:.3f}",
        f"{floor:.3f}",
        f"{measured - floor:.3f}",
        f"**{measured / floor:.2f}**",
        span,
    ]
