"""The registry and the journal of one environment, opened together."""

import contextlib
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from ..base.console import Result, resources
from ..base.errors import MlopsError, PersonNeeded
from ..base.project import Project
from . import predictions
from .anchor import Anchor
from .details import (
    Details,
    PauseDetails,
    PromoteDetails,
    ResumeDetails,
    RollbackDetails,
    TrainDetails,
)
from .entry import Entry
from .integrity import TYPED, Known, NoVersion, UnknownVersion, known_digests
from .journal import HEAD, BrokenJournal, EntryTaken, Journal, attempts
from .lineage import extract_path
from .registry import CHALLENGER, CHAMPION, Aliases, Registry, Version
from .tracking import (
    JOURNAL,
    Client,
    connect,
    experiment_name,
    find_experiment,
    opening_lock,
    sqlite_file,
    store_error,
    writer_lock,
)

MOVERS = (TrainDetails, PromoteDetails, RollbackDetails)  # entries after which an alias moves
RECORDING_SECONDS = 2.0  # within which a run of `score` records what it has published
LOOKS = 10  # at aliases that other commands move at the same time

Decided = TypeVar("Decided")


class ChampionDeleted(MlopsError):
    """The champion was deleted from the registry, so nothing can be compared with it."""


class Store:
    """The registry and the journal of one environment, as they are when it is opened.

    The journal is the truth. An alias follows the entry that moves it; a tag of the registered
    model says up to which entry all aliases have followed, so that the next command can finish what
    a killed one has left, and tells that apart from an alias that somebody moved by hand.
    """

    def __init__(self, project: Project, registry: Registry, journal: Journal) -> None:
        self.project = project
        self.registry = registry
        self.journal = journal
        self._entries: list[Entry] | None = None
        self._expected_head: int | None = None

    @property
    def entries(self) -> list[Entry]:
        """The journal's entries, oldest first; they are read once, and again by `decide`.

        Raises MlopsError if they cannot be read.
        """
        if self._entries is None:
            try:
                self._entries = self.journal.entries()
            except Exception as error:
                reported = store_error(error)
                if reported is None:
                    raise
                raise reported from error
        return self._entries

    def refresh(self) -> None:
        """Read the entries again when they are needed next."""
        self._entries = None

    def decide(self, decision: Callable[[], Decided]) -> Decided:
        """Read, decide and write as one act: run `decision` on the journal as it is now.

        A local store is locked meanwhile, so `decision` must be short. Elsewhere `record` refuses
        an entry that does not follow the last one that the decision has read, and the decision is
        made again: see `Journal.append`.
        """
        for is_last in attempts():
            with writer_lock(self.project):
                self.refresh()
                self._expected_head = self.journal.head
                try:
                    return decision()
                except EntryTaken:
                    if is_last:
                        raise
                finally:
                    self._expected_head = None
        raise AssertionError  # the last attempt returns or raises

    def record(
        self,
        details: Details,
        *,
        outcome: Result = "ok",
        subject: str = "",
        as_of: str = "",
        evidence: str = "",
    ) -> None:
        """Append an entry to the journal, with the resources that the command has used.

        Then move the alias that follows it.
        """
        used = details.model_copy(update={"resources": {**resources(), **details.resources}})
        moves = isinstance(details, MOVERS)
        with writer_lock(self.project):
            if moves:
                self._mark_older_store()
            entry = self.journal.append(
                used,
                outcome=outcome,
                subject=subject,
                as_of=as_of,
                evidence=evidence,
                expected_head=self._expected_head,
            )
            if self._expected_head is not None:
                self._expected_head = entry.number
            if self._entries is not None:
                self._entries.append(entry)
            if isinstance(details, TrainDetails):
                self.settle()
            elif moves:
                self._move_aliases()

    def settle(self) -> None:
        """Move the aliases that a killed command has left behind its entry.

        A promotion that a person must approve is left to `promote`: see `_unapproved`.
        """
        unmoved = self._unmoved(self.registry.aliases())
        if not unmoved or self._unapproved(unmoved):
            return
        from mlflow.exceptions import MlflowException

        try:
            with writer_lock(self.project):
                self.refresh()
                self._move_aliases()
        except MlflowException as error:
            if error.error_code != "PERMISSION_DENIED":  # another identity does it
                raise

    def finish(self) -> None:
        """Move all aliases as the entries require, because the rules allow it."""
        with writer_lock(self.project):
            self._move_aliases()

    @property
    def anchor(self) -> Anchor | None:
        """The newest entry as an anchor; None if there are no entries."""
        return self.journal.anchor(self.entries[-1]) if self.entries else None

    @property
    def champions(self) -> list[int]:
        """The stack of promoted versions, newest last; a rollback removes the newest."""
        return _stack(self.entries)

    @property
    def recorded_champion(self) -> int | None:
        """The champion according to the journal; the alias may point elsewhere."""
        champions = self.champions
        return champions[-1] if champions else None

    @property
    def pause(self) -> Entry | None:
        """The entry of the pause that no `resume` has ended."""
        for entry in reversed(self.entries):
            if isinstance(entry.details, ResumeDetails):
                return None
            if isinstance(entry.details, PauseDetails):
                return entry
        return None

    @property
    def pause_reason(self) -> str:
        """Why the environment is paused; empty if it is not."""
        paused = self.pause
        return paused.details.reason if paused and isinstance(paused.details, PauseDetails) else ""

    def champion(self) -> int | None:
        """Return the version that the journal promoted last.

        Raises MlopsError if the alias points elsewhere, and no command has left it behind or is
        moving it now: somebody moved it by hand. Raises it also for a promotion that only `promote`
        may complete, and ChampionDeleted if the registry does not have the champion any more.
        """
        unapproved: Entry | None = None
        aliases = self.registry.aliases()
        for _ in range(LOOKS):
            if aliases.versions.get(CHAMPION) == self.recorded_champion:
                return self.recorded_champion
            self.refresh()  # a command may have ended since they were read
            self.settle()
            seen = aliases
            aliases = self.registry.aliases()
            unmoved = self._unmoved(aliases)
            unapproved = self._unapproved(unmoved)
            if unmoved and not unapproved:
                return self.recorded_champion
            if aliases == seen:
                break
        recorded = self.recorded_champion
        alias = aliases.versions.get(CHAMPION)
        if recorded != alias and unapproved:
            command = self.project.command(f"promote {unapproved.subject} --approved-by NAME")
            raise MlopsError(
                f"entry {unapproved.number} of the journal promotes version {unapproved.subject}, "
                f"but the alias champion of {self.registry.name} was not moved: the command was "
                "killed, or somebody who must not move the alias wrote the entry; find out which, "
                f"then run {command}, or `rollback`."
            )
        if recorded is None and alias is not None:
            raise MlopsError(
                f"the alias champion of {self.registry.name} points to {_named(alias)}, but "
                "according to the journal no version was ever promoted: the alias was set by hand; "
                "remove it in MLflow."
            )
        if recorded is not None and recorded != alias and recorded not in self.registry.numbers():
            raise self._champion_deleted(recorded)
        if recorded != alias:
            command = self.project.command(f"promote {recorded}")
            raise MlopsError(
                f"the alias champion of {self.registry.name} points to {_named(alias)}, but "
                f"according to the journal the champion is {_named(recorded)}: the alias was moved "
                f"by hand; to restore it, run {command}."
            )
        return recorded

    def fetch_champion(self) -> Version:
        """Return the champion as `fetch` does; raises MlopsError if there is no champion."""
        number = self.champion()
        if number is None:
            command = self.project.command("train")
            raise MlopsError(
                f"{self.project.name} has no champion; run {command}, then gate and promote."
            )
        return self.fetch(number)

    def fetch_challenger(self) -> Version:
        """Return the challenger as `fetch` does; raises MlopsError if there is none."""
        number = self.registry.alias(CHALLENGER)
        if number is None:
            command = self.project.command("train")
            raise MlopsError(f"{self.registry.name} has no challenger; run {command} first.")
        return self.fetch(number)

    def fetch(self, number: int, digest: str = "") -> Version:
        """Return a version in a private copy whose files are those that the journal knows.

        Nothing of them has run by then. `digest` vouches for a version that the journal does not
        know, such as a copied one. Raises MlopsError if the journal is broken, UnknownVersion if it
        does not know the version, and FilesChanged if the files are others.
        """
        known = known_digests(self.entries, number)
        if digest:
            known = [*(known or []), Known(digest, TYPED)]
        if known is not None:
            try:
                return self.registry.fetch(number, known)
            except NoVersion:
                raise self._deleted(number) from None
        found = self.registry.copy(number).digest
        command = self.project.command(f"gate {number} --digest {found}")
        raise UnknownVersion(
            f"the journal of {self.registry.name} does not know version {number}: no `train` here "
            "made and recorded it, and a verdict of another environment does not count; if you "
            f"copied it, compare its SHA-256, {found}, with that of the original, then run "
            f"{command}; otherwise train a new version."
        )

    def _deleted(self, number: int) -> MlopsError:
        """Return the error that a version which the journal knows is not in the registry."""
        if number == self.recorded_champion:
            return self._champion_deleted(number)
        command = self.project.command("train")
        return NoVersion(
            f"version {number} of {self.registry.name} is in the journal, but was deleted in "
            f"MLflow; restore the store from its backup, or make a new version with {command}."
        )

    def _champion_deleted(self, number: int) -> ChampionDeleted:
        """Return the error that the champion is not in the registry, with the ways out."""
        train = self.project.command("train")
        ways = [f"make a new version with {train}, then gate and promote it"]
        earlier = self.champions[-2:-1]
        if set(earlier) & set(self.registry.numbers()):
            command = self.project.command(f"rollback {number} --reason REASON")
            ways.insert(0, f"go back to version {earlier[0]} with {command}")
        return ChampionDeleted(
            f"the champion of {self.registry.name}, version {number}, was deleted in MLflow; "
            f"restore the store from its backup, or {', or '.join(ways)}: a person must approve "
            "it, because there is no champion to compare it with."
        )

    def refuse_broken(self, *, every_file: bool = False) -> None:
        """Raise BrokenJournal if the journal in the store is not as it was written.

        `every_file` is that of `Journal.problems`.
        """
        problems = self.journal.problems(every_file=every_file)
        if problems:
            raise BrokenJournal(self.project, problems)

    def batch_problems(self, newest: int = 0) -> list[str]:
        """Return what is wrong with the published batches, as `predictions.problems` does."""
        return self._once_recorded(lambda: predictions.problems(self.project, self.entries, newest))

    def unknown_batches(self, start: str, end: str) -> list[str]:
        """Return the batches without an entry, as `predictions.unknown_batches` does."""
        return self._once_recorded(
            lambda: predictions.unknown_batches(self.project, self.entries, start, end)
        )

    def _once_recorded(self, look: Callable[[], list[str]]) -> list[str]:
        """Return what is found among the published batches.

        A run of `score` publishes a batch before it records it, so it is given a moment to do so.
        """
        found = look()
        if found:
            time.sleep(RECORDING_SECONDS)
            found = look()
        return found

    def refuse_pause(self) -> None:
        """Raise PersonNeeded while the environment is paused."""
        paused = self.pause
        if paused is not None:
            command = self.project.command("resume")
            raise PersonNeeded(
                f"{self.registry.name} was paused by {paused.actor} at {paused.time}: "
                f"{self.pause_reason}; end the pause with {command}."
            )

    def _unapproved(self, unmoved: list[Entry]) -> Entry | None:
        """Return the promotion among these entries that only `promote` may complete, if any.

        On a server, an identity may have the right to write entries, as training needs, and not the
        right to move aliases. Where a person must approve, its entry alone promotes nothing.
        """
        if sqlite_file(self.project) is not None or not self.project.settings.needs_approval:
            return None
        promotions = [entry for entry in unmoved if isinstance(entry.details, PromoteDetails)]
        return promotions[-1] if promotions else None

    def _unmoved(self, aliases: Aliases) -> list[Entry]:
        """Return the entries whose aliases have not been moved yet, oldest first."""
        moved = aliases.moved
        if moved is not None:
            return [e for e in self.entries if isinstance(e.details, MOVERS) and e.number > moved]
        # An older template wrote the store. It moved the challenger before it wrote the entry.
        promoted = (PromoteDetails, RollbackDetails)
        moves = [entry for entry in self.entries if isinstance(entry.details, promoted)]
        alias = aliases.versions.get(CHAMPION)
        before = _stack(moves[:-1])
        if alias != self.recorded_champion and alias == (before[-1] if before else None):
            return moves[-1:]
        return []

    def _mark_older_store(self) -> None:
        """Mark all entries as moved in a store of an older template; finish its last one first."""
        aliases = self.registry.aliases()
        if aliases.moved is None:
            self.settle()
            self.registry.mark_moved(self.journal.head)

    def _move_aliases(self) -> None:
        """Move the aliases as the entries require; the caller holds the lock of a local store.

        Where there is no lock, look again afterwards: whoever writes last sees what all have done.
        If that command is killed just then, the alias may stay behind, and `champion` reports it.
        """
        local = sqlite_file(self.project) is not None
        for _ in range(LOOKS):
            aliases = self.registry.aliases()
            unmoved = self._unmoved(aliases)
            if not unmoved:
                return
            if any(not isinstance(entry.details, TrainDetails) for entry in unmoved):
                self.registry.move_alias(CHAMPION, self.recorded_champion)
            before = aliases.versions.get(CHALLENGER)
            challenger = _challenger_after(unmoved, before)
            if challenger != before:
                self.registry.move_alias(CHALLENGER, challenger)
            self.registry.mark_moved(unmoved[-1].number)
            if local:
                return
            self.refresh()


