"""Write the scripts that set up vendors for this project: one for each person who has the rights.

They are plain bash, to be read and then run by that person; running one again changes nothing. What
only the person knows is asked from variables, and told when missing before anything is done.
"""

import os
import re
import shlex
import sys
from pathlib import Path

from approval import PROTECTION
from codeowners import azure_policies, read_owners
from commands import Refusal, run

HERE = Path(__file__).parent / "bootstrap"
OUT = Path("build/bootstrap")
HEADER = """\
#!/usr/bin/env bash
# Written by `uvx nox -s bootstrap` from .copier-answers.yml, CODEOWNERS and conf/: change those.
#"""
ASKED = {
    "ORGANIZATION": "the organization, such as https://dev.azure.com/bank",
    "PROJECT": "the project of Azure DevOps",
    "APPROVERS": "the name or address of the group that approves for prod",
    "TENANT": "the ID of the directory in Entra",
    "SUBSCRIPTION": "the ID of the subscription of {env}",
    "CLIENT_ID": "entra.sh tells it at its end",
    "WORKSPACE": "the resource ID of the Databricks workspace of {env}",
    "FACTORY": "the resource ID of the data factory of {env}",
    "CLUSTER": "the resource ID of the AKS cluster of {env}",
    "NAMESPACE": "the resource ID of the cluster, with /namespaces/<namespace> after it",
}
ROLES = {
    "databricks": {"WORKSPACE": "Reader"},  # to log in; what it may do there tells databricks.sh
    "data-factory": {"FACTORY": "Data Factory Contributor"},
    "kubernetes": {
        "CLUSTER": "Azure Kubernetes Service Cluster User Role",
        "NAMESPACE": "Azure Kubernetes Service RBAC Writer",
    },
}
DEPLOYED = ("test", "prod")
AZURE = "499b84ac-1321-427f-aa17-267ca6975798"  # Azure DevOps, as Entra knows it


def main() -> int:
    """Write build/bootstrap, or `check` prod; return 1 and say why where that fails."""
    try:
        if sys.argv[1:] == ["check"]:
            print(check(read_answers()))
        else:
            write(scripts(read_answers(), read_owners(Path("CODEOWNERS"))))
    except Refusal as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def write(written: dict[str, str]) -> None:
    """Write the scripts, and say for whom each is."""
    OUT.mkdir(parents=True, exist_ok=True)
    for file in OUT.glob("*.sh"):
        file.unlink()
    for name, text in written.items():
        (OUT / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{OUT.as_posix()}/{name}: {re.findall('# Who runs this: (.*)', text)[0]}")


def read_answers() -> dict[str, str]:
    """Return the answers that are one word."""
    text = Path(".copier-answers.yml").read_text(encoding="utf-8")
    return dict(re.findall(r"^(\w+): *([\w-]+)$", text, re.MULTILINE))


def scripts(answers: dict[str, str], owners: list[tuple[str, str]]) -> dict[str, str]:
    """Return the text of each script by its name; raises Refusal where there is none."""
    ci, compute = answers.get("ci", "none"), answers.get("compute", "local")
    deployed = compute != "local"
    places = [compute, answers.get("orchestrator", "")] if deployed else []
    found = {}
    if ci == "azure-devops":
        basic = ["ORGANIZATION", "PROJECT"]
        more = ["APPROVERS", "TENANT", *each("SUBSCRIPTION"), *each("CLIENT_ID")]
        facts = [array("owners", azure_policies(owners))]
        facts += [f"approvals={2 if answers.get('risk_tier') == 'high' else 1}"]
        found["repository.sh"] = (basic, facts, ["azure-devops/repository.sh"])
        parts = ["azure-devops/ci.sh", "azure-devops/environments.sh"]
        found["ci.sh"] = (basic + more * deployed, [], parts[: 1 + deployed])
    if ci != "none" and deployed:
        roles = [(key, role) for place in places for key, role in ROLES.get(place, {}).items()]
        given = [f"{env}|{role}|${env.upper()}_{key}" for env in DEPLOYED for key, role in roles]
        asked = [name for key, _ in roles for name in each(key)]
        found["entra.sh"] = (asked, [array("roles", given)], [f"{ci}/entra.sh", "entra.sh"])
    if not found:
        raise Refusal("There is nothing to set up: neither `ci` nor `compute` names a vendor.")
    name = f"name={answers['project_name']}"
    return {
        script: whole([*map(ask, asked), name, *facts], parts)
        for script, (asked, facts, parts) in found.items()
    }


def whole(facts: list[str], parts: list[str]) -> str:
    """Return a script: who runs it, what is known and what is asked, and the commands."""
    text = "".join((HERE / part).read_text(encoding="utf-8") for part in parts)
    about, _, commands = text.partition("\n\n")
    return "\n".join([HEADER, about, "set -euo pipefail", *facts, "", commands])


def check(answers: dict[str, str]) -> str:
    """Ask the vendor in a person's name what a pipeline asks before prod; raises Refusal."""
    vendor, environment = answers.get("ci", "none"), f"{answers['project_name']}-prod"
    if vendor not in PROTECTION:
        raise Refusal("There is nothing to check: `ci` names no vendor.")
    os.environ |= KNOWN[vendor]()
    if lack := PROTECTION[vendor](environment):
        raise Refusal(f"The environment {environment} is not protected: {lack}.")
    return f"Nobody reaches {environment} by a pipeline without another person's approval."


def azure_run() -> dict[str, str]:
    """Return what a run at Azure DevOps is told, for a person who is logged in."""
    words = ("--resource", AZURE, "--query", "accessToken", "--output", "tsv")
    return {
        "SYSTEM_COLLECTIONURI": told("ORGANIZATION").rstrip("/") + "/",
        "SYSTEM_TEAMPROJECT": told("PROJECT"),
        "SYSTEM_ACCESSTOKEN": run("az", "account", "get-access-token", *words).strip(),
    }


def told(variable: str) -> str:
    """Return what the person said; raises Refusal where that is missing."""
    if not os.environ.get(variable):
        raise Refusal(f"{variable} is missing: {ASKED[variable]}.")
    return os.environ[variable]


def each(name: str) -> list[str]:
    """Return the variable of each environment that a release goes to."""
    return [f"{env.upper()}_{name}" for env in DEPLOYED]


def ask(variable: str) -> str:
    """Return the line that ends a script where a variable is missing."""
    env, _, rest = variable.partition("_")
    meaning = ASKED.get(variable) or ASKED[rest].format(env=env.lower())
    return f': "${variable}"'.replace(variable, "{" + f"{variable}:?is missing: {meaning}" + "}")


def array(name: str, values: list[str]) -> str:
    """Return the lines that give a script a list; a value may name a variable."""
    lines = [f'  "{value}"' if "$" in value else f"  {shlex.quote(value)}" for value in values]
    return "\n".join([f"{name}=(", *lines, ")"])


KNOWN = {"azure-devops": azure_run}

if __name__ == "__main__":
    sys.exit(main())
