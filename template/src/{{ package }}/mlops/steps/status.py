"""The command `status`: versions, batches and pause, and whether the journal is sound."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..base.console import Outcome
from ..base.errors import MlopsError
from ..base.project import Project
from ..pages.model_card import last_state
from ..records import predictions
from ..records.anchor import read_anchors, write_anchor
from ..records.details import GateDetails, ScoreDetails, TrainDetails
from ..records.entry import Entry, last_details, with_details
from ..records.journal import BrokenJournal
from ..records.registry import CHALLENGER, CHAMPION
from ..records.store import Store, open_store

SHOWN = 10  # versions, the newest ones; and batches whose bytes are read
NOT_RECORDED = "not recorded"  # by the older template that wrote the entry


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
    remedy: str
    """What to do about the journal; empty if it is as it was written."""


@dataclass(frozen=True)
class VersionState:
    """What the journal and the aliases say about a version."""

    version: int
    """Its number."""
    alias: str
    """`champion`, `challenger`, or empty."""
    verdict: str
    """The newest verdict; `withdrawn` until the next one after a rollback; `none`."""
    overridden: bool
    """Whether variables or options changed settings for one of its entries."""
    metric: str | None = None
    """The gate's metric at that verdict; None if it is not recorded, or without a verdict."""
    figure: float | None = None
    """The metric on the gate window; None if it is not known."""
    interval: tuple[float, float] | None = None
    """Ends of its 95% interval; None if it is not known."""
    estimator: str | None = None
    """Class of the estimator; None if it is not recorded."""
    trained_at: str = ""
    """When it was trained, in UTC to the second; empty if no `train` of this journal made it."""
    as_of: str = ""
    """Its reference date, `2026-01-01`; empty as above."""
    actor: str = ""
    """Who trained it, as in `Entry.actor`; empty as above."""
    snapshot: str = ""
    """Name of the package with the user's modules; empty as above."""


def status(
    project: Project,
    *,
    every_version: bool = False,
    verify: bool = False,
    anchor: Path | None = None,
    against: Path | None = None,
) -> Outcome:
    """Show the versions, their verdicts, the champion, the last batch and the journal's state.

    Only the newest versions are shown, unless `every_version` asks for all. All that is shown of
    them is in the journal's entries and the aliases, so no version costs a request.

    With `verify`, every file of the journal is read, also from a server. The journal is compared
    with the anchors in the file `against`; if it is sound, its head is appended to `anchor`.
    """
    anchors = read_anchors(against, project.name) if against else []
    store = open_store(project)
    problems = store.journal.problems(every_file=verify)
    remedy = BrokenJournal(project, problems).remedy if problems else ""
    try:
        problems += store.journal.against(store.entries, anchors)
    except BrokenJournal as broken:
        return _broken(project, broken)
    state = _state(store, problems, remedy)
    if anchor and not state.problems:
        _keep_anchor(store, anchor)
    numbers = store.registry.numbers()[::-1]
    shown = numbers if every_version else numbers[:SHOWN]
    versions = describe_versions(store.entries, shown, state)
    batch = state.last_batch
    facts = {
        "champion": state.champion,
        "challenger": state.challenger,
        "paused": state.paused,
        "last_batch": batch.to_json() if batch else None,
        "entries": state.entries,
        "problems": state.problems,
        "versions": [asdict(version) for version in versions],
        "older_versions": len(numbers) - len(shown),
    }
    message = _message(project, state, hidden=len(numbers) - len(shown))
    columns, rows = _table(versions, project.settings.metric)
    return Outcome("failed" if state.problems else "ok", message, facts, columns, rows)


def _broken(project: Project, broken: BrokenJournal) -> Outcome:
    """Return the outcome for a journal from which nothing can be read."""
    problems = ", ".join(broken.problems)
    message = f"{project.name}: the journal is BROKEN: {problems}; {broken.remedy}"
    return Outcome("failed", message, {"problems": broken.problems})


