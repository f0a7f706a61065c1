"""The project in one environment: its folder, its settings, and the user's modules."""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from .configuration import load_settings, name_overrides, parse_yaml, read_file, read_files
from .errors import Misconfigured
from .packages import claim_package
from .settings import Settings

PLATFORM = Path(__file__).parents[1]  # the folder of this platform, `mlops`
PACKAGE_ROOT = PLATFORM.parent  # the folder of the user's modules
PACKAGE = PACKAGE_ROOT.name
BUILD_FACTS = PACKAGE_ROOT / "_build"  # in a wheel: conf/, the answers, and the build facts
# The project's folder if this code runs from a clone; None in an installed wheel. The place of the
# code decides, because a file can be put anywhere.
CHECKOUT = PACKAGE_ROOT.parents[1] if PACKAGE_ROOT.parent.name == "src" else None
ENVIRONMENTS = ("dev", "test", "prod")
ANSWERS_FILE = ".copier-answers.yml"
NOT_THE_USERS = {"mlops", "_build", "__pycache__"}  # folders of the package that are not theirs


@dataclass(frozen=True)
class Project:
    """A project opened in one environment."""

    root: Path
    """The folder that relative paths of the configuration start from."""
    settings: Settings
    """The merged configuration of the environment."""
    template_version: str
    """The version of the template that rendered the project."""
    overrides: tuple[str, ...] = ()
    """The names of the variables and options that override settings: `MLOPS_PREDICTIONS`."""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """The content of the files that the settings come from, by name, as it was read:
    `conf/base.yml`."""

    @property
    def env(self) -> str:
        """The environment's name."""
        return self.settings.env

    @property
    def name(self) -> str:
        """The registered model's name, `<env>.<project>` unless conf gives another."""
        return self.settings.registered_model or f"{self.env}.{self.settings.project_name}"

    def command(self, arguments: str) -> str:
        """Return a command as the user types it in this environment, in backticks."""
        run = "uv run " if self.path("uv.lock").is_file() else ""
        env = "" if self.env == "dev" else f" --env {self.env}"
        return f"`{run}{self.settings.project_name} {arguments}{env}`"

    def path(self, relative: str) -> Path:
        """Return a path of the configuration, starting from the project's folder."""
        return self.root / relative

    def shown(self, path: Path) -> Path:
        """Return a path as a person reads it: relative to the project's folder if inside."""
        return path.relative_to(self.root) if path.is_relative_to(self.root) else path


def open_project(
    env: str, overrides: tuple[str, ...] = (), card: dict[str, Any] | None = None
) -> Project:
    """Return the project that this code belongs to, with the settings of an environment.

    `overrides` are texts such as "time.train=24"; `card` has the settings of a version that is
    rebuilt. A clone is configured by its own files, and a wheel by those that it carries; a wheel's
    relative paths start from the working directory. Raises Misconfigured for an unknown key, a
    wrong value or a missing file.
    """
    if env not in ENVIRONMENTS:
        raise Misconfigured(
            f"the environment {env} does not exist; choose dev, test or prod with --env, or with "
            "the environment variable MLOPS_ENV."
        )
    if CHECKOUT is None:
        root = Path.cwd()
        conf = BUILD_FACTS / "conf"
        place = BUILD_FACTS / "answers.yml"
    else:
        root = CHECKOUT
        conf = root / "conf"
        place = root / ANSWERS_FILE
        _refuse_links(root, (ANSWERS_FILE, "conf", "conf/base.yml", f"conf/{env}.yml"))
    written = read_file(place, place.name)
    answers = parse_yaml(written, place.name)
    files = read_files(env, conf)
    settings = load_settings(env, files, answers, overrides, card)
    return Project(
        root=root,
        settings=settings,
        template_version=str(answers.get("_commit", "unknown")),
        overrides=name_overrides(overrides),
        files={ANSWERS_FILE: written, **files},
    )


def refuse_copy() -> None:
    """Refuse to work on one project from inside of another copy of it.

    That happens if a project is copied with its .venv, whose programs are those of the original.
    """
    if CHECKOUT is None:
        return
    here = Path.cwd()
    for folder in (here, *here.parents):
        if not (folder / "src" / PACKAGE / PLATFORM.name).is_dir():
            continue
        if folder.samefile(CHECKOUT):
            return
        raise Misconfigured(
            f"this program works on the project in {CHECKOUT}, but it was started in {folder}, "
            "which is another copy of that project; delete .venv there if it was copied, run "
            "`uv sync` there, and start the program with `uv run`."
        )


def user_module(name: str, package: Path = PACKAGE_ROOT) -> ModuleType:
    """Import one of the user's modules, such as `data`, from the project or from a copy of it.

    Raises Misconfigured if it is missing, and MlopsError if this process has imported other code
    under the name of the copy.
    """
    if package != PACKAGE_ROOT:
        claim_package(package)
    if str(package.parent) not in sys.path:
        sys.path.insert(0, str(package.parent))
    try:
        return importlib.import_module(f"{package.name}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{package.name}.{name}":
            raise
        raise Misconfigured(
            f"{name}.py is missing from the package {PACKAGE}; restore it with git."
        ) from None


def is_the_users(path: str) -> bool:
    """Return whether a path in the package is that of a module of the user."""
    return path.endswith(".py") and not NOT_THE_USERS.intersection(path.split("/"))


def import_extra(module: str, extra: str) -> Any:  # mypy cannot know what a name imports
    """Import a module of one of the project's extras; raises Misconfigured if it is missing."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        distribution = PACKAGE.replace("_", "-")
        raise Misconfigured(
            f"{module} is not installed; it comes with the extra {extra}: in pyproject.toml, add "
            f'{extra} to the brackets of "{distribution}[mlops]", as in '
            f'"{distribution}[mlops,{extra}]", then run `uv sync`.'
        ) from None


def _refuse_links(root: Path, names: tuple[str, ...]) -> None:
    """Refuse configuration behind a link, whose changes git and a review would not see."""
    for name in names:
        if (root / name).is_symlink():
            raise Misconfigured(
                f"{name} is a link, so a review does not see what it points to; replace it with a "
                "copy of that, and commit the copy."
            )
