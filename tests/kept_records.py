"""The JSON records that landed versions wrote, for the tests of what reads them.

tests/kept/records/ has them; tests/kept/README.md says how they were made. A record is named by its
path in the archives, `c1308a1/binary/cards/version-1.json`.
"""

import json
import tarfile
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from rendering import ROOT

ARCHIVES = ROOT / "tests/kept/records"


def read_archives(folder: Path) -> dict[PurePosixPath, str]:
    """Return the text of every record in the archives of a folder, sorted by path."""
    texts = {}
    for archive in sorted(folder.glob("*.tar.xz")):
        with tarfile.open(archive) as files:
            for member in files:
                content = files.extractfile(member)
                assert content is not None, f"{member.name} in {archive.name} is not a file"
                texts[PurePosixPath(member.name)] = content.read().decode()
    return dict(sorted(texts.items()))


@cache
def _records() -> dict[PurePosixPath, str]:
    """Return the text of every record; an archive is read once per process."""
    return read_archives(ARCHIVES)


def stores() -> list[PurePosixPath]:
    """Return the stores whose records are kept: `c1308a1/binary` and others."""
    return list(dict.fromkeys(PurePosixPath(*path.parts[:2]) for path in _records()))


def kept(kind: str) -> list[PurePosixPath]:
    """Return the records of one kind: cards, journal, evidence, monitor, batches, shadow."""
    found = [path for path in _records() if path.parts[2] == kind]
    assert found, f"tests/kept/records has no {kind}"
    return found


def inside(folder: PurePosixPath) -> list[PurePosixPath]:
    """Return the records in a folder of the archives."""
    return [path for path in _records() if path.parent == folder]


def name_of(path: PurePosixPath) -> str:
    """Return a short name of a record: its commit, problem and own name."""
    return "-".join((*path.parts[:2], path.stem))


def text_of(path: PurePosixPath) -> str:
    """Return a record as it was written."""
    return _records()[path]


def read(path: PurePosixPath) -> dict[str, Any]:
    """Return the JSON object in a record."""
    return dict(json.loads(text_of(path)))
