"""The settings of one environment, merged key by key from their layers.

Command line > `MLOPS_` variables > conf/<env>.yml > conf/base.yml > .copier-answers.yml > defaults.
"""

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .errors import Misconfigured
from .settings import PLACES, Section, Settings

ANSWERS = ("project_name", "description", "team", "problem", "risk_tier")  # that are settings
PREFIX = "MLOPS_"
NOT_SETTINGS = ("MLOPS_ENV", "MLOPS_SECRET")  # prefixes of variables that are read elsewhere
# What variables and --set may change in test and prod: the date, the store and the folders. All
# other settings are rules, which change through a review of conf/.
OVERRIDABLE = ("as_of", *PLACES)

# What is wrong with a value, by the type of pydantic's error; the braces are its context.
WHOLE_NUMBER = "must be a whole number, such as 12"
NUMBER = "must be a number, such as 0.5"
FLAG = "must be true or false"
LIST = "must be a list; write each entry on its own line, after `- `"
SECTION = "must have keys; write each on its own indented line, as `key: value`"
MESSAGES = {
    "int_parsing": WHOLE_NUMBER,
    "int_type": WHOLE_NUMBER,
    "int_from_float": WHOLE_NUMBER,
    "float_parsing": NUMBER,
    "float_type": NUMBER,
    "bool_parsing": FLAG,
    "bool_type": FLAG,
    "string_type": "must be a text; write it in quotes",
    "tuple_type": LIST,
    "list_type": LIST,
    "dict_type": SECTION,
    "model_type": SECTION,
    "literal_error": "must be {expected}",
    "missing": "is missing; add it to conf/base.yml",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
}

Values = dict[str, Any]  # of YAML, which Settings checks once all layers are merged


@dataclass(frozen=True)
class Layer:
    """The values of one source; they override those of earlier layers."""

    where: str
    """The source as messages name it: a file, a variable or an option."""
    values: Values
    """Nested keys and values."""
    is_file: bool = False
    """Whether the source is a file, so that each change of it is reviewed."""
    key: str = ""
    """The key that a variable or an option overrides, `time.train`; empty for other sources."""


def read_files(env: str, conf: Path) -> dict[str, bytes]:
    """Return the content of conf/base.yml and conf/<env>.yml; raises Misconfigured without one."""
    names = ("base.yml", f"{env}.yml")
    return {f"conf/{name}": read_file(conf / name, f"conf/{name}") for name in names}


def load_settings(
    env: str,
    files: Mapping[str, bytes],
    answers: Values,
    overrides: Sequence[str],
    card: Values | None = None,
) -> Settings:
    """Return the settings of an environment.

    `files` are those of `read_files`, and `overrides` are texts such as "time.train=24". `card` has
    the settings of a registered version, which win over all others. Raises Misconfigured with the
    place of the first unknown key or wrong value.
    """
    answered = {key: answers[key] for key in ANSWERS if key in answers}
    if answers.get("serving") == "online":
        answered["serving"] = {"online": True}
    layers = [
        Layer(".copier-answers.yml", answered, is_file=True),
        *(Layer(name, parse_yaml(text, name), is_file=True) for name, text in files.items()),
        *_read_variables(),
        *(_read_assignment("--set", text) for text in overrides),
        Layer("the version's card", card or {}),
        Layer("--env", {"env": env}),
    ]
    if env != "dev":
        for layer in layers:
            _refuse_what_only_dev_may(env, layer)
    return _validate(layers)


