"""What Azure DevOps says of an environment's protection, and of who approved a stage."""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from approval import ask, exported
from commands import run

MARK = "TF_BUILD"  # a variable of each run
RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"  # Azure DevOps, as Entra knows it


def as_person() -> dict[str, str]:
    """Return the variables of a run for a person who is logged in by `az`."""
    token = ("--resource", RESOURCE, "--query", "accessToken", "--output", "tsv")
    return {
        "SYSTEM_COLLECTIONURI": exported("ORGANIZATION").rstrip("/") + "/",
        "SYSTEM_TEAMPROJECT": exported("PROJECT"),
        "SYSTEM_ACCESSTOKEN": run("az", "account", "get-access-token", *token).strip(),
    }


def missing_protection(environment: str) -> str:
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


def approvers(_: str) -> list[str]:
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
