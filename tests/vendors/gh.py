"""A fake `gh` with the state of a GitHub repository."""

import json
import re
from typing import Any

from .programs import Parser, Refused, State, filtered, same

REPOSITORY = "bank/loan-risk"
BASE = f"repos/{REPOSITORY}"
RULES = {
    "deletion": None,
    "non_fast_forward": None,
    "pull_request": {
        "required_approving_review_count",
        "require_code_owner_review",
        "require_last_push_approval",
        "dismiss_stale_reviews_on_push",
        "required_review_thread_resolution",
    },
    "required_status_checks": {"strict_required_status_checks_policy", "required_status_checks"},
}


def gh(state: State, words: list[str], piped: str) -> str:
    """Run a command and return its output."""
    for name in ("environments", "variables"):
        state.setdefault(name, {})
    state.setdefault("rulesets", [])
    if words[:2] == ["variable", "set"]:
        return set_variable(state, words[2:])
    if words == ["auth", "token"]:
        return f"{state['token']}\n"
    parser = Parser("gh api")
    parser.add_argument("command", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--method", choices=["PUT", "POST"], default="GET")
    parser.add_argument("--input", choices=["-"])
    parser.add_argument("--jq")
    parser.add_argument("--silent", action="store_true")
    given = parser.parse_args(words)
    body = json.loads(piped) if given.input else None
    same(bool(body), given.method != "GET")
    found = answer(state, given.method, given.path, body)
    return filtered(given.jq, found) if given.jq else ""


def set_variable(state: State, words: list[str]) -> str:
    parser = Parser("gh variable set")
    parser.add_argument("name")
    for option in ("--repo", "--env", "--body"):
        parser.add_argument(option, required=True)
    given = parser.parse_args(words)
    same(given.repo, REPOSITORY)
    same(given.env in state["environments"], True)
    state["variables"].setdefault(given.env, {})[given.name] = given.body
    return ""


def answer(state: State, method: str, path: str, body: Any) -> Any:
    """Answer a request; its body must be as documented."""
    if method == "GET" and (team := re.fullmatch(r"orgs/bank/teams/([\w-]+)", path)):
        return {"id": state["teams"][team[1]]}
    if method == "GET" and path == f"{BASE}/actions/oidc/customization/sub":
        return state["subject"]
    if path.startswith(f"{BASE}/rulesets"):
        return rulesets(state, method, path.removeprefix(f"{BASE}/rulesets"), body)
    environment = re.fullmatch(f"{BASE}/environments/([\\w-]+)(/deployment-branch-policies)?", path)
    if not environment:
        raise Refused(path)
    if environment[2]:
        known = state["environments"][environment[1]]["branches"]
        if method == "POST":
            same(body.keys(), {"name", "type"})
            known.append(body)
        return {"branch_policies": known}
    same((method, body.keys()), ("PUT", {*ENVIRONMENT, "deployment_branch_policy"}))
    same(body["deployment_branch_policy"], {"protected_branches": False, **CUSTOM})
    before = state["environments"].get(environment[1], {"branches": []})
    state["environments"][environment[1]] = before | body
    return {}


ENVIRONMENT = ("reviewers", "prevent_self_review")
CUSTOM = {"custom_branch_policies": True}


def rulesets(state: State, method: str, which: str, body: Any) -> Any:
    if method == "GET" and not which:
        return [{"id": each["id"], "name": each["name"]} for each in state["rulesets"]]
    wanted = {"name", "target", "enforcement", "bypass_actors", "conditions", "rules"}
    same(body.keys(), wanted)
    same(body["conditions"].keys(), {"ref_name"})
    for rule in body["rules"]:
        parameters = RULES[rule["type"]]
        same(set(rule.get("parameters", {})), parameters or set())
    if method == "POST" and not which:
        same(body["name"] in [each["name"] for each in state["rulesets"]], False)
        state["rulesets"].append({"id": len(state["rulesets"]) + 7, **body})
    else:
        [known] = [r for r in state["rulesets"] if (method, f"/{r['id']}") == ("PUT", which)]
        known.update(body)
    return {}
