"""The step `rollback`: withdraw a champion, and go back to the one before."""

from dataclasses import dataclass
from functools import partial

from ..base.console import Outcome
from ..base.errors import Misconfigured, MlopsError
from ..base.people import is_reason
from ..base.project import Project
from ..pages import model_card
from ..records import predictions
from ..records.details import PromoteDetails, RollbackDetails, ScoreDetails
from ..records.rules import refuse_unfit
from ..records.store import Store, open_store
from ..records.tracking import emergency


@dataclass(frozen=True)
class Withdrawal:
    """A version that is withdrawn, and the champion after it."""

    version: int
    """The version that is withdrawn."""
    back_to: int
    """The version that is the champion again."""
    is_done: bool
    """Whether an earlier run has withdrawn it already."""


def rollback(project: Project, number: int | None, reason: str) -> Outcome:
    """Withdraw a champion, and make the one before it the champion again.

    Without a number, it is the version that was promoted last. Repeating a rollback changes
    nothing, so that it never goes back two versions.
    """
    if not is_reason(reason):
        raise Misconfigured(
            "rollback --reason needs one line of at most 500 visible characters, with a letter or "
            "digit, because the journal keeps it; give another."
        )
    refuse_unfit(project, "rollback")
    with emergency(project):
        store = open_store(project)
        planned = _plan(store, number)
        if not planned.is_done:
            store.registry.load(store.fetch(planned.back_to))
        done = store.decide(partial(_withdraw, store, planned, reason))
        model_card.write_again(store, done.version, done.back_to)
        return _outcome(store, done)


def _plan(store: Store, number: int | None) -> Withdrawal:
    """Return what a rollback of a version means now; raises MlopsError if it is not possible."""
    champions = store.champions
    moves = [e for e in store.entries if isinstance(e.details, (PromoteDetails, RollbackDetails))]
    last = moves[-1] if moves else None
    if number is None and last is not None and isinstance(last.details, RollbackDetails):
        number = int(last.subject)
    withdrawn = {int(e.subject) for e in moves if isinstance(e.details, RollbackDetails)}
    if number in withdrawn and number not in champions and champions:
        return Withdrawal(number, champions[-1], is_done=True)
    if not champions:
        raise MlopsError(
            f"{store.project.name} has no champion, so there is nothing to roll back; make one "
            f"with {store.project.command('promote')}."
        )
    if number is not None and number != champions[-1]:
        raise MlopsError(
            f"version {number} is not the champion of {store.project.name}, and only the champion "
            f"can be withdrawn; to withdraw the champion, give its number, {champions[-1]}."
        )
    if len(champions) == 1:
        command = store.project.command("pause REASON")
        raise MlopsError(
            f"{store.project.name} has no earlier champion to go back to; to stop using the "
            f"current champion, run {command}."
        )
    return Withdrawal(champions[-1], champions[-2], is_done=False)


def _withdraw(store: Store, planned: Withdrawal, reason: str) -> Withdrawal:
    """Write the entry and move the alias, unless another run has done so."""
    now = _plan(store, planned.version)
    if now.is_done:
        return now
    if now != planned:
        raise MlopsError(
            f"another command has changed which version a rollback of version {now.version} of "
            f"{store.project.name} restores; run this command again."
        )
    details = RollbackDetails(
        back_to=now.back_to,
        reason=reason,
        batches=tuple(f"{b.date}/{b.batch}" for b in _batches(store, now.version)),
    )
    store.record(details, subject=str(now.version))
    return now


def _batches(store: Store, version: int) -> list[ScoreDetails]:
    return [batch for batch in predictions.published(store.entries) if batch.version == version]


def _entry_of(store: Store, version: int) -> int:
    """Return the number of the entry that withdrew a version last."""
    return max(
        entry.number
        for entry in store.entries
        if isinstance(entry.details, RollbackDetails) and entry.subject == str(version)
    )


def _outcome(store: Store, done: Withdrawal) -> Outcome:
    project = store.project
    batches = _batches(store, done.version)
    message = (
        f"version {done.version} is withdrawn, version {done.back_to} is the champion of "
        f"{project.name} again"
    )
    if done.is_done:
        command = project.command(f"rollback {done.back_to}")
        message = (
            f"version {done.version} of {project.name} was withdrawn already, by entry "
            f"{_entry_of(store, done.version)}, whose reason stays; version {done.back_to} is the "
            f"champion; to withdraw that one as well, run {command}"
        )
    if len(batches) == 1:
        message += f"; check the batch of version {done.version}"
    elif batches:
        message += f"; check the {len(batches)} batches of version {done.version}"
    facts = {
        "withdrawn": done.version,
        "version": done.back_to,
        "batches": [batch.to_json() for batch in batches],
    }
    rows = tuple((b.batch, b.date, f"{b.rows:,}") for b in batches)
    return Outcome("ok", message, facts, ("withdrawn batch", "scoring date", "rows"), rows)
