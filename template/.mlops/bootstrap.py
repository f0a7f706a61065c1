"""Write the scripts that set up vendors for this project: one for each person who has the rights.

They are plain bash, to be read and then run by that person; running one again changes nothing. What
only the person knows is asked from variables, and told when missing before anything is done.
"""

import re
import shlex
import sys
from pathlib import Path

from codeowners import azure_policies, read_owners
from commands import Refusal
from read_back import check
from workspaces import read_workspaces

HERE = Path(__file__).parent / "bootstrap"
OUT = Path("build/bootstrap")
HEADER = """\
#!/usr/bin/env bash
# Written by `uvx nox -s bootstrap` from .copier-answers.yml, CODEOWNERS and conf/: change those.
#"""
ASKED = {
    "ORGANIZATION": "the organization, such as https://dev.azure.com/bank",
    "PROJECT": "the project of Azure DevOps",
    "REPOSITORY": "the path of the repository, such as bank/loan-risk",
    "APPROVERS": "the group that approves for prod, as the vendor names it",
    "TENANT": "the ID of the directory in Entra",
    "SUBSCRIPTION": "the ID of the subscription of {env}",
    "CLIENT_ID": "entra.sh tells it at its end",
    "ACCOUNT": "the ID of the Databricks account",
    "WORKSPACE": "the resource ID of the Databricks workspace of {env}",
    "FACTORY": "the resource ID of the data factory of {env}",
    "CLUSTER": "the resource ID of the AKS cluster of {env}",
    "NAMESPACE": "the same, with /namespaces/<namespace> after it",
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
    """Return the answers that are one word, and the team's mail address."""
    text = Path(".copier-answers.yml").read_text(encoding="utf-8")
    words = dict(re.findall(r"^(\w+): *([\w-]+)$", text, re.MULTILINE))
    mail = re.search(r"^team:[^<]*<([^>]+)>", text, re.MULTILINE)
    return words | ({"mail": mail[1]} if mail else {})


def scripts(answers: dict[str, str], owners: list[tuple[str, str]]) -> dict[str, str]:
    """Return the text of each script by its name; raises Refusal where there is none."""
    ci, compute = answers.get("ci", "none"), answers.get("compute", "local")
    deployed = compute != "local"
    places = [compute, answers.get("orchestrator", "")] if deployed else []
    found = {}
    deploying = ["APPROVERS", "TENANT", *each("SUBSCRIPTION"), *each("CLIENT_ID")]
    approvals = f"approvals={2 if answers.get('risk_tier') == 'high' else 1}"
    mail = f"mail={shlex.quote(answers.get('mail', ''))}"
    if ci == "azure-devops":
        basic = ["ORGANIZATION", "PROJECT"]
        facts = [array("owners", azure_policies(owners)), approvals]
        found["repository.sh"] = (basic, facts, ["azure-devops/repository.sh"])
        parts = ["azure-devops/ci.sh", "azure-devops/environments.sh"]
        found["ci.sh"] = (basic + deploying * deployed, [mail], parts[: 1 + deployed])
    if ci == "github":
        facts = [array("checks", jobs(Path(".github/workflows/checks.yml"))), approvals]
        found["repository.sh"] = (["REPOSITORY"], facts, ["github/repository.sh"])
        parts = ["github/ci.sh", "github/environments.sh"]
        found["ci.sh"] = (["REPOSITORY"] + deploying * deployed, [], parts[: 1 + deployed])
    if ci == "gitlab":
        api = (HERE / "gitlab/api.sh").read_text(encoding="utf-8").rstrip()
        found["repository.sh"] = (["REPOSITORY"], [approvals, api], ["gitlab/repository.sh"])
        parts = ["gitlab/ci.sh", "gitlab/environments.sh"]
        found["ci.sh"] = (["REPOSITORY"] + deploying * deployed, [mail, api], parts[: 1 + deployed])
    if ci != "none" and deployed:
        roles = [(key, role) for place in places for key, role in ROLES.get(place, {}).items()]
        given = [f"{env}|{role}|${env.upper()}_{key}" for env in DEPLOYED for key, role in roles]
        asked = [name for key, _ in roles for name in each(key)]
        found["entra.sh"] = (asked, [array("roles", given)], ["entra.sh"])
    if compute == "databricks":
        asked = each("CLIENT_ID") if ci != "none" else []
        known = read_workspaces(DEPLOYED)
        given = [f"{line}|${line.split('|')[0].upper()}_CLIENT_ID" for line in known]
        lines = array("environments", given if asked else [f"{line}|" for line in known])
        if known:
            found["databricks.sh"] = (["ACCOUNT", *asked], [lines], ["databricks.sh"])
        else:
            print("Once conf/test.yml has its `deployment:`, run this again for Databricks.")
    if not found:
        raise Refusal("There is nothing to set up: neither `ci` nor `compute` names a vendor.")
    name = f"name={answers['project_name']}"
    return {
        script: whole([*map(ask, asked), name, *facts], parts)
        for script, (asked, facts, parts) in found.items()
    }


def whole(facts: list[str], parts: list[str]) -> str:
    """Return a script: who runs it, what is known and what is asked, and the commands."""
    text = "\n".join((HERE / part).read_text(encoding="utf-8") for part in parts)
    about, _, commands = text.partition("\n\n")
    return "\n".join([HEADER, about, "set -euo pipefail", *facts, "", commands])


def jobs(workflow: Path) -> list[str]:
    """Return the names of a workflow's jobs, which are those of its checks."""
    return re.findall(r"^    name: (.+)$", workflow.read_text(encoding="utf-8"), re.MULTILINE)


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


if __name__ == "__main__":
    sys.exit(main())
