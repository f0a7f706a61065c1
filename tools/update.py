"""An update as a user makes it, and what it leaves."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .versions import ANSWERS, Refused, answers_alone, git, read_answers

SECONDS = 600  # what takes longer hangs
UNATTENDED = {  # no question, no download of large files
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
    "GIT_LFS_SKIP_SMUDGE": "1",
}


@dataclass(frozen=True)
class Outcome:
    """What an update left for a person to do."""

    conflicts: list[str]  # files with both sides in them
    answers: list[str]  # that are others now


def update(project: Path, version: str) -> Outcome:
    """Update a committed project; Copier counts a conflict as success, so look for each."""
    before = answers_alone(read_answers(project))
    copier = [sys.executable, "-m", "copier"]
    command = [*copier, "update", "--defaults", "--quiet", f"--vcs-ref={version}"]
    said = failure(command, project)
    if said:
        raise Refused(f"copier update fails: {said}")
    unmerged = git(project, "diff", "--name-only", "--diff-filter=U").splitlines()
    rejected = git(project, "ls-files", "--others", "*.rej").splitlines()
    after = {} if ANSWERS in unmerged else answers_alone(read_answers(project))
    return Outcome([*unmerged, *rejected], changed(before, after) if after else [])


def changed(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """Return the answers that are not what they were."""
    return [name for name in before if name not in after or after[name] != before[name]]


def failure(command: list[str], folder: Path) -> str:
    """Run a program and return what it said last when it failed, else nothing."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | UNATTENDED,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {SECONDS} seconds"
    said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
    return said.splitlines()[-1] if done.returncode else ""
