"""The chart of one figure over time, with its limit and the side beyond it."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise

from markupsafe import Markup

from .charts import WIDTH, Scale, svg, text
from .page import Figure, element, known, number

HEIGHT = 190
LEFT, RIGHT, TOP, BOTTOM = 46, WIDTH - 8, 18, 164  # the field in which the figure moves

Point = tuple[float, float]


@dataclass(frozen=True)
class Trend:
    """One figure over time, oldest first. `better` names its good side: higher, lower or ""."""

    name: str
    dates: list[date]
    values: list[Figure]
    limits: list[Figure]
    versions: list[int | None]
    better: str = ""
    interval: tuple[Figure, Figure] = (None, None)  # around the last value
    floor: Figure = None  # where the scale starts

    def rows(self) -> list[tuple[date, Figure, Figure, int | None]]:
        """Return what the picture shows, as rows of a table."""
        return list(zip(self.dates, self.values, self.limits, self.versions, strict=True))

    def breaks(self, place: int) -> bool:
        """Tell whether a value lies beyond its limit."""
        value, limit = self.values[place], self.limits[place]
        if not (known(value) and known(limit) and self.better):
            return False
        return value < limit if self.better == "higher" else value > limit

    def summary(self) -> str:
        """Say in a sentence what the picture shows."""
        shown = [value for value in self.values if known(value)]
        if not shown:
            return f"{self.name}: no figure is known."
        limit = f"; the limit is {number(self.limits[-1])}" if known(self.limits[-1]) else ""
        beyond = sum(map(self.breaks, range(len(self.values))))
        last = f"{self.name}: {number(shown[0])} at first, {number(shown[-1])} at last"
        return f"{last}{limit}, {beyond} of {len(shown)} beyond it." if limit else f"{last}."

    def draw(self) -> Markup:
        """Return the picture: a line, a dashed limit, diamonds for what lies beyond it."""
        days = [day.toordinal() for day in self.dates]
        across = Scale(min(days), max(days), LEFT + 14, RIGHT - 14)
        places = [across.at(day) for day in days]
        up = self._upright()
        pieces = [
            *self._grid(up),
            *self._limit(places, up),
            *self._versions(places),
            *self._days(places),
            *(_path(run, "value") for run in self._runs(places, up)),
            *self._interval(places, up),
            *self._points(places, up),
        ]
        return svg(self.summary(), HEIGHT, pieces)

    def _upright(self) -> Scale:
        figures = (*self.values, *self.limits, *self.interval, self.floor)
        shown = list(filter(known, figures)) or [0.0, 1.0]
        least, most = min(shown), max(shown)
        room = max(0.12 * (most - least), 0.02 * abs(least), 0.02 * abs(most)) or 1
        low = self.floor if known(self.floor) else least - room
        return Scale(low, most + room, BOTTOM, TOP)

    def _grid(self, up: Scale) -> list[Markup]:
        pieces = []
        for mark, y in up.ticks(4).items():
            pieces.append(element("line", x1=LEFT, y1=y, x2=RIGHT, y2=y, class_="grid"))
            pieces.append(text(mark, LEFT - 6, y + 4, "end"))
        return pieces

    def _limit(self, places: list[float], up: Scale) -> list[Markup]:
        """Return the limit as steps, since each holds for its own monitoring, and its far side."""
        middles = [round((one + other) / 2, 1) for one, other in pairwise(places)]
        edges = [LEFT, *middles, RIGHT]
        far = {"higher": BOTTOM, "lower": TOP}.get(self.better)
        pieces = []
        for is_known, run in groupby(range(len(places)), lambda at: known(self.limits[at])):
            if is_known:
                ends = [
                    (edges[at + end], up.at(self.limits[at] or 0)) for at in run for end in (0, 1)
                ]
                if far is not None:
                    corners = [*ends, (ends[-1][0], far), (ends[0][0], far)]
                    pieces.append(_path(corners, "beyond"))
                pieces.append(_path(ends, "limit"))
        return pieces

    def _versions(self, places: list[float]) -> list[Markup]:
        """Mark where another version took over."""
        pieces = []
        for at, (before, after) in enumerate(pairwise(self.versions), start=1):
            if before != after and after is not None:
                x = round((places[at - 1] + places[at]) / 2, 1)
                pieces.append(element("line", x1=x, y1=TOP, x2=x, y2=BOTTOM, class_="version"))
                pieces.append(text(f"v{after}", x, TOP - 6, "middle"))
        return pieces

    def _days(self, places: list[float]) -> list[Markup]:
        first, last = self.dates[0], self.dates[-1]
        if first == last:
            return [text(f"{last}", places[-1], HEIGHT - 6, "middle")]
        return [
            text(f"{first}", LEFT, HEIGHT - 6),
            text(f"{last}", RIGHT, HEIGHT - 6, "end"),
        ]

    def _runs(self, places: list[float], up: Scale) -> list[list[Point]]:
        """Return the values that follow each other without a gap."""
        points = [(x, value) for x, value in zip(places, self.values, strict=True)]
        runs = groupby(points, lambda point: known(point[1]))
        return [[(x, up.at(value or 0)) for x, value in run] for whole, run in runs if whole]

    def _interval(self, places: list[float], up: Scale) -> list[Markup]:
        low, high = self.interval
        if not (known(low) and known(high)):
            return []
        x, bottom, top = places[-1], up.at(low), up.at(high)
        ends = [_path([(x - 4, y), (x + 4, y)], "interval") for y in (bottom, top)]
        return [_path([(x, bottom), (x, top)], "interval"), *ends]

    def _points(self, places: list[float], up: Scale) -> list[Markup]:
        pieces = []
        for at, (x, value) in enumerate(zip(places, self.values, strict=True)):
            if known(value):
                tip, y = element("title", f"{self.dates[at]}: {number(value)}"), up.at(value)
                diamond = f"M{x} {y - 6}l6 6l-6 6l-6 -6Z"
                pieces.append(
                    element("path", tip, d=diamond, class_="breach")
                    if self.breaks(at)
                    else element("circle", tip, cx=x, cy=y, r=3, class_="point")
                )
        return pieces


def _path(points: list[Point], style: str) -> Markup:
    return element("path", d="M" + "L".join(f"{x} {y}" for x, y in points), class_=style)
