"""Errors that end a command, each with the exit code that a shell or an orchestrator branches on.

A message is a sentence: what is wrong, where (file, column, key or version), and the remedy.
"""

import contextlib
import os
import re
import traceback
from collections.abc import Callable, Container, Iterator
from functools import cache
from pathlib import Path

from .text import hide_values, plain_lines

PLATFORM = Path(__file__).parents[1]  # the folder of this platform, `mlops`
# Errors whose text is about code, files or names, and not about values, unless user code says so.
ABOUT_CODE = (ImportError, SyntaxError, NameError, AttributeError, UnicodeError, OSError)
# What Python itself says about a name; the groups are names that code may have made of a value.
ABOUT_A_NAME = re.compile(
    r"(?:'[\w.]+' object|module '[\w.]+'|type object '[\w.]+') has no attribute '(.+)'"
    r"|name '(.+)' is not defined"
    r"|cannot access (?:local|free) variable '(.+)' where .*"
    r"|No module named '(.+?)'(?:; '.+' is not a package)?"
    r"|cannot import name '(.+?)' from .*"
)
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
    and the place are returned, such as `ValueError in features.py, line 12`. Of an error about code
    or a file, what Python says stays, with the names that the code itself has.
    """
    if isinstance(error, MlopsError):
        return str(error)
    kind = type(error).__name__
    text = f"{error}" if isinstance(error, ABOUT_CODE) else ""
    place = _place(error)
    if text and comes_from_user_code(error):
        text = _without_values(error)
        return " ".join(f"{kind}: {text}{place}".split()) if text else f"{kind}{place}"
    return " ".join(f"{kind}: {text}".split()) if text else f"{kind}{place}"


def comes_from_user_code(error: BaseException) -> bool:
    """Return whether user code raised an error, or called the library that did."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    own = [file for file in files if not _is_library(file)]
    return bool(own) and not own[-1].startswith(str(PLATFORM))


def _without_values(error: Exception) -> str:
    """Return the text of an error about code if no word of it may be a value; empty otherwise."""
    text = str(error)
    if isinstance(error, OSError) and error.errno is not None:
        path = f"{error.filename or ''}"
        shown = f": '{path}'" if path and _is_known_path(error, path) else ""
        return f"{os.strerror(error.errno)}{shown}"
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        return text  # of a module, and not of a text that the code compiles
    said = ABOUT_A_NAME.fullmatch(text)
    if said is None:
        return ""
    name = next(group for group in said.groups() if group)
    code = _code(error) if isinstance(error, ImportError) else _own_code(error)
    return text if _has_word(code, name) else ""


def _is_known_path(error: BaseException, path: str) -> bool:
    """Return whether each part of a path is in the code, or leads to the working directory."""
    code = _own_code(error)
    here = (*Path.cwd().parts, *PLATFORM.parts)
    return all(part in here or _has_word(code, part) for part in Path(path).parts)


def _has_word(code: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", code) is not None


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
    own = [frame for frame in frames if not _is_library(frame.filename)]
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
    if all(name in columns or _has_word(code, name) for name in names):
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


def _is_library(file: str) -> bool:
    """Return whether a file is Python's own or of an installed package.

    An installed wheel has the user's modules and this platform among the packages.
    """
    if file.startswith(f"{PLATFORM.parent}{os.sep}"):
        return False
    return file.startswith((*_libraries(), "<"))


def _own_code(error: BaseException) -> str:
    """Return the text of the user's files through which an error came."""
    return _code(error, lambda file: not (_is_library(file) or file.startswith(str(PLATFORM))))


def _code(error: BaseException, which: Callable[[str], bool] = bool) -> str:
    """Return the text of the files through which an error came."""
    files = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
    existing = [Path(file) for file in files if which(file) and Path(file).is_file()]
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
