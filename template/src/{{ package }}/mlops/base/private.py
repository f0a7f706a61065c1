"""Folders that only this user can enter."""

import atexit
import os
import shutil
import stat
import tempfile
from pathlib import Path

from .errors import MlopsError

KUBERNETES = Path("/dev/termination-log")  # in each container of Kubernetes
ACCESS_LIST = "system.posix_acl_access"
# The users of a user namespace, the map of a process outside of any, and the user who stands for
# all that a namespace does not know.
USER_MAP = Path("/proc/self/uid_map")
WHOLE_MAP = ["0", "0", "4294967295"]
OVERFLOW = Path("/proc/sys/kernel/overflowuid")


def private_folder() -> Path:
    """Return a new folder that only this user can enter; it is deleted when the process ends.

    Raises MlopsError if other users than root could put another folder in its place.
    """
    _refuse_replaceable(Path(tempfile.gettempdir()).resolve())
    folder = Path(tempfile.mkdtemp(prefix="mlops-"))  # with mode 0700
    atexit.register(_delete, folder, os.getpid())
    return folder


def _refuse_replaceable(folder: Path) -> None:
    """Refuse a folder in which others can replace files, or one below such a folder.

    These are a folder of another user than root, and one that others may write to without the
    sticky bit. A volume of a pod has no sticky bit, but only the pod's containers see it. Windows
    has no such modes; there, the folder for temporary files is the user's.
    """
    if os.name == "nt" or KUBERNETES.exists():
        return
    for place in (folder, *folder.parents):
        status = place.stat()
        if not _is_trusted_owner(status.st_uid):
            raise MlopsError(
                f"another user of this machine owns {place}, which is above the folder for "
                "temporary files or is that folder, and can replace files in it; set TMPDIR to a "
                "folder of your own, such as one in your home."
            )
        others = status.st_mode & stat.S_IWOTH
        group = status.st_mode & stat.S_IWGRP and not _is_alone_in(status.st_gid, place)
        if (others or group) and not status.st_mode & stat.S_ISVTX:
            raise MlopsError(
                f"other users of this machine can replace files in {place}, which is above the "
                f"folder for temporary files or is that folder; run `chmod +t {place}`, or set "
                "TMPDIR to another one."
            )


def _is_trusted_owner(user: int) -> bool:
    """Return whether a user is this one or root, whom a user namespace may not know."""
    if user in (0, os.getuid()):
        return True
    in_namespace = USER_MAP.is_file() and USER_MAP.read_text().split() != WHOLE_MAP
    return in_namespace and user == int(OVERFLOW.read_text())


def _is_alone_in(group: int, place: Path) -> bool:
    """Return whether only this user and root have a group, and no access list adds another one.

    The primary group of a user who is not root must have the user's name: other users could have
    it as their primary group, too, and they are not among its members.
    """
    import grp  # neither is on Windows
    import pwd

    try:
        user = pwd.getpwuid(os.getuid()).pw_name
        known = grp.getgrgid(group)
    except KeyError:
        return False
    if hasattr(os, "listxattr") and ACCESS_LIST in os.listxattr(place):
        return False
    return (group == 0 or known.gr_name == user) and set(known.gr_mem) <= {user, "root"}


def _delete(folder: Path, process: int) -> None:
    if os.getpid() == process:  # a fork that ends must not delete the files of its parent
        shutil.rmtree(folder, ignore_errors=True)
