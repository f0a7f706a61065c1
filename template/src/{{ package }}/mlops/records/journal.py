"""The journal: an environment's only memory beside the registry.

One MLflow run per entry, its JSON an artifact. Each entry holds the hash of the one before, and a
tag of the registered model holds the head, so that an altered, missing or forked entry shows.
"""

import datetime
import hashlib
import json
from collections import Counter
from typing import Any

from ..base.project import Project
from .lineage import current_actor
from .tracking import Client, experiment_id, writer_lock

Entry = dict[str, Any]

HEAD = "mlops_journal_head"
START = "0" * 64
ENTRY, EVIDENCE = "entry.json", "evidence.json"
UNSAID: Entry = {"outcome": "ok", "subject": "", "as_of": "", "details": {}}


def entry_hash(entry: Entry) -> str:
    """Return the SHA-256 of an entry's canonical JSON."""
    facts = {key: value for key, value in entry.items() if key != "folder"}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _unfinished(run: Any, last: int) -> bool:
    """Tell whether a run beyond the head belongs to a writer that is at work, or that died."""
    number = run.info.run_name.split()[0]
    return bool(run.info.status == "RUNNING" and number.isdigit() and int(number) > last)


class Journal:
    """The entries of one environment."""

    def __init__(self, client: Client, project: Project) -> None:
        self._client, self._project = client, project
        self._experiment = experiment_id(client, project, ".journal")

    def entries(self) -> list[Entry]:
        """Return all entries, oldest first; each has `folder` added, where its evidence lies."""
        import mlflow

        last, _ = self._head()
        folders = [run.info.artifact_uri for run in self._runs() if not _unfinished(run, last)]
        found = [mlflow.artifacts.load_dict(f"{f}/{ENTRY}") | {"folder": f} for f in folders]
        return sorted(found, key=lambda entry: int(entry["number"]))

    def evidence(self, entry: Entry) -> str:
        """Return the evidence that was appended together with `entry`."""
        import mlflow

        return str(mlflow.artifacts.load_text(f"{entry['folder']}/{EVIDENCE}"))

    def append(self, command: str, evidence: str = "", **facts: Any) -> Entry:
        """Write the next entry, with its evidence beside it, and return it as `entries` does.

        `facts` are its outcome (ok, rejected, waiting or failed), subject, as_of and details.
        """
        with writer_lock(self._project):
            last, previous = self._head()
            for run in self._runs():
                if _unfinished(run, last):
                    self._client.delete_run(run.info.run_id)
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            entry: Entry = {"number": last + 1, "time": now, "environment": self._project.env}
            entry |= {
                "command": command,
                **UNSAID,
                **facts,
                **current_actor(),
                "previous": previous,
            }
            info = self._client.create_run(self._experiment, run_name=f"{last + 1} {command}").info
            if evidence:
                self._client.log_text(info.run_id, evidence, EVIDENCE)
            self._client.log_dict(info.run_id, entry, ENTRY)
            head = f"{last + 1}:{entry_hash(entry)}"
            self._client.set_registered_model_tag(self._project.name, HEAD, head)
            self._client.set_terminated(info.run_id)
        return entry | {"folder": info.artifact_uri}

    def problems(self, entries: list[Entry]) -> list[str]:
        """Return what is wrong with the chain, a sentence each; empty for a sound one."""
        last, head = self._head()
        counts = Counter(int(entry["number"]) for entry in entries)
        found = [f"entry {n} is forked: {k} claim it" for n, k in counts.items() if k > 1]
        found += [f"entry {n} is missing" for n in range(1, last + 1) if n not in counts]
        found += [f"entry {n} is forged: the head is {last}" for n in counts if n > last]
        expected = {int(entry["number"]) - 1: entry["previous"] for entry in entries} | {last: head}
        for entry in entries:
            number = int(entry["number"])
            if counts[number] == 1 and expected.get(number) not in (None, entry_hash(entry)):
                found.append(f"entry {number} was altered after it was written")
        return sorted(found)

    def _runs(self) -> list[Any]:
        import mlflow

        return list(mlflow.search_runs([self._experiment], output_format="list"))

    def _head(self) -> tuple[int, str]:
        tags = self._client.get_registered_model(self._project.name).tags
        number, _, digest = tags.get(HEAD, f"0:{START}").partition(":")
        return int(number), digest
