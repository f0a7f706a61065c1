"""The command `status`: versions, batches and pause, and whether the journal is sound."""

from dataclasses import dataclass
from pathlib import Path

from ..base.console import Outcome
from ..base.errors import MlopsError
from ..base.project import Project
from ..pages.model_card import last_state
from ..records import predictions
from ..records.anchor import read_anchors, write_anchor
from ..records.details import GateDetails, ScoreDetails, TrainDetails
from ..records.entry import Entry, with_details
from ..records.journal import BrokenJournal
from ..records.registry import CHALLENGER
from ..records.store import Store, open_store

SHOWN = 10  # versions, the newest ones; and batches whose bytes are read


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
    """What is wrong with the journal, the alias, the champion's files or the batches."""


def status(
    project: Project,
    *,
    verify: bool = False,
    anchor: Path | None = None,
    against: Path | None = None,
) -> Outcome:
    """Show the versions, their verdicts, the champion, the last batch and the journal's state.

    With `verify`, every file of the journal is read, also from a server. The journal is compared
    with the anchors in the file `against`; if it is sound, its head is appended to `anchor`.
    """
    anchors = read_anchors(against, project.name) if against else []
    store = open_store(project)
    problems = store.journal.problems(every_file=verify)
    try:
        problems += store.journal.against(store.entries, anchors)
    except BrokenJournal as broken:
        return _broken(project, broken.problems)
    state = _state(store, problems)
    if anchor and not state.problems:
        _keep_anchor(store, anchor)
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
    columns = ("version", "role", "verdict", "as of", "trained by", "snapshot", "settings")
    return Outcome(
        "failed" if state.problems else "ok", _message(project, state), facts, columns, rows
    )


def _broken(project: Project, problems: list[str]) -> Outcome:
    """Return the outcome for a journal from which nothing can be read."""
    message = f"{project.name}: the journal is BROKEN: {', '.join(problems)}"
    return Outcome("failed", message, {"problems": problems})


def _keep_anchor(store: Store, file: Path) -> None:
    if store.anchor is None:
        raise MlopsError(
            f"--anchor {file}: the journal of {store.project.name} has no entry to anchor; run "
            f"{store.project.command('train')} first."
        )
    write_anchor(file, store.anchor)


def _state(store: Store, problems: list[str]) -> State:
    try:
        champion = store.champion()
        if champion is not None:
            store.fetch(champion)  # compares its files with the journal
    except MlopsError as error:
        problems = [*problems, str(error).removesuffix(".")]
    problems = [*problems, *store.batch_problems(newest=SHOWN)]
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
            _settings(entries),
        )
    entry, details = trained
    role = _role(number, state, last_state(entries))
    settings = _settings(entries)
    return (str(number), role, verdict, entry.as_of, entry.actor, details.snapshot, settings)


def _settings(entries: list[Entry]) -> str:
    """Return "overridden" if variables or options changed settings for one of the entries."""
    return "overridden" if any(entry.overrides for entry in entries) else ""


def _role(number: int, state: State, last: str) -> str:
    if number == state.champion:
        return "champion"
    if number == state.challenger:
        return "challenger"
    return "withdrawn" if last == "withdrawn" else ""
