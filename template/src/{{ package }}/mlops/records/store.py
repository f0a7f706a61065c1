"""The registry and the journal of one environment, opened together."""

from ..base.console import Result, resources
from ..base.errors import MlopsError, PersonNeeded
from ..base.project import Project
from .anchor import Anchor
from .details import Details, PauseDetails, PromoteDetails, ResumeDetails, RollbackDetails
from .entry import Entry
from .integrity import Known, UnknownVersion, known_digests
from .journal import BrokenJournal, Journal
from .registry import CHALLENGER, CHAMPION, Registry, Version
from .tracking import connect, writer_lock


class Store:
    """The registry and the journal of one environment, as they are when it is opened."""

    def __init__(self, project: Project, registry: Registry, journal: Journal) -> None:
        self.project = project
        self.registry = registry
        self.journal = journal
        self._entries: list[Entry] | None = None

    @property
    def entries(self) -> list[Entry]:
        """The journal's entries, oldest first; they are read once."""
        if self._entries is None:
            self._entries = self.journal.entries()
        return self._entries

    def record(
        self,
        details: Details,
        *,
        outcome: Result = "ok",
        subject: str = "",
        as_of: str = "",
        evidence: str = "",
    ) -> None:
        """Append an entry to the journal, with the resources that the command has used."""
        used = details.model_copy(update={"resources": {**resources(), **details.resources}})
        entry = self.journal.append(
            used, outcome=outcome, subject=subject, as_of=as_of, evidence=evidence
        )
        if self._entries is not None:
            self._entries.append(entry)

    @property
    def anchor(self) -> Anchor | None:
        """The newest entry as an anchor; None if there are no entries."""
        return self.journal.anchor(self.entries[-1]) if self.entries else None

    @property
    def champions(self) -> list[int]:
        """The stack of promoted versions, newest last; a rollback removes the newest."""
        stack: list[int] = []
        for entry in self.entries:
            if isinstance(entry.details, PromoteDetails):
                stack.append(int(entry.subject))
            elif isinstance(entry.details, RollbackDetails) and stack:  # the promotion may be lost
                stack.pop()
        return stack

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

        Raises MlopsError if the alias points elsewhere: somebody moved it by hand.
        """
        recorded = self.recorded_champion
        alias = self.registry.alias(CHAMPION)
        if recorded != alias:
            command = self.project.command(f"promote {recorded or alias}")
            raise MlopsError(
                f"alias champion of {self.registry.name} points to {alias}, but the journal "
                f"promoted {recorded}: it was moved by hand; run {command}."
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
            known = [*(known or []), Known(digest, "--digest")]
        if known is not None:
            return self.registry.fetch(number, known)
        found = self.registry.copy(number).digest
        command = self.project.command(f"gate {number} --digest {found}")
        raise UnknownVersion(
            f"the journal of {self.registry.name} does not know version {number}: no `train` here "
            "made it, and a verdict of another environment does not count; if you copied it, "
            f"compare its SHA-256, {found}, with that of the original, then run {command}."
        )

    def refuse_broken(self, *, every_file: bool = False) -> None:
        """Raise BrokenJournal if the journal in the store is not as it was written.

        `every_file` is that of `Journal.problems`.
        """
        problems = self.journal.problems(every_file=every_file)
        if problems:
            raise BrokenJournal(self.project, problems)

    def refuse_pause(self) -> None:
        """Raise PersonNeeded while the environment is paused."""
        paused = self.pause
        if paused is not None:
            command = self.project.command("resume")
            raise PersonNeeded(
                f"{self.registry.name} was paused by {paused.actor} at {paused.time}: "
                f"{self.pause_reason}; end the pause with {command}."
            )


def open_store(project: Project) -> Store:
    """Connect, and create the registered model and the journal if they do not exist."""
    from mlflow.exceptions import MlflowException

    client = connect(project)
    with writer_lock(project):
        try:  # Unity Catalog does not search by name
            client.get_registered_model(project.name)
        except MlflowException as error:
            if "DOES_NOT_EXIST" not in str(error.error_code):
                raise
            client.create_registered_model(project.name)
        return Store(project, Registry(client, project), Journal(client, project))
