"""Cache what Copier repeats at each use: cloning a version, reading questions, compiling texts.

Nothing else changes; a test compares an update with and without the cache.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jinja2
from copier._template import load_template_config
from copier._vcs import clone

Key = Callable[..., object]


@contextmanager
def scratch() -> Iterator[Path]:
    """Create a folder for everything temporary, in memory where the system allows that."""
    memory = Path("/dev/shm")  # noqa: S108 - Linux; a folder is made below by mkdtemp
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="histories.", dir=place) as folder,
        patch("tempfile.tempdir", folder),
    ):
        yield Path(folder)


@contextmanager
def quick_copier(folder: Path) -> Iterator[None]:
    """Cache clones in this folder, and parsed questions and compiled texts in memory."""
    compile_text = jinja2.Environment.compile

    def clone_here(url: str, ref: str, **_: str) -> str:  # Copier deletes `location` after use
        return clone(url, ref, tempfile.mkdtemp(prefix="clone.", dir=folder))

    cached_config = cached(load_template_config, key=file_and_time)
    with (
        patch("copier._template.clone", cached(clone_here, key=state_of)),
        patch("copier._template.load_template_config", lambda path: deepcopy(cached_config(path))),
        patch("jinja2.Environment.compile", cached(compile_text, key=text_and_place)),
        # It runs git for each file, though it has nothing to do where git tracks executable bits.
        patch("copier._main.Worker._sync_git_index_executable_bit"),
    ):
        yield


def state_of(url: str, ref: str, **_: str) -> object:
    """Return a key for the content of a clone; a repository with changes always gets a new one."""
    commands = (["show-ref", "--head", "--dereference"], ["status", "--porcelain"])
    refs, status = (
        subprocess.run(["git", "-C", url, *command], capture_output=True, check=False)
        for command in commands
    )
    if refs.returncode or status.returncode or status.stdout:
        return object()
    return url, ref, refs.stdout


def file_and_time(path: Path, *_: object) -> object:
    """Return a key for the content of a file."""
    return path, path.stat().st_mtime_ns


def text_and_place(environment: jinja2.Environment, source: object, *place: object) -> object:
    """Return a key for the code that a text compiles to."""
    delimiters = (environment.block_start_string, environment.variable_start_string)
    whitespace = (environment.trim_blocks, environment.keep_trailing_newline)
    return type(environment), delimiters, whitespace, source, place


def cached(function: Callable[..., Any], key: Key) -> Callable[..., Any]:
    """Return a function that computes the result for each key once."""
    results: dict[object, Any] = {}

    def lookup(*arguments: Any, **named: Any) -> Any:
        result_key = key(*arguments, **named)
        if result_key not in results:
            results[result_key] = function(*arguments, **named)
        return results[result_key]

    return lookup
