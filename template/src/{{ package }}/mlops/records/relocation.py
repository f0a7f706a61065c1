"""A local store whose folder was moved or copied.

MLflow keeps the absolute address of each file in its database. So after a move, the files are not
found, and a copy would read and write those of the original. No record of the platform contains
such an address: neither an entry, nor evidence, nor a batch, and a version's digest is over its
files. So addresses change in the database alone, and journal and digests stay as they are.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..base.errors import MlopsError

ARTIFACTS = "mlartifacts"  # the folder next to the database with all files
# Where MLflow keeps addresses. It names a version's files `models:/…` in `source`, and the folder
# in `storage_location`; older versions of MLflow named the folder in both.
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("trace_tags", "value"),
)
FILES = ADDRESSES[1:3]  # the addresses below which files are


@dataclass(frozen=True)
class Relocation:
    """What a relocation has changed."""

    former: tuple[Path, ...]
    """The folders in which the store was before."""
    addresses: int
    """How many addresses were changed."""
    copied: int
    """How many folders with files were copied from the former folders, which still had them."""


def experiment_folder(database: Path, name: str) -> Path:
    """Return the folder for the files of an experiment of a local store."""
    return database.parent / ARTIFACTS / name.strip("/")


def former_folders(database: Path) -> list[Path]:
    """Return the other folders in which the store was while experiments were created.

    An experiment whose files are elsewhere than the platform puts them does not count: a person has
    chosen their place.
    """
    try:
        with closing(_open(database, "ro")) as opened:
            known = opened.execute("SELECT name, artifact_location FROM experiments").fetchall()
    except sqlite3.DatabaseError:  # it is new or damaged, which is reported elsewhere
        return []
    found: dict[Path, None] = {}
    for name, location in known:
        folder = _as_path(location or "")
        inside = Path(ARTIFACTS, name.strip("/")).parts
        if folder.parts[-len(inside) :] != inside:
            continue
        former = Path(*folder.parts[: -len(inside)])
        if not _is_same(former, database.parent):
            found[former] = None
    return list(found)


def relocate_store(database: Path) -> Relocation:
    """Have all addresses in a database name the folder in which it is now.

    Files that only a former folder has are copied first. The addresses change in one transaction,
    so a command that is killed has changed nothing or everything, and can be run again. Raises
    MlopsError if there are no files in any of these folders.
    """
    former = former_folders(database)
    if not former:
        return Relocation((), 0, 0)
    copied = sum(_copy_files(database, folder) for folder in former)
    if not (database.parent / ARTIFACTS).is_dir():
        folders = " nor in ".join(map(str, (database.parent, *former)))
        raise MlopsError(
            f"the folder {ARTIFACTS} with the files of the store is neither in {folders}; put it "
            f"next to {database.name}, then run this command again."
        )
    changed = 0
    with closing(_open(database, "rw")) as opened:
        opened.execute("BEGIN IMMEDIATE")
        for folder in former:
            for table, column in _existing(opened, ADDRESSES):
                for old, new in _spellings(folder, database.parent):
                    changed += opened.execute(
                        f"UPDATE {table} SET {column} = :new || substr({column}, :length + 1) "  # noqa: S608 - names from ADDRESSES
                        f"WHERE substr({column}, 1, :length) = :old",
                        {"old": old, "new": new, "length": len(old)},
                    ).rowcount
        opened.execute("COMMIT")
    return Relocation(tuple(former), changed, copied)


def _copy_files(database: Path, former: Path) -> int:
    """Copy the folders of runs and models that are in a former folder only; return how many."""
    with closing(_open(database, "ro")) as opened:
        addresses = [
            address
            for table, column in _existing(opened, FILES)
            for (address,) in opened.execute(f"SELECT {column} FROM {table}")  # noqa: S608 - its own
        ]
    copied = 0
    for path in map(_as_path, filter(None, addresses)):
        if not path.is_relative_to(former / ARTIFACTS) or not path.is_dir():
            continue
        target = database.parent / path.relative_to(former)
        if target.exists():
            continue
        part = target.with_name(f"{target.name}.part")
        shutil.rmtree(part, ignore_errors=True)  # of a command that was killed
        shutil.copytree(path, part, symlinks=True)
        part.rename(target)
        copied += 1
    return copied


def _spellings(former: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield how addresses below a former folder begin, and how they must begin now."""
    for before, after in ((former.as_uri(), folder.as_uri()), (f"{former}", f"{folder}")):
        yield f"{before.rstrip('/')}/", f"{after.rstrip('/')}/"


def _existing(
    opened: sqlite3.Connection, columns: tuple[tuple[str, str], ...]
) -> Iterator[tuple[str, str]]:
    """Yield the columns that this version of MLflow has."""
    for table, column in columns:
        if column in {row[1] for row in opened.execute(f"PRAGMA table_info({table})")}:
            yield table, column


def _open(database: Path, mode: str) -> sqlite3.Connection:
    uri = f"{database.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)


def _as_path(address: str) -> Path:
    """Return the path of an address; an address of another kind gives a path that is nowhere."""
    return Path(url2pathname(urlsplit(address).path) if address.startswith("file:") else address)


def _is_same(former: Path, folder: Path) -> bool:
    """Return whether two paths lead to one folder, such as one of them through a link."""
    if former == folder:
        return True
    try:
        return former.samefile(folder)
    except OSError:
        return False