def name_overrides(overrides: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the variables and options that override settings, without values."""
    variables = (layer.where.removeprefix("the variable ") for layer in _read_variables())
    options = (f"--set {_read_assignment('--set', text).key}" for text in overrides)
    return (*variables, *options)


def read_file(path: Path, where: str) -> bytes:
    """Return the content of a file; raises Misconfigured, with the name `where`, without one."""
    if not path.is_file():
        raise Misconfigured(
            f"{where} is missing; restore the file with git; outside a clone, install a wheel "
            "built with `uvx nox -s build`."
        )
    return path.read_bytes()


def read_yaml(path: Path, where: str) -> Values:
    """Return the keys and values of a YAML file; `where` names it in errors.

    Raises Misconfigured for a file that is missing, or that has no keys and values.
    """
    return parse_yaml(read_file(path, where), where)


def parse_yaml(text: bytes, where: str) -> Values:
    """Return the keys and values of a YAML file; `where` names it in errors.

    Raises Misconfigured for a text without keys and values.
    """
    try:
        content = yaml.safe_load(text.decode())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"{where} is not valid YAML; correct the file: {' '.join(str(error).split())}"
        ) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise Misconfigured(
            f"{where} must have keys and values at its top level; write each as `key: value`."
        )
    return dict(content)


def _read_variables() -> Iterator[Layer]:
    for name, value in sorted(os.environ.items()):
        if name.startswith(PREFIX) and not name.startswith(NOT_SETTINGS):
            key = name.removeprefix(PREFIX).lower().replace("__", ".")
            yield _read_assignment(f"the variable {name}", f"{key}={value}")


def _read_assignment(where: str, text: str) -> Layer:
    """Return the layer of a text such as "time.train=24", whose value is YAML."""
    key, equals, value = text.partition("=")
    if not equals:
        raise Misconfigured(f"{where} {text} has no value; write it as in {where} time.train=24.")
    try:
        values: Any = yaml.safe_load(value)
    except yaml.YAMLError:
        raise Misconfigured(
            f"{where}: the value of {key} is not valid YAML; correct it, or, if it is text, put it "
            "in quotes that the shell keeps, as in '\"a: b\"'."
        ) from None
    for part in reversed(key.split(".")):
        values = {part: values}
    return Layer(where, values, key=key)


def _refuse_what_only_dev_may(env: str, layer: Layer) -> None:
    """Refuse a date in a file, which would never advance, and a rule outside the files.

    An unknown key is left to the validation, which names the nearest known one.
    """
    if layer.is_file:
        if "as_of" in layer.values:
            raise Misconfigured(
                f"{layer.where}: as_of is allowed in dev only, because a date in a file does not "
                "advance; remove it, or move it to conf/dev.yml, and choose the date of a command "
                f"in {env} with --as-of."
            )
        return
    section = layer.key.partition(".")[0]
    if section == "env":
        raise Misconfigured(
            f"{layer.where}: env cannot be set; choose the environment with --env instead."
        )
    if section in ANSWERS:
        raise Misconfigured(
            f"{layer.where}: {layer.key} cannot be overridden in {env}; it is an answer to a "
            "question of the template: change it with `uvx copier update`, as the README says."
        )
    if section in Settings.model_fields and section not in OVERRIDABLE:
        raise Misconfigured(
            f"{layer.where}: {layer.key} cannot be overridden in {env}; change it in "
            f"conf/{env}.yml instead, where the change is reviewed."
        )


def _validate(layers: Sequence[Layer]) -> Settings:
    merged: object = {}
    for layer in layers:
        merged = _merge(merged, layer.values)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        problem = error.errors()[0]
    path = [str(part) for part in problem["loc"]]
    holders = [layer.where for layer in layers if path and _holds(layer.values, path)]
    where = holders[-1] if holders else "conf"
    raise Misconfigured(f"{where}: {_describe(problem, path)}")


def _describe(problem: ErrorDetails, path: list[str]) -> str:
    """Return what is wrong with a key, and the remedy."""
    key = ".".join(path)
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, _known_keys(Settings, path), n=1, cutoff=0.5)
        remedy = f"did you mean {near[0]}?" if near else "remove it."
        return f"unknown key {key}; {remedy}"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] in MESSAGES:
        message = MESSAGES[problem["type"]].format(**problem.get("ctx", {}))
        return f"{key} {message}."
    return f"{key}: {message}." if key else f"{message}."


def _merge(below: object, above: object) -> object:
    """Return the values of `above`, plus those of `below` for keys that it does not have."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _merge(below.get(key), value) for key, value in above.items()}


def _holds(values: object, path: Sequence[str]) -> bool:
    """Return whether a layer has a value at a path of keys."""
    for part in path:
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


def _known_keys(
    section: type[Section], path: list[str], above: tuple[str, ...] = ()
) -> Iterator[str]:
    """Yield every known key; free names, such as those of tables or metrics, come from `path`."""
    for name, field in section.model_fields.items():
        yield ".".join((*above, name))
        free = path[len(above) + 1 :][:1] if get_origin(field.annotation) is dict else []
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, Section):
                yield from _known_keys(part, path, (*above, name, *free))
