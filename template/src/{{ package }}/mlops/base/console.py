"""What the user sees: progress and results on stderr, one JSON object on stdout."""

import contextlib
import gc
import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Literal

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

BEGUN = [time.perf_counter(), 0.0]  # wall and CPU seconds at which the command began


Result = Literal["ok", "rejected", "waiting", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What a command did: `ok`, `rejected`, `waiting` or `failed`, in words and in figures."""

    outcome: Result
    message: str
    facts: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def step(text: str) -> None:
    """Say what happens now."""
    screen.print(f"[dim]·[/dim] {escape(text)}")


def show(word: str, message: str) -> None:
    """Print how something ended, in one sentence."""
    screen.print(f"[{COLOURS[word]}]{word}[/]  {escape(message)}")


def show_table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    """Print a table, verdicts in colour."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, COLOURS.get(cell, "")) for cell in row))
    screen.print(table)


def print_json(done: Outcome) -> None:
    """Print one JSON object on stdout, with what the command has taken."""
    told = {"outcome": done.outcome, "message": done.message, "resources": resources()}
    json.dump(told | done.facts, sys.stdout, default=str)
    sys.stdout.write("\n")


def row_progress() -> Progress:
    """Return a progress display of rows, shown on a terminal only."""
    count = TextColumn("scoring {task.completed:,.0f} rows")
    columns = (SpinnerColumn(), count, TimeElapsedColumn())
    return Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)


def collect_garbage_rarely() -> None:
    """Let Python look for garbage seldom: among all that is imported it would cost an eighth."""
    gc.set_threshold(100_000, 50, 1000)


def begin() -> None:
    """Count from here on what the command takes."""
    BEGUN[:] = time.perf_counter(), sum(os.times()[:4])


def resources(rows: int = 0) -> dict[str, float]:
    """Return what the command has taken so far, memory where the system tells."""
    wall, cpu = time.perf_counter() - BEGUN[0], sum(os.times()[:4]) - BEGUN[1]
    used = {"wall_seconds": round(wall, 3), "cpu_seconds": round(cpu, 3)}
    used |= {"rows_per_second": round(rows / wall)} if rows else {}
    with contextlib.suppress(ImportError):  # Windows
        import resource

        unit = 1024**2 if sys.platform == "darwin" else 1024
        used["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)
    return used
