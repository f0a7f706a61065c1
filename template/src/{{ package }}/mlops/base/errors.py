"""Errors that end a command, each with the exit code that a shell or an orchestrator branches on.

A message is a sentence: what is wrong, where (file, column, key or version), and the remedy.
"""

import contextlib
import re
import traceback
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

from .text import hide_values, plain_lines

PLATFORM = Path(__file__).parents[1]  # the folder of this platform, `mlops`
# Errors whose text is about code, files or names, and not about values.
ABOUT_CODE = (ImportError, SyntaxError, NameError, AttributeError, UnicodeError, OSError)
NAMES = re.compile("Usecols|No match for FieldRef|Index .* (invalid|out of range)")


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
def user_function(name: str, columns: Container[str] = ()) -> Iterator[None]:
    """Turn a KeyError in a user's function into a message: usually a column is missing.

    `columns` are the names in schema.py, which a message may show.
    """
    try:
        yield
    except KeyError as error:
        raise MlopsError(
            f"{name}: {_missing(error, columns)}; correct data.py, or the table that it reads."
        ) from error


def summarize(error: Exception) -> str:
    """Return what an error says, without quoting a value of a row.

    The text of an error that user code or a library raises may quote one: instead of it, the type
    and the place are returned, such as `ValueError in features.py, line 12`.
    """
    if isinstance(error, MlopsError):
        return str(error)
    kind = type(error).__name__
    if isinstance(error, ABOUT_CODE):
        return " ".join(f"{kind}: {error}".split())
    return f"{kind}{_place(error)}"


def trace(error: BaseException) -> str:
    """Return the traceback of an error and of its causes, without their texts."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{trace(cause)}\nThen:\n\n" if cause else ""
    lines = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error).__qualname__
    return plain_lines(f"{before}Traceback (most recent call last):\n{lines}{kind}\n")


def full_trace(error: BaseException) -> str:
    """Return the traceback of an error and of its causes with their texts, for dev only."""
    return plain_lines("".join(traceback.format_exception(error)))


def _place(error: BaseException) -> str:
    """Return the line that raised an error, the last one outside of libraries if there is one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith((*_libraries(), "<"))]
    for frame in (own or list(frames))[-1:]:
        return f" in {Path(frame.filename).name}, line {frame.lineno}"
    return ""


def _missing(error: KeyError, columns: Container[str]) -> str:
    """Return what a KeyError misses; pandas writes `['a', 'b'] not in index` for columns.

    A name is shown only if it is one of `columns`, or if the code that looked it up contains it:
    else it may be a value of a row.
    """
    text = str(error.args[0]) if error.args else ""
    listed = re.search(r"\['[^']*'(?:,\s+'[^']*')*\]", text)
    names = re.findall("'([^']*)'", listed[0]) if listed else [text]
    code = _own_code(error)
    if all(name in columns or re.search(rf"\b{re.escape(name)}\b", code) for name in names):
        if len(names) == 1:
            return f"column {names[0]} is missing"
        return f"columns {', '.join(names)} are missing"
    return f"a column or another key is missing{_place(error)}"


@cache
def _libraries() -> tuple[str, ...]:
    """Return the folders of Python's own modules and of the installed packages."""
    import sysconfig  # for an error only: it loads all that is known about how Python was built

    paths = sysconfig.get_paths()
    return paths["stdlib"], paths["purelib"], paths["platlib"]


def _own_code(error: BaseException) -> str:
    """Return the text of the user's files through which an error came."""
    frames = traceback.extract_tb(error.__traceback__)
    others = (*_libraries(), str(PLATFORM))
    files = {frame.filename for frame in frames if not frame.filename.startswith(others)}
    existing = [Path(file) for file in files if Path(file).is_file()]
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in existing)


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
        raise MlopsError(f"{what} cannot be read ({_reason(error)}); {remedy}.") from error


def _reason(error: Exception) -> str:
    """Return on one line why something cannot be read, without a value of a row."""
    text = " ".join(str(error).split()).removesuffix(".")
    if isinstance(error, (OSError, UnicodeError)) or NAMES.match(text):
        return text
    return hide_values(text)
