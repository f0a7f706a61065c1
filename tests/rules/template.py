"""A template's folder, and what the rules read of it."""

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import copier
import yaml
from rendering import contents

Documents = list[dict[str, Any]]
JINJA = ("{{", "{%", "{#")


@dataclass(frozen=True)
class Template:
    """The folder that holds copier.yml, template/ and examples/."""

    folder: Path
    rendered: dict[str, dict[str, bytes]] = field(default_factory=dict, compare=False)

    @cached_property
    def documents(self) -> Documents:
        """The documents of copier.yml."""
        return list(yaml.safe_load_all(self.read("copier.yml")))

    @cached_property
    def questions(self) -> dict[str, dict[str, Any]]:
        """The questions, asked or computed, by their names."""
        return {
            name: question
            for document in self.documents
            for name, question in document.items()
            if not name.startswith("_")
        }

    @property
    def renderings(self) -> Iterator[dict[str, bytes]]:
        """What a project of the default answers holds, and one of each vendor's pipelines.

        Each is rendered once, when a rule comes to it.
        """
        vendors = self.questions.get("ci", {}).get("choices", {})
        for vendor in vendors.values():
            if vendor not in self.rendered:
                self.rendered[vendor] = self.render(vendor)
            yield self.rendered[vendor]

    def render(self, vendor: str) -> dict[str, bytes]:
        with tempfile.TemporaryDirectory() as place:
            folder, data = Path(place) / "loan-risk", {"ci": vendor}
            copier.run_copy(str(self.folder), folder, data=data, defaults=True, quiet=True)
            return contents(folder)

    def settings(self, name: str) -> list[Any]:
        """Return what each document says of a setting."""
        return [document[name] for document in self.documents if name in document]

    def entries(self, name: str) -> list[str]:
        """Return the entries of a list that several documents share."""
        return [entry for listed in self.settings(name) for entry in listed]

    def yours(self) -> list[str]:
        """Return the paths of the user's list."""
        return [re.sub(r"\{%.*?%\}", "", entry) for entry in self.entries("_skip_if_exists")]

    def files(self, folder: str) -> Iterator[str]:
        """Yield the paths below a folder, less what tools leave there."""
        for path in sorted((self.folder / folder).rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and not re.search("__pycache__|_cache/|/_build/", name):
                yield name

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


Rule = Callable[[Template], Iterator[str]]


def is_asked(question: dict[str, Any]) -> bool:
    return question.get("when") is not False


def is_computed_condition(name: str) -> bool:
    return name.startswith("has_")
