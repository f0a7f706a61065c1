"""Ask the vendor of the pipelines how an environment is protected, and who approved this run.

Where the answer is not that another person must approve, or there is none, prod stays closed.
"""

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from commands import Refusal

MARK = {"azure-devops": "TF_BUILD", "github": "GITHUB_ACTIONS", "gitlab": "GITLAB_CI"}


def require_protection(environment: str) -> None:
    """Refuse an environment that a pipeline may reach without another person's approval.

    A project without pipelines is deployed by a person's hand, who is asked for nothing here.
    Raises Refusal where the vendor says so, or does not say.
    """
    vendor = vendor_of_this_run()
    if vendor and (lack := PROTECTION[vendor](environment)):
        raise Refusal(f"The environment {environment} is not protected: {lack}. Mend that first.")


def approvers(environment: str) -> list[str]:
    """Return who approved that this run reaches the environment; nobody without pipelines."""
    vendor = vendor_of_this_run()
    return APPROVERS[vendor](environment) if vendor else []


def vendor_of_this_run() -> str:
    """Return the vendor that the answers name; raises Refusal outside of its pipelines."""
    answers = Path(".copier-answers.yml").read_text(encoding="utf-8")
    named = re.search(r"^ci: *([\w-]+)", answers, re.MULTILINE)
    vendor = named[1] if named else "none"
    if vendor == "none":
        return ""
    if MARK[vendor] not in os.environ:
        raise Refusal("prod is reached by the pipeline alone, which asks for an approval.")
    return vendor


def azure_lacks(environment: str) -> str:
    """Return what the checks of an environment of Azure DevOps lack."""
    name = f"distributedtask/environments?name={quote(environment)}&api-version=7.1"
    found = [e for e in azure(name)["value"] if e["name"] == environment]
    if not found:
        return "Azure DevOps does not know it"
    of = f"resourceType=environment&resourceId={found[0]['id']}&$expand=settings"
    checks = azure(f"pipelines/checks/configurations?{of}&api-version=7.1-preview.1")["value"]
    rules = [c for c in checks if c["type"]["name"] == "Approval" and not c.get("isDisabled")]
    if not any(rule["settings"].get("approvers") for rule in rules):
        return "it has no approval check"
    if not all(rule["settings"].get("requesterCannotBeApprover") for rule in rules):
        return "who starts a run may approve it"
    return ""


def azure_approvers(_: str) -> list[str]:
    """Return who approved the stage that runs now."""
    records = azure(f"build/builds/{os.environ['BUILD_BUILDID']}/timeline?api-version=7.1")
    by_id = {record["id"]: record for record in records["records"]}
    stage = os.environ["SYSTEM_STAGENAME"]
    names = []
    for record in by_id.values():
        above = {each["identifier"] for each in ancestors(record, by_id)}
        if record["type"] == "Checkpoint.Approval" and stage in above:
            approval = azure(f"pipelines/approvals/{record['id']}?$expand=steps&api-version=7.1")
            done = [step for step in approval["steps"] if step["status"] == "approved"]
            names += [step["actualApprover"]["uniqueName"] for step in done]
    return names


def ancestors(record: dict[str, Any], by_id: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a record of a timeline lies in, from the inside."""
    while record := by_id.get(record.get("parentId") or "", {}):
        yield record


def azure(path: str) -> Any:
    """Ask Azure DevOps about the project of this run."""
    base = os.environ["SYSTEM_COLLECTIONURI"] + quote(os.environ["SYSTEM_TEAMPROJECT"])
    return ask(f"{base}/_apis/{path}", "SYSTEM_ACCESSTOKEN", "Authorization", "Bearer {}")


def github_lacks(environment: str) -> str:
    """Return what the rules of an environment of GitHub lack."""
    rules = github(f"environments/{quote(environment, safe='')}").get("protection_rules", [])
    people = [rule for rule in rules if rule["type"] == "required_reviewers" and rule["reviewers"]]
    if not people:
        return "it has no required reviewers"
    if not all(rule.get("prevent_self_review") for rule in people):
        return "who starts a run may approve it"
    return ""


def github_approvers(environment: str) -> list[str]:
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


def gitlab_lacks(environment: str) -> str:
    """Return what the rules of a protected environment of GitLab lack."""
    rules = gitlab(f"/protected_environments/{quote(environment, safe='')}")
    if not any(rule["required_approvals"] for rule in rules.get("approval_rules") or []):
        return "it has no approval rule"
    if gitlab("").get("allow_pipeline_trigger_approve_deployment", True):
        return "who starts a pipeline may approve it"
    return ""


def gitlab_approvers(environment: str) -> list[str]:
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


def ask(url: str, variable: str, header: str, form: str) -> Any:
    """Return what an address answers; raises Refusal where it does not, or nobody may ask."""
    token = os.environ.get(variable)
    if not token:
        raise Refusal(f"The variable {variable} is missing, so nobody knows whether prod is safe.")
    request = urllib.request.Request(url, headers={header: form.format(token)})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the vendor's
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refusal(f"{url} answers {error.code}, so prod stays closed.") from None
    except (OSError, ValueError) as error:
        raise Refusal(f"{url} does not answer ({error}), so prod stays closed.") from None


PROTECTION: dict[str, Callable[[str], str]] = {
    "azure-devops": azure_lacks,
    "github": github_lacks,
    "gitlab": gitlab_lacks,
}
APPROVERS: dict[str, Callable[[str], list[str]]] = {
    "azure-devops": azure_approvers,
    "github": github_approvers,
    "gitlab": gitlab_approvers,
}
