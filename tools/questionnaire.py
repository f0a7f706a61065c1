"""Answer the questions of a version without rendering its files, which is fast."""

import tempfile
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Any

import copier
import yaml
from copier.errors import CopierError

from .versions import ANSWERS_FILE, Refused, git, read_answers, without_private

Answers = dict[str, Any]
QUESTIONS_FILE = "copier.yml"
NAMES_FILE = "taken.txt"  # which the questions include


class Questionnaire:
    """The questions of one version, and the answers that it accepts."""

    def __init__(self, template: Path, version: str, folder: Path) -> None:
        """Write a template into the folder that has the version's questions and no other file."""
        self.version = version
        self.folder = folder
        self.text = git(template, "show", f"{version}:{QUESTIONS_FILE}")
        answers_file = f"template/{ANSWERS_FILE}.jinja"
        # The versions before the names had a file of their own list none here.
        included = git(template, "ls-tree", "--name-only", version, "--", NAMES_FILE).split()
        for name in (QUESTIONS_FILE, answers_file, *included):
            text = git(template, "show", f"{version}:{name}")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")

    def store(self, answers: Answers) -> Answers:
        """Return what the version stores of these answers; raise Refused where it rejects them."""
        with tempfile.TemporaryDirectory() as scratch:
            project = Path(scratch) / "loan-risk"
            try:
                copier.run_copy(str(self.folder), project, data=answers, defaults=True, quiet=True)
            except (CopierError, ValueError) as error:
                raise Refused(str(error)) from None
            return without_private(read_answers(project))

    def choice_pairs(self) -> Iterator[Answers]:
        """Yield answers so that the choices of every two questions meet in each combination."""
        choices = {name: choices_of(question) for name, question in self.questions()}
        with_choices = [name for name in choices if choices[name]]
        for first, second in combinations(with_choices, 2):
            for first_choice, second_choice in product(choices[first], choices[second]):
                yield {first: first_choice, second: second_choice}

    def questions(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the name and the settings of each question."""
        for document in yaml.safe_load_all(self.text):
            for name, question in (document or {}).items():
                if not name.startswith("_") and isinstance(question, dict):
                    yield name, question


def choices_of(question: dict[str, Any]) -> list[Any]:
    """Return the values of a question's choices, in whichever form copier.yml writes them."""
    choices = question.get("choices") or []
    values = choices.values() if isinstance(choices, dict) else choices
    return [value["value"] if isinstance(value, dict) else value for value in values]
