"""The files of a table of kind `files`: which ones match a path of conf, and their partitions."""

import glob
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from ..base.errors import MlopsError
from ..base.project import Project

PARQUET = (".parquet", ".parq", ".pq")  # in any case
CSV = {".csv", ".tsv"}
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class TableFile:
    """One file of a table."""

    path: Path
    """Where it is."""
    name: str
    """Its name in messages, with the folders that tell it from the others:
    `month=2025-01/part.parquet`."""
    partition: dict[str, str | None]
    """The values that its folders state, as Hive and Spark write them: `{"month": "2025-01"}`."""


def find_files(name: str, project: Project, path: str) -> list[TableFile]:
    """Return the files of table `name` that match a path of conf, in the order of their names.

    A folder stands for the Parquet files in it or, if the path names it without a pattern and it
    has none, for its CSV files. Raises MlopsError if there is no file.
    """
    matches = _matches(pattern_of(project, path))
    found = [file for match in matches for file in _files_in(name, match, project.path(path))]
    if not found:
        raise MlopsError(_nothing_found(name, project, path))
    base = Path(*_literal_parts(project.path(path)))
    base = base if base.is_dir() else base.parent
    return [
        TableFile(file, file.relative_to(base).as_posix(), _partition(project, file))
        for file in dict.fromkeys(found)
    ]


def pattern_of(project: Project, path: str) -> str:
    """Return a path of conf as a pattern; brackets in the name of a folder are no pattern."""
    parts = project.path(path).parts
    literal = _literal_parts(project.path(path))
    escaped = [glob.escape(part) for part in literal[1:]]
    return str(Path(*literal[:1], *escaped, *parts[len(literal) :]))


def is_parquet(path: Path) -> bool:
    """Return whether a file is Parquet, by its name or, without such a name, by its content."""
    if path.suffix.lower() in PARQUET:
        return True
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _literal_parts(path: Path) -> tuple[str, ...]:
    """Return the first parts of a path, as long as they exist under exactly these names."""
    for count in range(len(path.parts), 1, -1):
        if os.path.exists(Path(*path.parts[:count])):  # noqa: PTH110 - Path raises without access
            return path.parts[:count]
    return path.parts[:1]


def _matches(pattern: str) -> list[Path]:
    """Return what matches; names with umlauts may come composed or, from macOS, decomposed."""
    for each in (pattern, *(unicodedata.normalize(form, pattern) for form in ("NFC", "NFD"))):
        found = glob.glob(each, recursive=True)
        if found:
            return sorted(map(Path, found))
    return []


def _files_in(name: str, match: Path, asked: Path) -> list[Path]:
    """Return a file, or the data files in a folder and below it."""
    if not match.is_dir():
        return [match]
    if (match / "_delta_log").is_dir():
        raise MlopsError(
            f"table {name}: {match.name} is a Delta table, whose folder also has files of older "
            f"versions; set tables.{name}.kind to delta, and tables.{name}.path to this folder."
        )
    files = [each for each in sorted(match.rglob("*")) if each.is_file() and _is_data(match, each)]
    parquet = [each for each in files if each.suffix.lower() in PARQUET]
    if parquet or not (match == asked or match.suffix.lower() in CSV):
        return parquet
    return [each for each in files if CSV.intersection(map(str.lower, each.suffixes))]


def _is_data(folder: Path, file: Path) -> bool:
    """Return whether a file in a folder is not a mark or a draft of the job that writes it."""
    return not any(part.startswith(("_", ".")) for part in file.relative_to(folder).parts)


def _partition(project: Project, file: Path) -> dict[str, str | None]:
    parts = file.parent.parts
    if file.is_relative_to(project.root):
        parts = file.parent.relative_to(project.root).parts
    pairs = (part.partition("=") for part in parts if "=" in part)
    return {key: None if value == NO_VALUE else unquote(value) for key, _, value in pairs if key}


def _nothing_found(name: str, project: Project, path: str) -> str:
    """Return why no file matches: there is none, or this user may not look there."""
    for folder in _folders_of(project.path(path)):
        if not os.access(folder, os.R_OK | os.X_OK):
            return (
                f"table {name}: this user may not list the folder {project.shown(folder)}, so no "
                f"file matches {path}; ask its owner for access, or correct tables.{name}.path."
            )
    return f"table {name}: no file matches {path}; add one, or correct tables.{name}.path."


def _folders_of(path: Path) -> Iterator[Path]:
    """Yield the folders that a path starts with and that exist, from the outermost."""
    for count in range(1, len(_literal_parts(path)) + 1):
        folder = Path(*path.parts[:count])
        if folder.is_dir():
            yield folder
