"""Where an environment keeps rows about people: extracts, batches, and answered requests."""

import datetime
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from ...base.errors import MlopsError
from ...base.project import Project
from ...records.details import ErasedFile
from ...records.erasures import STAGED
from ...records.predictions import DAY, ONLINE, PART, SHADOW, UNRECORDED, refuse_link

DATE = r"date=\d{4}-\d\d-\d\d"
FILE = r"\w[\w.-]*\.parquet"
NAMES = {
    "extract": re.compile(FILE, re.ASCII),
    "prediction": re.compile(rf"(_shadow/)?{DATE}/batch-\d+", re.ASCII),
    "request": re.compile(rf"(_shadow/)?online/{DATE}(/{FILE})?", re.ASCII),
}


@dataclass(frozen=True)
class Place:
    """An extract, a batch, or a day of requests; it is past its retention as a whole."""

    kind: Literal["extract", "prediction", "request"]
    """As `ErasedFile.kind`."""
    name: str
    """As `ErasedFile.name`."""
    path: Path
    """The Parquet file of an extract; the folder of a batch or a day."""

    @property
    def parts(self) -> list[Path]:
        """The Parquet files."""
        return [self.path] if self.path.is_file() else sorted(self.path.glob("[!_]*.parquet"))

    @property
    def date(self) -> pd.Timestamp | None:
        """The scoring date, or the day of the answers; None for an extract."""
        for folder in reversed(self.path.parts):
            if folder.startswith("date="):
                return pd.Timestamp(folder.removeprefix("date="))
        return None

    def name_of(self, part: Path) -> str:
        """Return the name of one of the Parquet files, as `ErasedFile.name`."""
        return f"{self.name}/{part.name}" if self.kind == "request" else self.name


def refuse_links(project: Project) -> None:
    """Raise MlopsError if anything below the folders of the environment is a link.

    The folders themselves may be links, to a mounted disk.
    """
    for root in (_extracts(project), _predictions(project)):
        for folder, folders, files in os.walk(root):
            for name in (*folders, *files):
                refuse_link(project, Path(folder, name))


def find_places(project: Project) -> Iterator[Place]:
    """Yield each place of the environment; a batch need not be complete."""
    for file in sorted(_extracts(project).glob("[!_]*.parquet")):
        yield Place("extract", file.name, file)
    root = _predictions(project)
    for folder in (root, root / SHADOW):
        for batch in sorted(folder.glob("date=*/batch-*")):
            yield Place("prediction", batch.relative_to(root).as_posix(), batch)
        for day in sorted((folder / ONLINE).glob("date=*")):
            yield Place("request", day.relative_to(root).as_posix(), day)


def path_of(project: Project, file: ErasedFile) -> Path:
    """Return the path of the extract, batch, day or file that an entry names.

    Raises MlopsError for a name that `erase` does not write, such as one that leads elsewhere:
    whoever can write the store can forge an entry.
    """
    if not NAMES[file.kind].fullmatch(file.name):
        raise MlopsError(
            f"an entry of the journal says that {file.name!r} was erased, which is not the name of "
            f"one of the {file.kind}s; compare the journal with its anchors (`status --against "
            "FILE`)."
        )
    root = _extracts(project) if file.kind == "extract" else _predictions(project)
    return root / file.name


def part_of(path: Path) -> Path:
    """Return the Parquet file of a batch; any other path is one."""
    return path if path.suffix == ".parquet" else path / PART


def find_staged(project: Project) -> list[Path]:
    """Return the files that were to replace others when a run was killed."""
    found = [_extracts(project).glob(f"{STAGED}*"), _predictions(project).rglob(f"{STAGED}*")]
    return [path for paths in found for path in paths]


def running_batches(project: Project) -> list[Path]:
    """Return the folders in which `score` writes a batch, or did so less than a day ago."""
    return [path for path in _predictions(project).glob("_staged_*") if _is_recent(path)]


def find_leftovers(project: Project) -> list[Path]:
    """Return files and folders with rows that killed runs left more than a day ago."""
    root = _predictions(project)
    found = [*_extracts(project).glob("*.tmp"), *root.glob("_staged_*")]
    found += root.glob(f"date=*/{UNRECORDED}*")
    for folder in (root, root / SHADOW):
        found += (folder / ONLINE).glob("date=*/_*.parquet")
    return [path for path in found if not _is_recent(path)]


def written_on(path: Path) -> datetime.datetime:
    """Return when a file, or the newest one in a folder, was written; to the second, in UTC."""
    files = path.iterdir() if path.is_dir() else [path]
    newest = max((file.stat().st_mtime for file in files), default=path.stat().st_mtime)
    return datetime.datetime.fromtimestamp(int(newest), datetime.UTC)


def _is_recent(path: Path) -> bool:
    return time.time() - path.stat().st_mtime < DAY


def _extracts(project: Project) -> Path:
    return project.path(project.settings.extracts) / project.env


def _predictions(project: Project) -> Path:
    return project.path(project.settings.predictions) / project.env
