"""The numbers of charts: scales, round tick marks, positions. charts.html draws them."""

import datetime
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from .templates import known

BARS = (124, 346)  # where bars start, to the right of the bins' names, and where the longest ends
LEFT, RIGHT, TOP, BOTTOM = 46, 352, 18, 164  # the area of a trend, in units of the picture


@dataclass(frozen=True)
class Scale:
    """Where figures are in a picture: `low` at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, figure: float) -> float:
        """Return the position of a figure, to a tenth of a unit; the middle where low is high."""
        part = (figure - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + part * (self.end - self.start), 1)

    def ticks(self, about: int) -> dict[str, float]:
        """Return the positions of about so many round figures, by their text."""
        rough = (self.high - self.low) / about
        unit = 10.0 ** math.floor(math.log10(rough))
        step = unit * min((1, 2, 2.5, 5, 10), key=lambda times: abs(times * unit - rough))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        marks = [count * step for count in range(first, last + 1)]
        places = max(len(f"{mark:.6g}".partition(".")[2]) for mark in marks)
        return {f"{mark:,.{places}f}": self.at(mark) for mark in marks}


def percent(shares: Iterable[float | None]) -> Scale:
    """Return the scale of bars that show these shares, in percent."""
    return Scale(0, 100 * (max(filter(known, shares), default=0) or 1), *BARS)


@dataclass(frozen=True)
class Reading:
    """One figure on one date, with its limit and the version that was the champion."""

    day: datetime.date
    value: float | None
    limit: float | None
    version: int


@dataclass(frozen=True)
class Point(Reading):
    """A reading with its position in the picture."""

    breaks: bool  # the value is beyond its limit
    left: float  # where its lane begins
    x: float
    right: float  # where its lane ends


@dataclass(frozen=True)
class Trend:
    """One figure over time."""

    name: str
    readings: list[Reading]  # oldest first
    better: Literal["higher", "lower"] | None = None  # None: no value is beyond its limit
    interval: tuple[float | None, float | None] = (None, None)  # around the last value
    floor: float | None = None  # where the scale starts

    def points(self) -> list[Point]:
        """Return each reading with its position; lanes meet half-way and fill the area."""
        days = [reading.day.toordinal() for reading in self.readings]
        across = Scale(min(days), max(days), LEFT + 14, RIGHT - 14)
        places = [across.at(day) for day in days]
        edges = [LEFT, *(round((one + other) / 2, 1) for one, other in pairwise(places)), RIGHT]
        return [
            Point(
                day=reading.day,
                value=reading.value,
                limit=reading.limit,
                version=reading.version,
                breaks=self._breaks(reading),
                left=left,
                x=x,
                right=right,
            )
            for reading, left, x, right in zip(
                self.readings, edges[:-1], places, edges[1:], strict=True
            )
        ]

    def up(self) -> Scale:
        """Return the scale that has room for every value, limit and end of the interval."""
        figures = [figure for each in self.readings for figure in (each.value, each.limit)]
        shown = list(filter(known, (*figures, *self.interval, self.floor))) or [0.0, 1.0]
        least, most = min(shown), max(shown)
        room = max(0.12 * (most - least), 0.02 * abs(least), 0.02 * abs(most)) or 1
        low = self.floor if known(self.floor) else least - room
        return Scale(low, most + room, BOTTOM, TOP)

    def _breaks(self, reading: Reading) -> bool:
        if not (known(reading.value) and known(reading.limit) and self.better):
            return False
        if self.better == "higher":
            return reading.value < reading.limit
        return reading.value > reading.limit
