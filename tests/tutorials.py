"""Read the tutorials: their commands, and the output that they promise."""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from rendering import ROOT

TUTORIAL = ROOT / "docs/tutorial"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LEFT_OUT = "…"
ANCHOR = re.compile(r"^· journal-anchor/.*\n", re.MULTILINE)  # is not shown at a terminal
# What differs from run to run, and from machine to machine.
VARYING = re.compile(r"\b[0-9a-f]{7,}\b|\b\w+@\w+|[-+]?\d[\d,.:]*")


@dataclass
class Step:
    """A block of commands."""

    commands: list[str]
    """Its lines."""
    output: list[str] = field(default_factory=list)
    """The lines of the block after it, if that shows the output."""

    def missing(self, printed: str) -> list[str]:
        """Return the promised lines that were not printed, or in another order."""
        lines = iter(plain(line) for line in ANCHOR.sub("", printed).splitlines())
        return [
            line
            for line in self.output
            if line != LEFT_OUT and not any(fits(line, each) for each in lines)
        ]


def steps(page: Path) -> list[Step]:
    """Return the blocks of commands of a page, each with the output that follows it."""
    blocks = [(kind, text.splitlines()) for kind, text in BLOCK.findall(page.read_text("utf-8"))]
    return [
        Step(lines, after if next_kind == "text" else [])
        for (kind, lines), (next_kind, after) in pairwise([*blocks, ("", [])])
        if not kind
    ]


def fits(promised: str, printed: str) -> bool:
    """Return whether a line was printed as promised, apart from figures and what is left out."""
    parts = [re.escape(part.strip()) for part in plain(promised).split(LEFT_OUT)]
    return re.fullmatch(".*".join(parts), printed) is not None


def plain(line: str) -> str:
    """Return a line without what varies: figures, hashes, names, width of columns."""
    return re.sub(r"\s+", " ", VARYING.sub("#", line)).strip()
