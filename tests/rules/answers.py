"""The rule of stored answers: what a release accepted, every later one must take as it is."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import copier
import yaml

from .template import Rule, Template

STORED = ".copier-answers.yml"


def kept_answers_are_taken(template: Template) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as place:
        asking = questionnaire(template, Path(place) / "questionnaire")
        for kept in sorted((template.folder / "tests/answers").glob("*.yml")):
            for number, answers in enumerate(yaml.safe_load_all(kept.read_text("utf-8"))):
                folder = Path(place) / f"{kept.stem}-{number}"
                try:
                    copier.run_copy(str(asking), folder, data=answers, defaults=True, quiet=True)
                except ValueError as error:
                    yield f"{kept.name}: {error}"
                    continue
                yield from changed(kept.name, answers, folder)


def changed(name: str, answers: dict[str, Any], folder: Path) -> Iterator[str]:
    """Yield the answers that are stored otherwise than they were given."""
    stored = yaml.safe_load((folder / STORED).read_text(encoding="utf-8"))
    for question, answer in answers.items():
        if stored.get(question) != answer:
            yield f"{name}: {question} was {answer!r} and becomes {stored.get(question)!r}"


def questionnaire(template: Template, folder: Path) -> Path:
    """Return a template of the questions alone: it renders in no time."""
    source = f"template/{STORED}.jinja"
    (folder / "template").mkdir(parents=True)
    for name in ("copier.yml", "taken.txt", source):
        shutil.copyfile(template.folder / name, folder / name)
    return folder


RULES: list[Rule] = [kept_answers_are_taken]
