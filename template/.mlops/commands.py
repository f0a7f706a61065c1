"""Run git and other programs for the modules beside it, and keep secrets from new code."""

import os
import re
import shutil
import subprocess
from pathlib import Path

SECRET = re.compile(  # what can write somewhere; an index of packages is read by the checks, too
    r"(?!UV_INDEX_).*(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|JWT|CONNECTION_STRING|_PAT|_KEY)$",
    re.IGNORECASE,
)
LOGIN = re.compile(  # what lets git log in: reading the template may need it, the checks never do
    r"SSH_AUTH_SOCK$|(GIT|SSH)_ASKPASS$|GIT_CONFIG_(COUNT|KEY|VALUE|PARAMETERS)|CI_REPOSITORY_URL$"
)
OTHERS = "VIRTUAL_ENV$|GIT_(AUTHOR|COMMITTER)_DATE$"  # of no use, and no secret
VENDORS = {  # whose own programs log in by themselves
    "az": "https://learn.microsoft.com/cli/azure",
    "databricks": "https://docs.databricks.com/dev-tools/cli",
    "kubectl": "https://kubernetes.io/docs/tasks/tools",
}


class Refusal(Exception):
    """What stands in the way, and the remedy."""


def git(*arguments: str, folder: Path = Path(), ok: tuple[int, ...] = (0,)) -> str:
    """Run git, with file names as they are."""
    return run("git", "-c", "core.quotePath=false", *arguments, folder=folder, ok=ok)


def run(*command: str, folder: Path = Path(), ok: tuple[int, ...] = (0,)) -> str:
    """Run a program and return what it prints; its last words are the reason where it fails."""
    env = {"GIT_TERMINAL_PROMPT": "0", **os.environ}  # nobody may be there to answer
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode not in ok:
        words = [line.rpartition("| ")[2].strip() for line in done.stderr.splitlines()]
        words = [line for line in words if not line.startswith("Stopping at filesystem boundary")]
        program = "copier" if "copier" in command else Path(command[0]).stem
        reason = re.sub(r"^[\w.]*Error: ", "", ["no reason", *filter(None, words)][-1])
        raise Refusal(f"{program} says: {reason.rstrip('.')}.")
    return done.stdout


def program(name: str) -> str:
    """Return the name of a vendor's program; raises Refusal where it is missing."""
    if not shutil.which(name):
        raise Refusal(f"{name} is not on PATH: see {VENDORS[name]}.")
    return name


def az(*words: str) -> str:
    """Run Azure's own program, and return what it prints."""
    return run(program("az"), *words, "--only-show-errors")


def show(*command: str, folder: Path = Path()) -> None:
    """Run a program before the person's eyes; raises Refusal where it fails."""
    if subprocess.run(command, cwd=folder, check=False).returncode:
        raise Refusal(f"`{' '.join(command[:2])}` failed, see above.")


def fails(*command: str, folder: Path) -> bool:
    """Run a program that may execute new code, before the person's eyes; tell whether it fails."""
    hidden = re.compile(f"{SECRET.pattern}|{LOGIN.pattern}|{OTHERS}", re.IGNORECASE)
    env = {name: value for name, value in os.environ.items() if not hidden.match(name)}
    return bool(subprocess.run(command, cwd=folder, env=env, check=False).returncode)
