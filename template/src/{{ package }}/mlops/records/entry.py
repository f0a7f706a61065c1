"""One entry of the journal."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Self, TypeVar

from pydantic import Field, JsonValue, SerializeAsAny, model_validator

from ..base.console import Result
from ..base.errors import MlopsError
from ..base.record import Facts, Lift, PlainText, StoredRecord
from .details import KINDS, Details, MonitorDetails

Kind = TypeVar("Kind", bound=Details)
COLUMN_KINDS = ("input", "prediction")
RENAMED = {"told": "alerted"}


def _lift_from_1(facts: Facts) -> Facts:
    """Rename details, and add the kind of column to each drifted column.

    The oldest entries of `monitor` list only the name, `channel`. It can be that of an input or of
    a prediction, so it is listed as both.
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


class Entry(StoredRecord):
    """One entry of the journal; `previous` links it to the entry before."""

    FORMAT: ClassVar[int] = 3
    LIFTS: ClassVar[Mapping[int, Lift]] = {1: _lift_from_1, 2: dict}

    number: int
    """Position in the journal, from 1."""
    time: str
    """When the entry was written, in UTC to the second: `2026-01-01T04:00:00+00:00`."""
    environment: str
    """The environment of the journal: dev, test or prod."""
    command: str
    """What was done; decides the type of `details`. `shadow` is written by `score`."""
    outcome: Result
    """How it ended."""
    subject: str
    """Number of the version, or date of the batch; may be empty."""
    as_of: str
    """The reference date, `2026-01-01`; may be empty."""
    details: SerializeAsAny[Details]
    """What only this kind of entry records."""
    actor: str
    """Who did it: `user@host`, in a pipeline `person via vendor, user@host`."""
    actor_source: str
    """How the user is known: `login` is the name that the operating system has for the process's
    user, `job` that of a job on Databricks or in Kubernetes, `uid` the number of a user without a
    name. With `pipeline, ` before it, the variables of a pipeline named the person."""
    settings_sha256: str = ""
    """SHA-256 of all settings that were in effect; empty before format 3."""
    overrides: tuple[str, ...] | None = None
    """Names of the variables and options that overrode settings: `MLOPS_PREDICTIONS`, `--set
    time.train`; None before format 3."""
    addresses: dict[str, PlainText] | None = None
    """The database of each table of kind `sql` that the command had read, without its password:
    `{"loans": "postgresql+psycopg://warehouse:5432/risk?hostaddr=10.1.2.3&schemas=public"}`. Of
    PostgreSQL with psycopg, it is what the connection says, else the address; several are joined
    by `and`. None in entries that are older than this field."""
    previous: str
    """SHA-256 of the entry before; zeros in the first one."""
    sha256: str = Field(default="", exclude=True)
    """SHA-256 of this entry as it is stored; computed when it is read."""
    run_id: str = Field(default="", exclude=True)
    """Identifier of the run that keeps the entry; known when it is read."""

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
    def stored(cls, facts: Mapping[str, JsonValue], run_id: str, sha256: str = "") -> Self:
        """Return the entry in a stored JSON object; raises MlopsError if it cannot be read.

        `sha256` is the object's hash if it is already known.
        """
        entry = cls.read(facts, f"entry {facts.get('number')} of the journal")
        return entry.model_copy(update={"sha256": sha256 or hash_of(facts), "run_id": run_id})


def canonical(facts: Mapping[str, JsonValue]) -> str:
    """Return the text of a stored entry that is hashed, for any format."""
    return json.dumps(facts, sort_keys=True)


def hash_of(facts: Mapping[str, JsonValue]) -> str:
    """Return the SHA-256 of a stored entry's canonical JSON, for any format."""
    return hash_of_text(canonical(facts))


def hash_of_text(text: str) -> str:
    """Return the SHA-256 of a stored entry's canonical JSON."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def with_details(entries: Iterable[Entry], kind: type[Kind]) -> Iterator[tuple[Entry, Kind]]:
    """Yield each entry that has details of one kind, with these details."""
    for entry in entries:
        if isinstance(entry.details, kind):
            yield entry, entry.details


def last_details(entries: list[Entry], kind: type[Kind]) -> Kind | None:
    """Return the newest details of one kind, or None."""
    return next((details for _, details in with_details(reversed(entries), kind)), None)
