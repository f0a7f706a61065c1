"""One entry of the journal."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Self, TypeVar

from pydantic import Field, JsonValue, SerializeAsAny, model_validator

from ..base.console import Result
from ..base.errors import MlopsError
from ..base.record import Facts, Lift, StoredRecord
from .details import KINDS, Details, MonitorDetails

Kind = TypeVar("Kind", bound=Details)
COLUMN_KINDS = ("input", "prediction")
RENAMED = {"told": "alerted"}


class Entry(StoredRecord):
    """What a command did, when, by whom, and after which other entry."""

    FORMAT: ClassVar[int] = 2
    LIFTS: ClassVar[dict[int, Lift]] = {}  # completed below

    number: int
    time: str  # UTC, ISO 8601, to the second
    environment: str
    command: str
    outcome: Result
    subject: str  # number of the version, or date of the batch; may be empty
    as_of: str  # ISO date; may be empty
    details: SerializeAsAny[Details]
    actor: str
    actor_source: str  # how the actor is known
    previous: str  # SHA-256 of the entry before
    sha256: str = Field(default="", exclude=True)  # of this entry as it is stored
    folder: str = Field(default="", exclude=True)  # where its artifacts are

    @model_validator(mode="before")
    @classmethod
    def _type_details(cls, facts: dict[str, object]) -> dict[str, object]:
        details = facts.get("details")
        if not isinstance(details, dict):
            return facts
        command = str(facts.get("command"))
        if command not in KINDS:
            raise MlopsError(
                f"entry {facts.get('number')} of the journal was written by a newer version of the "
                f"template (command {command}); bring the project up to date with "
                "`uvx nox -s update`."
            )
        return facts | {"details": KINDS[command].model_validate(details)}

    @classmethod
    def stored(cls, facts: Mapping[str, JsonValue], folder: str) -> Self:
        """Return the entry of a stored JSON object; raises MlopsError where it cannot be read."""
        entry = cls.read(facts, f"entry {facts.get('number')} of the journal")
        return entry.model_copy(update={"sha256": hash_of(facts), "folder": folder})


def hash_of(facts: Mapping[str, JsonValue]) -> str:
    """Return the SHA-256 of a stored entry's canonical JSON, whatever its format."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def with_details(entries: Iterable[Entry], kind: type[Kind]) -> Iterator[tuple[Entry, Kind]]:
    """Yield the entries with details of one kind, and these details."""
    for entry in entries:
        if isinstance(entry.details, kind):
            yield entry, entry.details


def last_details(entries: list[Entry], kind: type[Kind]) -> Kind | None:
    """Return the newest details of one kind, None where there are none."""
    for entry in reversed(entries):
        if isinstance(entry.details, kind):
            return entry.details
    return None


def _lift_from_1(facts: Facts) -> Facts:
    """Rename details, and name the kind of each drifted column.

    The first monitorings wrote `channel`; as it may have been an input or a prediction, it becomes
    both.
    """
    details = facts.get("details")
    if not isinstance(details, dict):
        return facts
    details = {RENAMED.get(name, name): value for name, value in details.items()}
    if facts.get("command") != MonitorDetails.COMMAND:
        return {**facts, "details": details}
    drifted = details.get("drifted")
    if "decayed" in details or not isinstance(drifted, list):
        return {**facts, "details": details}
    named: list[JsonValue] = [f"{kind} {name}" for name in drifted for kind in COLUMN_KINDS]
    return {**facts, "details": {**details, "drifted": named}}


Entry.LIFTS = {1: _lift_from_1}
