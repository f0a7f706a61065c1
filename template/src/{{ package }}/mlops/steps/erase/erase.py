"""The command `erase`: remove rows about people that may no longer be kept.

Files that replace others are written next to them first, then the entry of the journal, and only
then the old files go. If a run is killed in between, the next one completes it. The entry has the
SHA-256 of each new file, so a file without a person's rows is never taken for a damaged one.
"""

import contextlib
import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ...base.console import Outcome, Result
from ...base.errors import Misconfigured, MlopsError
from ...base.project import Project, user_module
from ...base.windows import parse_as_of, periods
from ...data.contract import read_contract
from ...records.card import VersionCard
from ...records.details import EraseDetails, ErasedFile
from ...records.erasures import Erasure, last_erasures, staged_path
from ...records.integrity import UnknownVersion, sha256_of_file
from ...records.lineage import extract_path, refuse_unreviewed
from ...records.predictions import PART, known_hashes, known_shadow_hashes
from ...records.store import Store, open_store
from ...records.tracking import command_lock
from .files import count_rows, delete, flush, replace_by_staged
from .keys import Keys, count_matches, count_without_key, read_keys, write_without
from .places import (
    Place,
    find_leftovers,
    find_places,
    find_staged,
    part_of,
    path_of,
    refuse_links,
    running_batches,
    written_on,
)

NOUNS = {"extract": "extracts", "prediction": "batches", "request": "files of requests"}


@dataclass(frozen=True)
class Found:
    """Rows to erase."""

    place: Place
    """Where they are."""
    rows: int
    """Number of these rows."""
    part: Path | None = None
    """The Parquet file that also has other rows; None if the whole place is deleted."""
    sha256: str = ""
    """The SHA-256 of that file in the journal; empty if the journal does not know it."""

    @property
    def name(self) -> str:
        """As `ErasedFile.name`."""
        return self.place.name_of(self.part) if self.part else self.place.name


@dataclass(frozen=True)
class Search:
    """What a search has found."""

    found: list[Found]
    """Where rows are to be erased."""
    lacking: int = 0
    """Number of Parquet files that lack a column of the key."""
    nameless: int = 0
    """Number of answered rows that came without a key."""


def erase(
    project: Project, as_of: str | None, *, expired: bool, keys: Path | None, confirmed: bool
) -> Outcome:
    """Erase what is past its retention, or all rows of the keys in a file.

    Without `confirmed`, nothing changes.
    """
    if expired == (keys is not None):
        raise Misconfigured("say what to erase: either --expired or --keys FILE.")
    if confirmed:
        refuse_unreviewed(project, "erase")
    moment = parse_as_of(as_of, project.settings)
    _refuse_future(moment)
    persons = _read_keys(project, keys) if keys else None
    refuse_links(project)
    with _alone(project):
        store = open_store(project)
        pending = _pending(project, store)
        if pending and not confirmed:
            return Outcome(
                "ok",
                f"an erasure of {len(pending)} files was interrupted; run this command with --yes, "
                "which completes it first",
                {"erased": False, "interrupted": [file.name for file in pending]},
            )
        if confirmed:
            _complete(project, pending)
        cards = _cards(project, store)
        search = _search_keys(store, persons) if persons else _expired(project, cards, moment)
        versions = _versions(project, cards, search)
        if confirmed and search.found:
            files = tuple(_stage(found, persons) for found in search.found)
            reason = "keys" if persons else "expired"
            details = EraseDetails(reason=reason, files=files, versions=versions)
            store.record(details, as_of=f"{moment:%Y-%m-%d}")
            for file in files:
                _apply(project, file)
    outcome = _outcome(search, versions, len(pending), confirmed=confirmed)
    if persons is None:
        return outcome
    seconds = project.settings.serving.refresh
    later = (
        f"a running `serve` writes what it has answered after up to {seconds:g} seconds: repeat "
        "this command then"
    )
    return dataclasses.replace(outcome, message=f"{outcome.message}; {later}")


