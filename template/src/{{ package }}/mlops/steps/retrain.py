"""The step `retrain`: monitor's decision, and what follows from it automatically.

It may be killed anywhere and run again: a challenger of the same code, configuration, lockfile
and date is used again, a promotion that was cut is finished, and nothing is done twice.
"""

from dataclasses import dataclass, replace

import pandas as pd

from ..base.console import Outcome, print_step
from ..base.errors import PersonNeeded, summarize
from ..base.project import Project
from ..base.windows import parse_as_of, periods
from ..figures.decision import Decision
from ..records.details import (
    GateDetails,
    MonitorDetails,
    PromoteDetails,
    RetrainDetails,
    RollbackDetails,
    TrainDetails,
)
from ..records.entry import Entry, last_details, with_details
from ..records.registry import CHALLENGER
from ..records.rules import refuse_unfit
from ..records.store import ChampionDeleted, Store, open_store
from ..records.tracking import command_lock
from .alerts import require_addresses, send_change
from .gate.gate import gate
from .monitor.monitor import monitor_champion
from .promote import promote
from .train.train import train_version
from .train.unchanged import is_unchanged


@dataclass(frozen=True)
class Cause:
    """Why a model is retrained, or not."""

    decision: Decision
    """The decision of `monitor`, or `retrain` if there is no champion."""
    reasons: tuple[str, ...]
    """The reasons of the decision, the most serious first."""
    as_of: str
    """The reference date, `2026-01-01`."""
    version: int | None = None
    """The version that was made; None before there is one."""

    def facts(self) -> dict[str, object]:
        """Return the facts for `--json`."""
        facts: dict[str, object] = {
            "decision": self.decision,
            "reasons": list(self.reasons),
            "as_of": self.as_of,
        }
        return facts if self.version is None else facts | {"version": self.version}


def retrain(project: Project, as_of: str | None, *, hold: bool = False) -> Outcome:
    """Train, gate and promote if `monitor` decides `retrain`; otherwise keep the champion.

    With `hold`, it does not promote: another identity does.
    """
    refuse_unfit(project, "retrain")
    date = f"{parse_as_of(as_of, project.settings):%Y-%m-%d}"
    require_addresses(project)
    with command_lock(project, "retrain", "is being retrained by", 0):
        store = open_store(project)
        store.refuse_pause()
        if unfinished := _unfinished(store):
            return _end(project, *unfinished)
        cause = _decide(store, date)
        if cause.decision != "retrain":
            message = f"{_champion_stays(store)}: monitor says {cause.decision}"
            return Outcome("ok", message, cause.facts())
        return _cooling_down(store, cause) or _attempt(project, cause, hold=hold)


def _unfinished(store: Store) -> tuple[Outcome, Cause] | None:
    """Return how an attempt ended that was killed after its promotion, and its cause."""
    for entry in reversed(store.entries):
        if isinstance(entry.details, (RetrainDetails, RollbackDetails)):
            return None
        if isinstance(entry.details, PromoteDetails):
            return _killed_after(store, entry) if entry.details.retrained else None
    return None


def _killed_after(store: Store, promotion: Entry) -> tuple[Outcome, Cause]:
    version = int(promotion.subject)
    before = store.entries[: promotion.number - 1]
    trained = with_details(reversed(before), TrainDetails)
    date = next(entry.as_of for entry, _ in trained if entry.subject == promotion.subject)
    decided = last_details(before, MonitorDetails)
    reasons = decided.reasons if decided else ("there is no champion yet",)
    done = Outcome("ok", f"version {version} is the champion of {store.project.name}")
    return done, Cause("retrain", reasons, date, version)


def _champion_stays(store: Store) -> str:
    try:
        number = store.champion()
    except ChampionDeleted as error:
        return str(error).removesuffix(".")
    if number is None:
        return f"{store.project.name} has no champion yet"
    return f"version {number} stays the champion of {store.project.name}"


