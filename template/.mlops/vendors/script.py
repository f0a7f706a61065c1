"""A script of bootstrap: plain bash that a person reads, and then runs with that person's rights.

Variables contain what only the person knows; if one is missing, the script ends before it acts.
"""

import shlex
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
DEPLOYED = ("test", "prod")  # the environments to which a release is deployed
HEADER = """\
#!/usr/bin/env bash
# Written by `uvx nox -s bootstrap` from .copier-answers.yml, CODEOWNERS and conf/: edit those.
#"""
MEANINGS = {
    "ORGANIZATION": "the organization, such as https://dev.azure.com/bank",
    "PROJECT": "the project of Azure DevOps",
    "REPOSITORY": "the path of the repository, such as bank/loan-risk",
    "APPROVERS": "the group that approves for prod, as the vendor names it",
    "TENANT": "the ID of the directory in Entra",
    "SUBSCRIPTION": "the ID of the subscription of {env}",
    "CLIENT_ID": "entra.sh prints it at its end",
    "ACCOUNT": "the ID of the Databricks account",
    "WORKSPACE": "the resource ID of the Databricks workspace of {env}",
    "FACTORY_GROUP": "the ID of the resource group of the data factory of {env}",
    "CLUSTER": "the resource ID of the AKS cluster of {env}",
    "NAMESPACE": "the same, with /namespaces/<namespace> after it",
}


@dataclass(frozen=True)
class Project:
    """What the scripts of every vendor need to know about a project."""

    name: str
    mail: str
    ci: str
    compute: str
    orchestrator: str
    risk_tier: str

    @property
    def is_deployed(self) -> bool:
        """Whether a release is deployed anywhere."""
        return self.compute != "local"

    @property
    def approvals(self) -> str:
        """How many other people must approve a change of main."""
        return "2" if self.risk_tier == "high" else "1"


@dataclass(frozen=True)
class Script:
    """The parts of a script, and the variables that it needs."""

    files: list[str]
    """Files below this folder. The first one starts with a comment: who runs it, and why."""
    asked: list[str]
    """The variables that the person exports."""
    known: dict[str, str | list[str]]
    """The variables that the script sets."""
    functions: str = ""
    """The file of the functions that several scripts of a vendor share."""

    def text(self) -> str:
        """Return the whole script: who runs it, the variables, and the commands."""
        introduction, _, commands = "\n".join(map(read, self.files)).partition("\n\n")
        lines = [HEADER, introduction, "set -euo pipefail"]
        lines += [requirement(name) for name in self.asked]
        lines += [assignment(name, value) for name, value in self.known.items()]
        if self.functions:
            lines.append(read(self.functions).rstrip())
        return "\n".join([*lines, "", commands])


def read(file: str) -> str:
    """Return the text of a part of a script."""
    return (HERE / file).read_text(encoding="utf-8")


def each(name: str) -> list[str]:
    """Return the variable of each environment to which a release is deployed."""
    return [f"{env.upper()}_{name}" for env in DEPLOYED]


def deploying() -> list[str]:
    """Return the variables that a pipeline needs to deploy."""
    return ["APPROVERS", "TENANT", *each("SUBSCRIPTION"), *each("CLIENT_ID")]


def requirement(variable: str) -> str:
    """Return the line that ends a script where a variable is missing."""
    env, _, name = variable.partition("_")
    meaning = MEANINGS.get(variable) or MEANINGS[name].format(env=env.lower())
    return ': "${' + f"{variable}:?is missing: {meaning}" + '}"'


def assignment(name: str, value: str | list[str]) -> str:
    """Return the lines that set a variable; an item of a list may name another variable."""
    if isinstance(value, str):
        return f"{name}={shlex.quote(value)}"
    lines = [f'  "{item}"' if "$" in item else f"  {shlex.quote(item)}" for item in value]
    return "\n".join([f"{name}=(", *lines, ")"])
