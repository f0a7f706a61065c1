"""The steps `promote`, `rollback`, `pause` and `resume`."""

import contextlib
import hashlib
import json
from typing import Any

from ..base.console import Outcome
from ..base.errors import MlopsError, PersonNeeded, Rejected
from ..base.project import Project
from ..base.settings import ORIGINS
from ..pages import model_card
from ..records import predictions
from ..records.registry import CHALLENGER, CHAMPION, Version
from ..records.store import Store, open_store


def promote(project: Project, number: int | None, approved_by: str | None) -> Outcome:
    """Make a version the champion, if the journal's evidence and the rules allow it."""
    store = open_store(project)
    store.refuse_pause()
    store.refuse_broken()
    registry = store.registry
    version = registry.fetch_challenger() if number is None else registry.fetch(number)
    details, approved_by = _verdict(store, version), (approved_by or "").strip()
    _refuse_lineage(project, version)
    _require_approval(project, version, details["verdict"], approved_by)
    before = store.recorded_champion
    if before != version.number:
        store.registry.load(version)
        details |= {"approved_by": approved_by}
        store.registry.move_alias(CHAMPION, before or version.number)  # who may not ends here
        store.record("promote", subject=str(version.number), details=details)
    store.registry.move_alias(CHAMPION, version.number)
    if store.registry.alias(CHALLENGER) == version.number:
        store.registry.client.delete_registered_model_alias(project.name, CHALLENGER)
    _write_cards(store, version.number, before)
    message = f"{version} is the champion of {project.name}; next: {project.command('score')}"
    return Outcome("ok", message, {"version": version.number, "before": before})


def rollback(project: Project, reason: str) -> Outcome:
    """Withdraw the champion and make the one before it the champion again."""
    store = open_store(project)
    if len(store.champions) < 2:
        command = project.command("pause REASON")
        raise MlopsError(f"{project.name} has no champion to go back to; stop it with {command}.")
    back, withdrawn = store.champions[-2:]
    store.registry.load(store.registry.fetch(back))
    batches = [b for b in predictions.published(store.entries) if b["version"] == withdrawn]
    made = [f"{batch['date']}/{batch['batch']}" for batch in batches]
    details = {"back_to": back, "reason": reason, "batches": made}
    store.record("rollback", subject=str(withdrawn), details=details)
    store.registry.move_alias(CHAMPION, back)
    _write_cards(store, withdrawn, back)
    told = f"version {withdrawn} is withdrawn, version {back} is the champion of {project.name}"
    told += f" again; look at {len(made)} batches of version {withdrawn}" if made else " again"
    facts = {"withdrawn": withdrawn, "version": back, "batches": batches}
    rows = tuple((b["batch"], b["date"], f"{b['rows']:,}") for b in batches)
    return Outcome("ok", told, facts, ("withdrawn batch", "scoring date", "rows"), rows)


def pause(project: Project, reason: str) -> Outcome:
    """Stop promotion and scoring until `resume`."""
    open_store(project).record("pause", details={"reason": reason})
    return Outcome("ok", f"{project.name} is paused: {reason}", {"reason": reason})


def resume(project: Project) -> Outcome:
    """End a pause."""
    open_store(project).record("resume")
    return Outcome("ok", f"{project.name} is not paused")


def _write_cards(store: Store, *numbers: int | None) -> None:
    for number in filter(None, dict.fromkeys(numbers)):
        with contextlib.suppress(MlopsError):  # what is done is done, if a file is gone
            model_card.write(store, store.registry.fetch(number))


def _verdict(store: Store, version: Version) -> dict[str, Any]:
    """Return the newest verdict on exactly these files in this environment."""
    subject, command = str(version.number), store.project.command(f"gate {version.number}")
    known = [e for e in store.entries if e["subject"] == subject]
    mine = [e for e in known if e["command"] in ("gate", "rollback")]
    if not mine:
        words = "tags, and verdicts of another environment, do not count"
        raise MlopsError(f"{version.name} has no verdict on {version}: {words}; run {command}.")
    entry, details = mine[-1], mine[-1]["details"]
    if entry["command"] == "rollback":
        words = f"on {entry['time']} ({details['reason']})"
        raise MlopsError(f"{version} was withdrawn {words}; run {command} again first.")
    text = store.journal.evidence(entry)
    evidence = json.loads(text)
    if hashlib.sha256(text.encode()).hexdigest() != details["evidence_sha256"]:
        raise MlopsError(f"the evidence on {version} was changed after the verdict; run {command}.")
    if (evidence["environment"], evidence["digest"]) != (store.project.env, version.digest()):
        other = f"of other files or another environment, {evidence['environment']}"
        raise MlopsError(f"the evidence on {version} is {other}; run {command}.")
    today = store.recorded_champion
    if today not in (evidence["champion"], version.number):
        words = f"was judged against version {evidence['champion']}, but the champion is {today}"
        raise MlopsError(f"{version} {words}; run {command} again.")
    if evidence["code"]["dirty"] and not store.project.settings.allow_dirty:
        raise MlopsError(f"{version} was judged by uncommitted code; commit, then run {command}.")
    told = f"{version} was rejected by the gate; see entry {entry['number']}."
    Rejected.when(evidence["verdict"] == "rejected", told)
    kept = {key: value for key, value in details.items() if key != "resources"}
    return {**kept, "evidence_entry": entry["number"]}


def _refuse_lineage(project: Project, version: Version) -> None:
    lineage, settings, env = version.card["lineage"], project.settings, project.env
    if lineage["dirty"] and not settings.allow_dirty:
        remedy = "commit, then train and gate again"
        raise MlopsError(f"{version} was trained from a dirty tree, which {env} refuses; {remedy}.")
    if ORIGINS.index(lineage["origin"]) < ORIGINS.index(settings.origin):
        remedy = f"train and gate it on the {settings.origin} ones of {env}"
        raise MlopsError(f"{version} was trained on {lineage['origin']} rows; {remedy}.")


def _require_approval(project: Project, version: Version, verdict: str, approved_by: str) -> None:
    """Ask for another person where the environment, or too thin evidence, wants one."""
    insufficient, trainer = verdict == "insufficient", version.card["lineage"]["actor"]
    if not approved_by and (insufficient or project.settings.needs_approval):
        why = "the gate could not judge it" if insufficient else f"the rule of {project.env}"
        command = project.command(f"promote {version.number} --approved-by NAME")
        words = f"waits for approval ({why}); another person than {trainer} runs {command}"
        raise PersonNeeded(f"{version} of {project.name} {words}.")
    person, own = approved_by.casefold(), trainer.casefold()
    told = f"{approved_by} trained {version}; another person must approve it."
    PersonNeeded.when(person and person in (own, own.partition("@")[0]), told)
