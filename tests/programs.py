"""Programs that tests write or run, and uv's cache."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from unittest.mock import patch


def run_here(
    main: Callable[[], object], folder: Path, *words: str
) -> "subprocess.CompletedProcess[str]":
    """Run a program without a new process, from Copier's caches; return its code and output."""
    with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        with (
            redirect_stdout(stdout),
            redirect_stderr(stderr),
            of_children(1, stdout),
            of_children(2, stderr),
            chdir(folder),
            patch("sys.argv", ["program", *words]),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            try:
                code = main()
            except SystemExit as end:
                code = end.code
            if isinstance(code, str):
                print(code, file=sys.stderr)
                code = 1
            stdout.flush()
            stderr.flush()
        for stream in (stdout, stderr):
            stream.seek(0)
        return subprocess.CompletedProcess(words, int(str(code or 0)), stdout.read(), stderr.read())


@contextmanager
def of_children(descriptor: int, file: IO[str]) -> Iterator[None]:
    """Let what programs write to a descriptor go to a file."""
    kept = os.dup(descriptor)
    os.dup2(file.fileno(), descriptor)
    try:
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)


def write_program(file: Path, text: str) -> Path:
    """Write an executable file, creating its folder where it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)
    return file


def write_python(file: Path, code: str) -> Path:
    """Write a Python program that runs with the interpreter of the tests."""
    return write_program(file, f"#!{sys.executable}\n{code}")


def uv_cache() -> Path:
    """Return the folder of uv's cache."""
    run = subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=True)
    return Path(run.stdout.strip())


def examine(project: Path, *command: str) -> str:
    """Return the findings of a linter in this environment."""
    tools = Path(sys.executable).parent
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"  # actionlint looks for shellcheck
    done = subprocess.run(
        [str(tools / command[0]), *command[1:]],
        cwd=project,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""
