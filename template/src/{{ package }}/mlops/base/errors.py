"""What can go wrong, each with the exit code that a shell or an orchestrator branches on.

A message is one sentence that names the file, column, key or version, and the remedy.
"""

import contextlib
from collections.abc import Iterator


class MlopsError(Exception):
    """A failure that the user can mend; ends the command without a traceback."""

    exit_code = 1

    @classmethod
    def when(cls, wrong: object, sentence: str) -> None:
        """Raise this error with a sentence where something is wrong."""
        if wrong:
            raise cls(sentence)


class Misconfigured(MlopsError):
    """Wrong usage or configuration."""

    exit_code = 2


class Rejected(MlopsError):
    """The gate said no."""

    exit_code = 3


class PersonNeeded(MlopsError):
    """Nothing is broken, but a person must act."""

    exit_code = 4


class Unreachable(MlopsError):
    """A service does not answer."""

    exit_code = 5


@contextlib.contextmanager
def user_errors(function: str) -> Iterator[None]:
    """Tell in a sentence which column a function of the user asks for in vain."""
    try:
        yield
    except KeyError as error:
        told = f"{function} asks for what is not there: {error.args[0]}"
        raise MlopsError(f"{told}; mend the table that it reads, or data.py.") from error


@contextlib.contextmanager
def readable(what: str, *more: type[Exception]) -> Iterator[None]:
    """Tell in a sentence what cannot be read, and why; pyarrow's errors are of the first two."""
    kinds: tuple[type[Exception], ...] = (OSError, ValueError, LookupError, *more)
    try:
        yield
    except kinds as error:
        raise MlopsError(f"{what} cannot be read: {' '.join(str(error).split())}") from error