def _keep_anchor(store: Store, file: Path) -> None:
    if store.anchor is None:
        raise MlopsError(
            f"--anchor {file}: the journal of {store.project.name} has no entry to anchor; run "
            f"{store.project.command('train')} first."
        )
    write_anchor(file, store.anchor)


def _state(store: Store, problems: list[str], remedy: str) -> State:
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
        remedy=remedy,
    )


def _message(project: Project, state: State, hidden: int) -> str:
    parts = [f"{project.name}: champion is {state.champion or 'none'}"]
    if state.paused:
        parts.append(f"PAUSED: {state.paused}")
    if state.last_batch:
        parts.append(f"last batch {state.last_batch.date}, {state.last_batch.rows:,} rows")
    if state.problems:
        parts.append(f"BROKEN: {', '.join(state.problems)}")
        if state.remedy:
            parts.append(state.remedy)
    else:
        noun = "entry" if state.entries == 1 else "entries"
        parts.append(f"the journal has {state.entries} {noun} and is sound")
    if hidden:
        parts.append(f"{hidden} older versions are not shown, --all shows them")
    return "; ".join(parts)


def describe_versions(
    entries: Iterable[Entry], numbers: Iterable[int], state: State
) -> list[VersionState]:
    """Return what the entries say about these versions, in the order of the numbers."""
    about: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry.details, TrainDetails):
            about[entry.subject].clear()  # of another version, which had this number
        about[entry.subject].append(entry)
    return [_version_state(number, about[str(number)], state) for number in numbers]


def _version_state(number: int, entries: list[Entry], state: State) -> VersionState:
    judged = last_details(entries, GateDetails)
    trained = next(with_details(entries, TrainDetails), None)
    verdict = judged.verdict if judged else "none"
    known = VersionState(
        version=number,
        alias=_alias(number, state),
        verdict="withdrawn" if last_state(entries) == "withdrawn" else verdict,
        overridden=any(entry.overrides for entry in entries),
    )
    if judged:
        metric = judged.metric or None
        known = replace(known, metric=metric, figure=judged.figure, interval=judged.interval)
    if trained is None:
        return known
    entry, details = trained
    return replace(
        known,
        estimator=details.estimator or None,
        trained_at=entry.time,
        as_of=entry.as_of,
        actor=entry.actor,
        snapshot=details.snapshot,
    )


def _alias(number: int, state: State) -> str:
    if number == state.champion:
        return CHAMPION
    return CHALLENGER if number == state.challenger else ""


def _table(
    versions: list[VersionState], metric: str
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the columns and rows of the table; the last column only if it has something to say."""
    columns = ("version", "alias", "verdict", metric, "estimator", "as of", "trained", "by")
    rows = [_row(version, metric) for version in versions]
    if not any(version.overridden for version in versions):
        return columns, tuple(rows)
    marks = ["overridden" if version.overridden else "" for version in versions]
    return (*columns, "settings"), tuple(
        (*row, mark) for row, mark in zip(rows, marks, strict=True)
    )


def _row(version: VersionState, metric: str) -> tuple[str, ...]:
    trained_here = bool(version.trained_at)
    return (
        str(version.version),
        version.alias,
        version.verdict,
        _figure(version, metric),
        version.estimator or NOT_RECORDED,
        version.as_of,
        version.trained_at[:16].replace("T", " "),
        version.actor if trained_here else "copied here",
    )


def _figure(version: VersionState, metric: str) -> str:
    """Return `0.769 (0.737 to 0.802)`; with its name if it is another metric than today's."""
    if version.verdict == "none":
        return ""
    if version.metric is None:
        return NOT_RECORDED
    name = "" if version.metric == metric else f"{version.metric} "
    if version.figure is None:
        return f"{name}n/a"
    around = "({:.3f} to {:.3f})".format(*version.interval) if version.interval else ""
    return f"{name}{version.figure:.3f} {around}".rstrip()
