"""The predictions table: append-only batches; the newest complete one of a date is current.

predictions/<env>/date=2026-01-01/batch-0003/part.parquet and `_SUCCESS`, which comes last. What
`serve` answers is next to them, in online/date=2026-01-01/.
"""

import contextlib
import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
from pyarrow.parquet import ParquetFile

from ..base.errors import MlopsError, reading
from ..base.project import Project
from ..base.record import Record
from .details import ScoreDetails
from .entry import Entry, with_details
from .erasures import last_erasures, staged_path
from .integrity import sha256_of_file
from .tracking import sqlite_file

COMPLETE = "_SUCCESS"
PART = "part.parquet"
ONLINE = "online"
UNRECORDED = "_unrecorded-"  # begins the name of a batch that was set aside
REMEDY = "restore it from a backup, or score that date again"
DAY = 86_400  # seconds; no run takes longer to write a batch


class BatchFacts(Record):
    """The content of `_SUCCESS` in a complete batch.

    The platform itself only checks that the file exists: its content is for other programs.
    """

    format: Literal[2] = 2
    """Number of the file's format; files of format 1 do not state it."""
    batch: str
    """Number of the batch within its date, four digits: `0003`."""
    date: str
    """The scoring date, `2026-01-01`."""
    version: int
    """The version that predicted."""
    rows: int
    """Number of predictions."""
    rows_per_second: int
    """Speed of reading, predicting and writing the rows."""


class ShadowFacts(Record):
    """The content of `_SUCCESS` in a batch that the challenger predicted in the shadow.

    As for `BatchFacts`, it is for other programs.
    """

    format: Literal[2] = 2
    """Number of the file's format; files of format 1 do not state it."""
    batch: str
    """Number of the champion's batch within its date, four digits: `0003`."""
    date: str
    """The scoring date, `2026-01-01`."""
    version: int
    """The challenger."""
    rows: int
    """Number of predictions."""
    difference: dict[str, float]
    """How the challenger's predictions differ from the champion's, by column: mean absolute
    difference of numbers; share of rows with a different decision or label, 0 to 1."""
    psi: dict[str, float]
    """Population stability index between the champion's and the challenger's numbers, by column."""


@contextlib.contextmanager
def stage(project: Project) -> Iterator[Path]:
    """Provide a new empty folder in which to write a batch before anyone can see it."""
    for left in _folder(project).glob("_staged_*"):  # left by a run that was killed
        if time.time() - left.stat().st_mtime > DAY:
            shutil.rmtree(left, ignore_errors=True)
    staged = _folder(project) / f"_staged_{uuid.uuid4().hex}"
    staged.mkdir(parents=True)
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)  # gone already if it was published


def publish(
    project: Project, staged: Path, facts: BatchFacts | ShadowFacts, hidden: str = ""
) -> Path:
    """Move a staged batch to its place, or to a hidden one, and mark it complete."""
    target = _folder(project) / hidden / f"date={facts.date}" / f"batch-{facts.batch}"
    target.parent.mkdir(parents=True, exist_ok=True)
    if (target / COMPLETE).exists() and not hidden:
        raise MlopsError(
            f"batch {facts.batch} of {facts.date} was published by another run in the meantime; "
            "score again."
        )
    # A run may have been killed between the two lines below.
    shutil.rmtree(target, ignore_errors=True)
    staged.rename(target)
    (target / COMPLETE).write_text(facts.model_dump_json(), encoding="utf-8")
    return target


def take_back(published: Path, staged: Path) -> None:
    """Move a batch back to where it was staged."""
    (published / COMPLETE).unlink()
    published.rename(staged)


def next_batch(project: Project, date: str, entries: list[Entry]) -> str:
    """Return the number of the batch that supersedes all others of a date: `0004`.

    In a local store it follows the last one in the journal. Elsewhere a batch that has no entry yet
    may belong to a run that is about to write it.
    """
    done = [int(batch.batch) for batch in published(entries) if batch.date == date]
    if sqlite_file(project) is None:
        complete = (_folder(project) / f"date={date}").glob(f"batch-*/{COMPLETE}")
        done += [int(file.parent.name.removeprefix("batch-")) for file in complete]
    return f"{max(done, default=0) + 1:04d}"


def set_aside(project: Project, date: str, batch: str) -> None:
    """Hide the batches of a date from this number on, none of which has an entry in the journal.

    A run was killed after it had published one, and before it had written its entry.
    """
    for folder in (_folder(project) / f"date={date}").glob("batch-*"):
        if folder.name >= f"batch-{batch}":
            folder.rename(folder.with_name(f"{UNRECORDED}{folder.name}-{uuid.uuid4().hex}"))


def current_batches(project: Project) -> dict[pd.Timestamp, Path]:
    """Return the newest complete batch of each date."""
    complete = sorted(_folder(project).glob(f"date=*/batch-*/{COMPLETE}"))
    return {pd.Timestamp(file.parts[-3].removeprefix("date=")): file.parent for file in complete}


def online_parts(project: Project, start: pd.Timestamp, end: pd.Timestamp) -> list[Path]:
    """Return the parts that `serve` wrote on the days of an interval."""
    days = (_folder(project) / ONLINE).glob("date=*")
    mine = (day for day in days if start <= pd.Timestamp(day.name.removeprefix("date=")) < end)
    return sorted(part for day in mine for part in day.glob("[!_]*.parquet"))


def part_name(part: Path) -> str:
    """Return the folder of a part: date=2026-01-01/batch-0003, or online/date=2026-01-01."""
    return "/".join(part.parts[-3:-1])


