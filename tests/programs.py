"""Programs that tests write, and uv's cache."""

import os
import subprocess
import sys
from pathlib import Path


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
