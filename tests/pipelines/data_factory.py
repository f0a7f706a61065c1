"""Strict validation of Data Factory resources against Microsoft's own models."""

import datetime
import inspect
import json
import re
import types
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

from azure.mgmt.datafactory import models

Json = dict[str, Any]

# What a team writes into conf/prod.yml below deployment.data_factory.
MONTH = "@{subtractFromTime(pipeline().TriggerTime, 1, 'Month', 'yyyy-MM')}"  # the one before
FILE = f"landing/applications/applications-{MONTH}.ctl"
FACTORY: Json = {
    "subscription": "risk-prod",
    "resource_group": "rg-risk-prod",
    "factory": "adf-risk-prod",
    "identity": "33333333-3333-3333-3333-333333333333",
    "databricks": "databricks_prod",
    "alert": {"vault": "https://kv-risk-prod.vault.azure.net", "secret": "team-channel"},
    "storage": "landing_prod",
    "arrival": {"score": FILE},
}

KINDS = {
    "Microsoft.DataFactory/factories/pipelines": models.PipelineResource,
    "Microsoft.DataFactory/factories/datasets": models.DatasetResource,
    "Microsoft.DataFactory/factories/triggers": models.TriggerResource,
}
NAME = re.compile(r"[A-Za-z0-9_][^<>*#.%&:\\+?/]{0,139}")


class Unknown(Exception):
    """Something that Microsoft's models do not have, or have differently."""


def check_template(template: Json) -> None:
    """Refuse a template that Azure would reject, or with references to missing resources."""
    allowed = {"$schema", "contentVersion", "parameters", "resources"}
    _refuse(template.keys() != allowed, f"the template has {sorted(template)}")
    ids = {(one["type"], one["name"]) for one in template["resources"]}
    _refuse(len(ids) != len(template["resources"]), "two resources have one name")
    for one in template["resources"]:
        check_resource(one, ids)
    used = set(re.findall(r"\[parameters\('(\w+)'\)\]", json.dumps(template["resources"])))
    _refuse(used != set(template["parameters"]), f"parameters: {used} are used")


def check_resource(one: Json, ids: set[tuple[str, str]]) -> None:
    """Refuse a resource that does not match its model, or depends on a missing one."""
    _refuse(
        one.keys() != {"type", "apiVersion", "name", "dependsOn", "properties"},
        f"{one.get('name')} has {sorted(one)}",
    )
    _refuse(one["apiVersion"] != "2018-06-01", one["apiVersion"])
    factory, _, name = one["name"].partition("/")
    _refuse(not NAME.fullmatch(name), f"{name} is no name")
    _refuse(one["type"].endswith("datasets") and "-" in name, f"{name} is no name of a dataset")
    check(KINDS[one["type"]], {"properties": one["properties"]}, name)
    needed = set()
    for words in one["dependsOn"]:
        found = re.fullmatch(r"\[resourceId\('([\w./]+)', '([\w-]+)', '(\w+)'\)\]", words)
        _refuse(found is None, f"{name}: {words} is no id")
        assert found is not None
        needed.add((found[1], f"{found[2]}/{found[3]}"))
    _refuse(not needed <= ids, f"{name} needs {needed - ids}, which nobody makes")
    named = {(kind, f"{factory}/{other}") for kind, other in _references(one["properties"])}
    _refuse(named != needed, f"{name} names {named} and waits for {needed}")
    check_flow(one["properties"].get("activities", []))


