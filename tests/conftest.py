"""Renderings for all tests: `rendered` to read, `project` and `new_project` to work in."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from histories.quick import quick_copier
from pipelines.osv import Osv, database
from rendering import commit, copy_template, render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Rendered = Callable[..., Path]
LONGEST = (
    "test_another_lock",
    "test_azure",
    "test_image",
    "test_reproduce",
    "test_start",
    "test_updater",
)


def pytest_configure() -> None:
    """Test as on a new machine: git knows no name, and no environment leaks into a project."""
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each command compiles its packages anew
    for name in list(os.environ):
        if name.startswith("MLOPS_") or name == "VIRTUAL_ENV":
            del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take minutes: at the end, the other workers would wait for one."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that passed tests measured; with workers, nothing else shows them."""
    for report in terminalreporter.stats.get("passed", []):
        for name, figure in report.user_properties:
            terminalreporter.write_line(f"{name}: {figure}")


@pytest.fixture(scope="session", autouse=True)
def quick_renderings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Spare Copier, where a test calls it in this process, what it does anew at each use."""
    with quick_copier(tmp_path_factory.mktemp("clones")):
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it lies here, as a repository whose one commit is v0.1.0. Do not edit it."""
    return copy_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """Return the project of these answers, `rendered(problem="regression")`, to read only.

    The name is loan-risk unless an answer says otherwise; each set of answers is rendered once.
    """
    cache: dict[tuple[tuple[str, str], ...], Path] = {}

    def rendering(**answers: str) -> Path:
        key = tuple(sorted(answers.items()))
        if key not in cache:
            folder = tmp_path_factory.mktemp("rendered") / answers.get("project_name", "loan-risk")
            cache[key] = render(template, folder, **answers)
        return cache[key]

    return rendering


@pytest.fixture
def new_project(rendered: Rendered, tmp_path: Path) -> Rendered:
    """Return a fresh copy of the project of these answers, committed, to do anything with."""

    def fresh(**answers: str) -> Path:
        source = rendered(**answers)
        folder = tmp_path / source.name
        shutil.copytree(source, folder)
        commit(folder)
        return folder

    return fresh


@pytest.fixture(scope="session")
def lock(rendered: Rendered, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The lock of a project; no vendor's pipelines ask for another."""
    folder = shutil.copytree(rendered(), tmp_path_factory.mktemp("lock") / "loan-risk")
    subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)
    return (folder / "uv.lock").read_bytes()


@pytest.fixture
def locked_project(new_project: Rendered, lock: bytes) -> Rendered:
    """Return a fresh project as `new_project` does, with its lock."""

    def fresh(**answers: str) -> Path:
        folder = new_project(**answers)
        (folder / "uv.lock").write_bytes(lock)
        commit(folder)
        return folder

    return fresh


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with uv and uvx alone, as a runner of pipelines gets them."""
    folder = tmp_path_factory.mktemp("tools")
    for name in ("uv", "uvx"):
        shutil.copy2(Path(sys.executable).with_name(name), folder)
    return folder


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the jobs of all machines keep their environment, which each brings to its lock."""
    return tmp_path_factory.mktemp("environment") / "venv"


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory, environment: Path) -> dict[str, str]:
    """Variables by which a project's checks take less time; all of its tests run elsewhere."""
    return {
        "MYPY_CACHE_DIR": str(tmp_path_factory.mktemp("mypy")),
        "PYTEST_ADDOPTS": "-k=features --cov-fail-under=0",
        "UV_PROJECT_ENVIRONMENT": str(environment),
    }


@pytest.fixture
def project(new_project: Rendered) -> Path:
    """Return a fresh default project, committed, to do anything with."""
    return new_project()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    assert program, "chromium is missing: type apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def osv() -> Iterator[Osv]:
    """A database of vulnerabilities, in which a test names the package that has one."""
    with database() as server:
        yield server
