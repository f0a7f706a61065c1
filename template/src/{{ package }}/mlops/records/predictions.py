"""The predictions table: append-only batches; the newest complete one of a date is current.

predictions/<env>/date=2026-01-01/batch-0003/part.parquet and `_SUCCESS`, which comes last. What
`serve` answers is next to them, in online/date=2026-01-01/.
"""

import contextlib
import datetime
import hashlib
import json
import re
import shutil
import time
import uuid
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypedDict

import pandas as pd
import pyarrow as pa
from pyarrow.parquet import ParquetFile

from ..base.errors import MlopsError, reading
from ..base.project import Project
from ..base.record import Record
from .details import EraseDetails, ScoreDetails, ShadowDetails
from .entry import Entry, with_details
from .erasures import batch_name, last_erasures, staged_path
from .integrity import sha256_of_file
from .tracking import sqlite_file

COMPLETE = "_SUCCESS"
PART = "part.parquet"
ONLINE = "online"
SHADOW = "_shadow"
UNRECORDED = "_unrecorded-"  # begins the name of a batch that was set aside
FINDER = ".DS_Store"  # macOS writes it into each folder that a person opens
REMEDY = "restore it from a backup, or score that date again"
INTERRUPTED = (
    "an erasure was interrupted: run `erase` again with its options and --yes, which completes it"
)
REAL_FILES = "replace it with the files that it points to"
NOT_WRITTEN = "delete it, since `score` did not write it"
NOT_RECORDED = (
    "either its run was killed, or somebody else wrote it: delete it, then score that date again"
)
IN_THE_SHADOW = "either its run was killed, or somebody else wrote it: delete it"
LEFT = "was left by a run that was killed; delete it, since other programs may read it"
DATE = re.compile(r"date=\d{4}-\d\d-\d\d", re.ASCII)
BATCH = re.compile(r"batch-\d{4,}", re.ASCII)
STAGED_BATCH = re.compile(r"_staged_[0-9a-f]{32}")
SET_ASIDE = re.compile(UNRECORDED + r"batch-\d{4,}-[0-9a-f]{32}", re.ASCII)
DAY = 86_400  # seconds; no run takes longer to write a batch
MINUTES = 600  # seconds; no run takes longer to complete a batch that it has moved to its place


class Stamps(TypedDict):
    """What each row of a batch says about the batch, after its keys and the prediction."""

    batch: str
    """Number of the batch within its date, four digits: `0003`."""
    version: int
    """The version that predicted: the champion, or in the shadow the challenger."""
    scoring_date: pd.Timestamp
    """The reference date of `score`."""
    predicted_at: datetime.datetime
    """When the batch was begun, in UTC."""


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
    _refuse_links(project, target)
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
        there = [folder for folder in _complete(project) if folder.parent.name == f"date={date}"]
        done += [int(folder.name.removeprefix("batch-")) for folder in there]
    return f"{max(done, default=0) + 1:04d}"


def set_aside(project: Project, date: str, batch: str) -> None:
    """Hide the batches of a date from this number on, none of which has an entry in the journal.

    A run was killed after it had published one, and before it had written its entry.
    """
    day = _folder(project) / f"date={date}"
    _refuse_links(project, day)
    for folder in day.glob("batch-*"):
        if folder.name >= f"batch-{batch}":
            folder.rename(folder.with_name(f"{UNRECORDED}{folder.name}-{uuid.uuid4().hex}"))


def has_predictions(project: Project) -> bool:
    """Return whether there is a complete batch, or a file of `serve` or of the shadow."""
    table = _folder(project)
    others = (file for name in (ONLINE, SHADOW) for file in (table / name).rglob("*.parquet"))
    return bool(_complete(project)) or any(others)


def current_batches(project: Project, entries: list[Entry]) -> dict[pd.Timestamp, Path]:
    """Return the newest complete batch of each date, of those that the journal knows."""
    known = known_hashes(entries)
    batches = [folder for folder in _complete(project) if part_name(folder / PART) in known]
    return {pd.Timestamp(folder.parent.name.removeprefix("date=")): folder for folder in batches}


