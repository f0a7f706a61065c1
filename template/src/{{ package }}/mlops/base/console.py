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
from rich.measure import Measurement
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from .text import COMMAND, plain, plain_cell

LOG_WIDTH = 140  # characters, if stderr is not a terminal
WIDEST = 10_000  # characters; to measure what a table needs
screen = Console(
    stderr=True,
    highlight=False,
    soft_wrap=True,
    width=None if sys.stderr.isatty() else LOG_WIDTH,
)

Result = Literal["ok", "rejected", "waiting", "failed"]

EXIT_CODES: dict[Result, int] = {"ok": 0, "failed": 1, "rejected": 3, "waiting": 4}
LABEL_COLORS = {
    "ok": "green",
    "passed": "green",
    "error": "red",
    "failed": "red",
    "rejected": "red",
    "decayed": "red",
    "stale": "red",
    "drifted": "yellow",
    "insufficient": "yellow",
    "unknown": "yellow",
    "waiting": "yellow",
}


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    outcome: Result
    """`ok`; `rejected` by a check; `waiting` for a person; or `failed`."""
    message: str
    """One sentence for the person who typed the command; `full_message` adds `next_command`."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What `--json` prints in addition; each command has its own keys."""
    columns: tuple[str, ...] = ()
    """The header of a table for people."""
    rows: tuple[tuple[str, ...], ...] = ()
    """The table's rows; without any, no table is printed."""
    next_command: str = ""
    """The command that a person usually runs next; empty if there is none."""

    @property
    def full_message(self) -> str:
        """The message, followed by the next command."""
        return f"{self.message}; next: {self.next_command}" if self.next_command else self.message


@dataclass
class _Clock:
    """When the command began, in seconds."""

    wall: float = field(default_factory=time.perf_counter)
    """By `time.perf_counter`."""
    cpu: float = 0.0
    """By `_cpu_seconds`."""

    def restart(self) -> None:
        self.wall = time.perf_counter()
        self.cpu = _cpu_seconds()


_clock = _Clock()


@dataclass
class _Published:
    """What every command publishes."""

    anchor: str = ""
    """The head of the journal in one line, as `records/anchor.py` writes it; empty if the command
    has not read the journal."""


_published = _Published()


def print_step(text: str) -> None:
    """Print what the command does now."""
    screen.print(f"[dim]·[/dim] {escape(plain(text))}")


def print_result(label: str, message: str) -> None:
    """Print how something ended: a label in its color, and one sentence."""
    screen.print(f"[{LABEL_COLORS[label]}]{label}[/]  {escape(plain(message))}")


def set_anchor(line: str) -> None:
    """Set the anchor of the journal that this command publishes."""
    _published.anchor = line


def print_anchor() -> None:
    """Print the anchor for a log; a person at a terminal does not need it."""
    if _published.anchor and not screen.is_terminal:
        screen.print(f"[dim]·[/dim] {_published.anchor}")  # not escaped: `status` looks for it


def print_table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    """Print a table, with its verdicts in color.

    Where the screen is too narrow for its longest words, each row becomes a list.
    """
    table = Table(*map(plain_cell, columns), box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(_colored, row))
    unlimited = screen.options.update(max_width=WIDEST)
    if Measurement.get(screen, unlimited, table).minimum > screen.width:
        _print_lists(columns, rows)
    else:
        screen.print(table)


def _print_lists(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    """Print each row as a list of what is in its cells; empty ones are left out."""
    for row in rows:
        screen.print(Text(f"{plain_cell(columns[0])} {plain_cell(row[0])}", "bold"))
        cells = Table.grid(Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0))
        for name, cell in zip(columns[1:], row[1:], strict=True):
            if cell:
                cells.add_row(Text(f"  {plain_cell(name)}", "dim"), _colored(cell))
        screen.print(cells)


def _colored(cell: str) -> Text:
    return Text(plain_cell(cell), LABEL_COLORS.get(cell, ""))


def print_json(outcome: Outcome) -> None:
    """Print an outcome as one JSON object on stdout.

    It also has the resources that were used, and the anchor of the journal.
    """
    content = {
        "outcome": outcome.outcome,
        "message": outcome.full_message,
        "resources": resources(),
        "anchor": _published.anchor,
        **outcome.facts,
    }
    text = json.dumps(content, default=str)
    sys.stdout.write(COMMAND.sub(r"\\u0023", text) + "\n")  # the same JSON, but no command


def row_progress() -> Progress:
    """Return a progress display of scored rows, which is visible on a terminal only."""
    return Progress(
        SpinnerColumn(),
        TextColumn("scoring {task.completed:,.0f} rows"),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )


def collect_garbage_rarely() -> None:
    """Collect garbage rarely: with so many imported objects it takes an eighth of the time."""
    gc.set_threshold(100_000, 50, 1000)


def start_clock() -> None:
    """Start measuring what `resources` returns, and forget an earlier command's anchor."""
    _clock.restart()
    set_anchor("")


def resources(rows: int = 0) -> dict[str, float]:
    """Return what the command has used so far.

    `wall_seconds`, `cpu_seconds` including child processes, `rows_per_second` if `rows` is given,
    and `peak_memory_mb` (MiB) if the system reports it.
    """
    wall = time.perf_counter() - _clock.wall
    cpu = _cpu_seconds() - _clock.cpu
    used: dict[str, float] = {"wall_seconds": round(wall, 3), "cpu_seconds": round(cpu, 3)}
    if rows:
        used["rows_per_second"] = round(rows / wall)
    with contextlib.suppress(ImportError):  # the module does not exist on Windows
        import resource

        units_per_mb = 1024**2 if sys.platform == "darwin" else 1024  # macOS gives bytes, not KiB
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        used["peak_memory_mb"] = round(peak / units_per_mb)
    return used


def _cpu_seconds() -> float:
    """Return the user and system time of this process and its finished children, in seconds."""
    return sum(os.times()[:4])