def _refuse_future(moment: pd.Timestamp) -> None:
    if moment > pd.Timestamp(datetime.datetime.now(datetime.UTC).date()):
        raise Misconfigured(
            f"the reference date {moment:%Y-%m-%d} is in the future; give an earlier date with "
            "--as-of."
        )


def _read_keys(project: Project, file: Path) -> Keys:
    contract = read_contract(user_module("schema"), project.settings.problem)
    return read_keys(file, {name: contract.inputs.types[name] for name in contract.keys})


@contextlib.contextmanager
def _alone(project: Project) -> Iterator[None]:
    """Refuse to run next to another `erase`, or to a command that reads or writes batches."""
    for folder in running_batches(project):
        raise MlopsError(
            f"a run of score is writing to {project.shown(folder)}; wait until it ends, or delete "
            "this folder if the run was killed."
        )
    with (
        command_lock(project, "erase", "has rows that are being erased by", 0),
        command_lock(project, "monitor", "is being monitored by", 0),
    ):
        yield


def _pending(project: Project, store: Store) -> list[ErasedFile]:
    """Return the files of which a killed run has recorded the erasure, and not done it."""
    erasures = last_erasures(store.entries).values()
    return [erasure.file for erasure in erasures if _is_pending(project, erasure)]


def _complete(project: Project, pending: list[ErasedFile]) -> None:
    """Do what a killed run has recorded; delete what it has not, and what other ones left."""
    for file in pending:
        _apply(project, file)
    for path in [*find_staged(project), *find_leftovers(project)]:
        delete(path)


def _is_pending(project: Project, erasure: Erasure) -> bool:
    path = path_of(project, erasure.file)
    if erasure.file.sha256:
        staged = staged_path(part_of(path))
        return staged.is_file() and sha256_of_file(staged) == erasure.file.sha256
    # `train` may have written the same extract again
    return path.exists() and written_on(path) <= datetime.datetime.fromisoformat(erasure.entry.time)


def _cards(project: Project, store: Store) -> dict[int, VersionCard]:
    """Return the card of each version that was trained in this environment.

    Raises FilesChanged for a version that is not as the journal knows it: the dates on its card
    decide what is past its retention.
    """
    cards: dict[int, VersionCard] = {}
    for number in store.registry.numbers():
        try:
            card = store.fetch(number).card
        except UnknownVersion:  # `train` did not make it
            continue
        if card.lineage.environment == project.env:
            cards[number] = card
    return cards


def _trained_on(project: Project, cards: dict[int, VersionCard], extract: str) -> list[int]:
    """Return the versions whose rows an extract keeps."""
    return [
        number
        for number, card in cards.items()
        for fingerprint in (card.lineage.data.train, card.lineage.data.gate)
        if extract_path(project, project.env, fingerprint).name == extract
    ]


def _expired(project: Project, cards: dict[int, VersionCard], moment: pd.Timestamp) -> Search:
    """Find what is past its retention."""
    retention = project.settings.retention
    kept = {
        "extract": retention.extracts,
        "prediction": retention.predictions,
        "request": retention.requests,
    }
    if not any(kept.values()):
        raise Misconfigured(
            "no retention is set, so everything is kept; set retention.extracts, "
            "retention.predictions or retention.requests in conf/."
        )
    found: list[Found] = []
    for place in find_places(project):
        count = kept[place.kind]
        if count is None:
            continue
        date = place.date or _date_of_extract(project, cards, place)
        if date < moment - periods(count, project.settings.time.period):
            found.append(Found(place, sum(map(count_rows, place.parts))))
    return Search(found)


def _date_of_extract(project: Project, cards: dict[int, VersionCard], place: Place) -> pd.Timestamp:
    """Return the newest reference date of its versions, or the day on which it was written."""
    versions = _trained_on(project, cards, place.name)
    dates = [pd.Timestamp(cards[number].time.as_of) for number in versions]
    return max(dates) if dates else pd.Timestamp(written_on(place.path).date())


