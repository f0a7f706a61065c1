"""What a participant has solved, and which hints are shown."""

import json
from dataclasses import dataclass

from .exercise import Exercise
from .modules import MODULES
from .place import HOME, Place

FILE = f"{HOME}/progress.json"


@dataclass
class Progress:
    """The progress, which is kept in a file."""

    place: Place
    solved: list[str]
    """Numbers of the solved exercises."""
    hints: dict[str, int]
    """How many hints are shown, by number of the exercise."""
    started: str
    """Number of the exercise whose start is kept; empty at the beginning."""

    @classmethod
    def read(cls, place: Place) -> "Progress":
        """Read it; there is none at the beginning."""
        facts = json.loads(place.text(FILE) or "{}")
        solved = facts.get("solved", [])
        return cls(place, solved, facts.get("hints", {}), facts.get("started", ""))

    @property
    def current(self) -> Exercise | None:
        """The first exercise that is not solved; None at the end."""
        for module in MODULES:
            for exercise in module.exercises:
                if exercise.number not in self.solved:
                    return exercise
        return None

    def advance(self) -> None:
        """Count the current exercise as solved."""
        if self.current is not None:
            self.solved.append(self.current.number)
            self._write()

    def begin(self) -> None:
        """Note that the start of the current exercise is kept."""
        self.started = self.current.number if self.current else ""
        self._write()

    def show_hint(self, exercise: Exercise) -> int:
        """Show one more hint of an exercise, and return how many are shown then."""
        shown = min(self.hints.get(exercise.number, 0) + 1, len(exercise.hints))
        self.hints[exercise.number] = shown
        self._write()
        return shown

    def _write(self) -> None:
        facts = {"solved": self.solved, "hints": self.hints, "started": self.started}
        file = self.place.path(FILE)
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        new.replace(file)
