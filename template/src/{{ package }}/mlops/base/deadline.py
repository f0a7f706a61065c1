"""A limit for all that a command does, for the commands that must not hang."""

import contextlib
import signal
import threading
from collections.abc import Iterator

from .errors import Unreachable

AGAIN = 1.0  # seconds after which it is raised again, in case a library caught it


@contextlib.contextmanager
def deadline(seconds: float, message: str) -> Iterator[None]:
    """Raise Unreachable with `message` if the block takes longer than this.

    A limit per call is not enough: a server may answer each of many calls just in time, or send
    one byte after the other. Windows has no such timer, and neither has any thread but the main
    one; there, only the limits per call apply.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() != threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise Unreachable(message)

    before = signal.signal(signal.SIGALRM, stop)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, before)
