"""Ask Azure DevOps how an environment is protected, and who approved a stage."""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from approval import ask, exported
from commands import run

RUN_VARIABLE = "TF_BUILD"  # set in each run
RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"  # Azure DevOps, as Entra knows it


def as_person() -> dict[str, str]:
    """Return the variables of a run, for a person who is logged in with `az`."""
    options = ("--resource", RESOURCE, "--query", "accessToken", "--output", "tsv")
    return {
        "SYSTEM_COLLECTIONURI": exported("ORGANIZATION").rstrip("/") + "/",
        "SYSTEM_TEAMPROJECT": exported("PROJECT"),
        "SYSTEM_ACCESSTOKEN": run("az", "account", "get-access-token", *options).strip(),
    }


def missing_protection(environment: str) -> str:
    """Return what is wrong with the checks of an environment, "" where it is protected."""
    query = f"name={quote(environment)}&api-version=7.1"
    environments = azure(f"distributedtask/environments?{query}")["value"]
    numbers = [each["id"] for each in environments if each["name"] == environment]
    if not numbers:
        return "Azure DevOps does not have it"
    query = f"resourceType=environment&resourceId={numbers[0]}&$expand=settings"
    checks = azure(f"pipelines/checks/configurations?{query}&api-version=7.1-preview.1")["value"]
    approvals = [
        check["settings"]
        for check in checks
        if check["type"]["name"] == "Approval" and not check.get("isDisabled")
    ]
    if not any(settings.get("approvers") for settings in approvals):
        return "it has no approval check"
    if not all(settings.get("requesterCannotBeApprover") for settings in approvals):
        return "the person who starts a run may approve it"
    return ""


def approvers(_: str) -> list[str]:
    """Return who approved the current stage."""
    timeline = azure(f"build/builds/{os.environ['BUILD_BUILDID']}/timeline?api-version=7.1")
    records = {record["id"]: record for record in timeline["records"]}
    stage = os.environ["SYSTEM_STAGENAME"]
    names = []
    for record in records.values():
        identifiers = {each["identifier"] for each in ancestors(record, records)}
        if record["type"] != "Checkpoint.Approval" or stage not in identifiers:
            continue
        approval = azure(f"pipelines/approvals/{record['id']}?$expand=steps&api-version=7.1")
        approved_steps = [step for step in approval["steps"] if step["status"] == "approved"]
        names += [step["actualApprover"]["uniqueName"] for step in approved_steps]
    return names


def ancestors(record: dict[str, Any], records: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parent of a record of the timeline, then the parent's parent, and so on."""
    parent = records.get(record.get("parentId") or "")
    while parent:
        yield parent
        parent = records.get(parent.get("parentId") or "")


def azure(path: str) -> Any:
    """Return the answer of Azure DevOps about the project of this run."""
    base = os.environ["SYSTEM_COLLECTIONURI"] + quote(os.environ["SYSTEM_TEAMPROJECT"])
    return ask(f"{base}/_apis/{path}", "SYSTEM_ACCESSTOKEN", "Authorization", "Bearer {}")
