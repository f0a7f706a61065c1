"""The journal: an environment's only memory besides the registry.

Each entry is an MLflow run that contains the hash of the entry before. A tag of the registered
model has the number and hash of the newest entry, the head. Commands use only the chain that ends
with the head, and `problems` compares this chain with all that the store contains. So altered,
missing and forked entries are detected.
"""

import datetime
import hashlib
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..base.console import Result, set_anchor
from ..base.errors import MlopsError
from ..base.project import Project
from ..data.addresses import addresses_read
from .anchor import Anchor, compare
from .details import Details, GateDetails
from .entry import Entry, canonical, hash_of_text, with_details
from .evidence import sha256_of
from .journal_cache import open_cache
from .journal_runs import (
    ENTRY,
    JournalRun,
    JournalRuns,
    entry_tags,
    file_texts,
    is_local,
    run_name,
)
from .lineage import current_actor, settings_hash
from .tracking import (
    JOURNAL,
    Client,
    experiment_id,
    mlflow_command,
    sqlite_file,
    tracking_uri,
    writer_lock,
)

if TYPE_CHECKING:
    from mlflow.entities import Run

HEAD = "mlops_journal_head"
START = "0" * 64
EVIDENCE = "evidence.json"
DELETED = "its run was deleted in MLflow"
CLAIM_SECONDS = 40.0  # after that, a claim of a number that was not used is dead
POLL_SECONDS = 0.2
LONGEST_PAUSE = 2.0  # seconds
TRIES = 3  # if a writer appends while the store is read


@dataclass(frozen=True)
class Copy:
    """What one run of the store claims to be an entry."""

    number: int
    """The number that it claims."""
    previous: str
    """The hash of the entry before, as it claims."""
    sha256: frozenset[str]
    """Its own hash; two if the text in the tags and the text in the file differ."""
    running: bool
    """Whether its writer has not ended the run."""


class EntryTaken(MlopsError):
    """Another writer has written, or is writing, the entry that this one would have been."""


class BrokenJournal(MlopsError):
    """The journal in the store is not as it was written."""

    def __init__(self, project: Project, problems: list[str]) -> None:
        self.problems = problems
        self.remedy = "restore the tracking store from its backup"
        if all(DELETED in problem for problem in problems):
            self.remedy = "then run this command again"
        listed = "; ".join(problems)
        super().__init__(
            f"the journal of {project.name} cannot be trusted: {listed}; {self.remedy}."
        )