def _references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield kind and name of every referenced resource of the same template."""
    kinds = {"PipelineReference": "pipelines", "DatasetReference": "datasets"}
    if isinstance(value, dict):
        if value.get("type") in kinds:
            yield f"Microsoft.DataFactory/factories/{kinds[value['type']]}", value["referenceName"]
        for below in value.values():
            yield from _references(below)
    elif isinstance(value, list):
        for below in value:
            yield from _references(below)


def check_flow(activities: list[Json]) -> None:
    """Refuse an activity that depends on one that does not precede it."""
    seen: list[str] = []
    for activity in activities:
        for dependency in activity.get("dependsOn", []):
            _refuse(dependency["activity"] not in seen, f"{activity['name']} waits for nobody")
            _refuse(
                len(dependency["dependencyConditions"]) != 1, "more than one condition is unclear"
            )
        seen.append(activity["name"])
    _refuse(len(set(seen)) != len(seen), "two activities have one name")


def check(kind: Any, value: Any, path: str) -> None:
    """Refuse a value with a key or a type that its model in Microsoft's library does not have."""
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if kind is Any or _is_expression(value):
        return
    if origin in (typing.Union, types.UnionType):
        enums = [one for one in arguments if inspect.isclass(one) and issubclass(one, Enum)]
        _check_any(enums or [one for one in arguments if one is not type(None)], value, path)
    elif origin is typing.Literal:
        _refuse(value not in arguments, f"{path}: {value!r} is not {arguments}")
    elif origin is list:
        _refuse(not isinstance(value, list), f"{path}: {value!r} is no list")
        for number, one in enumerate(value):
            check(arguments[0], one, f"{path}[{number}]")
    elif origin is dict:
        _refuse(not isinstance(value, dict), f"{path}: {value!r} is no object")
        for key, one in value.items():
            check(arguments[1], one, f"{path}.{key}")
    else:
        _check_one(kind, value, path)


def _check_one(kind: Any, value: Any, path: str) -> None:
    if issubclass(kind, Enum):
        _refuse(value not in [one.value for one in kind], f"{path}: {value!r} is unknown")
    elif kind is datetime.datetime:
        datetime.datetime.fromisoformat(value)
    elif kind in (str, int, bool, float):
        _refuse(type(value) is not kind, f"{path}: {value!r} is no {kind.__name__}")
    else:
        _check_model(kind, value, path)


def _check_any(kinds: list[Any], value: Any, path: str) -> None:
    troubles = []
    for kind in kinds:
        try:
            return check(kind, value, path)
        except Unknown as trouble:
            troubles.append(str(trouble))
    raise Unknown(troubles[0])


def _check_model(kind: Any, value: Any, path: str) -> None:
    _refuse(not isinstance(value, dict), f"{path}: {value!r} is no object")
    kind = _most_special(kind, value, path)
    kind({})  # its fields are known once an object exists
    fields = kind._attr_to_rest_field  # noqa: SLF001 - there is no public name
    names = {attribute: one._rest_name for attribute, one in fields.items()}  # noqa: SLF001
    unknown = set(value) - set(names.values())
    _refuse(unknown, f"{path}: {kind.__name__} has no {sorted(unknown)}")
    hints = typing.get_type_hints(kind, localns={"_models": models})
    stated = inspect.signature(typing.get_overloads(kind.__init__)[0]).parameters
    for attribute, name in names.items():
        if name in value:
            check(hints[attribute], value[name], f"{path}.{name}")
        elif attribute in stated:
            needed = stated[attribute].default is inspect.Parameter.empty
            _refuse(needed, f"{path}: {kind.__name__} needs {name}")


def _most_special(kind: Any, value: Json, path: str) -> Any:
    """Return the model that the key `type` selects, where there are several."""
    mapping: Json = {}
    below = [kind]
    while below:
        found = getattr(below.pop(), "__mapping__", {})
        mapping.update(found)
        below += [one for one in found.values() if getattr(one, "__mapping__", found) is not found]
    if not mapping:
        return kind
    special = mapping.get(str(value.get("type")))
    _refuse(special is None, f"{path}: {kind.__name__} {value.get('type')!r} is unknown")
    return special


def _is_expression(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"value", "type"}
        and value["type"] == "Expression"
        and "@" in value["value"]
    )


def _refuse(wrong: Any, sentence: str) -> None:
    if wrong:
        raise Unknown(sentence)
