"""Cache what Copier repeats at each use: cloning a version, reading questions, compiling texts.

It also spares Copier what it repeats for each part of each path: rendering a text without Jinja,
for which it collects all answers again. Nothing else changes; a test compares an update with and
without the cache.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import dumps, loads
from typing import Any
from unittest.mock import patch

import jinja2
from copier._main import Worker
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
    render_string = Worker._render_string  # noqa: SLF001
    render_template = Worker._render_template  # noqa: SLF001

    def clone_here(url: str, ref: str, **_: str) -> str:  # Copier deletes `location` after use
        return clone(url, ref, tempfile.mkdtemp(prefix="clone.", dir=folder))

    def dump_config(path: Path) -> bytes:  # a copy for each use: Copier edits what it reads
        return dumps(load_template_config(path))

    dumped_config = cached(dump_config, key=file_and_time)

    def load_config(path: Path) -> Any:
        return loads(dumped_config(path))  # noqa: S301 - its own

    with (
        patch("copier._template.clone", cached(clone_here, key=state_of)),
        patch("copier._template.load_template_config", load_config),
        patch("jinja2.Environment.compile", cached(compile_text, key=text_and_name)),
        patch.object(Worker, "_render_string", spare_plain_texts(render_string)),
        patch.object(Worker, "_render_template", spare_contexts(render_template)),
        patch.object(Worker, "answers_relpath", property(answers_path)),
        # It runs git for each file, though it has nothing to do where git tracks executable bits.
        patch("copier._main.Worker._sync_git_index_executable_bit"),
    ):
        yield


def spare_plain_texts(render: Callable[..., str]) -> Callable[..., str]:
    """Return Worker._render_string that returns a text without Jinja as it is."""

    def render_text(worker: Worker, text: str, extra_context: Any = None) -> str:
        return render(worker, text, extra_context) if "{" in text else text

    return render_text


def spare_contexts(render: Callable[[Worker], None]) -> Callable[[Worker], None]:
    """Return Worker._render_template that collects the answers once: rendering changes none."""

    def render_all(worker: Worker) -> None:
        context = worker._render_context()  # noqa: SLF001
        with patch.object(worker, "_render_context", lambda: context):
            render(worker)

    return render_all


def answers_path(worker: Worker) -> Path:
    """Return Worker.answers_relpath, which Copier renders twice for each part of a path."""
    path = worker.answers_file or worker.template.answers_relpath
    return Path(worker._render_string(str(path)))  # noqa: SLF001


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


def text_and_name(
    environment: jinja2.Environment, source: object, name: object = None, *_: object
) -> object:
    """Return a key for the code that a text compiles to, in whichever clone it is."""
    delimiters = (environment.block_start_string, environment.variable_start_string)
    whitespace = (environment.trim_blocks, environment.keep_trailing_newline)
    return type(environment), delimiters, whitespace, source, name


def cached(function: Callable[..., Any], key: Key) -> Callable[..., Any]:
    """Return a function that computes the result for each key once."""
    results: dict[object, Any] = {}

    def lookup(*arguments: Any, **named: Any) -> Any:
        result_key = key(*arguments, **named)
        if result_key not in results:
            results[result_key] = function(*arguments, **named)
        return results[result_key]

    return lookup
