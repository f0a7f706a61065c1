"""Folders that only this user can enter."""

import atexit
import os
import shutil
import stat
import tempfile
from pathlib import Path

from .errors import MlopsError

KUBERNETES = Path("/dev/termination-log")  # in each container of Kubernetes


def private_folder() -> Path:
    """Return a new folder that only this user can enter; it is deleted when the process ends.

    Raises MlopsError if other users could put another folder in its place.
    """
    _refuse_replaceable(Path(tempfile.gettempdir()).resolve())
    folder = Path(tempfile.mkdtemp(prefix="mlops-"))  # with mode 0700
    atexit.register(_delete, folder, os.getpid())
    return folder


def _refuse_replaceable(folder: Path) -> None:
    """Refuse a folder that others may write to without the sticky bit, or one below such a folder.

    A volume of a pod has no sticky bit, but only the pod's containers see it. Windows has no such
    modes; there, the folder for temporary files is the user's.
    """
    if os.name == "nt" or KUBERNETES.exists():
        return
    for place in (folder, *folder.parents):
        mode = place.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise MlopsError(
                f"other users of this machine can replace files in {place}, which is above the "
                f"folder for temporary files or is that folder; run `chmod +t {place}`, or set "
                "TMPDIR to another one."
            )


def _delete(folder: Path, process: int) -> None:
    if os.getpid() == process:  # a fork that ends must not delete the files of its parent
        shutil.rmtree(folder, ignore_errors=True)
