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
# With these variables git shows a hook its repository. With them, git would also take any other
# folder for that repository, such as a clone.
GIT_PLACES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")
GIT = (
    *("git", "--no-replace-objects"),
    *("-c", "core.quotePath=false", "-c", "core.fsmonitor=false"),
)
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
    return run(*GIT, *arguments, folder=folder, ok=ok)


def use_own_repository() -> None:
    """Let git find the repository by the folder, as where no variable shows it another one.

    Raises Refusal for a variable with another repository than that of this folder.
    """
    given = {name: os.environ.pop(name) for name in GIT_PLACES if os.environ.get(name)}
    if not given:
        return
    asked = ("git", "rev-parse", "--absolute-git-dir", "--git-common-dir", "--show-toplevel")
    found = subprocess.run(asked, capture_output=True, encoding="utf-8", check=False).stdout
    places = [Path(line).resolve() for line in found.splitlines()]
    for name, value in given.items():
        place = Path(value).absolute()
        shown = place.parent if name == "GIT_INDEX_FILE" else place
        if shown.resolve() not in places:
            raise Refusal(
                f"The variable {name} shows git another repository, {value}, than that of "
                f"{Path.cwd()}: unset {name}, and repeat."
            )


def run(*command: str, folder: Path = Path(), ok: tuple[int, ...] = (0,)) -> str:
    """Run a program and return its output.

    Raises Refusal with the last line of its errors where its exit code is not one of `ok`.
    """
    use_own_repository()
    # Nobody may be there to answer a prompt, and an error is to be one line.
    env = {"GIT_TERMINAL_PROMPT": "0", "UV_NO_WRAP": "1", **os.environ}
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
        if line and not line.startswith(("Stopping at filesystem boundary", "hint: ")):
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
