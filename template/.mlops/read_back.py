"""Ask the vendor of the pipelines in a person's name what a pipeline asks before prod.

A person logs in by the vendor's own program, and names what a run is told by itself.
"""

import os

from approval import PROTECTION
from commands import Refusal, run

AZURE = "499b84ac-1321-427f-aa17-267ca6975798"  # Azure DevOps, as Entra knows it


def check(answers: dict[str, str]) -> str:
    """Return that prod is protected; raises Refusal where it is not, or nobody says so."""
    vendor, environment = answers.get("ci", "none"), f"{answers['project_name']}-prod"
    if vendor not in PROTECTION:
        raise Refusal("There is nothing to check: `ci` names no vendor.")
    os.environ |= RUNS[vendor]()
    if lack := PROTECTION[vendor](environment):
        raise Refusal(f"The environment {environment} is not protected: {lack}.")
    return f"Nobody reaches {environment} by a pipeline without another person's approval."


def azure() -> dict[str, str]:
    """Return what a run at Azure DevOps is told."""
    words = ("--resource", AZURE, "--query", "accessToken", "--output", "tsv")
    return {
        "SYSTEM_COLLECTIONURI": told("ORGANIZATION").rstrip("/") + "/",
        "SYSTEM_TEAMPROJECT": told("PROJECT"),
        "SYSTEM_ACCESSTOKEN": run("az", "account", "get-access-token", *words).strip(),
    }


def github() -> dict[str, str]:
    """Return what a run at GitHub is told."""
    return {
        "GITHUB_API_URL": os.environ.get("GITHUB_API_URL", "https://api.github.com"),
        "GITHUB_REPOSITORY": told("REPOSITORY"),
        "GITHUB_TOKEN": run("gh", "auth", "token").strip(),
    }


def gitlab() -> dict[str, str]:
    """Return what a job at GitLab is told; the token is one that may read the project."""
    return {
        "CI_API_V4_URL": os.environ.get("CI_API_V4_URL", "https://gitlab.com/api/v4"),
        "CI_PROJECT_ID": told("REPOSITORY").replace("/", "%2F"),
    }


def told(variable: str) -> str:
    """Return what the person said; raises Refusal where that is missing."""
    if not os.environ.get(variable):
        raise Refusal(f"{variable} is missing: export it, as for the scripts of bootstrap.")
    return os.environ[variable]


RUNS = {"azure-devops": azure, "github": github, "gitlab": gitlab}