def unknown_batches(project: Project, entries: list[Entry], start: str, end: str) -> list[str]:
    """Return the complete batches without an entry, of the dates after `start` up to `end`."""
    known = known_hashes(entries)
    places = [part_name(folder / PART) for folder in _complete(project)]
    return [
        place
        for place in places
        if place not in known and f"date={start}" < place.partition("/")[0] <= f"date={end}"
    ]


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
        is_batch = not place.startswith(f"{ONLINE}/")
        remedy = REMEDY if is_batch else "restore the file from a backup"
        where = f"{PART} of {place}" if is_batch else f"{place}/{part.name}"
        with reading(where, remedy), pa.OSFile(str(part)) as file:
            expected = known.get(place)
            if expected and hashlib.file_digest(file, "sha256").hexdigest() != expected:
                raise MlopsError(
                    f"the batch {place} has changed since it was published; {_remedy(part.parent)}."
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
    return _after_erasures(known, entries)


def known_shadow_hashes(entries: list[Entry]) -> dict[str, str]:
    """Return the same of the batches in the shadow; a place begins with `_shadow/`."""
    known = {
        f"{SHADOW}/{batch_name(details.date, details.batch)}": details.sha256
        for _, details in with_details(entries, ShadowDetails)
        if not details.missing
    }
    return _after_erasures(known, entries)


def _after_erasures(known: dict[str, str], entries: list[Entry]) -> dict[str, str]:
    erasures = last_erasures(entries)
    left = {place: erasure.file.sha256 for place, erasure in erasures.items() if place in known}
    current = known | left
    return {place: sha256 for place, sha256 in current.items() if sha256 or place not in left}


def problems(project: Project, entries: list[Entry], newest: int = 0) -> list[str]:
    """Return what is wrong with the published batches, one message each.

    Each must be there and be what the journal says. Only the bytes of the `newest` batches are
    read, or those of all if it is 0.
    """
    facts = _facts(entries)
    table = _folder(project)
    found = _find_problems(project, table, known_hashes(entries), facts, newest)
    if not newest and not (table / SHADOW).is_symlink():
        shadow = known_shadow_hashes(entries)
        found += _find_problems(project, table / SHADOW, shadow, facts, newest)
    return found


def _find_problems(
    project: Project,
    table: Path,
    known: dict[str, str],
    facts: dict[str, dict[str, str | int]],
    newest: int,
) -> list[str]:
    """Return what is wrong in a table: that of the batches, or that of the shadow."""
    found = _find_other_names(project, table)
    for position, (place, sha256) in enumerate(reversed(known.items())):
        folder = _folder(project) / place
        wrong = _find_other_files(project, folder)
        if not wrong and sha256:
            wrong = _find_changes(project, folder, facts[place])
        if not wrong and sha256 and (not newest or position < newest):
            wrong = _find_other_bytes(project, folder, sha256)
        found += wrong
    for day in sorted(table.glob("date=*")):
        found += _find_strangers(project, day, known, facts)
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


def refuse_link(project: Project, place: Path) -> None:
    """Raise MlopsError if a file or folder is a link, through which others would change."""
    if place.is_symlink():
        raise MlopsError(
            f"{project.shown(place)} is a symbolic link, so this command would change files "
            "elsewhere; replace it with the files that it points to, or delete the link."
        )


def _refuse_links(project: Project, path: Path) -> None:
    """Raise MlopsError if a path leads out of the folder of the environment by a link."""
    for place in (path, *path.parents):
        if place == _folder(project):  # it may be a link, to a mounted disk
            return
        refuse_link(project, place)


def _complete(project: Project) -> list[Path]:
    """Return the complete batches of all dates, oldest first."""
    found = [file.parent for file in _folder(project).glob(f"date=*/batch-*/{COMPLETE}")]
    return sorted(
        folder
        for folder in found
        if DATE.fullmatch(folder.parent.name) and BATCH.fullmatch(folder.name)
    )


def _facts(entries: list[Entry]) -> dict[str, dict[str, str | int]]:
    """Return what `_SUCCESS` of each batch has to say; erasures have corrected its rows.

    Those of the shadow are included.
    """
    facts: dict[str, dict[str, str | int]] = {}
    rows: dict[str, int] = {}
    for entry in entries:
        details = entry.details
        if isinstance(details, ScoreDetails | ShadowDetails):
            hidden = f"{SHADOW}/" if isinstance(details, ShadowDetails) else ""
            place = f"{hidden}{batch_name(details.date, details.batch)}"
            names = {"batch", "date", "version", "rows"}
            facts[place] = details.model_dump(include=names)
            rows[place] = details.rows
        elif isinstance(details, EraseDetails):
            for file in details.files:
                if file.name in facts:
                    rows[file.name] -= file.rows
                    facts[file.name]["rows"] = rows[file.name]
    return facts


def _find_other_names(project: Project, table: Path) -> list[str]:
    """Return what is next to the dates of a table.

    Names that begin with `_` or `.` count, because not every program skips them.
    """
    found = []
    for path in _content(table):
        shown = project.shown(path)
        if path.is_symlink():
            found.append(f"{shown} is a symbolic link; {REAL_FILES}")
        elif path == _folder(project) / SHADOW and path.is_dir():
            continue
        elif STAGED_BATCH.fullmatch(path.name):
            if not _is_younger(path, DAY):
                found.append(f"{shown} {LEFT}")
        elif not path.is_dir() or (path.name != ONLINE and not DATE.fullmatch(path.name)):
            found.append(f"{shown} is not a date of the predictions; {NOT_WRITTEN}")
    return found


def _find_strangers(
    project: Project, day: Path, known: Container[str], facts: Container[str]
) -> list[str]:
    """Return what a date has besides the batches of the journal."""
    if day.is_symlink():
        return []  # a problem of its own
    found = []
    for path in _content(day):
        place = path.relative_to(_folder(project)).as_posix()
        shown = project.shown(path)
        if path.is_symlink():
            found.append(f"{shown} is a symbolic link; {REAL_FILES}")
        elif place in facts and place not in known:
            found.append(
                f"{shown} was erased, and is there again; if the erasure was interrupted, run "
                "`erase` again with its options and --yes, or else delete the batch"
            )
        elif place not in known:
            found += _find_unrecorded(path, f"{shown}")
    return found


def _find_unrecorded(path: Path, shown: str) -> list[str]:
    """Return what is wrong with something in a date that no entry knows."""
    remedy = IN_THE_SHADOW if path.parents[1].name == SHADOW else NOT_RECORDED
    if SET_ASIDE.fullmatch(path.name):
        return [] if _is_younger(path, DAY) else [f"{shown} {LEFT}"]
    if not path.is_dir() or not BATCH.fullmatch(path.name):
        return [f"{shown} is not a batch; {NOT_WRITTEN}"]
    if (path / COMPLETE).exists():
        return [f"{shown} is published but has no entry in the journal; {remedy}"]
    if not _is_younger(path, MINUTES):
        return [f"{shown} is not complete and has no entry in the journal; {remedy}"]
    return []


def _content(folder: Path) -> list[Path]:
    """Return what is in a folder, which may be missing; names with `_` or `.` included."""
    found = sorted(folder.glob("*"))
    return [path for path in found if path.name != FINDER or not path.is_file()]


def _is_younger(path: Path, seconds: int) -> bool:
    """Return whether a run may still be about to complete, move or delete a file or folder."""
    try:
        state = path.stat()
    except FileNotFoundError:  # it was moved or deleted meanwhile
        return True
    return time.time() - max(state.st_mtime, state.st_ctime) < seconds


def _find_other_files(project: Project, folder: Path) -> list[str]:
    """Return what a batch holds besides its own files."""
    if folder.is_symlink() or not folder.is_dir():
        return []  # another problem
    of_an_erasure = {staged_path(folder / name).name for name in (PART, COMPLETE)}
    for path in sorted(folder.iterdir()):
        shown = project.shown(path)
        if path.is_symlink():
            return [f"{shown} is a symbolic link; {REAL_FILES}"]
        if path.name in of_an_erasure:
            if not _is_younger(path, MINUTES):
                return [f"{shown} is not part of the batch; {INTERRUPTED}"]
        elif path.name not in (PART, COMPLETE):
            return [f"{shown} was not written by `score`; delete that file"]
    return []


def _find_changes(project: Project, folder: Path, expected: Mapping[str, str | int]) -> list[str]:
    """Return what is wrong with the files of a batch, apart from the bytes of its Parquet file."""
    shown = project.shown(folder)
    if not ((folder / PART).is_file() and (folder / COMPLETE).is_file()):
        return [f"{shown} has an entry in the journal, but its files are gone; {REMEDY}"]
    try:
        facts = json.loads((folder / COMPLETE).read_text(encoding="utf-8"))
    except ValueError:
        facts = None
    if not isinstance(facts, dict) or {name: facts.get(name) for name in expected} != expected:
        return [f"{COMPLETE} of {shown} has changed since it was published; {_remedy(folder)}"]
    return []


def _find_other_bytes(project: Project, folder: Path, sha256: str) -> list[str]:
    if sha256_of_file(folder / PART) == sha256:
        return []
    return [f"{project.shown(folder)} has changed since it was published; {_remedy(folder)}"]


def _remedy(folder: Path) -> str:
    if staged_path(folder / PART).exists():
        return INTERRUPTED
    return REMEDY


def path_of(project: Project, place: str) -> Path:
    """Return the path of a batch that `place_of` names."""
    return _folder(project) / place


def place_of(details: ScoreDetails) -> str:
    """Return the folder of a batch as `part_name` does: date=2026-01-01/batch-0003."""
    return f"date={details.date}/batch-{details.batch}"


def published(entries: list[Entry]) -> list[ScoreDetails]:
    """Return the published batches in the journal, oldest first."""
    return [details for _, details in with_details(entries, ScoreDetails)]


def _folder(project: Project) -> Path:
    return project.path(project.settings.predictions) / project.env
