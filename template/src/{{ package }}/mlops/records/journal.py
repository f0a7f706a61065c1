"""The journal: an environment's only memory besides the registry.

Each entry is an MLflow run with a JSON artifact that contains the hash of the entry before. A tag
of the registered model has the hash of the newest entry. So altered, missing and forked entries
are detected.
"""

import datetime
from collections import Counter
from typing import TYPE_CHECKING

from ..base.console import Result
from ..base.project import Project
from .details import Details
from .entry import Entry, hash_of
from .lineage import current_actor
from .tracking import Client, experiment_id, writer_lock

if TYPE_CHECKING:
    from mlflow.entities import Run

HEAD = "mlops_journal_head"
START = "0" * 64
ENTRY = "entry.json"
EVIDENCE = "evidence.json"


class Journal:
    """The entries of one environment."""

    def __init__(self, client: Client, project: Project) -> None:
        self._client = client
        self._project = project
        self._experiment = experiment_id(client, project, ".journal")

    def entries(self) -> list[Entry]:
        """Return all entries, oldest first.

        Raises MlopsError for an entry that cannot be read.
        """
        import mlflow

        last, _ = self._head()
        folders = [run.info.artifact_uri for run in self._runs() if not _unfinished(run, last)]
        found = [Entry.stored(mlflow.artifacts.load_dict(f"{f}/{ENTRY}"), f) for f in folders]
        return sorted(found, key=lambda entry: entry.number)

    def evidence(self, entry: Entry) -> str:
        """Return the text of the evidence that was appended together with `entry`."""
        import mlflow

        return str(mlflow.artifacts.load_text(f"{entry.folder}/{EVIDENCE}"))

    def append(
        self,
        details: Details,
        *,
        outcome: Result = "ok",
        subject: str = "",
        as_of: str = "",
        evidence: str = "",
    ) -> Entry:
        """Write the next entry with its evidence, and return it as `entries` does."""
        with writer_lock(self._project):
            last, previous = self._head()
            for run in self._runs():
                if _unfinished(run, last):
                    self._client.delete_run(run.info.run_id)
            number = last + 1
            entry = Entry(
                format=Entry.FORMAT,
                number=number,
                time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                environment=self._project.env,
                command=details.COMMAND,
                outcome=outcome,
                subject=subject,
                as_of=as_of,
                details=details,
                previous=previous,
                **current_actor(),
            )
            facts = entry.to_json()
            name = f"{number} {details.COMMAND}"
            info = self._client.create_run(self._experiment, run_name=name).info
            if evidence:
                self._client.log_text(info.run_id, evidence, EVIDENCE)
            self._client.log_dict(info.run_id, facts, ENTRY)
            head = f"{number}:{hash_of(facts)}"
            self._client.set_registered_model_tag(self._project.name, HEAD, head)
            self._client.set_terminated(info.run_id)
        return Entry.stored(facts, info.artifact_uri)

    def problems(self, entries: list[Entry]) -> list[str]:
        """Return what is wrong with the chain, one message per problem."""
        last, head = self._head()
        counts = Counter(entry.number for entry in entries)
        found = [f"entry {n} is forked: {k} entries claim it" for n, k in counts.items() if k > 1]
        found += [f"entry {n} is missing" for n in range(1, last + 1) if n not in counts]
        found += [f"entry {n} is forged: the head is {last}" for n in counts if n > last]
        expected = {entry.number - 1: entry.previous for entry in entries} | {last: head}
        found += [
            f"entry {entry.number} was altered after it was written"
            for entry in entries
            if counts[entry.number] == 1 and expected.get(entry.number) not in (None, entry.sha256)
        ]
        return sorted(found)

    def _runs(self) -> "list[Run]":
        import mlflow

        return list(mlflow.search_runs([self._experiment], output_format="list"))

    def _head(self) -> tuple[int, str]:
        """Return the number and the hash of the last entry."""
        tags = self._client.get_registered_model(self._project.name).tags
        number, _, digest = tags.get(HEAD, f"0:{START}").partition(":")
        return int(number), digest


def _unfinished(run: "Run", last: int) -> bool:
    """Return whether a run beyond the head belongs to a writer that is running, or was killed."""
    number = run.info.run_name.split()[0]
    return bool(run.info.status == "RUNNING" and number.isdigit() and int(number) > last)
