"""Spare Copier what it does anew at each use: clone a version, read its questions, compile a text.

Nothing else changes; a test compares an update with and without.
"""

import os
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
    """Give a folder, in memory where the system has such, which holds Copier's own folders too."""
    memory = Path("/dev/shm")  # noqa: S108 - Linux; a folder is made below by mkdtemp
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="histories.", dir=place) as folder,
        patch("tempfile.tempdir", folder),
    ):
        yield Path(folder)


@contextmanager
def quick_copier(folder: Path) -> Iterator[None]:
    """Keep in this folder what Copier clones, and in memory what it reads and compiles."""
    compile_text = jinja2.Environment.compile

    def clone_here(url: str, ref: str, **_: str) -> str:  # `location` is deleted after use
        return clone(url, ref, tempfile.mkdtemp(prefix="clone.", dir=folder))

    kept_config = remembered(load_template_config, key=lambda path, *_: path)
    with (
        patch(
            "copier._template.clone", remembered(clone_here, key=lambda url, ref, **_: (url, ref))
        ),
        patch("copier._template.load_template_config", lambda path: deepcopy(kept_config(path))),
        patch("jinja2.Environment.compile", remembered(compile_text, key=text_and_place)),
        # It asks git about the run bit of each file, which only Windows needs.
        patch("copier._main.Worker._sync_git_index_executable_bit"),
    ):
        yield


def text_and_place(environment: jinja2.Environment, source: object, *place: object) -> object:
    """Tell apart what compiles to different code."""
    return type(environment), source, place


def remembered(function: Callable[..., Any], key: Key) -> Callable[..., Any]:
    """Return a function that computes the result for a key once."""
    results: dict[object, Any] = {}

    def remembering(*arguments: Any, **named: Any) -> Any:
        found = key(*arguments, **named)
        if found not in results:
            results[found] = function(*arguments, **named)
        return results[found]

    return remembering