def _search_keys(store: Store, persons: Keys) -> Search:
    """Find the rows of the persons.

    Raises MlopsError for a batch that is not as it was published: the entry of its erasure would
    vouch for what somebody else has written.
    """
    known = known_hashes(store.entries) | known_shadow_hashes(store.entries)
    found: list[Found] = []
    lacking = 0
    nameless = 0
    for place in find_places(store.project):
        for part in place.parts:
            rows = count_matches(part, persons)
            if rows is None:
                lacking += 1
            elif rows:
                if place.kind == "prediction":
                    _refuse_unknown(store.project, place, part, known)
                found.append(Found(place, rows, part, known.get(place.name, "")))
            if place.kind == "request":
                nameless += count_without_key(part, persons)
    return Search(found, lacking, nameless)


def _refuse_unknown(project: Project, place: Place, part: Path, known: Mapping[str, str]) -> None:
    """Raise MlopsError for a part of a batch that is not what the journal says."""
    if place.name not in known:
        raise MlopsError(
            f"{project.shown(place.path)} holds rows to erase, but the journal has no entry for "
            "it, or says that it was erased: it is from a run that was killed, from a backup, or "
            "from somebody else; delete it, then erase again."
        )
    if part.name != PART:
        raise MlopsError(
            f"{project.shown(part)} was not written by `score`; delete that file, then erase again."
        )
    expected = known[place.name]
    if expected and sha256_of_file(part) != expected:
        raise MlopsError(
            f"{project.shown(part)} has changed since it was published; restore it from a backup, "
            "then erase again."
        )


def _versions(project: Project, cards: dict[int, VersionCard], search: Search) -> tuple[int, ...]:
    """Return the versions whose extracts lose rows."""
    extracts = [found.place.name for found in search.found if found.place.kind == "extract"]
    numbers = {n for name in extracts for n in _trained_on(project, cards, name)}
    return tuple(sorted(numbers))


def _stage(found: Found, persons: Keys | None) -> ErasedFile:
    """Write the file that replaces another one; return what the journal says of it."""
    sha256 = ""
    if persons and found.part:
        staged = staged_path(found.part)
        sha256 = write_without(found.part, persons, staged, found.sha256)
        flush(staged)
    return ErasedFile(kind=found.place.kind, name=found.name, rows=found.rows, sha256=sha256)


def _apply(project: Project, file: ErasedFile) -> None:
    path = path_of(project, file)
    if file.sha256:
        replace_by_staged(part_of(path))
    else:
        delete(path)


def _outcome(
    search: Search, versions: tuple[int, ...], completed: int, *, confirmed: bool
) -> Outcome:
    rows = sum(found.rows for found in search.found)
    counts = {kind: [f for f in search.found if f.place.kind == kind] for kind in NOUNS}
    places = ", ".join(f"{len(found)} {NOUNS[kind]}" for kind, found in counts.items() if found)
    verb = "erased" if confirmed else "to erase"
    parts = [f"{verb}: {rows:,} rows in {places}" if places else "nothing to erase"]
    if completed:
        parts.insert(0, f"completed the interrupted erasure of {completed} files")
    if versions:
        parts.append(f"versions whose extracts lose rows: {', '.join(map(str, versions))}")
    if search.nameless:
        parts.append(f"{search.nameless} answered rows came without a key, so nobody can find them")
    if search.lacking:
        parts.append(
            f"{search.lacking} files lack a column of the key and were not searched: run erase "
            "with the schema.py that they were written with"
        )
    if places and not confirmed:
        parts.append("nothing was changed; repeat this command with --yes")
    facts = {
        "erased": confirmed,
        "rows": rows,
        "completed": completed,
        "files": [{"kind": f.place.kind, "name": f.name, "rows": f.rows} for f in search.found],
        "versions": list(versions),
        "not_searched": search.lacking,
        "without_key": search.nameless,
    }
    result: Result = "waiting" if search.lacking else "ok"
    table = tuple(
        (NOUNS[kind], str(len(found)), f"{sum(f.rows for f in found):,}")
        for kind, found in counts.items()
        if found
    )
    return Outcome(result, "; ".join(parts), facts, ("kind", "files", "rows"), table)
