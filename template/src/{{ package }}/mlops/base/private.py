"""Folders that only this user can enter."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def private_folder() -> Path:
    """Return a new folder that only this user can enter; it is deleted when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="mlops-"))  # with mode 0700
    atexit.register(_delete, folder, os.getpid())
    return folder


def _delete(folder: Path, process: int) -> None:
    if os.getpid() == process:  # a fork that ends must not delete the files of its parent
        shutil.rmtree(folder, ignore_errors=True)
