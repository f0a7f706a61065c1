"""Replacing and deleting files so that a run which is killed leaves nothing half done."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq

from ...records.erasures import staged_path
from ...records.integrity import HashedFile
from ...records.predictions import COMPLETE


def count_rows(part: Path) -> int:
    """Return how many rows a Parquet file has; a damaged one counts as empty."""
    try:
        return int(pq.read_metadata(part).num_rows)
    except (OSError, ValueError):
        return 0


def replace_by_staged(part: Path) -> None:
    """Put the staged file in the place of a Parquet file, and correct the count of its batch.

    The count comes first: whether the Parquet file was replaced is what a later run looks at.
    """
    staged = staged_path(part)
    complete = part.with_name(COMPLETE)
    if complete.is_file():
        facts = json.loads(complete.read_text(encoding="utf-8"))
        corrected = staged_path(complete)
        with HashedFile(corrected) as file:
            file.write(json.dumps(facts | {"rows": count_rows(staged)}).encode())
        flush(corrected)
        corrected.replace(complete)
    staged.replace(part)
    flush(part.parent)


def delete(path: Path) -> None:
    """Delete an extract, a batch or a day, and the date that holds no other batch.

    What a link points to stays.
    """
    if path.is_symlink():
        path.unlink()
    elif path.is_dir():
        (path / COMPLETE).unlink(missing_ok=True)  # from here on nobody reads the rest
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if path.parent.name.startswith("date="):
        with contextlib.suppress(OSError):  # it is not empty
            path.parent.rmdir()


def flush(path: Path) -> None:
    """Have the system write a file or folder to the disk."""
    with contextlib.suppress(OSError):  # Windows opens no folder, and some mounts do not flush
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
