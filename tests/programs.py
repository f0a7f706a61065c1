"""Programs that tests write, and uv's own."""

import subprocess
import sys
from pathlib import Path


def write_program(file: Path, text: str) -> Path:
    """Write a program that can be run; its folder is made where it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)
    return file


def write_python(file: Path, code: str) -> Path:
    """Write a program in Python, run by the interpreter of the tests."""
    return write_program(file, f"#!{sys.executable}\n{code}")


def uv_cache() -> Path:
    """Return where uv keeps what it has downloaded once."""
    asked = subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=True)
    return Path(asked.stdout.strip())
