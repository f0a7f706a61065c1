"""The command `status`: what is where, and whether the journal holds."""

from typing import Any

from ..base.console import Outcome
from ..base.errors import MlopsError
from ..base.project import Project
from ..pages.model_card import state
from ..records import predictions
from ..records.registry import CHALLENGER
from ..records.store import Store, open_store


def status(project: Project) -> Outcome:
    """Show the versions, their verdicts, the champion, the last batch and the journal's state."""
    store = open_store(project)
    problems = store.journal.problems(store.entries)
    try:
        store.champion()
    except MlopsError as moved:
        problems.append(str(moved).removesuffix("."))
    facts: dict[str, Any] = {
        "champion": store.recorded_champion,
        "challenger": store.registry.alias(CHALLENGER),
        "paused": store.pause["details"]["reason"] if store.pause else None,
        "last_batch": next(reversed(predictions.published(store.entries)), None),
        "entries": len(store.entries),
        "problems": problems,
    }
    batch = facts["last_batch"]
    words = [
        f"{project.name}: champion is {facts['champion'] or 'none'}",
        f"PAUSED: {facts['paused']}" if facts["paused"] else "",
        f"last batch {batch['date']}, {batch['rows']:,} rows" if batch else "",
        f"BROKEN: {', '.join(problems)}" if problems else f"journal of {len(store.entries)}",
    ]
    rows = tuple(_row(store, number, facts) for number in store.registry.numbers()[-10:])
    columns = ("version", "role", "verdict", "as of", "trained by", "snapshot")
    outcome = "failed" if problems else "ok"
    return Outcome(outcome, "; ".join(filter(None, words)), facts, columns, rows)


def _row(store: Store, number: int, facts: dict[str, Any]) -> tuple[str, ...]:
    mine = [entry for entry in store.entries if entry["subject"] == str(number)]
    trained = next((entry for entry in mine if entry["command"] == "train"), None)
    verdicts = [entry["details"]["verdict"] for entry in mine if entry["command"] == "gate"]
    withdrawn = state(mine) == "withdrawn"
    roles = [role for role in ("champion", "challenger") if facts[role] == number]
    return (
        str(number),
        *(roles[:1] or (["withdrawn"] if withdrawn else [""])),
        verdicts[-1] if verdicts else "none",
        trained["as_of"] if trained else "",
        trained["actor"] if trained else "copied here",
        trained["details"]["snapshot"] if trained else "",
    )
