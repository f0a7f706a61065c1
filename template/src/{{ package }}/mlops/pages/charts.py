"""The numbers of charts: scales, round tick marks, positions. charts.html draws them."""

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from .templates import known

BARS = (132, 346)  # start of all bars, to the right of the bins' names, and end of the longest
LEFT, RIGHT, TOP, BOTTOM = 46, 352, 18, 164  # the area of a trend, in units of the picture
LANE = 18  # height of a line of a timeline, in units of the picture
NAMES = 112  # start of a timeline's cells, to the right of the names of its lines
MANY = 18  # readings of a trend; with more, its points are smaller
MARK_ROOM = 90  # from one date below a picture to the next, in units of the picture
PLOT_LEFT, PLOT_RIGHT, PLOT_TOP, PLOT_BOTTOM = 54, 344, 26, 278  # the area of a plot


@dataclass(frozen=True)
class Scale:
    """Positions of figures in a picture."""

    low: float
    """The figure at `start`."""
    high: float
    """The figure at `end`."""
    start: float
    """A position, in units of the picture."""
    end: float
    """A position, in units of the picture."""

    def at(self, figure: float) -> float:
        """Return the position of a figure, to a tenth of a unit; the middle if low equals high."""
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
    """The date."""
    value: float | None
    """The figure; None if it is not known."""
    limit: float | None
    """The limit of the figure on that date; None if it is not known."""
    version: int
    """The champion on that date."""


@dataclass(frozen=True)
class Point(Reading):
    """A reading with its position in the picture."""

    breaks: bool
    """Whether the value is beyond its limit."""
    left: float
    """Start of its lane, in units of the picture."""
    x: float
    """Position of the reading, in units of the picture."""
    right: float
    """End of its lane, in units of the picture."""


@dataclass(frozen=True)
class DateMark:
    """A date below a picture."""

    x: float
    """Position, in units of the picture."""
    text: str
    """The date, `2026-01-01`, or the month `2026-01` if all dates are first days of months."""
    anchor: Literal["start", "middle", "end"]
    """Which part of the text is at the position."""


def date_marks(
    days: Sequence[datetime.date], places: Sequence[float], start: float, end: float
) -> list[DateMark]:
    """Return marks for the first and the last date, at the ends, and for some between them.

    `places` are the positions of the dates. There are none in between if there are few dates, or if
    they are not first days of months, whose texts are short.
    """
    monthly = all(day.day == 1 for day in days) and len(days) >= MANY / 2
    texts = [f"{day:%Y-%m}" if monthly else f"{day}" for day in days]
    last = len(days) - 1
    if days[0] == days[last]:
        return [DateMark(places[last], texts[last], "middle")]
    parts = int((end - start) / MARK_ROOM) if monthly else 1
    between = [round(part * last / parts) for part in range(1, parts)]
    return [
        DateMark(start, texts[0], "start"),
        *(DateMark(places[at], texts[at], "middle") for at in between),
        DateMark(end, texts[last], "end"),
    ]


@dataclass(frozen=True)
class TimelineRow:
    """One line of a timeline: which dates have a cell, and which style it has."""

    name: str
    """What the line is about."""
    styles: Sequence[str | None]
    """The style of the cell of each date; None leaves it empty."""


@dataclass(frozen=True)
class Timeline:
    """What was decided, and what had drifted, on each date."""

    days: Sequence[datetime.date]
    """The dates, oldest first."""
    versions: Sequence[int]
    """The champion on each date."""
    rows: Sequence[TimelineRow]
    """The lines, from top to bottom."""

    @property
    def bottom(self) -> int:
        """The end of the lowest line, in units of the picture."""
        return TOP + LANE * len(self.rows)

    @property
    def width(self) -> float:
        """The width of a cell, in units of the picture."""
        return round((RIGHT - NAMES) / len(self.days), 2)

    def left(self, at: int) -> float:
        """Return the left end of the cell of a date."""
        return round(NAMES + at * (RIGHT - NAMES) / len(self.days), 1)

    def successions(self) -> list[tuple[float, int]]:
        """Return where each version begins that replaced another one, and its number."""
        numbered = enumerate(pairwise(self.versions), start=1)
        return [(self.left(at), now) for at, (before, now) in numbered if now != before]

    def dates(self) -> list[DateMark]:
        """Return the marks of the dates."""
        middles = [round(self.left(at) + self.width / 2, 1) for at in range(len(self.days))]
        return date_marks(self.days, middles, NAMES, RIGHT)


