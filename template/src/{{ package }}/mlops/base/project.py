"""The project in one environment: where it lies, and its settings merged from their layers.

Command line > `MLOPS_` variables > conf/<env>.yml > conf/base.yml > .copier-answers.yml > defaults.
"""

import difflib
import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin

import yaml
from pydantic import ValidationError

from .errors import Misconfigured
from .settings import Section, Settings

PLATFORM = Path(__file__).parents[1]
PACKAGE_ROOT = PLATFORM.parent
PACKAGE = PACKAGE_ROOT.name
BUILD_FACTS = PACKAGE_ROOT / "_build"
ENVIRONMENTS = ("dev", "test", "prod")
ANSWERS = ("project_name", "description", "team", "problem", "risk_tier")
PREFIX = "MLOPS_"
NOT_SETTINGS = ("MLOPS_ENV", "MLOPS_SECRET")  # read elsewhere
RULES = ("gate", "risk_tier", "promotion", "trusted_types")  # what a reviewer must see

Layer = dict[str, Any]


@dataclass(frozen=True)
class Project:
    """A project opened in one environment."""

    root: Path
    settings: Settings
    template_version: str

    @property
    def env(self) -> str:
        """The environment's name."""
        return self.settings.env

    @property
    def name(self) -> str:
        """The registered model's name, `<env>.<project>` unless conf gives another."""
        return self.settings.registered_model or f"{self.env}.{self.settings.project_name}"

    def command(self, words: str) -> str:
        """Return a command as the user types it in this environment."""
        env = "" if self.env == "dev" else f" --env {self.env}"
        run = "uv run " if self.path("uv.lock").is_file() else ""
        return f"`{run}{self.settings.project_name} {words}{env}`"

    def path(self, relative: str) -> Path:
        """Return a path of the configuration as an absolute one."""
        return self.root / relative

    def shown(self, path: Path) -> Path:
        """Return a path as a person reads it: from the project's folder where it lies there."""
        return path.relative_to(self.root) if path.is_relative_to(self.root) else path


def open_project(env: str, overrides: tuple[str, ...] = ()) -> Project:
    """Merge the layers of `env` and return the project.

    Raises Misconfigured for an unknown key, a wrong value or a missing file.
    """
    told = f"--env {env} is unknown; choose dev, test or prod."
    Misconfigured.when(env not in ENVIRONMENTS, told)
    root = _find_root()
    checkout = (root / "conf/base.yml").is_file()
    conf = root / "conf" if checkout else BUILD_FACTS / "conf"
    answers = _read(root / ".copier-answers.yml" if checkout else BUILD_FACTS / "answers.yml")
    layers = [
        (".copier-answers.yml", {key: answers[key] for key in ANSWERS if key in answers}),
        ("conf/base.yml", _read(conf / "base.yml")),
        (f"conf/{env}.yml", _read(conf / f"{env}.yml")),
        *_from_environment(),
        *(_assignment("--set", text) for text in overrides),
        ("--env", {"env": env}),
    ]
    if env != "dev":
        _refuse_what_dev_may(env, layers)
    return Project(root, _validate(layers), str(answers.get("_commit", "unknown")))


def user_module(name: str, package: Path = PACKAGE_ROOT) -> ModuleType:
    """Import one of the user's modules, such as `data`: as it is today, or from a copy of them.

    Raises Misconfigured where it is missing.
    """
    if str(package.parent) not in sys.path:
        sys.path.insert(0, str(package.parent))
    try:
        return importlib.import_module(f"{package.name}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{package.name}.{name}":
            raise
        raise Misconfigured(f"{name}.py is missing from the package {PACKAGE}.") from None


def import_extra(module: str, extra: str) -> Any:
    """Import a module of one of the project's extras; raises Misconfigured with the remedy."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        told, name = f"{module} is missing, which is an extra", PACKAGE.replace("_", "-")
        remedy = f'write "{name}[mlops,{extra}]" for "{name}[mlops]" in pyproject.toml'
        raise Misconfigured(f"{told}: {remedy}, then `uv sync`.") from None


def _find_root() -> Path:
    """Return the checkout above the working directory, else the working directory itself."""
    here, marks = Path.cwd(), (".copier-answers.yml", "conf/base.yml")
    above = (here, *here.parents)
    return next((f for f in above if all((f / mark).is_file() for mark in marks)), here)


def _read(path: Path) -> Layer:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        remedy = "change into the project's folder, restore the file with git"
        told = f"{path.name} is missing here; {remedy}, or install a wheel of `uvx nox -s build`."
        raise Misconfigured(told) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path.name} is no YAML: {' '.join(str(error).split())}") from None
    told = f"{path.name} must hold keys and values at its top level."
    Misconfigured.when(not isinstance(content, dict), told)
    return dict(content)


def _from_environment() -> Iterator[tuple[str, Layer]]:
    for name, value in sorted(os.environ.items()):
        if name.startswith(PREFIX) and not name.startswith(NOT_SETTINGS):
            key = name.removeprefix(PREFIX).lower().replace("__", ".")
            yield _assignment(f"the variable {name}", f"{key}={value}")


def _assignment(where: str, text: str) -> tuple[str, Layer]:
    key, equals, value = text.partition("=")
    Misconfigured.when(not equals, f"{where} {text}: write key=value, such as gate.margin=0.02.")
    try:
        layer: Any = yaml.safe_load(value)
    except yaml.YAMLError:
        raise Misconfigured(f"{where} {text}: the value is no YAML; put it in quotes.") from None
    for part in reversed(key.split(".")):
        layer = {part: layer}
    return where, layer


def _validate(layers: list[tuple[str, Layer]]) -> Settings:
    try:
        return Settings.model_validate(reduce(_merge, [layer for _, layer in layers]))
    except ValidationError as error:
        problem = error.errors()[0]
    path = [str(part) for part in problem["loc"]]
    where = next((name for name, layer in reversed(layers) if _holds(layer, path)), "conf")
    key, words = ".".join(path), problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, _keys(Settings, path), n=1, cutoff=0.5)
        key, words = f"unknown key {key}", f"did you mean {near[0]}?" if near else "remove it"
    raise Misconfigured(f"{where}: {key}{'; ' if key else ''}{words}")


def _refuse_what_dev_may(env: str, layers: list[tuple[str, Layer]]) -> None:
    """Beyond dev, a date is given each time, and a rule stands where git keeps it."""
    for where, layer in layers:
        written = where.startswith((".copier", "conf"))
        remedy = f"as_of is for dev alone; give {env} another --as-of each time"
        Misconfigured.when(written and "as_of" in layer, f"{where}: {remedy}.")
        for key in set() if written else layer.keys() & set(RULES):
            raise Misconfigured(f"{where}: {key} is a rule; in {env} change it in conf/ alone.")


def _merge(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _merge(below.get(key), value) for key, value in above.items()}


def _holds(layer: Any, path: list[str]) -> bool:
    for part in path:
        if not isinstance(layer, dict) or part not in layer:
            return False
        layer = layer[part]
    return bool(path)


def _keys(section: type[Section], path: list[str], above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every key, with the names that `path` has where names are free: of tables, metrics."""
    for name, field in section.model_fields.items():
        yield ".".join((*above, name))
        entry = path[len(above) + 1 :][:1] if get_origin(field.annotation) is dict else []
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, Section):
                yield from _keys(part, path, (*above, name, *entry))
