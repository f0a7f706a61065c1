"""The runs that keep the journal's entries: what an entry is on a run, and how runs are listed.

The text of an entry is on its run twice: in tags, which one search returns for many runs, and in a
file, which people read in MLflow. Older entries, and those too long for tags, are in the file only.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.request import url2pathname

from ..base.project import Project
from .entry import Entry, canonical, hash_of_text
from .tracking import Client, sqlite_file

if TYPE_CHECKING:
    from mlflow.entities import Run

ENTRY = "entry.json"
TAG = "mlops_journal_entry_"  # followed by the number of the part
TAGS = tuple(f"{TAG}{number}" for number in range(1, 11))
PART = 5000  # characters that every store takes in a tag
FIRST_PAGE = 100  # runs; most commands need only the newest
PAGE = 1000
FILES = 32  # that are read together
THREADS = 8  # that download files
LISTED = """
SELECT runs.run_uuid, runs.name, runs.status, runs.artifact_uri, tags.key, tags.value
FROM runs LEFT JOIN tags ON tags.run_uuid = runs.run_uuid AND substr(tags.key, 1, :length) = :tag
WHERE runs.experiment_id = :experiment AND runs.lifecycle_stage = 'active'
ORDER BY runs.start_time DESC, runs.run_uuid
"""


@dataclass(frozen=True)
class JournalRun:
    """One run of the journal's experiment."""

    run_id: str
    """Identifier of the run."""
    name: str
    """The entry's number and what it is about, as `run_name` writes it; older runs have only
    number and command: `12 score`."""
    running: bool
    """Whether its writer has not ended it: it is running, or was killed."""
    folder: str
    """Address of the run's files."""
    tagged: str
    """The entry's text in the tags; empty if it is only in the file."""

    @property
    def number(self) -> int | None:
        """The entry's number according to the name; None if the name does not begin with one."""
        first = self.name.partition(" ")[0]
        return int(first) if first.isdecimal() else None

    def unfinished(self, last: int) -> bool:
        """Return whether the run is beyond the head because its writer has not finished."""
        return self.running and self.number is not None and self.number > last


def run_name(entry: Entry) -> str:
    """Return the name of an entry's run: `12 gate v3`, `13 score 2026-01-01`, `14 pause`.

    It begins with the number, by which claims are searched. An outcome other than ok ends it.
    """
    subject = f"v{entry.subject}" if entry.subject.isdecimal() else entry.subject
    outcome = "" if entry.outcome == "ok" else entry.outcome
    return " ".join(filter(None, (str(entry.number), entry.command, subject, outcome)))


def entry_tags(text: str) -> dict[str, str]:
    """Return the tags that keep an entry's text, or none if it is too long for them."""
    parts = [text[start : start + PART] for start in range(0, len(text), PART)]
    if len(parts) > len(TAGS):
        return {}
    return dict(zip(TAGS, parts, strict=False))