class Journal:
    """The entries of one environment."""

    def __init__(self, client: Client, project: Project) -> None:
        self._client = client
        self._project = project
        self._experiment = experiment_id(client, project, JOURNAL)
        self._runs = JournalRuns(client, project, self._experiment)
        place = f"{tracking_uri(project)} {self._experiment} {project.name}"
        name = f"{project.env}-{hashlib.sha256(place.encode()).hexdigest()[:12]}"
        self._cache = open_cache(project.path(f"build/journal/{name}.entries"))

    def entries(self) -> list[Entry]:
        """Return the chain of entries that ends with the head, oldest first.

        Only entries that are new to this machine are fetched. Raises MlopsError for a chain that is
        not complete, and for an entry that cannot be read.
        """
        for _ in range(TRIES):
            last, head = self._head()
            chain = self._chain(last, head)
            if chain is not None:
                self._cache.save()
                self._publish(last, head)
                return chain
            if self._head() == (last, head):
                break
        lost = [f"entry {last}, the head, does not lead to the first entry"]
        raise BrokenJournal(self._project, self.problems() or lost)

    def evidence(self, entry: Entry, sha256: str) -> str:
        """Return the text of the evidence that was appended together with `entry`.

        Raises MlopsError if its SHA-256 is not the one that the entry states.
        """
        import mlflow

        # For an address of the form `runs:/`, MLflow does not say why it finds nothing.
        folder = self._client.get_run(entry.run_id).info.artifact_uri
        text = str(mlflow.artifacts.load_text(f"{folder}/{EVIDENCE}"))
        if sha256_of(text) != sha256:
            command = self._project.command(f"gate {entry.subject}")
            raise MlopsError(
                f"the evidence on version {entry.subject} was changed after the verdict of entry "
                f"{entry.number}; run {command}."
            )
        return text

    def append(  # noqa: PLR0913 - the fields of an entry
        self,
        details: Details,
        *,
        outcome: Result = "ok",
        subject: str = "",
        as_of: str = "",
        evidence: str = "",
        expected_head: int | None = None,
    ) -> Entry:
        """Write the next entry with its evidence, and return it as `entries` does.

        `expected_head` is the number of the last entry that the decision rests on. Raises
        EntryTaken if there is a newer one, and then writes nothing.

        Two writers never use the same number. In a local store, a lock sees to it. MLflow's
        interface has no lock and no compare-and-set, so there a writer first claims the number: it
        creates the run, writes the files, and then lists all runs with this number. Of two writers,
        at least one sees the other, because each claims before it lists. A claim is used only if it
        is alone. If it is not, the one that began later withdraws, and the one that began first
        waits until the other has withdrawn, or has used its claim. Once a claim was alone it is
        never withdrawn, so both cannot have been alone.

        This holds if a run is listed as soon as it exists, and if clocks differ by less than half
        of CLAIM_SECONDS: a claim of that age belongs to a writer that was killed, and is deleted. A
        writer that is suspended for that long between its list and its next request can damage the
        chain; `problems` reports that.
        """
        for is_last in attempts():
            with writer_lock(self._project):
                last, previous = self._head()
                if expected_head not in (None, last):
                    raise self._taken(last)
                self._refuse_empty_experiment(last, previous)
                entry = Entry(
                    format=Entry.FORMAT,
                    number=last + 1,
                    time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                    environment=self._project.env,
                    command=details.COMMAND,
                    outcome=outcome,
                    subject=subject,
                    as_of=as_of,
                    details=details,
                    previous=previous,
                    settings_sha256=settings_hash(self._project),
                    overrides=self._project.overrides,
                    addresses=addresses_read(self._project),
                    **current_actor(),
                )
                try:
                    return self._write(entry, evidence)
                except EntryTaken:
                    if expected_head is not None or is_last:
                        raise
        raise AssertionError  # the last attempt returns or raises

    def _refuse_empty_experiment(self, last: int, head: str) -> None:
        """Raise MlopsError if the head belongs to entries that are in another experiment."""
        if last == 0 or self._cache.get(head) is not None:
            return
        if not self._client.search_runs([self._experiment], max_results=1):
            raise MlopsError(
                f"the journal of {self._project.name} ends with entry {last}, but no entry is in "
                "the experiment where the next one would be written; restore the setting "
                "experiments in conf/, or the tracking store from its backup."
            )

    def _write(self, entry: Entry, evidence: str) -> Entry:
        """Claim the number of an entry, write it, and make it the head."""
        local = sqlite_file(self._project) is not None
        if local:
            self._delete_dead_claims(self._claims(entry.number))
        facts = entry.to_json()
        text = canonical(facts)
        digest = hash_of_text(text)
        began = time.monotonic()
        info = self._client.create_run(
            self._experiment, tags=entry_tags(text), run_name=run_name(entry)
        ).info
        if evidence:
            self._client.log_text(info.run_id, evidence, EVIDENCE)
        self._client.log_text(info.run_id, text, ENTRY)
        sync(info.artifact_uri)
        if not local:
            try:
                self._wait_until_alone(entry.number, info.run_id, began)
            except EntryTaken:
                self._client.delete_run(info.run_id)
                raise
        head = f"{entry.number}:{digest}"
        self._client.set_registered_model_tag(self._project.name, HEAD, head)
        self._client.set_terminated(info.run_id)
        self._cache.add(text, info.run_id)
        self._publish(entry.number, digest)
        return Entry.stored(facts, info.run_id)

    def _delete_dead_claims(self, claims: "list[Run]", own: str = "") -> bool:
        """Delete the runs with which killed writers claimed a number; return whether any did.

        Under the lock of a local store no other writer is alive.
        """
        local = sqlite_file(self._project) is not None
        dead = [
            run.info.run_id
            for run in claims
            if run.info.status == "RUNNING"
            and run.info.run_id != own
            and (local or time.time() - run.info.start_time / 1000 > CLAIM_SECONDS)
        ]
        for run_id in dead:
            self._client.delete_run(run_id)
        return bool(dead)

    def _wait_until_alone(self, number: int, run_id: str, began: float) -> None:
        """Return once no other writer claims the number; raise EntryTaken if this one must not."""
        while time.monotonic() - began < CLAIM_SECONDS / 2:
            claims = self._claims(number)
            if [run.info.run_id for run in claims] == [run_id]:
                return
            if self._delete_dead_claims(claims, run_id):
                continue
            claims.sort(key=lambda run: (run.info.start_time, run.info.run_id))
            used = any(run.info.status != "RUNNING" for run in claims)
            if used or not claims or claims[0].info.run_id != run_id:
                break
            time.sleep(POLL_SECONDS)
        raise self._taken(number)

    def _claims(self, number: int) -> "list[Run]":
        """Return the runs that claim a number or have used it."""
        found = self._client.search_runs(
            [self._experiment], filter_string=f"attributes.run_name LIKE '{number} %'"
        )
        return list(found)

    def _taken(self, number: int) -> EntryTaken:
        return EntryTaken(
            f"another command wrote entry {number} of the journal of {self._project.name} at the "
            "same time; run this command again."
        )

    @property
    def head(self) -> int:
        """The number of the last entry; 0 if there is none."""
        return self._head()[0]

    def problems(self, *, every_file: bool = False) -> list[str]:
        """Return what is wrong with the journal in the store, one message per problem.

        The tags of all runs are read again. So are the files if they are on this machine, and on a
        server with `every_file`, which takes a request for each entry. `every_file` also reads the
        evidence of all verdicts.
        """
        for _ in range(TRIES):
            last, head = self._head()
            linked = {entry.sha256: entry for entry in self._links(last, head)}
            copies = self._copies(last, head, linked, every_file=every_file)
            if self._head() == (last, head):
                break
        counts = Counter(copy.number for copy in copies)
        expected = {copy.number - 1: copy.previous for copy in copies if copy.previous}
        expected |= {entry.number: digest for digest, entry in linked.items()} | {last: head}
        found = [f"entry {n} is forked: {k} entries claim it" for n, k in counts.items() if k > 1]
        missing = {n: expected.get(n, "") for n in range(1, last + 1) if n not in counts}
        found += self._missing(missing)
        forged = [n for n in counts if n > last or n < 1]
        found += [f"entry {n} is forged: the head is {last}" for n in forged]
        found += [
            f"entry {copy.number} was altered after it was written"
            for copy in copies
            if counts[copy.number] == 1
            and copy.sha256 != {expected.get(copy.number, min(copy.sha256))}
        ]
        if every_file:
            found += self._altered_evidence(linked.values())
        return sorted(found)

    def _missing(self, digests: dict[int, str]) -> Iterator[str]:
        """Yield a message for each missing entry, by its number and the hash that it must have.

        It names the remedy if the run of the entry was deleted in MLflow, which keeps it.
        """
        deleted = self._runs.deleted() if digests else {}
        for number, digest in digests.items():
            run_id = deleted.get(digest)
            if run_id is None:
                yield f"entry {number} is missing"
                continue
            command = mlflow_command(self._project, f"runs restore --run-id {run_id}")
            yield (f"entry {number} is missing, because {DELETED}: restore it by {command}")

    def _altered_evidence(self, entries: Iterable[Entry]) -> Iterator[str]:
        """Yield a message for each verdict whose evidence is not what its entry states."""
        from mlflow import MlflowException

        for entry, details in with_details(entries, GateDetails):
            try:
                self.evidence(entry, details.evidence_sha256)
            except (MlopsError, OSError, MlflowException):
                yield f"the evidence of entry {entry.number} was altered or deleted"

    def anchor(self, entry: Entry) -> Anchor:
        """Return the anchor of an entry of this journal."""
        return self._anchor(entry.number, entry.sha256)

    def against(self, entries: list[Entry], anchors: list[Anchor]) -> list[str]:
        """Return which of these anchors are not in the journal, one message for each kind."""
        return compare(entries, self._experiment, anchors)

    def _anchor(self, number: int, sha256: str) -> Anchor:
        model = self._project.name
        return Anchor(model=model, store=self._experiment, entry=number, sha256=sha256)

    def _publish(self, number: int, sha256: str) -> None:
        set_anchor(str(self._anchor(number, sha256)) if number else "")

    def _chain(self, last: int, head: str) -> list[Entry] | None:
        """Return the entries from the first to the head, or None if they are not complete."""
        chain = list(self._links(last, head, fetch=True))
        complete = len(chain) == last and (not chain or chain[-1].previous == START)
        return chain[::-1] if complete else None

    def _links(self, last: int, head: str, *, fetch: bool = False) -> Iterator[Entry]:
        """Yield the entries from the head backwards, as far as they are linked."""
        fetched = self._runs.texts_newest_first(last) if fetch else iter(())
        wanted = head
        for number in range(last, 0, -1):
            entry = self._cache.get(wanted)
            while entry is None:
                texts = next(fetched, None)
                if texts is None:
                    return
                for text, run_id in texts:
                    self._cache.add(text, run_id)
                entry = self._cache.get(wanted)
            if entry.number != number:
                return
            yield entry
            wanted = entry.previous

    def _copies(
        self, last: int, head: str, linked: dict[str, Entry], *, every_file: bool
    ) -> list[Copy]:
        """Return what the store contains, except entries that their writers have not finished."""
        runs = [run for run in self._runs.all() if not run.unfinished(last)]
        local = self._runs.are_local
        read = [
            run
            for run in runs
            if is_local(run.folder) or (not local and (every_file or not run.tagged))
        ]
        files = dict(zip((run.run_id for run in read), file_texts(read), strict=True))
        # a local store keeps no file elsewhere, so whoever says so has not written one
        found = [
            _copy(run, files.get(run.run_id, "" if local else run.tagged), linked) for run in runs
        ]
        copies = [copy for copy in found if copy is not None]
        chain = _chain_of(head, copies, linked)
        # a writer whose number another one has taken withdraws, unless it is killed before that
        return [copy for copy in copies if not copy.running or copy.sha256 & chain]

    def _head(self) -> tuple[int, str]:
        """Return the number and the hash of the last entry."""
        tags = self._client.get_registered_model(self._project.name).tags
        number, _, digest = tags.get(HEAD, f"0:{START}").partition(":")
        if not (number.isascii() and number.isdecimal()):
            raise MlopsError(
                f"the tag {HEAD} of {self._project.name} is not a number and a hash; restore the "
                "tracking store from its backup."
            )
        return int(number), digest


