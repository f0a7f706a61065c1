"""The numbers behind the charts of a page: scales, round marks, places. charts.html draws them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from .templates import Figure, known

BARS = (124, 346)  # where bars start, beside the names of bins, and where the longest ends
LEFT, RIGHT, TOP, BOTTOM = 46, 352, 18, 164  # the field in which a trend moves


@dataclass(frozen=True)
class Scale:
    """Where figures lie in a picture: low at `start`, high at `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, figure: float) -> float:
        """Return the place of a figure, to a tenth of a unit; all lie mid-way where all are one."""
        part = (figure - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + part * (self.end - self.start), 1)

    def ticks(self, about: int) -> dict[str, float]:
        """Return about so many round figures, as they are written, and their places."""
        rough = (self.high - self.low) / about
        unit = 10.0 ** math.floor(math.log10(rough))
        step = unit * min((1, 2, 2.5, 5, 10), key=lambda times: abs(times * unit - rough))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        marks = [count * step for count in range(first, last + 1)]
        places = max(len(f"{mark:.6g}".partition(".")[2]) for mark in marks)
        return {f"{mark:,.{places}f}": self.at(mark) for mark in marks}


def percent(shares: Iterable[Figure]) -> Scale:
    """Return the scale of bars that show these shares, in percent."""
    return Scale(0, 100 * (max(filter(known, shares), default=0) or 1), *BARS)


Row = tuple[str, Figure, Figure, int | None]  # a day, its value and limit, the version in use


@dataclass(frozen=True)
class Point:
    """A row of a trend, whether its value lies beyond its limit, and its lane in the picture."""

    day: str
    value: Figure
    limit: Figure
    version: int | None
    breaks: bool
    left: float
    x: float
    right: float


@dataclass(frozen=True)
class Trend:
    """One figure over time, oldest first. `better` names its good side: higher, lower or ""."""

    name: str
    rows: list[Row]
    better: str = ""
    interval: tuple[Figure, Figure] = (None, None)  # around the last value
    floor: Figure = None  # where the scale starts

    def points(self) -> list[Point]:
        """Return each row with its place; the lanes meet half-way and fill the field."""
        days = [date.fromisoformat(row[0]).toordinal() for row in self.rows]
        across = Scale(min(days), max(days), LEFT + 14, RIGHT - 14)
        places = [across.at(day) for day in days]
        edges = [LEFT, *(round((one + other) / 2, 1) for one, other in pairwise(places)), RIGHT]
        lanes = zip(edges, places, edges[1:], strict=False)
        return [
            Point(*row, self._breaks(*row[1:3]), *lane)
            for row, lane in zip(self.rows, lanes, strict=True)
        ]

    def up(self) -> Scale:
        """Return the scale on which every value, limit and end of the interval has room."""
        figures = [figure for row in self.rows for figure in row[1:3]]
        shown = list(filter(known, (*figures, *self.interval, self.floor))) or [0.0, 1.0]
        least, most = min(shown), max(shown)
        room = max(0.12 * (most - least), 0.02 * abs(least), 0.02 * abs(most)) or 1
        low = self.floor if known(self.floor) else least - room
        return Scale(low, most + room, BOTTOM, TOP)

    def _breaks(self, value: Figure, limit: Figure) -> bool:
        if not (known(value) and known(limit) and self.better):
            return False
        return value < limit if self.better == "higher" else value > limit
