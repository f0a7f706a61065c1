"""A tracking server in memory, for tests that count its requests and change its entries."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
from mlops.projects import make_project
from rendering import platform

Facts = dict[str, Any]

entry = platform("records.entry")
journal = platform("records.journal")
journal_cache = platform("records.journal_cache")
journal_runs = platform("records.journal_runs")
PauseDetails = platform("records.details").PauseDetails


class Page(list[Any]):
    """Runs, and the token of the next page."""

    token: str | None = None


class Server:
    """The answers of a tracking server to a journal, with a count of each request."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.runs: list[Any] = []
        self.deleted: list[Any] = []
        self.files: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.broken = False

    def get_experiment_by_name(self, _: str) -> Any:
        return SimpleNamespace(experiment_id="7")

    def get_registered_model(self, _: str) -> Any:
        self.requests["head"] += 1
        return SimpleNamespace(tags=dict(self.tags), aliases={})

    def set_registered_model_tag(self, _: str, key: str, value: str) -> None:
        self.tags[key] = value

    def search_runs(
        self,
        _: list[str],
        filter_string: str = "",
        *,
        max_results: int = 1000,
        order_by: list[str] | None = None,
        page_token: str | None = None,
        run_view_type: int | None = None,
    ) -> Page:
        if run_view_type is not None:
            return Page(self.deleted)
        self.requests["search"] += 1
        assert not filter_string or filter_string.startswith("attributes.run_name LIKE '")
        name = filter_string.partition("'")[2].removesuffix("%'")
        runs = [run for run in self.runs if run.info.run_name.startswith(name)]
        start = int(page_token or 0)
        page = Page(runs[::-1][start : start + max_results])
        page.token = str(start + max_results) if start + max_results < len(runs) else None
        return page

    def create_run(self, _: str, tags: dict[str, str] | None = None, run_name: str = "") -> Any:
        number = f"{len(self.runs):032x}"  # as MLflow's identifiers
        info = SimpleNamespace(
            run_id=number,
            run_name=run_name,
            status="RUNNING",
            start_time=0,
            artifact_uri=f"mlflow-artifacts:/7/{number}",
        )
        self.runs.append(SimpleNamespace(info=info, data=SimpleNamespace(tags=dict(tags or {}))))
        return self.runs[-1]

    def log_text(self, run_id: str, text: str, name: str) -> None:
        self.files[f"mlflow-artifacts:/7/{run_id}/{name}"] = text

    def set_terminated(self, run_id: str) -> None:
        self.run(run_id).info.status = "FINISHED"

    def delete_run(self, run_id: str) -> None:
        self.deleted.append(self.run(run_id))
        self.runs.remove(self.run(run_id))

    def load_text(self, address: str) -> str:
        self.requests["file"] += 1
        if self.broken or address not in self.files:
            raise mlflow.MlflowException("the file cannot be downloaded")
        return self.files[address]

    def list_artifacts(self, folder: str) -> list[Any]:
        paths = [name.rpartition("/") for name in self.files]
        return [SimpleNamespace(path=path) for above, _, path in paths if above == folder]

    def run(self, run_id: str) -> Any:
        """Return a run."""
        return next(run for run in self.runs if run.info.run_id == run_id)

    def write(self, entries: list[Facts], *, tagged: bool = True) -> None:
        """Write entries, each after the one before, and the head; older templates set no tags."""
        for facts in entries:
            last, _, previous = self.tags.get(journal.HEAD, f"0:{journal.START}").partition(":")
            number = int(last) + 1
            text = entry.canonical(facts | {"number": number, "previous": previous})
            run_id = self.create_run(
                "7", journal_runs.entry_tags(text) if tagged else {}, f"{number} pause"
            ).info.run_id
            self.files[f"mlflow-artifacts:/7/{run_id}/entry.json"] = text
            self.runs[-1].info.status = "FINISHED"
            self.tags[journal.HEAD] = f"{number}:{entry.hash_of_text(text)}"

    def entry(self, number: int) -> Any:
        """Return the run of an entry."""
        return next(run for run in self.runs if run.info.run_name.startswith(f"{number} "))

    def counted(self) -> dict[str, int]:
        """Return the requests since the last call."""
        counts = dict(self.requests)
        self.requests.clear()
        return counts


def pauses(count: int, reason: str = "a test") -> Iterator[Facts]:
    """Yield entries of `pause` without number and hash."""
    for _ in range(count):
        yield {
            "format": 2,
            "time": "2026-01-01T00:00:00+00:00",
            "environment": "dev",
            "command": "pause",
            "outcome": "ok",
            "subject": "",
            "as_of": "",
            "details": {"reason": reason, "resources": {"wall_seconds": 0.5}},
            "actor": "maria@build-host",
            "actor_source": "login",
        }


def open_journal(server: Server, folder: Path) -> Any:
    """Return the journal as a new process on this machine opens it."""
    journal_cache.open_cache.cache_clear()
    project = make_project(folder, tracking_uri="http://mlflow.bank.example")
    return journal.Journal(server, project)


def copies(folder: Path) -> Path:
    """Return the file with the copies on this machine."""
    (file,) = folder.glob("build/journal/*")
    return file


def changed(text: str, **changes: Any) -> str:
    """Return the canonical text of an entry with other fields."""
    return str(entry.canonical(json.loads(text) | changes))
