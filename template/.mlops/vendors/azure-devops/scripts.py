"""The scripts for Azure DevOps: the policies of main, the pipelines, and the environments.

Azure Repos does not read CODEOWNERS, so its owners become policies that require the same people.
"""

import re
from itertools import dropwhile
from pathlib import Path

from script import Project, Script, deploying

from commands import Refusal

OWNERS = Path("CODEOWNERS")
LOCATION = ["ORGANIZATION", "PROJECT"]


def scripts(project: Project) -> dict[str, Script]:
    """Return the scripts for the repository and for its pipelines."""
    ci = Script(
        files=["azure-devops/ci.sh"],
        asked=[*LOCATION],
        known={"name": project.name, "mail": project.mail},
    )
    if project.is_deployed:
        ci.files.append("azure-devops/environments.sh")
        ci.asked.extend(deploying())
    repository = Script(
        files=["azure-devops/repository.sh"],
        asked=[*LOCATION],
        known={
            "name": project.name,
            "owners": policies(read_owners(OWNERS)),
            "approvals": project.approvals,
        },
    )
    return {"ci.sh": ci, "repository.sh": repository}


def read_owners(file: Path) -> list[tuple[str, str]]:
    """Return the patterns of CODEOWNERS in their order, each with its owners."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    owners = []
    for line in lines:
        words = line.partition("#")[0].split()
        if words:
            owners.append((words[0], " ".join(words[1:])))
    return owners


def policies(owners: list[tuple[str, str]]) -> list[str]:
    """Return each list of owners with the filter of its files, as `owners|filter`.

    The last matching line of CODEOWNERS names the owners of a file. Azure reads a filter from left
    to right, so the pattern of a later line with other owners excludes files again.
    """
    lines = []
    for people in dict.fromkeys(people for _, people in owners if people):
        patterns = [
            ("" if owner == people else "!") + azure_pattern(pattern) for pattern, owner in owners
        ]
        kept: list[str] = []
        for pattern in dropwhile(is_exclusion, patterns):
            matches_all = "*" in kept and not any(map(is_exclusion, kept))
            if is_exclusion(pattern) or not matches_all:
                kept.append(pattern)
        lines.append(f"{azure_people(people)}|{';'.join(kept)}")
    return lines


def is_exclusion(pattern: str) -> bool:
    """Return whether a pattern of a filter excludes files."""
    return pattern.startswith("!")


def azure_pattern(pattern: str) -> str:
    """Return a pattern of CODEOWNERS as Azure reads it; raise Refusal where Azure cannot."""
    if re.search(r"[;|'\[\]^?!\\]", pattern):
        raise Refusal(f"CODEOWNERS: Azure Repos cannot read {pattern}: write a simpler pattern.")
    pattern = re.sub(r"\*+", "*", pattern.replace("**/", "*")) + "*" * pattern.endswith("/")
    return pattern if pattern[0] in "/*" else f"*/{pattern}"


def azure_people(people: str) -> str:
    """Return owners as Azure reads them; raise Refusal for one that is not a mail address."""
    for owner in people.split():
        if not re.fullmatch(r"[\w.+-]+@[\w.-]+", owner):
            raise Refusal(f"CODEOWNERS: Azure Repos does not know {owner}: write a mail address.")
    return people.replace(" ", ";")
