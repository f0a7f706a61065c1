"""The record of a release: `uvx nox -s build` writes release.json, and each deployment reads it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from commands import Refusal

FILE = "release.json"


@dataclass(frozen=True)
class Release:
    """What release.json says about a release."""

    project: str
    version: str
    """The project's version, the time of its commit and the commit: 0.1.0+20260101093000.g1a2b3c4d.
    """
    dirty: bool
    """Whether it was built with uncommitted changes."""
    commit: str = ""
    template: str = ""
    """The template's version."""
    lock_sha256: str = ""
    wheel: str = ""
    """The name of the wheel's file."""
    wheel_files: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of every file in the wheel, by path; empty in records of older templates."""
    image: str | None = None
    """The image with its digest, `repository@sha256:…`; None where the release has none."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of every file of the release but release.json, by path."""

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Return the release that these keys describe; keys of a newer format are ignored."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in facts.items() if name in known})

    @property
    def commit_time(self) -> str:
        """The time of its commit, as the version contains it; "" where it contains none."""
        return self.version.partition("+")[2].partition(".")[0]


def read_release(folder: Path) -> Release:
    """Return the record of the release in a folder; raise Refusal where there is none."""
    file = folder / FILE
    if not file.is_file():
        raise Refusal(
            f"{folder} contains no release: run `uvx nox -s build`, or download one there."
        )
    try:
        return Release.from_facts(json.loads(file.read_text(encoding="utf-8")))
    except (TypeError, ValueError):
        raise Refusal(f"{file} is not the record of a release: run `uvx nox -s build`.") from None


def release_text(release: Release) -> str:
    """Return the text of release.json."""
    return json.dumps(asdict(release), indent=2) + "\n"
