"""What an exercise is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .place import Place

FILES = Path(__file__).parent / "exercises"
Check = Callable[[Place], Iterator[str]]


@dataclass(frozen=True)
class Exercise:
    """One exercise: what to reach, how to check it, and help."""

    number: str
    """Module and position in it: `1.2`."""
    title: str
    """A few words."""
    goal: str
    """One sentence: what holds when it is solved."""
    hints: tuple[str, ...]
    """From a nudge to nearly the solution."""
    check: Check
    """Yields a sentence for each thing that is right; raises Missing for the first that is not."""
    prepare: Callable[[Place], None] | None = None
    """Brings what the exercise starts with, besides the files in `start/`."""

    @property
    def folder(self) -> Path:
        """The folder with its files."""
        return FILES / self.number

    @property
    def solution(self) -> Path:
        """The commands that solve it."""
        return self.folder / "solution.txt"


@dataclass(frozen=True)
class Module:
    """A module of the workshop: 20 to 30 minutes."""

    number: int
    title: str
    page: str
    """Name of its page in docs/workshop/."""
    exercises: tuple[Exercise, ...]
