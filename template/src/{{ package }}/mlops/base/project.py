"""The project in one environment: its folder, its settings, and the user's modules."""

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from .configuration import load_settings, read_yaml
from .errors import Misconfigured
from .settings import Settings

PLATFORM = Path(__file__).parents[1]  # the folder of this platform, `mlops`
PACKAGE_ROOT = PLATFORM.parent  # the folder of the user's modules
PACKAGE = PACKAGE_ROOT.name
BUILD_FACTS = PACKAGE_ROOT / "_build"  # in a wheel: conf/, the answers, and the build facts
ENVIRONMENTS = ("dev", "test", "prod")


@dataclass(frozen=True)
class Project:
    """A project opened in one environment."""

    root: Path
    """The folder that relative paths of the configuration start from."""
    settings: Settings
    """The merged configuration of the environment."""
    template_version: str
    """The version of the template that rendered the project."""

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


def open_project(env: str, overrides: tuple[str, ...] = ()) -> Project:
    """Return the project of the working directory, with the settings of an environment.

    `overrides` are texts such as "time.train=24". Without a checkout, the configuration is that
    of the installed wheel. Raises Misconfigured for an unknown key, a wrong value or a missing
    file.
    """
    if env not in ENVIRONMENTS:
        raise Misconfigured(f"--env {env} is unknown; choose dev, test or prod.")
    root = _find_root()
    if (root / "conf/base.yml").is_file():
        conf = root / "conf"
        answers = read_yaml(root / ".copier-answers.yml", ".copier-answers.yml")
    else:
        conf = BUILD_FACTS / "conf"
        answers = read_yaml(BUILD_FACTS / "answers.yml", "answers.yml")
    settings = load_settings(env, conf, answers, overrides)
    return Project(root, settings, str(answers.get("_commit", "unknown")))


def user_module(name: str, package: Path = PACKAGE_ROOT) -> ModuleType:
    """Import one of the user's modules, such as `data`, from the project or from a copy of it.

    Raises Misconfigured if it is missing.
    """
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


def _find_root() -> Path:
    """Return the checkout that contains the working directory, or else the latter itself."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".copier-answers.yml").is_file() and (folder / "conf/base.yml").is_file():
            return folder
    return here
