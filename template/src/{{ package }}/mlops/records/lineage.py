"""Where a version comes from: code, environment and person.

A wheel carries these facts in `_build/`, written by `nox -s build`; in a checkout they come from
git and the lockfile.
"""

import getpass
import hashlib
import json
import os
import shutil
import socket
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from ..base.errors import MlopsError
from ..base.project import BUILD_FACTS, Project

EXPORT = "export --quiet --frozen --no-dev --no-hashes --no-emit-project --no-header --no-annotate"


@dataclass(frozen=True)
class BuildFacts:
    """The code and lockfile that a wheel or checkout consists of."""

    commit: str
    """The commit's full hash."""
    dirty: bool
    """Whether there were changes that the commit does not have."""
    template: str
    """The version of the template that rendered the platform."""
    lock_sha256: str
    """The SHA-256 of uv.lock."""


def read_build_facts(project: Project) -> BuildFacts:
    """Return the facts of the wheel, or else of the checkout.

    Raises MlopsError if there are neither.
    """
    recorded = BUILD_FACTS / "build.json"
    if recorded.is_file():
        return BuildFacts(**json.loads(recorded.read_text(encoding="utf-8")))
    try:
        commit = _output(project, "git", "rev-parse", "HEAD").strip()
        dirty = bool(_output(project, "git", "status", "--porcelain"))
    except (OSError, subprocess.CalledProcessError):
        raise MlopsError(
            "neither build facts nor a git commit say which code this is; commit first "
            "(`uvx nox -s setup`), or install a wheel built with `uvx nox -s build`."
        ) from None
    lock = project.path("uv.lock")
    if not lock.is_file():
        raise MlopsError("uv.lock is missing; create it with `uv lock` and commit it.")
    sha256 = hashlib.sha256(lock.read_bytes()).hexdigest()
    return BuildFacts(commit, dirty, project.template_version, sha256)


def locked_requirements(project: Project) -> list[str]:
    """Return the locked runtime requirements, one line each, without hashes."""
    recorded = BUILD_FACTS / "requirements.txt"
    if recorded.is_file():
        lines = recorded.read_text(encoding="utf-8").splitlines()
        return [line.removesuffix("\\").strip() for line in lines if line[:1].isalnum()]
    try:
        return _output(project, uv_program(), *EXPORT.split()).splitlines()
    except subprocess.CalledProcessError as error:
        reason = " ".join(error.stderr.split())
        raise MlopsError(
            f"uv.lock does not fit pyproject.toml; run `uv lock` and commit it: {reason}"
        ) from None


def uv_program() -> str:
    """Return the path of uv; raises MlopsError if it is missing."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        raise MlopsError(
            "uv is not on PATH, and only uv can read the lockfile; install uv as the README says."
        )
    return uv


def current_actor() -> dict[str, str]:
    """Return who runs this command (`actor`), and how that is known (`actor_source`)."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        user = "unknown"
    return {"actor": f"{user}@{socket.gethostname()}", "actor_source": "login"}


def configuration_hash(project: Project) -> str:
    """Return a SHA-256 of the settings that shape a model."""
    shaping = project.settings.model_dump(include={"tables", "time", "model", "problem"})
    return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()


def as_tags(facts: BuildFacts) -> dict[str, str]:
    """Return lineage as tags for display; nothing reads them back."""
    return {f"mlops_{key}": str(value) for key, value in (asdict(facts) | current_actor()).items()}


def _output(project: Project, *command: str) -> str:
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
    return done.stdout


def extract_path(project: Project, env: str, fingerprint: str) -> Path:
    """Return the path of the file that keeps the rows with a fingerprint."""
    return project.path(project.settings.extracts) / env / f"{fingerprint[:16]}.parquet"