def _copy(run: JournalRun, in_file: str, linked: dict[str, Entry]) -> Copy | None:
    """Return what a run claims to be, or None if it does not claim to be an entry."""
    text = run.tagged or in_file
    texts = {text, in_file}
    digests = frozenset(map(hash_of_text, texts))
    if len(digests) == 1 and (entry := linked.get(min(digests))):
        return Copy(entry.number, entry.previous, digests, run.running)
    try:
        facts = json.loads(text)
        return Copy(int(facts["number"]), str(facts["previous"]), digests, run.running)
    except (ValueError, LookupError, TypeError):
        return None if run.number is None else Copy(run.number, "", digests, run.running)


def _chain_of(head: str, copies: list[Copy], linked: dict[str, Entry]) -> set[str]:
    """Return the hashes on the way from the head to the first entry, as far as it is complete."""
    previous = {digest: copy.previous for copy in copies for digest in copy.sha256}
    previous |= {digest: entry.previous for digest, entry in linked.items()}
    chain: set[str] = set()
    wanted = head
    while wanted in previous and wanted not in chain:
        chain.add(wanted)
        wanted = previous[wanted]
    return chain


def attempts() -> Iterator[bool]:
    """Yield whether an attempt to write is the last one, with a pause between two.

    They go on for a little longer than the claim of a killed writer counts.
    """
    until = time.monotonic() + 1.1 * CLAIM_SECONDS
    pause = POLL_SECONDS
    while time.monotonic() < until:
        yield False
        time.sleep(random.uniform(0, pause))  # noqa: S311 - no secret
        pause = min(2 * pause, LONGEST_PAUSE)
    yield True


def sync(folder: str) -> None:
    """Have the files of a local folder on the disk before the database names them."""
    if not folder.startswith("file:"):
        return
    path = Path(url2pathname(urlsplit(folder).path))
    for each in (*path.iterdir(), path):
        try:
            descriptor = os.open(each, os.O_RDONLY)
        except OSError:  # Windows opens no folder
            continue
        try:
            os.fsync(descriptor)
        except OSError:  # some file systems cannot
            continue
        finally:
            os.close(descriptor)
