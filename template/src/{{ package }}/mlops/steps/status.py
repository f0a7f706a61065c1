"""The command `status`: versions, batches and pause, and whether the journal is sound."""

from dataclasses import dataclass

from ..base.console import Outcome
from ..base.errors import MlopsError
from ..base.project import Project
from ..pages.model_card import last_state
from ..records import predictions
from ..records.details import GateDetails, ScoreDetails, TrainDetails
from ..records.entry import with_details
from ..records.registry import CHALLENGER
from ..records.store import Store, open_store

SHOWN = 10  # versions, the newest ones


@dataclass(frozen=True)
class State:
    """What `status` shows besides the versions."""

    champion: int | None
    """The champion according to the journal."""
    challenger: int | None
    """The version with the alias challenger."""
    paused: str | None
    """Why the environment is paused; None if it is not."""
    last_batch: ScoreDetails | None
    """The batch that was published last."""
    entries: int
    """Number of the journal's entries."""
    problems: list[str]
    """What is wrong with the journal or the alias, one message each."""


def status(project: Project) -> Outcome:
    """Show the versions, their verdicts, the champion, the last batch and the journal's state."""
    store = open_store(project)
    state = _state(store)
    rows = tuple(_row(store, number, state) for number in store.registry.numbers()[-SHOWN:])
    batch = state.last_batch
    facts = {
        "champion": state.champion,
        "challenger": state.challenger,
        "paused": state.paused,
        "last_batch": batch.to_json() if batch else None,
        "entries": state.entries,
        "problems": state.problems,
    }
    columns = ("version", "role", "verdict", "as of", "trained by", "snapshot")
    return Outcome(
        "failed" if state.problems else "ok", _message(project, state), facts, columns, rows
    )


def _state(store: Store) -> State:
    problems = store.journal.problems(store.entries)
    try:
        store.champion()
    except MlopsError as moved:
        problems.append(str(moved).removesuffix("."))
    batches = predictions.published(store.entries)
    return State(
        champion=store.recorded_champion,
        challenger=store.registry.alias(CHALLENGER),
        paused=store.pause_reason if store.pause else None,
        last_batch=batches[-1] if batches else None,
        entries=len(store.entries),
        problems=problems,
    )


def _message(project: Project, state: State) -> str:
    parts = [f"{project.name}: champion is {state.champion or 'none'}"]
    if state.paused:
        parts.append(f"PAUSED: {state.paused}")
    if state.last_batch:
        parts.append(f"last batch {state.last_batch.date}, {state.last_batch.rows:,} rows")
    if state.problems:
        parts.append(f"BROKEN: {', '.join(state.problems)}")
    else:
        parts.append(f"the journal has {state.entries} entries and is sound")
    return "; ".join(parts)


def _row(store: Store, number: int, state: State) -> tuple[str, ...]:
    entries = [entry for entry in store.entries if entry.subject == str(number)]
    verdicts = [details.verdict for _, details in with_details(entries, GateDetails)]
    verdict = verdicts[-1] if verdicts else "none"
    trained = next(with_details(entries, TrainDetails), None)
    if trained is None:
        return (
            str(number),
            _role(number, state, last_state(entries)),
            verdict,
            "",
            "copied here",
            "",
        )
    entry, details = trained
    role = _role(number, state, last_state(entries))
    return (str(number), role, verdict, entry.as_of, entry.actor, details.snapshot)


def _role(number: int, state: State, last: str) -> str:
    if number == state.champion:
        return "champion"
    if number == state.challenger:
        return "challenger"
    return "withdrawn" if last == "withdrawn" else ""