def _decide(store: Store, date: str) -> Cause:
    """Return the decision of `monitor` for this date; run it if it has not run yet."""
    try:
        champion = store.champion()
    except ChampionDeleted:
        reason = f"the champion, version {store.recorded_champion}, was deleted in MLflow"
        return Cause("retrain", (reason,), date)
    if champion is None:
        return Cause("retrain", ("there is no champion yet",), date)
    for _, details in with_details(reversed(store.entries), MonitorDetails):
        if str(details.as_of) == date and details.version == champion:
            return Cause(details.decision, details.reasons, date)
    monitored = monitor_champion(store.project, date)
    print_step(monitored.message)
    return Cause(monitored.report.decision, monitored.report.reasons, date)


def _cooling_down(store: Store, cause: Cause) -> Outcome | None:
    """Return why nothing is tried now: the last attempt is recent, or waits for a person."""
    attempts = with_details(reversed(store.entries), RetrainDetails)
    last = next(((e, d) for e, d in attempts if e.outcome != "failed"), None)
    if last is None:
        return None
    entry, details = last
    time = store.project.settings.time
    cooldown = periods(store.project.settings.retraining.cooldown, time.period)
    until = f"{pd.Timestamp(entry.as_of) + cooldown:%Y-%m-%d}"
    if not entry.as_of <= cause.as_of < until:
        return None
    waits = entry.outcome == "waiting" and int(entry.subject) not in store.champions
    message = (
        f"{_champion_stays(store)}; the last attempt: {details.message} (on {entry.as_of}); the "
        f"next one is due on {until}"
    )
    return Outcome("waiting" if waits else "ok", message, cause.facts())


def _attempt(project: Project, cause: Cause, *, hold: bool) -> Outcome:
    """Train, gate and promote; record the end, successful or not."""
    try:
        number = _challenger(project, cause.as_of)
        cause = replace(cause, version=number)
        done = _last_verdict(project, number) or gate(project, number)
        print_step(done.message)  # `retrain` itself does what is next
        if done.outcome == "ok" and not hold:
            done = promote(project, number, None, retrained=True)
    except PersonNeeded as waits:
        done = Outcome("waiting", str(waits).removesuffix("."))
    except Exception as error:
        _record(project, Outcome("failed", summarize(error)), cause)
        raise
    return _end(project, done, cause)


def _end(project: Project, done: Outcome, cause: Cause) -> Outcome:
    """Record how an attempt ended."""
    _record(project, done, cause)
    message = f"{done.message}; retrained because {'; '.join(cause.reasons)}"
    return replace(done, message=message, facts=cause.facts())


def _challenger(project: Project, date: str) -> int:
    """Return a challenger of this date: the one that exists, or a new one."""
    store = open_store(project)
    number = store.registry.alias(CHALLENGER)
    if number is not None and is_unchanged(store, number, date):
        print_step(f"version {number} was already trained on the same rows; it is judged now")
        return number
    return train_version(project, date).number


def _last_verdict(project: Project, number: int) -> Outcome | None:
    """Return the verdict on a version that passed while the champion was the present one.

    The attempt that judged it was killed before its end. A verdict of any other kind is made again.
    """
    store = open_store(project)
    for entry in reversed(store.entries):
        if isinstance(entry.details, (PromoteDetails, RollbackDetails, RetrainDetails)):
            return None
        if isinstance(entry.details, GateDetails) and entry.subject == str(number):
            passed = entry.outcome == "ok"
            return Outcome("ok", f"version {number} passed the gate already") if passed else None
    return None


def _record(project: Project, done: Outcome, cause: Cause) -> None:
    store = open_store(project)
    subject = "" if cause.version is None else str(cause.version)
    alerted = send_change(store, RetrainDetails, f"{done.outcome} {subject}", done.message)
    details = RetrainDetails(
        decision=cause.decision,
        reasons=cause.reasons,
        as_of=cause.as_of,
        version=cause.version,
        message=done.message,
        alerted=alerted,
    )
    store.record(details, outcome=done.outcome, subject=subject, as_of=cause.as_of)
