"""Ask GitLab how an environment is protected, and who approved a deployment."""

import os
from typing import Any
from urllib.parse import quote

from approval import ask, exported

RUN_VARIABLE = "GITLAB_CI"  # set in each job


def as_person() -> dict[str, str]:
    """Return the variables of a job, for a person whose PROTECTION_TOKEN can read the project."""
    return {
        "CI_API_V4_URL": os.environ.get("CI_API_V4_URL", "https://gitlab.com/api/v4"),
        "CI_PROJECT_ID": exported("REPOSITORY").replace("/", "%2F"),
    }


def missing_protection(environment: str) -> str:
    """Return what is wrong with the rules of an environment, "" where it is protected."""
    rules = gitlab(f"/protected_environments/{quote(environment, safe='')}")
    if not any(rule["required_approvals"] for rule in rules.get("approval_rules") or []):
        return "it has no approval rule"
    if gitlab("").get("allow_pipeline_trigger_approve_deployment", True):
        return "the person who starts a pipeline may approve it"
    return ""


def approvers(environment: str) -> list[str]:
    """Return who approved the deployment of this job."""
    job = int(os.environ["CI_JOB_ID"])
    query = f"environment={quote(environment, safe='')}&order_by=id&sort=desc"
    for deployment in gitlab(f"/deployments?{query}"):
        if (deployment.get("deployable") or {}).get("id") == job:
            approvals = gitlab(f"/deployments/{deployment['id']}").get("approvals", [])
            return [each["user"]["username"] for each in approvals if each["status"] == "approved"]
    return []


def gitlab(path: str) -> Any:
    """Return the answer of GitLab about the project of this job, whose own token may not ask."""
    base = f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}"
    return ask(f"{base}{path}", "PROTECTION_TOKEN", "PRIVATE-TOKEN", "{}")