class JournalRuns:
    """The runs of one journal's experiment."""

    def __init__(self, client: Client, project: Project, experiment: str) -> None:
        self._client = client
        self._database = sqlite_file(project)
        self._experiment = experiment

    @property
    def are_local(self) -> bool:
        """Whether the store is a SQLite database, whose files are all on this machine."""
        return self._database is not None

    def newest_first(self) -> Iterator[list[JournalRun]]:
        """Yield the runs in pages, the newest first: one request for a few, then for 1,000 each.

        A run can occur twice if another writer adds one in the meantime.
        """
        listed = self._listed_by_sqlite()
        if listed is not None:
            yield listed
            return
        newest, more = self._search(FIRST_PAGE, None)
        yield newest
        seen = {run.run_id for run in newest}
        token = None
        while more:  # the pages of one search must have the same size, so it starts again
            page, token = self._search(PAGE, token)
            yield [run for run in page if run.run_id not in seen]
            more = token

    def texts_newest_first(self, last: int) -> Iterator[list[tuple[str, str]]]:
        """Yield the entries' texts with the identifiers of their runs, many at once.

        `last` is the number of the head. Files of runs without tags are read in small groups, since
        the caller may have the older ones.
        """
        for page in self.newest_first():
            runs = [run for run in page if not run.unfinished(last)]
            yield [(run.tagged, run.run_id) for run in runs if run.tagged]
            untagged = [run for run in runs if not run.tagged]
            for start in range(0, len(untagged), FILES):
                group = untagged[start : start + FILES]
                texts = zip(file_texts(group), group, strict=True)
                yield [(text, run.run_id) for text, run in texts if text]

    def all(self) -> list[JournalRun]:
        """Return all runs, each once."""
        return list({run.run_id: run for page in self.newest_first() for run in page}.values())

    def deleted(self) -> dict[str, str]:
        """Return the identifiers of the newest deleted runs, by the hash of the entry they keep."""
        from mlflow.entities import ViewType

        listed = self._client.search_runs(
            [self._experiment],
            run_view_type=ViewType.DELETED_ONLY,
            max_results=PAGE,
            order_by=["attributes.start_time DESC"],
        )
        runs = [_from_mlflow(run) for run in listed]
        untagged = [run for run in runs if not run.tagged]
        texts = dict(zip((run.run_id for run in untagged), file_texts(untagged), strict=True))
        return {hash_of_text(run.tagged or texts[run.run_id]): run.run_id for run in runs}

    def _search(self, size: int, token: str | None) -> tuple[list[JournalRun], str | None]:
        found = self._client.search_runs(
            [self._experiment],
            max_results=size,
            order_by=["attributes.start_time DESC"],
            page_token=token,
        )
        return [_from_mlflow(run) for run in found], found.token or None

    def _listed_by_sqlite(self) -> list[JournalRun] | None:
        """Return all runs of a SQLite database, or None for another store.

        MLflow makes objects of all columns of all runs, which takes 50 times as long. None too if a
        version of MLflow has other tables.
        """
        if self._database is None:
            return None
        values = {"experiment": int(self._experiment), "tag": TAG, "length": len(TAG)}
        try:
            with closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)) as opened:
                rows = opened.execute(LISTED, values).fetchall()
        except sqlite3.OperationalError:
            return None
        runs: dict[str, tuple[str, str, str]] = {}
        tags: dict[str, dict[str, str]] = {}
        for run_id, name, status, folder, key, value in rows:
            runs[run_id] = (name or "", status, folder)
            tags.setdefault(run_id, {})[key] = value
        return [
            JournalRun(run_id, name, status == "RUNNING", folder, _text_in(tags[run_id]))
            for run_id, (name, status, folder) in runs.items()
        ]


def file_texts(runs: Iterable[JournalRun]) -> list[str]:
    """Return the canonical text in the file of each run; empty if there is no such entry."""
    listed = list(runs)
    if all(is_local(run.folder) for run in listed):
        return list(map(_file_text, listed))
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(_file_text, listed))


def is_local(folder: str) -> bool:
    """Return whether files at an address are read from this machine's disks."""
    scheme, colon, _ = folder.partition(":")
    return scheme == "file" or not colon or "/" in scheme


def _file_text(run: JournalRun) -> str:
    import mlflow

    if is_local(run.folder):
        path = url2pathname(run.folder.removeprefix("file://"))
        try:
            with open(f"{path}/{ENTRY}", encoding="utf-8") as file:  # noqa: PTH123 - Path is slow
                text = file.read()
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            return ""
    else:
        try:
            text = mlflow.artifacts.load_text(f"{run.folder}/{ENTRY}")
        except mlflow.MlflowException:
            if any(file.path == ENTRY for file in mlflow.artifacts.list_artifacts(run.folder)):
                raise
            return ""  # the server answers, and has no such file
    return text if text == run.tagged else _canonical(text)


def _canonical(text: str) -> str:
    """Return the canonical text of a JSON object; empty for any other text."""
    try:
        facts = json.loads(text)
    except ValueError:
        return ""
    return canonical(facts) if isinstance(facts, dict) else ""


def _text_in(tags: Mapping[str, str]) -> str:
    return "".join(tags.get(name) or "" for name in TAGS)


def _from_mlflow(run: "Run") -> JournalRun:
    return JournalRun(
        run_id=str(run.info.run_id),
        name=str(run.info.run_name),
        running=run.info.status == "RUNNING",
        folder=str(run.info.artifact_uri),
        tagged=_text_in(run.data.tags),
    )
