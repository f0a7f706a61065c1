"""Fixtures for all tests: `rendered` projects to read, `project` and `new_project` to edit."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from histories.quick import quick_copier
from lifecycle.project import Warm
from pipelines.osv import Osv, database
from rendering import ROOT, UPPER_LAYERS, commit, copy_template, copy_tree, git, render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Rendered = Callable[..., Path]
PIPELINES = ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD")  # each is set in a vendor's pipelines
LONGEST = (  # modules of minutes, the longest first
    "test_azure",
    "test_image",
    "test_releases",
    "test_databricks_jobs",
    "test_start",
    "test_kept_stores",
    "test_real_data",
    "test_updater",
    "test_kubernetes",
    "test_reproduce",
    "test_spark",
    "test_github",
    "test_wheel",
    "test_another_lock",
)


def pytest_configure() -> None:
    """Test as on a new machine: git has no name configured, and no variables leak in."""
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"
    os.environ.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # with it, every command recompiles its packages
    # Several tests run at once, and the threads of a fit would spend most of their time waiting.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in the platform, which is loaded later
    for name in list(os.environ):
        if name.startswith("MLOPS_") or name in ("VIRTUAL_ENV", *PIPELINES):
            del os.environ[name]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules without slow tests where only those run: importing all takes seconds."""
    only_slow = config.option.markexpr.startswith("full")
    leave_out = only_slow and collection_path.suffix == ".py" and not may_be_slow(collection_path)
    return True if leave_out else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests that take minutes, so that the workers finish at about the same time."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))
    for item in items:
        if item.get_closest_marker("full") and not may_be_slow(item.path):
            raise pytest.UsageError(f"`-m full` would not find {item.nodeid}: write mark.full here")
        if item.get_closest_marker("wide") and not item.get_closest_marker("full"):
            raise pytest.UsageError(f"{item.nodeid} is wide, so it must be marked as full, too")


@cache
def may_be_slow(module: Path) -> bool:
    """Return whether a module names the mark of slow tests, or the function that sets it."""
    text = module.read_text(encoding="utf-8")
    return "mark.full" in text or "slow(" in text


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what passed tests recorded, which pytest-xdist would not show."""
    for report in terminalreporter.stats.get("passed", []):
        for name, figure in report.user_properties:
            terminalreporter.write_line(f"{name}: {figure}")


@pytest.fixture(scope="session", autouse=True)
def quick_renderings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Cache the work that Copier repeats whenever a test calls it in this process."""
    with quick_copier(tmp_path_factory.mktemp("clones")):
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working tree of the template as a repository with one commit, v0.1.0. Do not edit it."""
    return copy_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def small_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the lowest layer of the platform alone, for tests of updates. Do not edit it.

    Copier takes its time for each file, and treats one module as it treats two hundred.
    """
    return copy_template(tmp_path_factory.mktemp("small"), left_out=UPPER_LAYERS)


@pytest.fixture(scope="session")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """Return a project with these answers, `rendered(problem="regression")`. Do not edit it.

    Its name is loan-risk by default; each set of answers is rendered once.
    """
    cache: dict[tuple[tuple[str, str], ...], Path] = {}

    def rendering(**answers: str) -> Path:
        key = tuple(sorted(answers.items()))
        if key not in cache:
            folder = tmp_path_factory.mktemp("rendered") / answers.get("project_name", "loan-risk")
            cache[key] = render(template, folder, **answers)
        return cache[key]

    return rendering


@pytest.fixture(scope="session")
def committed(rendered: Rendered, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """Return a committed project with these answers. Do not edit it."""
    cache: dict[Path, Path] = {}

    def committed_copy(**answers: str) -> Path:
        source = rendered(**answers)
        if source not in cache:
            folder = tmp_path_factory.mktemp("committed") / source.name
            shutil.copytree(source, folder)
            commit(folder)
            git(folder, "repack", "-adq")  # a copy of few files is faster
            cache[source] = folder
        return cache[source]

    return committed_copy


@pytest.fixture
def new_project(committed: Rendered, tmp_path: Path) -> Rendered:
    """Return a committed copy of a project with these answers, to edit freely."""

    def fresh(**answers: str) -> Path:
        source = committed(**answers)
        return copy_tree(source, tmp_path / source.name)

    return fresh


@pytest.fixture(scope="session")
def lock(rendered: Rendered, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The lock file of a project; it is the same for every vendor's pipelines."""
    folder = shutil.copytree(rendered(), tmp_path_factory.mktemp("lock") / "loan-risk")
    subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)
    return (folder / "uv.lock").read_bytes()


@pytest.fixture
def locked_project(new_project: Rendered, lock: bytes) -> Rendered:
    """Return a project like `new_project`, with its lock file."""

    def fresh(**answers: str) -> Path:
        folder = new_project(**answers)
        (folder / "uv.lock").write_bytes(lock)
        commit(folder)
        return folder

    return fresh


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """An interpreter that runs the commands of any project without delay."""
    warm = Warm()
    yield warm
    warm.close()


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with only uv and uvx, as a pipeline runner gets them."""
    folder = tmp_path_factory.mktemp("tools")
    for name in ("uv", "uvx"):
        shutil.copy2(Path(sys.executable).with_name(name), folder)
    return folder


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the jobs of all machines share; each job syncs it with its lock file."""
    return tmp_path_factory.mktemp("environment") / "venv"


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of mypy's, which begins with what `./nox` has checked, if it has run here."""
    folder = tmp_path_factory.mktemp("mypy")
    checked = ROOT / "build/mypy-projects"
    if checked.is_dir():
        shutil.copytree(checked, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def quick(mypy_cache: Path, environment: Path) -> dict[str, str]:
    """Variables that shorten a project's checks; other tests run all of its tests."""
    return {
        "MYPY_CACHE_DIR": str(mypy_cache),
        "PYTEST_ADDOPTS": "-k=features --cov-fail-under=0",
        "UV_PROJECT_ENVIRONMENT": str(environment),
    }


@pytest.fixture
def project(new_project: Rendered) -> Path:
    """A committed project with the default answers, to edit freely."""
    return new_project()


@pytest.fixture(scope="module")  # its event loop runs until it is closed
def browser() -> Iterator["Browser"]:
    """Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    assert program, "chromium is missing: run apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def osv() -> Iterator[Osv]:
    """A vulnerability database in which a test names the vulnerable package."""
    with database() as server:
        yield server
