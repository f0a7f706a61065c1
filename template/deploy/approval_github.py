"""Ask GitHub how an environment is protected, and who approved a run."""

import os
from typing import Any
from urllib.parse import quote

from approval import ask, exported
from commands import run

RUN_VARIABLE = "GITHUB_ACTIONS"  # set in each run


def as_person() -> dict[str, str]:
    """Return the variables of a run, for a person who is logged in with `gh`."""
    return {
        "GITHUB_API_URL": os.environ.get("GITHUB_API_URL", "https://api.github.com"),
        "GITHUB_REPOSITORY": exported("REPOSITORY"),
        "GITHUB_TOKEN": run("gh", "auth", "token").strip(),
    }


def missing_protection(environment: str) -> str:
    """Return what is wrong with the rules of an environment, "" where it is protected."""
    rules = github(f"environments/{quote(environment, safe='')}").get("protection_rules", [])
    reviews = [rule for rule in rules if rule["type"] == "required_reviewers" and rule["reviewers"]]
    if not reviews:
        return "it has no required reviewers"
    if not all(rule.get("prevent_self_review") for rule in reviews):
        return "the person who starts a run may approve it"
    return ""


def approvers(environment: str) -> list[str]:
    """Return who approved this run for an environment."""
    approvals = github(f"actions/runs/{os.environ['GITHUB_RUN_ID']}/approvals")
    return [
        approval["user"]["login"]
        for approval in approvals
        if approval["state"] == "approved"
        and environment in [each["name"] for each in approval["environments"]]
    ]


def github(path: str) -> Any:
    """Return the answer of GitHub about the repository of this run."""
    base = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}"
    return ask(f"{base}/{path}", "GITHUB_TOKEN", "Authorization", "Bearer {}")
