"""The questions of one version alone: answered in no time, for nothing else is rendered."""

import tempfile
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Any

import copier
import yaml
from copier.errors import CopierError

from .versions import ANSWERS, Refused, answers_alone, git, read_answers

Answers = dict[str, Any]
FILE = "copier.yml"
STORED = f"template/{ANSWERS}.jinja"


class Questionnaire:
    """What a version asks and takes."""

    def __init__(self, template: Path, version: str, folder: Path) -> None:
        """Write the version's questions, and the file of answers, into a folder."""
        self.version, self.folder = version, folder
        self.text = git(template, "show", f"{version}:{FILE}")
        for name in (FILE, STORED):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            text = git(template, "show", f"{version}:{name}")
            (folder / name).write_text(text, encoding="utf-8")

    def store(self, answers: Answers) -> Answers:
        """Return what the version stores of these answers, or raise Refused."""
        with tempfile.TemporaryDirectory() as scratch:
            project = Path(scratch) / "loan-risk"
            try:
                copier.run_copy(str(self.folder), project, data=answers, defaults=True, quiet=True)
            except (CopierError, ValueError) as error:
                raise Refused(str(error)) from None
            return answers_alone(read_answers(project))

    def choices(self) -> Iterator[Answers]:
        """Yield answers in which each choice of each question meets each of another question."""
        offered = {name: list(choices_of(asked)) for name, asked in self.questions()}
        for pair in combinations([name for name in offered if offered[name]], 2):
            for values in product(*(offered[name] for name in pair)):
                yield dict(zip(pair, values, strict=True))

    def questions(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the questions with their settings."""
        for document in yaml.safe_load_all(self.text):
            for name, asked in (document or {}).items():
                if not name.startswith("_") and isinstance(asked, dict):
                    yield name, asked


def choices_of(question: dict[str, Any]) -> Iterator[Any]:
    """Yield the values of a question's choices, in each form in which Copier takes them."""
    choices = question.get("choices") or []
    values = choices.values() if isinstance(choices, dict) else choices
    for value in values:
        yield value["value"] if isinstance(value, dict) else value
