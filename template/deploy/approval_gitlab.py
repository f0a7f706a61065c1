"""What GitLab says of an environment's protection, and of who approved a deployment."""

import os
from typing import Any
from urllib.parse import quote

from approval import ask, exported

MARK = "GITLAB_CI"  # a variable of each job


def as_person() -> dict[str, str]:
    """Return the variables of a job for a person, whose PROTECTION_TOKEN may read the project."""
    return {
        "CI_API_V4_URL": os.environ.get("CI_API_V4_URL", "https://gitlab.com/api/v4"),
        "CI_PROJECT_ID": exported("REPOSITORY").replace("/", "%2F"),
    }


def missing_protection(environment: str) -> str:
    """Return what the rules of a protected environment of GitLab lack."""
    rules = gitlab(f"/protected_environments/{quote(environment, safe='')}")
    if not any(rule["required_approvals"] for rule in rules.get("approval_rules") or []):
        return "it has no approval rule"
    if gitlab("").get("allow_pipeline_trigger_approve_deployment", True):
        return "who starts a pipeline may approve it"
    return ""


def approvers(environment: str) -> list[str]:
    """Return who approved the deployment that this job makes."""
    of = f"environment={quote(environment, safe='')}&order_by=id&sort=desc"
    job = int(os.environ["CI_JOB_ID"])
    mine = [d for d in gitlab(f"/deployments?{of}") if (d.get("deployable") or {}).get("id") == job]
    given = gitlab(f"/deployments/{mine[0]['id']}").get("approvals", []) if mine else []
    return [each["user"]["username"] for each in given if each["status"] == "approved"]


def gitlab(path: str) -> Any:
    """Ask GitLab about the project of this job; the job's own token may not."""
    base = f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}"
    return ask(f"{base}{path}", "PROTECTION_TOKEN", "PRIVATE-TOKEN", "{}")