def read_parts(parts: list[Path], entries: list[Entry]) -> Iterator[pd.DataFrame]:
    """Yield the rows of parts piece by piece.

    Raises MlopsError if they cannot be read, or if a batch is not the one that the journal knows.
    """
    known = known_hashes(entries)
    for part in parts:
        place = part_name(part)
        where = f"the predictions {place}"
        with reading(where, "score that date again"), pa.OSFile(str(part)) as file:
            expected = known.get(place)
            if expected and hashlib.file_digest(file, "sha256").hexdigest() != expected:
                raise MlopsError(
                    f"{where} have changed since they were published; {_remedy(part.parent)}."
                )
            file.seek(0)  # the same open file, so that nothing can take its place
            with ParquetFile(file) as parquet:
                for piece in parquet.iter_batches():
                    yield piece.to_pandas()


def known_hashes(entries: list[Entry]) -> dict[str, str]:
    """Return the SHA-256 of each batch's Parquet file, by its place.

    It is empty where no entry says it, as those of older formats; a batch that was erased as a
    whole is absent.
    """
    known = {place_of(details): details.sha256 for details in published(entries)}
    for place, erasure in last_erasures(entries).items():
        if place in known and erasure.file.sha256:
            known[place] = erasure.file.sha256
        else:
            known.pop(place, None)
    return known


def problems(project: Project, entries: list[Entry], newest: int = 0) -> list[str]:
    """Return what is wrong with the published batches, one message each.

    Each must be there and be what the journal says. Only the bytes of the `newest` batches are
    read, or those of all if it is 0.
    """
    facts = {place_of(details): details for details in published(entries)}
    known = known_hashes(entries)
    found: list[str] = []
    for position, (place, sha256) in enumerate(reversed(known.items())):
        if not sha256:
            continue
        folder = _folder(project) / place
        wrong = _find_changes(folder, facts[place])
        if not wrong and (not newest or position < newest):
            wrong = _find_other_bytes(folder, sha256)
        found += wrong
    for day in sorted(_folder(project).glob("date=*")):
        found += _find_strangers(project, day, facts)
    return found


def missing(project: Project, entries: list[Entry], start: str, end: str) -> list[str]:
    """Return the batches with an entry but no files, of the dates after `start` up to `end`."""
    dates = {place_of(details): details.date for details in published(entries)}
    return [
        place
        for place, sha256 in known_hashes(entries).items()
        if sha256
        and start < dates[place] <= end
        and not (_folder(project) / place / COMPLETE).is_file()
    ]


def _find_strangers(project: Project, day: Path, facts: Mapping[str, ScoreDetails]) -> list[str]:
    """Return what a date has besides the batches of the journal; readers skip `_` and `.`.

    A batch without an entry counts if it is the newest: a killed run may have left an older one.
    """
    if day.is_symlink():
        return [f"{day.name} is a symbolic link; replace it with the files that it points to"]
    newest = max((file.parent for file in day.glob(f"batch-*/{COMPLETE}")), default=None)
    found = []
    for path in sorted(day.glob("[!_.]*")):
        place = f"{day.name}/{path.name}"
        if place in facts:
            if path.is_symlink():
                found.append(f"{place} is a symbolic link; replace it with the files themselves")
        elif path == newest:
            found.append(
                f"{place} is published but has no entry in the journal; run "
                f"{project.command('score')} again"
            )
        elif not path.name.startswith("batch-"):  # such a folder may be that of a run at work
            found.append(f"{place} is not a batch; delete it, since `score` did not write it")
    return found


def _find_changes(folder: Path, details: ScoreDetails) -> list[str]:
    """Return what is wrong with the files of a batch, apart from the bytes of its Parquet file."""
    place = place_of(details)
    if not ((folder / PART).is_file() and (folder / COMPLETE).is_file()):
        return [f"{place} has an entry in the journal, but its files are gone; {REMEDY}"]
    written = {PART, COMPLETE, staged_path(folder / PART).name}
    strange = [path.name for path in sorted(folder.iterdir()) if path.name not in written]
    if strange:
        return [f"{place} holds {strange[0]}, which `score` did not write; delete that file"]
    try:
        facts = json.loads((folder / COMPLETE).read_text(encoding="utf-8"))
    except ValueError:
        facts = None
    expected = {"batch": details.batch, "date": details.date, "version": details.version}
    if not isinstance(facts, dict) or {name: facts.get(name) for name in expected} != expected:
        return [f"{COMPLETE} of {place} has changed since it was published; {REMEDY}"]
    return []


def _find_other_bytes(folder: Path, sha256: str) -> list[str]:
    if sha256_of_file(folder / PART) == sha256:
        return []
    return [f"{part_name(folder / PART)} has changed since it was published; {_remedy(folder)}"]


def _remedy(folder: Path) -> str:
    if staged_path(folder / PART).exists():
        return "an erasure was interrupted, so run `erase --yes` again, which completes it"
    return REMEDY


def place_of(details: ScoreDetails) -> str:
    """Return the folder of a batch as `part_name` does: date=2026-01-01/batch-0003."""
    return f"date={details.date}/batch-{details.batch}"


def published(entries: list[Entry]) -> list[ScoreDetails]:
    """Return the published batches in the journal, oldest first."""
    return [details for _, details in with_details(entries, ScoreDetails)]


def _folder(project: Project) -> Path:
    return project.path(project.settings.predictions) / project.env
