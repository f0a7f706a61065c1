"""A fake `glab` with the state of a GitLab project."""

import json
import re
from typing import Any

from .programs import Parser, Refused, State, same

PROJECT = "projects/bank%2Floan-risk"
SETTINGS = {
    "only_allow_merge_if_pipeline_succeeds",
    "allow_merge_on_skipped_pipeline",
    "allow_pipeline_trigger_approve_deployment",
    "ci_id_token_sub_claim_components",
}
APPROVALS = {
    "merge_requests_author_approval",
    "merge_requests_disable_committers_approval",
    "reset_approvals_on_push",
    "disable_overriding_approvers_per_merge_request",
}
MAILS = {"recipients", "notify_only_broken_pipelines", "branches_to_be_notified"}
LISTS = {  # the fields of a list's entries, and the one that names it in an address
    "approval_rules": ({"name", "rule_type", "approvals_required"}, "id"),
    "pipeline_schedules": ({"description", "ref", "cron", "cron_timezone", "active"}, "id"),
    "environments": ({"name", "tier"}, "id"),
    "protected_environments": ({"name", "approval_rules", "deploy_access_levels"}, "name"),
    "variables": ({"key", "value", "environment_scope", "protected"}, "key"),
}
BORN = {  # the defaults of a new project
    "project": {
        "web_url": "https://gitlab.bank.example/bank/loan-risk",
        "allow_pipeline_trigger_approve_deployment": True,
    },
    "approvals": {},
    "mails": {},
    "main": {"allow_force_push": False, "push_access_levels": [{"id": 3, "access_level": 40}]},
    **{name: [] for name in LISTS},
}


def glab(state: State, words: list[str], piped: str) -> str:
    """Run a command and return its output."""
    for name, born in BORN.items():
        state.setdefault(name, json.loads(json.dumps(born)))
    parser = Parser("glab api")
    parser.add_argument("command", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--method", choices=["PUT", "POST", "PATCH"], default="GET")
    parser.add_argument("--input", choices=["-"])
    parser.add_argument("--header", choices=["Content-Type: application/json"])
    given = parser.parse_args(words)
    same(bool(given.input), given.method != "GET")
    same(bool(given.header), given.method != "GET")
    body = json.loads(piped) if given.input else None
    return json.dumps(answer(state, given.method, given.path, body))


def answer(state: State, method: str, path: str, body: Any) -> Any:
    """Answer a request; its body must be as documented."""
    if group := re.fullmatch(r"groups/([\w%-]+)", path):
        return {"id": state["groups"][group[1]]}
    if not path.startswith(PROJECT):
        raise Refused(path)
    rest, _, query = path.removeprefix(PROJECT).partition("?")
    name, _, which = rest.removeprefix("/").partition("/")
    if not name:
        return settings(state["project"], "PUT", method, body, SETTINGS)
    if name == "approvals":
        return settings(state["approvals"], "POST", method, body, APPROVALS)
    if (name, which, method) == ("integrations", "pipelines-email", "PUT"):
        return settings(state["mails"], "PUT", method, body, MAILS)
    if name == "protected_branches":
        return main(state["main"], method, which, body)
    return listed(state[name], method, f"{name}/{which}", body, query)


def listed(entries: list[State], method: str, path: str, body: Any, query: str) -> Any:
    """Show the entries of a list, add one, or change one."""
    name, _, which = path.partition("/")
    keys, key = LISTS[name]
    if method == "GET":
        same(which, "")
        wanted = query.removeprefix("name=") if query.startswith("name=") else ""
        return [each for each in entries if wanted in {"", each.get("name")}]
    if method == "POST":
        same((which, set(body)), ("", keys))
        entries.append({"id": len(entries) + 7, **body})
        return {}
    same((method, set(body) <= keys), ("PUT", True))
    scope = query.removeprefix("filter[environment_scope]=")
    [known] = [
        each
        for each in entries
        if str(each[key]) == which and each.get("environment_scope", "") == scope
    ]
    known.update(body)
    return {}


def settings(known: State, way: str, method: str, body: Any, keys: set[str]) -> Any:
    """Show settings, or change some."""
    if method == "GET":
        return known
    same((method, set(body) <= keys), (way, True))
    known.update(body)
    return {}


def main(known: State, method: str, which: str, body: Any) -> Any:
    """Show the protection of main, or change it."""
    if method == "GET":
        return [{"name": "main", **known}]
    same((method, which), ("PATCH", "main"))
    same(body.keys(), {"allow_force_push", "code_owner_approval_required", "allowed_to_push"})
    for change in body.pop("allowed_to_push"):
        if change.get("_destroy"):
            known["push_access_levels"] = [
                level for level in known["push_access_levels"] if level["id"] != change["id"]
            ]
        else:
            known["push_access_levels"].append({"id": 9, **change})
    known.update(body)
    return {}
