"""Update a project as a user does, and report what is left to do by hand."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .versions import ANSWERS_FILE, Refused, git, read_answers, without_private

TIMEOUT = 600  # seconds
UNATTENDED = {  # git neither prompts nor downloads large files
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
    "GIT_LFS_SKIP_SMUDGE": "1",
}


@dataclass(frozen=True)
class Outcome:
    """What an update leaves for a person to do."""

    conflicts: list[str]
    """Paths that Copier could not merge."""
    answers: list[str]
    """Names of the answers that the update changed."""


def update(project: Path, version: str) -> Outcome:
    """Update a committed project; raise Refused where Copier fails.

    Copier exits with 0 even when it leaves conflicts, so look for them.
    """
    before = without_private(read_answers(project))
    options = ["--defaults", "--quiet", f"--vcs-ref={version}"]
    error = run_unattended([sys.executable, "-m", "copier", "update", *options], project)
    if error:
        raise Refused(f"copier update failed: {error}")
    unmerged = git(project, "diff", "--name-only", "--diff-filter=U").splitlines()
    rejected = git(project, "ls-files", "--others", "*.rej").splitlines()
    conflicts = [*unmerged, *rejected]
    if ANSWERS_FILE in unmerged:  # unreadable: it contains conflict markers
        return Outcome(conflicts, [])
    return Outcome(conflicts, changed(before, without_private(read_answers(project))))


def changed(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """Return the names of the answers that differ or are gone."""
    return [name for name in before if name not in after or after[name] != before[name]]


def run_unattended(command: list[str], folder: Path) -> str:
    """Run a program; return the last line of its errors, or "" where it succeeds."""
    try:
        run = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | UNATTENDED,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {TIMEOUT} seconds"
    if run.returncode == 0:
        return ""
    errors = run.stderr.decode(errors="replace").strip()
    return errors.splitlines()[-1] if errors else f"exit code {run.returncode}"
