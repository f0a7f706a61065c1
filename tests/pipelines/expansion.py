"""Expand an Azure pipeline as the service does: templates, typed parameters, `${{ }}`."""

import re
from pathlib import Path
from typing import Any

import yaml

from .expressions import LOGIC, Expression, Unmodelled

WHOLE = re.compile(r"\$\{\{\s*((?:(?!\}\}).)+?)\s*\}\}")
TYPES: dict[str, type] = {"boolean": bool, "number": int, "object": list, "string": str}
KINDS = ("stages", "jobs", "steps", "variables")


class Loader(yaml.SafeLoader):
    """YAML as Azure reads it: `on` is text, and a duplicate key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise Unmodelled(f"a duplicate key: {keys}")
        return super().construct_mapping(node, deep)


def expand(root: Path, file: str, **parameters: Any) -> dict[str, Any]:
    """Return a pipeline without templates and expressions, as started with these parameters."""
    text = (root / file).read_text(encoding="utf-8")
    pipeline = dict(yaml.load(text, Loader))  # noqa: S506 - a safe loader
    variables = variables_of(root, Path(file), pipeline.get("variables", []))
    given = typed(file, pipeline.pop("parameters", []), parameters)
    values = {"variables": variables, "parameters": given}
    expanded = Template(root, Path(file), values).expand(pipeline)
    return {**expanded, "variables": [{"name": n, "value": v} for n, v in variables.items()]}


def variables_of(root: Path, file: Path, listed: list[dict[str, str]]) -> dict[str, str]:
    """Return the variables of a pipeline, which all come from templates."""
    found: dict[str, str] = {}
    for entry in listed:
        text = resolve(root, file, entry["template"]).read_text(encoding="utf-8")
        found |= yaml.load(text, Loader)["variables"]  # noqa: S506
    return found


def resolve(root: Path, file: Path, name: str) -> Path:
    """Return a template's path, which is relative to the file that includes it."""
    found = (root / file.parent / name).resolve()
    if not found.is_relative_to(root.resolve()):
        raise Unmodelled(f"{name} is outside the repository")
    return found


class Template:
    """A file and the values with which it is expanded."""

    def __init__(self, root: Path, file: Path, values: dict[str, Any]) -> None:
        self.root = root
        self.file = file
        self.values = values

    def expand(self, node: Any) -> Any:
        if isinstance(node, dict):
            return self.mapping(node)
        if isinstance(node, list):
            return [entry for each in node for entry in self.entries(each)]
        return self.text(node) if isinstance(node, str) else node

    def mapping(self, node: dict[str, Any]) -> dict[str, Any]:
        expanded = {}
        for key, value in node.items():
            condition = WHOLE.fullmatch(key) if isinstance(key, str) else None
            if not condition:
                expanded[key] = self.expand(value)
            elif self.holds(condition[1]):
                expanded |= self.expand(value)
        return expanded

    def entries(self, entry: Any) -> list[Any]:
        """Return what a list entry expands to; templates, conditions and loops give several."""
        if not isinstance(entry, dict):
            return [self.expand(entry)]
        [(key, value), *others] = entry.items()
        if key == "template" and set(entry) <= {"template", "parameters"}:
            return self.include(value, entry.get("parameters", {}))
        found = WHOLE.fullmatch(key)
        if not found:
            return [self.mapping(entry)]
        if others:
            raise Unmodelled(f"{key} has company: {others}")
        if each := re.fullmatch(r"each (\w+) in (.+)", found[1]):
            items = self.evaluate(each[2])
            return [
                result
                for item in items
                for result in Template(self.root, self.file, {**self.values, each[1]: item}).expand(
                    value
                )
            ]
        return list(self.expand(value)) if self.holds(found[1]) else []

    def include(self, name: str, given: dict[str, Any]) -> list[Any]:
        """Return the list in a template, expanded with these parameters."""
        path = resolve(self.root, self.file, name)
        template = yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506
        kind = next((kind for kind in KINDS if kind in template), "")
        if kind == "variables":
            return []
        if not kind or set(template) - {"parameters", kind}:
            raise Unmodelled(f"{name} is no template of a kind that is known")
        parameters = typed(name, template.get("parameters", []), self.expand(given))
        values = {"variables": self.values["variables"], "parameters": parameters}
        inner = Template(self.root, path.relative_to(self.root.resolve()), values)
        return list(inner.expand(template[kind]))

    def text(self, text: str) -> Any:
        if whole := WHOLE.fullmatch(text):
            return self.evaluate(whole[1])
        return WHOLE.sub(lambda found: str(self.evaluate(found[1])), text)

    def holds(self, condition: str) -> bool:
        if not condition.startswith("if "):
            raise Unmodelled(f"{condition} is no condition")
        return bool(self.evaluate(condition.removeprefix("if ")))

    def evaluate(self, text: str) -> Any:
        return Expression(text, self.values, LOGIC).evaluate()


def typed(name: str, declared: list[dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a template; a missing, unknown or wrongly typed one is an error."""
    if unknown := given.keys() - {each["name"] for each in declared}:
        raise Unmodelled(f"{name} has no parameter {sorted(unknown)}")
    parameters = {}
    for each in declared:
        if each["name"] not in given and "default" not in each:
            raise Unmodelled(f"{name} needs the parameter {each['name']}")
        value = given.get(each["name"], each.get("default"))
        if not isinstance(value, TYPES[each["type"]]):
            raise Unmodelled(f"{name}: {each['name']} is no {each['type']}: {value!r}")
        parameters[each["name"]] = value
    return parameters