@dataclass(frozen=True)
class Trend:
    """One figure over time."""

    name: str
    """The figure's name."""
    readings: list[Reading]
    """Its values, oldest first."""
    better: Literal["higher", "lower"] | None = None
    """Which values are better; None if none is judged by its limit."""
    interval: tuple[float | None, float | None] = (None, None)
    """Ends of the 95% interval around the last value."""
    floor: float | None = None
    """Start of the scale; None fits it to the values."""

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

    @property
    def is_long(self) -> bool:
        """Whether its points must be small."""
        return len(self.readings) > MANY

    def dates(self) -> list[DateMark]:
        """Return the marks of the dates."""
        days = [reading.day for reading in self.readings]
        return date_marks(days, [point.x for point in self.points()], LEFT, RIGHT)

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


@dataclass(frozen=True)
class Line:
    """A line of a plot."""

    style: Literal["value", "reference"]
    """`value` for what was measured, `reference` for what it is compared with."""
    points: list[tuple[float, float]]
    """Figures on both axes."""


@dataclass(frozen=True)
class Mark:
    """A point of a plot, with the interval around its figure."""

    x: float
    """Figure on the horizontal axis."""
    y: float
    """Figure on the vertical axis."""
    tip: str
    """What the mark says to somebody who points at it."""
    interval: tuple[float | None, float | None] = (None, None)
    """Ends of the 95% interval of `y`."""
    box: tuple[float, float] | None = None
    """Ends of the middle half; None draws a point."""


@dataclass(frozen=True)
class Plot:
    """Lines and points over two axes."""

    summary: str
    """The content in a sentence."""
    across: str
    """What the horizontal axis shows."""
    up: str
    """What the vertical axis shows."""
    lines: list[Line]
    """The lines, the lowest first."""
    marks: list[Mark]
    """The points, in front of the lines."""
    axes: Literal["unit", "equal", "free"] = "free"
    """`unit`: both go from 0 to 1; `equal`: both have the same scale; `free`: each fits its
    figures."""

    def x(self) -> Scale:
        """Return the scale of the horizontal axis."""
        return self._scale(self._all_x, PLOT_LEFT, PLOT_RIGHT)

    def y(self) -> Scale:
        """Return the scale of the vertical axis, with room for every interval."""
        return self._scale(self._all_y, PLOT_BOTTOM, PLOT_TOP)

    @property
    def _all_x(self) -> list[float]:
        on_lines = [x for line in self.lines for x, _ in line.points]
        return [*on_lines, *(mark.x for mark in self.marks)]

    @property
    def _all_y(self) -> list[float]:
        on_lines = [y for line in self.lines for _, y in line.points]
        ends = [end for mark in self.marks for end in (mark.y, *mark.interval, *(mark.box or ()))]
        return list(filter(known, [*on_lines, *ends]))

    def _scale(self, figures: list[float], start: float, end: float) -> Scale:
        if self.axes == "unit":
            return Scale(0, 1, start, end)
        if self.axes == "equal":
            figures = [*self._all_x, *self._all_y]
        least, most = min(figures), max(figures)
        room = 0.05 * (most - least) or 0.05 * abs(most) or 1
        low = 0.0 if 0 <= least < most / 2 else least - room
        return Scale(low, most + room, start, end)


@dataclass(frozen=True)
class Bar:
    """A bar that begins at zero, with its error, on a scale that several bars share."""

    start: float
    """Position of its left end, 0 to 100."""
    width: float
    """Its length."""
    zero: float
    """Position of zero."""
    error: tuple[float, float] | None
    """Positions of the ends of its error; None if that is not known."""


def bars_from_zero(figures: dict[str, float], errors: Mapping[str, float | None]) -> dict[str, Bar]:
    """Return a bar for each figure; all of them have the same origin and unit."""
    ends = {name: _ends(figure, errors.get(name)) for name, figure in figures.items()}
    low = min((end for pair in ends.values() for end in pair), default=0.0)
    high = max((end for pair in ends.values() for end in pair), default=0.0)
    scale = Scale(min(low, 0.0), max(high, 0.0), 0, 100)
    zero = scale.at(0)
    result = {}
    for name, figure in figures.items():
        place = scale.at(figure)
        known_error = known(errors.get(name))
        result[name] = Bar(
            start=min(place, zero),
            width=round(abs(place - zero), 1),
            zero=zero,
            error=(scale.at(ends[name][0]), scale.at(ends[name][1])) if known_error else None,
        )
    return result


def _ends(figure: float, error: float | None) -> tuple[float, float]:
    """Return the ends of the error of a figure; the figure itself if its error is not known."""
    size = error if known(error) else 0.0
    return figure - size, figure + size
