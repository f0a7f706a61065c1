"""Spare Copier what it does anew at each use: clone a version, read its questions, compile a text.

Nothing else changes; a test compares an update with and without.
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

    kept_config = remembered(load_template_config, key=file_and_age)
    with (
        patch("copier._template.clone", remembered(clone_here, key=state_of)),
        patch("copier._template.load_template_config", lambda path: deepcopy(kept_config(path))),
        patch("jinja2.Environment.compile", remembered(compile_text, key=text_and_place)),
        # It asks git about each file, and does nothing where git sees who may run it, as here.
        patch("copier._main.Worker._sync_git_index_executable_bit"),
    ):
        yield


def state_of(url: str, ref: str, **_: str) -> object:
    """Tell apart what another clone would hold; one with changes is like no other."""
    asked = [["show-ref", "--head", "--dereference"], ["status", "--porcelain"]]
    told = [
        subprocess.run(["git", "-C", url, *words], capture_output=True, check=False)
        for words in asked
    ]
    fails = any(done.returncode for done in told)
    return object() if fails or told[1].stdout else (url, ref, told[0].stdout)


def file_and_age(path: Path, *_: object) -> object:
    """Tell apart what may be another content."""
    return path, path.stat().st_mtime_ns


def text_and_place(environment: jinja2.Environment, source: object, *place: object) -> object:
    """Tell apart what compiles to different code."""
    signs = environment.block_start_string, environment.variable_start_string
    space = environment.trim_blocks, environment.keep_trailing_newline
    return type(environment), signs, space, source, place


def remembered(function: Callable[..., Any], key: Key) -> Callable[..., Any]:
    """Return a function that computes the result for a key once."""
    results: dict[object, Any] = {}

    def remembering(*arguments: Any, **named: Any) -> Any:
        found = key(*arguments, **named)
        if found not in results:
            results[found] = function(*arguments, **named)
        return results[found]

    return remembering
