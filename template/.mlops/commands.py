"""Run git and other programs for the scripts in this folder."""

import os
import re
import shutil
import subprocess
from pathlib import Path

# As in mlops/base/text.py, which is not installed where some of these scripts run.
CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
COMMAND = re.compile(r"#(?=#(?:vso)?\[)", re.IGNORECASE)
COMMAND_AT_START = re.compile(r"^(\s*):(?=:)")
ANCHOR = re.compile("(?<=journal-anchor)/")
VENDORS = {  # where to get the programs of vendors, which log in on their own
    "az": "https://learn.microsoft.com/cli/azure",
    "databricks": "https://docs.databricks.com/dev-tools/cli",
    "kubectl": "https://kubernetes.io/docs/tasks/tools",
}


class Refusal(Exception):
    """A step is not possible; the message says why, and what to do about it."""

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(map(plain, message.split("\n"))))


def plain(text: str) -> str:
    r"""Return a text as one line in which nothing acts on a terminal or a pipeline."""
    shown = CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)
    shown = COMMAND.sub(r"\\x23", shown)
    shown = ANCHOR.sub(r"\\x2f", shown)
    return COMMAND_AT_START.sub(r"\1\\x3a", shown)


def git(*arguments: str, folder: Path = Path(), ok: tuple[int, ...] = (0,)) -> str:
    """Run git and return its output, in which file names are not escaped."""
    return run("git", "-c", "core.quotePath=false", *arguments, folder=folder, ok=ok)


def run(*command: str, folder: Path = Path(), ok: tuple[int, ...] = (0,)) -> str:
    """Run a program and return its output.

    Raises Refusal with the last line of its errors where its exit code is not one of `ok`.
    """
    env = {"GIT_TERMINAL_PROMPT": "0", **os.environ}  # nobody may be there to answer a prompt
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode not in ok:
        name = "copier" if "copier" in command else Path(command[0]).stem
        raise Refusal(f"{name} says: {last_error(done.stderr)}.")
    return done.stdout


def last_error(stderr: str) -> str:
    """Return the last line of a program's errors, without the decoration of Copier and git."""
    reason = "no reason"
    for decorated in stderr.splitlines():
        line = decorated.rpartition("| ")[2].strip()
        if line and not line.startswith("Stopping at filesystem boundary"):
            reason = line
    return re.sub(r"^[\w.]*Error: ", "", reason).rstrip(".")


def program(name: str) -> str:
    """Return the name of a vendor's program; raise Refusal where it is missing."""
    if not shutil.which(name):
        raise Refusal(f"{name} is not on PATH: install it, see {VENDORS[name]}.")
    return name


def az(*arguments: str) -> str:
    """Run the Azure CLI and return its output."""
    return run(program("az"), *arguments, "--only-show-errors")


def show(*command: str, folder: Path = Path()) -> None:
    """Run a program and show its output; raise Refusal where it fails."""
    if subprocess.run(command, cwd=folder, check=False).returncode:
        raise Refusal(f"`{' '.join(command[:2])}` failed, see above.")
