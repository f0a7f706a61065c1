"""The step `retrain`: monitor's decision, and what follows from it without a hand.

It may be killed anywhere and run again: a challenger of the same code, configuration, lock and
date is taken up again, a promotion that was cut is finished, and nothing is done twice.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from ..base.console import Outcome, step
from ..base.errors import MlopsError, PersonNeeded
from ..base.project import Project
from ..base.windows import parse_as_of, periods
from ..figures.decision import RETRAIN, Facts
from ..records.registry import CHALLENGER, CHAMPION
from ..records.store import Store, open_store
from ..records.tracking import command_lock
from .alerts import TOLD, require_addresses, tell
from .gate.gate import gate
from .monitor.monitor import monitor
from .promote import promote
from .train.train import train
from .train.unchanged import made_now


def retrain(project: Project, as_of: str | None, *, hold: bool = False) -> Outcome:
    """Train, gate and promote where `monitor` decides so; else leave the champion, and say why.

    With `hold`, another identity promotes what passed.
    """
    date = f"{parse_as_of(as_of, project.settings):%Y-%m-%d}"
    require_addresses(project)
    with _alone(project):
        store = open_store(project)
        store.refuse_pause()
        if not hold:
            _finish_promotion(store)
        decision, reasons = _decide(store, date)
        facts = {"decision": decision, "reasons": reasons, "as_of": date}
        number = store.champion()
        stays = f"version {number} stays the champion of {project.name}"
        champion = stays if number else f"{project.name} has no champion yet"
        if decision != RETRAIN:
            return Outcome("ok", f"{champion}: monitor says {decision}", facts)
        return _rest(store, date, champion, facts) or _attempt(project, date, facts, hold)


@contextlib.contextmanager
def _alone(project: Project) -> Iterator[None]:
    from filelock import Timeout

    try:
        with command_lock(project, "retrain").acquire(blocking=False):
            yield
    except Timeout:
        raise MlopsError(f"{project.name} is being retrained already; wait for that.") from None


def _finish_promotion(store: Store) -> None:
    """Move the alias where a promotion ended between the journal and the registry."""
    last = store.entries[-1] if store.entries else None
    if last and last["command"] == "promote" and last["outcome"] == "ok":
        store.registry.move_alias(CHAMPION, int(last["subject"]))


def _decide(store: Store, date: str) -> tuple[str, list[str]]:
    """Return what monitor decided about the champion at this date; ask it where it has not."""
    champion = store.champion()
    if champion is None:
        return RETRAIN, ["there is no champion yet"]
    for entry in reversed(store.entries):
        details, mine = entry["details"], entry["command"] == "monitor"
        if mine and (details["as_of"], details["version"]) == (date, champion):
            return details["decision"], details["reasons"]
    found = monitor(store.project, date)
    step(found.message)
    return found.facts["decision"], found.facts["reasons"]


def _rest(store: Store, date: str, champion: str, facts: Facts) -> Outcome | None:
    """Return why nothing is tried now: the last attempt was not long ago, or still waits."""
    done = [e for e in store.entries if e["command"] == "retrain" and e["outcome"] != "failed"]
    if not done:
        return None
    last, time = done[-1], store.project.settings.time
    rest = periods(store.project.settings.retraining.cooldown, time.period)
    until = f"{pd.Timestamp(last['as_of']) + rest:%Y-%m-%d}"
    if not last["as_of"] <= date < until:
        return None
    waits = last["outcome"] == "waiting" and int(last["subject"]) not in store.champions
    tried = f"{last['details']['message']} (on {last['as_of']})"
    words = f"{champion}; the last attempt: {tried}; the next one is due on {until}"
    return Outcome("waiting" if waits else "ok", words, facts)


def _attempt(project: Project, date: str, facts: Facts, hold: bool) -> Outcome:  # noqa: FBT001
    """Train, gate and promote; write down how it ended, whatever the end."""
    try:
        number = _challenger(project, date)
        facts = {**facts, "version": number}
        done = gate(project, number)
        step(done.message)
        done = promote(project, number, None) if done.outcome == "ok" and not hold else done
    except PersonNeeded as waits:
        done = Outcome("waiting", str(waits).removesuffix("."))
    except Exception as error:
        _remember(project, Outcome("failed", str(error)), facts)
        raise
    _remember(project, done, facts)
    because = "; ".join(facts["reasons"])
    return replace(done, message=f"{done.message}; retrained because {because}", facts=facts)


def _challenger(project: Project, date: str) -> int:
    """Return a challenger of this date: the one that is there, or a new one."""
    store = open_store(project)
    number = store.registry.alias(CHALLENGER)
    if number is not None and made_now(store, number, date):
        step(f"version {number} was trained on just these rows; it is judged now")
        return number
    return int(train(project, date).facts["version"])


def _remember(project: Project, done: Outcome, facts: Facts) -> None:
    store, subject = open_store(project), str(facts.get("version", ""))
    told = tell(store, "retrain", f"{done.outcome} {subject}", done.message)
    details = {**facts, "message": done.message, TOLD: told}
    how = {"outcome": done.outcome, "subject": subject, "as_of": facts["as_of"]}
    store.record("retrain", **how, details=details)
