"""Run code that nobody has reviewed yet, where it cannot read a secret of the environment.

It gets the variables that an installation and the checks need, and no others. On Linux it also runs
as in a container, because /proc shows the environment of every process of the same user.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from commands import Refusal

PASSED_ON = re.compile(  # the variables that new code gets
    r"(PATH|HOME|USER|LOGNAME|SHELL|TERM|COLORTERM|(NO|FORCE)_COLOR|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP"
    r"|CI|XDG_(CACHE|CONFIG|DATA|STATE)_HOME|JAVA_HOME|LD_LIBRARY_PATH|OMP_NUM_THREADS"
    r"|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|NODE_EXTRA_CA_CERTS|(HTTPS?|NO|ALL)_PROXY"
    r"|PIP_\w+|UV|UV_(?!PUBLISH)\w+|OSV_URL|PYENV_\w+|PYTHON\w*|PYTEST_\w+|MYPY_CACHE_DIR"
    r"|PRE_COMMIT_HOME|GIT_CONFIG_(GLOBAL|NOSYSTEM)|GIT_(AUTHOR|COMMITTER)_(NAME|EMAIL)"
    r"|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|(LOCAL)?APPDATA|USERPROFILE|PROGRAM\w+"
    r"|NUMBER_OF_PROCESSORS|PROCESSOR_\w+)$",
    re.IGNORECASE,
)
SECRET = re.compile(  # the names of secrets; the checks may read a package index
    r"(?!UV_INDEX_|PIP_)("
    r".*(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|JWT|CONNECTION_STRING|_PAT|_KEY|_SAS|_DSN)"
    r"|MLOPS_SECRET_.*|(.*_)?DATABASE_UR[IL]|KUBECONFIG|PGPASSFILE|DOCKER_AUTH_CONFIG)$",
    re.IGNORECASE,
)
LOGIN_IN_ADDRESS = re.compile(r"\w://[^/@\s:]*:[^/@\s]+@")
INDEX_OR_PROXY = re.compile(r"(UV|PIP)_|(HTTPS?|ALL)_PROXY$|CI_REPOSITORY_URL$", re.IGNORECASE)
TOKENS_OF_A_JOB = re.compile(  # GitLab sets them in each job; they end with it and cannot push
    r"CI_(JOB_(TOKEN|JWT\w*)|REGISTRY_PASSWORD|DEPENDENCY_PROXY_PASSWORD)$|ACTIONS_RUNTIME_TOKEN$"
)
USER = ("unshare", "--user", "--map-current-user")
# The second one keeps what it runs from removing the /proc of the first one.
SEPARATE = (*USER, "--pid", "--fork", "--mount-proc", "--kill-child", *USER, "--mount")


def fails(*command: str, folder: Path) -> bool:
    """Run a program that may execute new code, show its output, and return whether it fails."""
    env = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
    separated = [*separation(), *command]
    return bool(subprocess.run(separated, cwd=folder, env=env, check=False).returncode)


def drop_secrets() -> None:
    """Remove secrets from this process's environment, so that no program gets them."""
    for name, value in list(os.environ.items()):
        if is_secret(name, value):
            del os.environ[name]


def refuse_readable_secrets() -> None:
    """Raise Refusal where new code could read a secret from the environment of a process."""
    if separation():
        return
    for env in (dict(os.environ), *environments_of_parents()):
        for name in sorted(env):
            if is_secret(name, env[name]) and not TOKENS_OF_A_JOB.match(name):
                raise Refusal(
                    f"{name} is set, and the new version of the template, whose checks run here, "
                    f"could read it: start the update without it, as by `env -u {name} uvx nox -s "
                    "update`, or where `unshare --user --pid` is allowed."
                )


def is_secret(name: str, value: str) -> bool:
    """Return whether a variable gives access to something."""
    if SECRET.match(name):
        return True
    return bool(LOGIN_IN_ADDRESS.search(value)) and not INDEX_OR_PROXY.match(name)


@cache
def separation() -> tuple[str, ...]:
    """Return the command that hides other processes from a program, () where there is none."""
    if not shutil.which(SEPARATE[0]):
        return ()
    tried = subprocess.run([*SEPARATE, "true"], capture_output=True, check=False)
    return SEPARATE if tried.returncode == 0 else ()


def environments_of_parents() -> Iterator[Mapping[str, str]]:
    """Yield the environments of this process at its start and of its parents, as /proc has them."""
    number = os.getpid()
    while number:
        folder = Path(f"/proc/{number}")
        try:
            text = (folder / "environ").read_text(encoding="utf-8", errors="replace")
            status = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return  # of another user, or not on Linux
        pairs = (pair.partition("=") for pair in text.split("\0"))
        yield {name: value for name, equals, value in pairs if equals}
        number = int(status.rpartition(")")[2].split()[1])
