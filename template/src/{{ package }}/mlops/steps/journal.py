"""The command `journal`: what happened in an environment, who did it, and on what evidence."""

from collections.abc import Iterator

from pydantic import JsonValue

from ..base.console import Outcome, print_table
from ..base.errors import MlopsError
from ..base.project import Project
from ..records.details import GateDetails
from ..records.entry import Entry
from ..records.evidence import Check, GateEvidence, read_evidence
from ..records.store import Store, open_store

SHOWN = 20  # entries, the newest ones


def journal(project: Project, number: int | None, *, every_entry: bool = False) -> Outcome:
    """List the newest entries, or all of them; or show one with everything that it records.

    The entry of a gate is shown with its evidence. Raises MlopsError if there is no entry with this
    number, or if the journal or the evidence is not as it was written.
    """
    store = open_store(project)
    if number is None:
        return _list(store, every_entry=every_entry)
    return _show(store, number)


def _list(store: Store, *, every_entry: bool) -> Outcome:
    name = store.project.name
    newest_first = store.entries[::-1]
    shown = newest_first if every_entry else newest_first[:SHOWN]
    if not shown:
        command = store.project.command("train")
        return Outcome("ok", f"the journal of {name} has no entries; {command} writes the first")
    entries = "1 entry" if len(newest_first) == 1 else f"{len(newest_first)} entries"
    one = store.project.command(f"journal {shown[0].number}")
    message = f"the journal of {name} has {entries}; {one} shows one with its evidence"
    if len(shown) < len(newest_first):
        message = (
            f"the journal of {name} has {entries}, of which the newest {SHOWN} are shown (--all "
            f"shows all); {one} shows one with its evidence"
        )
    return Outcome(
        "ok",
        message,
        {"entries": [entry.to_json() for entry in shown]},
        ("entry", "when (UTC)", "command", "outcome", "by", "what happened"),
        tuple(_row(entry) for entry in shown),
    )


def _row(entry: Entry) -> tuple[str, ...]:
    what = entry.details.describe(entry.subject)
    return (str(entry.number), _when(entry), entry.command, entry.outcome, entry.actor, what)


def _when(entry: Entry) -> str:
    return entry.time[:16].replace("T", " ")


def _show(store: Store, number: int) -> Outcome:
    if not store.entries:
        raise MlopsError(
            f"the journal of {store.project.name} has no entries yet; run "
            f"{store.project.command('train')}."
        )
    if not 1 <= number <= len(store.entries):
        raise MlopsError(
            f"the journal of {store.project.name} has no entry {number}; its last one is entry "
            f"{len(store.entries)}: {store.project.command('journal')} lists them."
        )
    entry = store.entries[number - 1]
    evidence = _evidence(store, entry)
    print_table(("field", "value"), tuple(_fields(entry)))
    checks = evidence.checks if evidence else ()
    return Outcome(
        "ok",
        f"entry {number} of {store.project.name}: {entry.details.describe(entry.subject)}",
        {"entry": entry.to_json(), "evidence": evidence.to_json() if evidence else None},
        Check.COLUMNS,
        tuple(check.row for check in checks),
    )


def _evidence(store: Store, entry: Entry) -> GateEvidence | None:
    """Return the evidence that was stored with the entry of a gate; None for another entry."""
    if not isinstance(entry.details, GateDetails):
        return None
    text = store.journal.evidence(entry, entry.details.evidence_sha256)
    return read_evidence(text, f"the evidence of entry {entry.number}")


def _fields(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield the name and value of each field that is not empty, those of the details last.

    A detail that repeats a field of the entry, such as its reference date, is left out.
    """
    facts = entry.to_json()
    details = facts.pop("details")
    assert isinstance(details, dict)  # noqa: S101 - a record within a record
    others = [(name, value) for name, value in details.items() if facts.get(name) != value]
    for name, value in [*facts.items(), ("sha256 of the entry", entry.sha256), *others]:
        text = _text(value)
        if text:
            yield name, text


def _text(value: JsonValue) -> str:
    """Return a value of a record for people; empty if it says nothing."""
    if isinstance(value, dict):
        texts = {name: _text(each) for name, each in value.items()}
        return ", ".join(f"{name} {text}" for name, text in texts.items() if text)
    if isinstance(value, list):
        separator = "; " if any(isinstance(each, dict) for each in value) else ", "
        return separator.join(filter(None, map(_text, value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
