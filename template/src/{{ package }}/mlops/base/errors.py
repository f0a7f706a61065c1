"""Errors that end a command, each with the exit code that a shell or an orchestrator branches on.

A message is a sentence: what is wrong, where (file, column, key or version), and the remedy.
"""

import contextlib
import re
from collections.abc import Iterator


class MlopsError(Exception):
    """A failure that the user can fix; it ends the command without a traceback."""

    exit_code = 1


class Misconfigured(MlopsError):
    """Wrong usage or configuration."""

    exit_code = 2


class Rejected(MlopsError):
    """The gate rejected a version."""

    exit_code = 3


class PersonNeeded(MlopsError):
    """Nothing is broken, but a person must act."""

    exit_code = 4


class Unreachable(MlopsError):
    """A service does not answer."""

    exit_code = 5


@contextlib.contextmanager
def user_function(name: str) -> Iterator[None]:
    """Turn a KeyError in a user's function into a message: usually a column is missing."""
    try:
        yield
    except KeyError as error:
        raise MlopsError(
            f"{name}: {_missing(str(error.args[0]))}; correct data.py, or the table that it reads."
        ) from error


def _missing(text: str) -> str:
    """Return what a KeyError misses; pandas writes `['income'] not in index` for columns."""
    listed = re.search(r"\[(?P<names>'[^']*'(?:, '[^']*')*)\]", text)
    names = listed["names"].replace("'", "") if listed else text
    return f"column {names} is missing"


@contextlib.contextmanager
def reading(what: str, remedy: str, *more: type[Exception]) -> Iterator[None]:
    """Turn an error while reading a file or table into a message that ends with the remedy.

    `more` are a library's own errors; those of pandas and pyarrow are an OSError, ValueError or
    LookupError.
    """
    errors: tuple[type[Exception], ...] = (OSError, ValueError, LookupError, *more)
    try:
        yield
    except errors as error:
        reason = " ".join(str(error).split()).removesuffix(".")
        raise MlopsError(f"{what} cannot be read ({reason}); {remedy}.") from error
