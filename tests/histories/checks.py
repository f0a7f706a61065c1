"""What must hold after an update, judged by the project before and by untouched renderings."""

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rendering import git

from .edits import SHARED

Contents = dict[str, bytes]
ANSWERS = ".copier-answers.yml"
LIST = ".mlops/files"
WITH_AN_ANSWER = {"ci/audit.yml", "ci/variables.azure-devops.yml", "ci/variables.gitlab.yml"}
KINDS = ("conflict", "lost", "orphan", "recreated", "wrong")
MISSING = object()


@dataclass(frozen=True)
class Finding:
    """Something that went wrong."""

    kind: str
    sentence: str


@dataclass(frozen=True)
class Update:
    """A project before and after an update, and what both versions render with its answers."""

    before: Contents
    after: Contents
    old: Contents
    new: Contents
    given: frozenset[str] = frozenset()  # paths that the new version gives to the user

    def findings(self) -> Iterator[Finding]:
        """Yield everything that went wrong."""
        yield from self.conflicts()
        yield from self.users_files()
        yield from self.files_with_an_answer()
        yield from self.platform_files()
        for name in SHARED:
            yield from self.shared_file(name)
        if self.after.get(ANSWERS) != self.new[ANSWERS]:
            yield Finding("wrong", f"{ANSWERS} has other answers than it should")

    def conflicts(self) -> Iterator[Finding]:
        for name, content in self.after.items():
            if name.endswith(".rej"):
                yield Finding("conflict", f"{name} exists")
            if any(line.startswith((b"<<<<<<<", b">>>>>>>")) for line in content.splitlines()):
                yield Finding("conflict", f"{name} contains a conflict marker")

    def users_files(self) -> Iterator[Finding]:
        known = {*platforms(self.old), *platforms(self.new), *SHARED, ANSWERS, LIST} - self.given
        known |= WITH_AN_ANSWER
        for name in self.before.keys() - known:
            if self.after.get(name) != self.before[name]:
                yield Finding("lost", f"{name} differs from what its team left")
        for name in self.after.keys() - self.before.keys() - known:
            yield Finding("recreated", f"{name} was created, though nobody asked for it")

    def files_with_an_answer(self) -> Iterator[Finding]:
        """Yield what is wrong with the user's files that come and go with an answer."""
        for name in sorted(WITH_AN_ANSWER):
            gone = name in self.old and name not in self.new
            expected = None if gone else self.before.get(name, self.new.get(name))
            if self.after.get(name) != expected:
                yield Finding("wrong", f"{name} is missing, or differs from what its team left")

    def platform_files(self) -> Iterator[Finding]:
        now = {*platforms(self.new), LIST}
        for name in sorted(platforms(self.old) - now - self.given):
            if name in self.after:
                yield Finding(
                    "orphan", f"{name} no longer belongs to the platform, but still exists"
                )
        for name in sorted(now):
            if self.after.get(name) != self.new[name]:
                yield Finding("wrong", f"{name} differs from what the template renders")

    def shared_file(self, name: str) -> Iterator[Finding]:
        if name not in self.before:
            if name in self.after:
                yield Finding("recreated", f"{name} was deleted by its team")
            return
        before, old, new = (text_lines(side[name]) for side in (self.before, self.old, self.new))
        after = text_lines(self.after.get(name, b""))
        ours = Counter(before) - Counter(old)
        for line in ours - Counter(after):
            yield Finding("lost", f"{name} lost the line {line!r}")
        both = once(before) & once(after)
        if [line for line in after if line in both] != [line for line in before if line in both]:
            yield Finding("wrong", f"{name} has its lines in another order")
        dropped = Counter(old) - Counter(before)
        for line in (Counter(after) - Counter(new)) & dropped:
            yield Finding("recreated", f"{name} has the line {line!r} again")
        expected = (Counter(new) - dropped) + ours
        if Counter(after) != expected:
            difference = [*(Counter(after) - expected), *(expected - Counter(after))]
            yield Finding("wrong", f"{name} was merged wrongly: {difference}")
        yield from self.meaning(name)

    def meaning(self, name: str) -> Iterator[Finding]:
        """Compare the parsed content: a line may have moved into another table."""
        if name not in READERS:
            return
        try:
            before, after, old, new = (
                READERS[name](side[name].decode())
                for side in (self.before, self.after, self.old, self.new)
            )
        except ValueError as error:
            yield Finding("wrong", f"{name} cannot be read: {error}")
            return
        if canonical(after) != canonical(merged(before, old, new)):
            yield Finding("wrong", f"{name} has another meaning")


def unmerged(folder: Path) -> Iterator[Finding]:
    """Yield the paths that git lists as unmerged."""
    for line in git(folder, "ls-files", "--unmerged").splitlines():
        yield Finding("conflict", f"{line} is unmerged")


def platforms(contents: Contents) -> set[str]:
    """Return the paths of the platform's files, as the project lists them."""
    return set(contents[LIST].decode().split()[1::2])


def text_lines(content: bytes) -> list[str]:
    return content.decode().splitlines()


def once(lines: list[str]) -> set[str]:
    """Return the lines that occur only once."""
    return {line for line, count in Counter(lines).items() if count == 1}


def read_yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(error) from error


READERS: dict[str, Callable[[str], Any]] = {
    "pyproject.toml": tomllib.loads,
    ".pre-commit-config.yaml": read_yaml,
}


def merged(mine: Any, base: Any, theirs: Any) -> Any:
    """Return a three-way merge; raise ValueError where both sides changed a value."""
    if mine in (base, theirs):
        return theirs
    if theirs == base:
        return mine
    if isinstance(mine, dict) and isinstance(theirs, dict):
        start = base if isinstance(base, dict) else {}
        keys = {*mine, *theirs}
        values = {
            key: merged(*(side.get(key, MISSING) for side in (mine, start, theirs))) for key in keys
        }
        return {key: value for key, value in values.items() if value is not MISSING}
    if isinstance(mine, list) and isinstance(theirs, list):
        kept = [each for each in theirs if each in mine or each not in base]
        return kept + [each for each in mine if each not in base and each not in theirs]
    raise ValueError(f"both sides changed {base!r}: to {mine!r} and to {theirs!r}")


def canonical(value: Any) -> str:
    """Return a text that does not depend on the order of lists."""
    if isinstance(value, dict):
        return json.dumps({key: canonical(value[key]) for key in sorted(value)})
    if isinstance(value, list):
        return json.dumps(sorted(canonical(each) for each in value))
    return json.dumps(value)
