"""Read the tutorials and how-tos: their commands, and the output that they promise."""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from rendering import ROOT

TUTORIAL = ROOT / "docs/tutorial"
GUIDES = ROOT / "docs/how-to"
PROGRAM = "uv run loan-risk "
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LEFT_OUT = "…"
PROD = re.compile(r"\bprod\b")
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


def missing(guide: str, command: str, printed: str) -> list[str]:
    """Return the lines that a how-to promises below a command, and that were not printed.

    Some guides are about prod. A test may run their commands in dev, which is cheaper.
    """
    [step] = [step for step in outputs(GUIDES / f"{guide}.md") if step.commands == [command]]
    return step.missing(in_dev(printed))


def outputs(page: Path) -> list[Step]:
    """Return the steps of a page that show the output of the project's program, as in dev."""
    return [
        Step([in_dev(step.commands[-1].removeprefix(PROGRAM))], list(map(in_dev, step.output)))
        for step in steps(page)
        if step.output and step.commands[-1].startswith(PROGRAM)
    ]


def in_dev(text: str) -> str:
    """Return what is printed in prod as it is printed in dev."""
    return PROD.sub("dev", text.replace(" --env prod", ""))


def fits(promised: str, printed: str) -> bool:
    """Return whether a line was printed as promised, apart from figures and what is left out."""
    parts = [re.escape(part.strip()) for part in plain(promised).split(LEFT_OUT)]
    return re.fullmatch(".*".join(parts), printed) is not None


def plain(line: str) -> str:
    """Return a line without what varies: figures, hashes, names, width of columns."""
    return re.sub(r"\s+", " ", VARYING.sub("#", line)).strip()
