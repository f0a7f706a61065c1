"""One environment's memory: the registry and the journal, opened together."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..base.console import resources
from ..base.errors import MlopsError, PersonNeeded
from ..base.project import Project
from .journal import Entry, Journal
from .registry import CHAMPION, Registry, Version
from .tracking import connect, writer_lock


@dataclass(frozen=True)
class Store:
    """The registry and the journal of one environment, as they are when it is opened."""

    project: Project
    registry: Registry
    journal: Journal

    @cached_property
    def entries(self) -> list[Entry]:
        """The journal's entries."""
        return self.journal.entries()

    def record(self, command: str, evidence: str = "", **facts: Any) -> None:
        """Append an entry to the journal, and to what was read of it."""
        facts["details"] = {"resources": resources(), **facts.get("details", {})}
        self.__dict__.get("entries", []).append(self.journal.append(command, evidence, **facts))

    @property
    def champions(self) -> list[int]:
        """The stack of promoted versions; a rollback takes the top away."""
        stack: list[int] = []
        for entry in self.entries:
            if entry["command"] == "promote":
                stack.append(int(entry["subject"]))
            elif entry["command"] == "rollback" and stack:  # none where the journal was cut
                stack.pop()
        return stack

    @property
    def recorded_champion(self) -> int | None:
        """The champion by the journal, wherever the alias points."""
        return next(reversed(self.champions), None)

    @property
    def pause(self) -> Entry | None:
        """The pause that no `resume` has ended."""
        turns = [entry for entry in self.entries if entry["command"] in ("pause", "resume")]
        return turns[-1] if turns and turns[-1]["command"] == "pause" else None

    def champion(self) -> int | None:
        """Return the version that the journal promoted last.

        Raises MlopsError where the alias says otherwise: somebody moved it by hand.
        """
        recorded, alias = self.recorded_champion, self.registry.alias(CHAMPION)
        command = self.project.command(f"promote {recorded or alias}")
        words = f"points to {alias}, but the journal promoted {recorded}: it was moved by hand"
        told = f"alias champion of {self.registry.name} {words}; run {command}."
        MlopsError.when(recorded != alias, told)
        return recorded

    def fetch_champion(self) -> Version:
        """Bring the champion to this machine; raises MlopsError where there is none yet."""
        number = self.champion()
        if number is None:
            command = self.project.command("train")
            raise MlopsError(
                f"{self.project.name} has no champion; run {command}, then gate and promote."
            )
        return self.registry.fetch(number)

    def refuse_broken(self) -> None:
        """Raise MlopsError where the journal is not what was written."""
        problems = "; ".join(self.journal.problems(self.entries))
        words = f"cannot be trusted: {problems}; restore the tracking store from its backup"
        MlopsError.when(problems, f"the journal of {self.registry.name} {words}.")

    def refuse_pause(self) -> None:
        """Raise PersonNeeded while the environment is paused."""
        if self.pause is not None:
            why = f"since {self.pause['time']}: {self.pause['details']['reason']}"
            who, command = self.pause["actor"], self.project.command("resume")
            raise PersonNeeded(f"{self.registry.name} is paused by {who} {why}; end: {command}.")


def open_store(project: Project) -> Store:
    """Connect, and create what an environment has before its first version."""
    from mlflow.exceptions import MlflowException

    client = connect(project)
    with writer_lock(project):
        try:  # Unity Catalog searches by no name
            client.get_registered_model(project.name)
        except MlflowException as error:
            if "DOES_NOT_EXIST" not in str(error.error_code):
                raise
            client.create_registered_model(project.name)
        return Store(project, Registry(client, project), Journal(client, project))
