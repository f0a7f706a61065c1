"""What GitHub says of an environment's protection, and of who approved a run."""

import os
from typing import Any
from urllib.parse import quote

from approval import ask, exported
from commands import run

MARK = "GITHUB_ACTIONS"  # a variable of each run


def as_person() -> dict[str, str]:
    """Return the variables of a run for a person who is logged in by `gh`."""
    return {
        "GITHUB_API_URL": os.environ.get("GITHUB_API_URL", "https://api.github.com"),
        "GITHUB_REPOSITORY": exported("REPOSITORY"),
        "GITHUB_TOKEN": run("gh", "auth", "token").strip(),
    }


def missing_protection(environment: str) -> str:
    """Return what the rules of an environment of GitHub lack."""
    rules = github(f"environments/{quote(environment, safe='')}").get("protection_rules", [])
    people = [rule for rule in rules if rule["type"] == "required_reviewers" and rule["reviewers"]]
    if not people:
        return "it has no required reviewers"
    if not all(rule.get("prevent_self_review") for rule in people):
        return "who starts a run may approve it"
    return ""


def approvers(environment: str) -> list[str]:
    """Return who approved this run for an environment."""
    given = github(f"actions/runs/{os.environ['GITHUB_RUN_ID']}/approvals")
    return [
        approval["user"]["login"]
        for approval in given
        if approval["state"] == "approved"
        and environment in [each["name"] for each in approval["environments"]]
    ]


def github(path: str) -> Any:
    """Ask GitHub about the repository of this run."""
    base = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}"
    return ask(f"{base}/{path}", "GITHUB_TOKEN", "Authorization", "Bearer {}")
