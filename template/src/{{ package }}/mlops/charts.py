"""Small charts as SVG that a page carries within; the page's style gives them their colours."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from .page import Figure, element, known, share

WIDTH = 360
LABELS = 124  # the width of the names of bins
LANE = 24  # the height of one bin
LONGEST = 19  # letters that fit there


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


def svg(title: str, height: int, content: Iterable[Markup]) -> Markup:
    """Return a picture with the sentence that tells what it shows."""
    view = f"0 0 {WIDTH} {height}"
    return element("svg", element("title", title), *content, viewBox=view, role="img")


def text(content: str, x: float, y: float, anchor: str = "start") -> Markup:
    """Return words in a picture; `anchor` says which end of them x is: start, middle or end."""
    return element("text", content, x=x, y=y, text_anchor=anchor)


def bars(column: dict[str, Any]) -> Markup:
    """Draw the share of a column's rows in each bin, then and now, as pairs of bars."""
    name, bins, then, now = (column[key] for key in ("name", "bins", "then", "now"))
    most = max(filter(known, (*then, *now)), default=0) or 1
    across = Scale(0, most, LABELS, WIDTH - 14)
    bottom = 4 + LANE * len(bins)
    pieces = []
    for mark, x in Scale(0, 100 * most, across.start, across.end).ticks(3).items():
        pieces.append(element("line", x1=x, y1=0, x2=x, y2=bottom, class_="grid"))
        pieces.append(text(f"{mark}%", x, bottom + 16, "middle"))
    for place, label in enumerate(bins):
        top = 4 + LANE * place
        pieces.append(text(_shortened(label), LABELS - 8, top + 13, "end"))
        for style, shown, y in (("then", then[place], top), ("now", now[place], top + 9)):
            width = round(across.at(shown) - LABELS, 1) if known(shown) else 0
            tip = element("title", f"{label}, {style}: {share(shown)}")
            pieces.append(element("rect", tip, x=LABELS, y=y, width=width, height=8, class_=style))
    return svg(f"Share of rows in each bin of {name}, then and now.", bottom + 24, pieces)


def meter(figure: Figure, limit: Figure) -> str:
    """Draw how much of its limit a figure takes: the mark is the limit, the end is twice as much.

    It repeats what stands beside it, so it is silent.
    """
    if not (known(figure) and known(limit) and limit > 0):
        return ""
    width = round(30 * min(figure / limit, 2), 1)
    style = "beyond" if figure > limit else "within"
    return element(
        "svg",
        element("rect", x=0, y=2, width=60, height=6, class_="track"),
        element("rect", x=0, y=2, width=width, height=6, class_=style),
        element("line", x1=30, y1=0, x2=30, y2=10, class_="mark"),
        viewBox="0 0 60 10",
        class_="meter",
        aria_hidden="true",
    )


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"
