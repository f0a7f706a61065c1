"""The wrong answers of the exercises in the workshop, and what the check says about each.

`wrong/nothing.txt` of an exercise is the answer of somebody who has not done anything yet.
"""

import re
from pathlib import Path

from workshop.exercise import Exercise

SAYS = re.compile(r"^# says: (.+)$", re.MULTILINE)


def wrong_answers(exercise: Exercise) -> list[Path]:
    """Return the scripts of an exercise's wrong answers, first that of nothing.

    `reset` leaves the answer sheets, so nothing is done only before the other answers.
    """
    files = (exercise.folder / "wrong").glob("*.txt")
    return sorted(files, key=lambda file: (file.name != "nothing.txt", file.name))


def expected(file: Path) -> str:
    """Return what the check says after a wrong answer: the text after `# says:`."""
    return str(SAYS.findall(file.read_text(encoding="utf-8"))[0])