def _named(number: int | None) -> str:
    return "no version" if number is None else f"version {number}"


def open_store(project: Project) -> Store:
    """Connect, and create the registered model and the journal if they do not exist.

    Raises MlopsError for a store that was emptied. Finishes what a killed command has left.
    """
    client = connect(project)
    with opening_lock(project):
        _require_model(client, project)
        store = Store(project, Registry(client, project), Journal(client, project))
    with contextlib.suppress(MlopsError):  # a command that needs the journal reports it
        store.settle()
    return store


def _require_model(client: Client, project: Project) -> None:
    """Create the registered model if it is missing, but not in place of one that was lost."""
    from mlflow.exceptions import MlflowException

    try:  # Unity Catalog does not search by name
        tags = client.get_registered_model(project.name).tags
    except MlflowException as error:
        if "DOES_NOT_EXIST" not in str(error.error_code):
            raise
        tags = None
    head = (tags or {}).get(HEAD, "")
    has_journal = head.partition(":")[0] not in ("", "0")
    if tags is None and _has_entries(client, project):
        raise MlopsError(
            f"the registry has no model {project.name}, but the experiment "
            f"{experiment_name(project, JOURNAL)} has entries of its journal: the model was "
            "deleted in MLflow, and its versions with it; restore the store from its backup; or, "
            "if the name is wrong, correct registered_model in conf/; or, to start again without "
            "these versions, set experiments in conf/ to a name not used before, such as "
            f"`experiments: second`, and move {project.settings.predictions}/{project.env} away if "
            "it exists."
        )
    if not has_journal and predictions.has_predictions(project):
        folder = project.path(project.settings.predictions) / project.env
        raise MlopsError(
            f"the store has no journal of {project.name}, but {project.shown(folder)} has its "
            "predictions; restore the store from its backup, or correct tracking_uri in conf/; to "
            f"start again without them, move {project.shown(folder)} away."
        )
    extracts = extract_path(project, project.env, "").parent
    # The first training creates the model first: it may be killed before it writes an entry.
    if tags is None and project.env != "dev" and any(extracts.glob("[!_]*.parquet")):
        raise MlopsError(
            f"the store has no model {project.name}, but {project.shown(extracts)} has the rows "
            "that its versions were trained on; restore the store from its backup, or correct "
            "tracking_uri or registered_model in conf/; to start again without them, move "
            f"{project.shown(extracts)} away."
        )
    if tags is None:
        client.create_registered_model(project.name)
        Registry(client, project).mark_moved(0)


def _has_entries(client: Client, project: Project) -> bool:
    """Return whether the experiment of the journal exists and has a run."""
    experiment = find_experiment(client, project, JOURNAL)
    return experiment is not None and bool(client.search_runs([experiment], max_results=1))


def _stack(entries: Iterable[Entry]) -> list[int]:
    """Return the stack of promoted versions that entries make, newest last.

    A rollback removes the version that it names, and only while that is the newest: its promotion
    may be lost, and older templates could write the same rollback twice.
    """
    stack: list[int] = []
    for entry in entries:
        if isinstance(entry.details, PromoteDetails):
            stack.append(int(entry.subject))
        elif isinstance(entry.details, RollbackDetails) and stack[-1:] == [int(entry.subject)]:
            stack.pop()
    return stack


def _challenger_after(entries: list[Entry], challenger: int | None) -> int | None:
    """Return the challenger after entries, if it was `challenger` before."""
    for entry in entries:
        if isinstance(entry.details, TrainDetails):
            challenger = int(entry.subject)
        elif isinstance(entry.details, PromoteDetails) and challenger == int(entry.subject):
            challenger = None
    return challenger
