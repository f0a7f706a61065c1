"""A fake `databricks` with the state of an account and its workspaces."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from .programs import Parser, State, same

ROLE = "roles/servicePrincipal.user"
PRIVILEGES = {
    "catalog": {"USE_CATALOG"},
    "schema": {"USE_SCHEMA", "CREATE_MODEL", "CREATE_MODEL_VERSION", "APPLY_TAG", "EXECUTE"},
    "volume": {"READ_VOLUME", "WRITE_VOLUME"},
}
COMMANDS = {  # each command's arguments and options
    "service-principals list": ([], ["--filter"]),
    "service-principals create": ([], ["--display-name", "--application-id?"]),
    "volumes list": (["catalog", "schema"], []),
    "volumes create": (["catalog", "schema", "name", "kind"], []),
    "grants get": (["kind", "what"], ["--principal"]),
    "grants update": (["kind", "what"], ["--json"]),
    "account-access-control-proxy get-rule-set": (["name", "etag"], []),
    "account-access-control-proxy update-rule-set": ([], ["--json"]),
    "workspace get-status": (["path"], []),
    "workspace mkdirs": (["path"], []),
    "permissions update": (["kind", "id"], ["--json"]),
}


def databricks(state: State, words: list[str], _: str) -> str:
    """Run a command and return its output."""
    for name in ("principals", "volumes", "folders"):
        state.setdefault(name, [])
    for name in ("grants", "rules", "permissions"):
        state.setdefault(name, {})
    command = " ".join(words[:2])
    options = words[2:]
    places, names = COMMANDS[command]
    parser = Parser(f"databricks {command}")
    for place in places:
        parser.add_argument(place)
    for name in names:
        parser.add_argument(name.rstrip("?"), dest=name.strip("-?"), required="?" not in name)
    if command != "workspace mkdirs":
        parser.add_argument("--output", choices=["json"], required=True)
    given = vars(parser.parse_args(options))
    body = json.loads(given["json"]) if "json" in given else None
    return json.dumps(DONE[command](state, given, body))


def list_principals(state: State, given: State, _: Any) -> Any:
    name = given["filter"].removeprefix("displayName eq ")
    return [each for each in state["principals"] if each["displayName"] == name]


def create_principal(state: State, given: State, _: Any) -> Any:
    number = given["application-id"] or f"databricks-{len(state['principals'])}"
    same(number in [each["applicationId"] for each in state["principals"]], False)
    state["principals"].append({"displayName": given["display-name"], "applicationId": number})
    return state["principals"][-1]


def volume(given: State) -> str:
    return f"{given['catalog']}.{given['schema']}"


def list_volumes(state: State, given: State, _: Any) -> Any:
    inside = [each.split(".") for each in state["volumes"] if each.startswith(volume(given))]
    return [{"name": parts[2]} for parts in inside]


def create_volume(state: State, given: State, _: Any) -> Any:
    same(given["kind"], "MANAGED")
    name = f"{volume(given)}.{given['name']}"
    same(name in state["volumes"], False)
    state["volumes"].append(name)
    return {}


def grants(state: State, given: State, body: Any, *, change: bool) -> Any:
    where = f"{given['kind']} {given['what']}"
    if given["kind"] == "volume":
        same(given["what"] in state["volumes"], True)
    known = state["grants"].setdefault(where, {}) if change else state["grants"].get(where, {})
    if not change:
        found = known.get(given["principal"])
        rights = {"principal": given["principal"], "privileges": found}
        return {"privilege_assignments": [rights]} if found else {}
    [entry] = body["changes"]
    same(entry.keys(), {"principal", "add"})
    same(set(entry["add"]) - PRIVILEGES[given["kind"]], set())
    same(entry["principal"] in [each["applicationId"] for each in state["principals"]], True)
    known[entry["principal"]] = sorted({*known.get(entry["principal"], []), *entry["add"]})
    return {}


def get_rules(state: State, given: State, _: Any) -> Any:
    same(given["etag"], "")
    return {"name": given["name"], "etag": "e1"} | state["rules"].get(given["name"], {})


def update_rules(state: State, _: State, body: Any) -> Any:
    same(body.keys(), {"name", "rule_set"})
    rules = body["rule_set"]
    same(
        (rules.pop("name"), rules.pop("etag"), rules.keys()), (body["name"], "e1", {"grant_rules"})
    )
    state["rules"][body["name"]] = rules
    return {}


def make_folder(state: State, given: State, _: Any) -> Any:
    state["folders"] = sorted({*state["folders"], given["path"]})
    return {}


def folder(state: State, given: State, _: Any) -> Any:
    return {"object_id": state["folders"].index(given["path"])}


def permit(state: State, given: State, body: Any) -> Any:
    same(given["kind"], "directories")
    [entry] = body["access_control_list"]
    same(entry.keys(), {"service_principal_name", "permission_level"})
    known = state["permissions"].setdefault(given["id"], {})
    known[entry["service_principal_name"]] = entry["permission_level"]
    return {}


DONE: dict[str, Callable[[State, State, Any], Any]] = {
    "service-principals list": list_principals,
    "service-principals create": create_principal,
    "volumes list": list_volumes,
    "volumes create": create_volume,
    "grants get": partial(grants, change=False),
    "grants update": partial(grants, change=True),
    "account-access-control-proxy get-rule-set": get_rules,
    "account-access-control-proxy update-rule-set": update_rules,
    "workspace mkdirs": make_folder,
    "workspace get-status": folder,
    "permissions update": permit,
}
