"""Locks between processes: each has a limit, and the name of its holder is next to it."""

import contextlib
import datetime
import json
import os
import socket
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import MlopsError

if TYPE_CHECKING:
    from filelock import FileLock

LOCK_SECONDS = 30.0  # commands hold a lock for a few seconds, so a longer wait is a hung holder


class Locked(MlopsError):
    """Another process holds a lock for longer than the limit."""


@contextlib.contextmanager
def hold(
    file: Path, claim: str, seconds: float | None = None, *, nested: bool = False
) -> Iterator[None]:
    """Hold a lock, and write down who holds it; with `nested`, this thread may hold it already.

    Raises Locked after `seconds`, by default LOCK_SECONDS. `claim` begins its message, before the
    name of the holder.
    """
    from filelock import Timeout

    lock = _lock(file, os.getpid())
    outermost = not lock.is_locked
    if not outermost and not nested:
        raise _locked(file, claim)
    try:
        lock.acquire(timeout=LOCK_SECONDS if seconds is None else seconds)
    except Timeout:
        raise _locked(file, claim) from None
    try:
        if outermost:
            _sign(file)
        yield
    finally:
        if outermost:
            _note(file).unlink(missing_ok=True)
        lock.release()


def _locked(file: Path, claim: str) -> Locked:
    return Locked(
        f"{claim} {holder(file)}; wait until it ends, or end it if it hangs, and run this command "
        "again."
    )


def holder(file: Path) -> str:
    """Return who holds a lock, as far as that is known."""
    try:
        facts = json.loads(_note(file).read_text(encoding="utf-8"))
        what = f"{facts['command']}, since {facts['since']}"
        return f"another process, {facts['pid']} on {facts['host']} ({what})"
    except (OSError, ValueError, LookupError, TypeError):  # it was killed while it wrote
        return "another process"


@cache
def _lock(file: Path, _: int) -> "FileLock":
    """Return the one lock of a process for a file, which its threads may take again."""
    from filelock import FileLock

    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(file)


def _note(file: Path) -> Path:
    return file.with_name(f"{file.name}.holder")


def _sign(file: Path) -> None:
    command = [Path(sys.argv[0]).name, *sys.argv[1:2]]  # further words may be secret
    facts = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": " ".join(command),
        "since": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    with contextlib.suppress(OSError):  # a full disk must not prevent a lock
        _note(file).write_text(json.dumps(facts), encoding="utf-8")
