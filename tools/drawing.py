"""Draw a diagram as SVG, in light or dark colours."""

from dataclasses import dataclass, field
from html import escape

FONT = "system-ui, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
HEAD = "viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' orient='auto'"


@dataclass(frozen=True)
class Colours:
    """The colours of a diagram; text on its ground keeps a contrast of 4.5 or more."""

    ink: str
    quiet: str
    rule: str
    train: str
    gate: str
    none: str
    good: str


COLOURS = {
    "light": Colours(
        ink="#17202b",
        quiet="#556170",
        rule="#c3cad3",
        train="#d5e4fb",
        gate="#fdf2d8",
        none="#eaedf1",
        good="#e6f4ec",
    ),
    "dark": Colours(
        ink="#e5e9ef",
        quiet="#a2adbb",
        rule="#4a5563",
        train="#1f3a63",
        gate="#4a3a12",
        none="#262d37",
        good="#1c4430",
    ),
}


@dataclass
class Drawing:
    """An SVG picture that grows."""

    title: str
    """What a screen reader says."""
    width: int
    height: int
    colours: Colours
    _parts: list[str] = field(default_factory=list, init=False)

    def box(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """Add a rectangle with round corners."""
        self._parts.append(
            f"<rect x='{x:g}' y='{y:g}' width='{width:g}' height='{height:g}' rx='6' fill='{fill}'"
            f" stroke='{self.colours.rule}'/>"
        )

    def text(self, x: float, y: float, line: str, style: str = "") -> None:
        """Add a line of text; `style` names classes: small, bold, quiet, start, end."""
        self._parts.append(f"<text x='{x:g}' y='{y:g}' class='{style}'>{escape(line)}</text>")

    def path(self, route: str, *, arrow: bool = True, dashed: bool = False) -> None:
        """Add a line, which ends in an arrow unless it says otherwise."""
        head = " marker-end='url(#head)'" if arrow else ""
        dashes = " stroke-dasharray='5 4'" if dashed else ""
        self._parts.append(
            f"<path d='{route}' fill='none' stroke='{self.colours.quiet}' stroke-width='1.6'"
            f"{dashes}{head}/>"
        )

    def svg(self) -> str:
        """Return the whole picture."""
        size = f"viewBox='0 0 {self.width} {self.height}'"
        arrow = f"<path d='M0 0L8 4L0 8z' fill='{self.colours.quiet}'/>"
        lines = [
            f"<svg xmlns='http://www.w3.org/2000/svg' {size} role='img'>",
            f"<title>{escape(self.title)}</title>",
            f"<style>text {{font: 16px {FONT}; fill: {self.colours.ink}; text-anchor: middle}}",
            ".small {font-size: 14px} .bold {font-weight: 600}",
            ".start {text-anchor: start} .end {text-anchor: end}",
            f".quiet {{fill: {self.colours.quiet}}}</style>",
            f"<defs><marker id='head' {HEAD}>{arrow}</marker></defs>",
            *self._parts,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Box:
    """A step or a thing in the lifecycle of a model; the name of a command is bold."""

    name: str
    x: int
    """The middle."""
    y: int
    """The middle."""
    fill: str
    below: str = ""
    """A few words below the box."""
    width: int = 104
    is_command: bool = False

    def draw(self, drawing: Drawing) -> None:
        """Add the box to a picture."""
        drawing.box(self.x - self.width / 2, self.y - 22, self.width, 44, self.fill)
        drawing.text(self.x, self.y + 5, self.name, "bold" if self.is_command else "")
        if self.below:
            drawing.text(self.x, self.y + 41, self.below, "small quiet")
