"""What the user sees: progress and results on stderr, one JSON object on stdout."""

import json
import sys
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

width = None if sys.stderr.isatty() else 140  # a log has no width of its own
screen = Console(stderr=True, highlight=False, soft_wrap=True, width=width)

EXIT_CODES = {"ok": 0, "failed": 1, "rejected": 3, "waiting": 4}
COLOURS = {
    **dict.fromkeys(("passed", "ok"), "green"),
    **dict.fromkeys(("rejected", "failed", "error", "decayed", "stale"), "red"),
    **dict.fromkeys(("insufficient", "waiting", "drifted", "unknown"), "yellow"),
}


@dataclass(frozen=True)
class Outcome:
    """What a command did: `ok`, `rejected`, `waiting` or `failed`, in words and in figures."""

    outcome: str
    message: str
    facts: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def step(text: str) -> None:
    """Say what happens now."""
    screen.print(f"[dim]·[/dim] {escape(text)}")


def show(word: str, message: str) -> None:
    """Print how a command ended, in one sentence."""
    screen.print(f"[{COLOURS[word]}]{word}[/]  {escape(message)}")


def show_table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    """Print a table, verdicts in colour."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, COLOURS.get(cell, "")) for cell in row))
    screen.print(table)


def print_json(outcome: str, message: str, facts: dict[str, Any]) -> None:
    """Print one JSON object on stdout."""
    json.dump({"outcome": outcome, "message": message, **facts}, sys.stdout, default=str)
    sys.stdout.write("\n")


def row_progress() -> Progress:
    """Return a progress display of rows, shown on a terminal only."""
    count = TextColumn("scoring {task.completed:,.0f} rows")
    columns = (SpinnerColumn(), count, TimeElapsedColumn())
    return Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)


def peak_memory() -> str:
    """Say how much memory this process took at most, where the system tells."""
    try:
        import resource
    except ImportError:  # Windows
        return ""
    return f", peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"
