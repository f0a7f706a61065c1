"""What is asked of Azure DevOps: the policies of main, the pipelines, and the environments.

Azure Repos does not read CODEOWNERS, so its owners become policies that ask the same people.
"""

import re
from itertools import dropwhile
from pathlib import Path

from script import Project, Script, deploying

from commands import Refusal

OWNERS = Path("CODEOWNERS")
PLACE = ["ORGANIZATION", "PROJECT"]


def scripts(project: Project) -> dict[str, Script]:
    """Return the scripts for the repository and for its pipelines."""
    ci = Script(
        files=["azure-devops/ci.sh"],
        asked=[*PLACE],
        known={"name": project.name, "mail": project.mail},
    )
    if project.is_deployed:
        ci.files.append("azure-devops/environments.sh")
        ci.asked.extend(deploying())
    repository = Script(
        files=["azure-devops/repository.sh"],
        asked=[*PLACE],
        known={
            "name": project.name,
            "owners": policies(read_owners(OWNERS)),
            "approvals": project.approvals,
        },
    )
    return {"ci.sh": ci, "repository.sh": repository}


def read_owners(file: Path) -> list[tuple[str, str]]:
    """Return the patterns of CODEOWNERS in their order, and who owns what they fit."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    entries = [line.partition("#")[0].split() for line in lines]
    return [(pattern, " ".join(people)) for pattern, *people in filter(None, entries)]


def policies(owners: list[tuple[str, str]]) -> list[str]:
    """Return each list of owners, and the filter that fits the files whose last line names them.

    Azure reads a filter from left to right, so a later line of other owners takes files out again.
    """
    found = []
    for people in dict.fromkeys(people for _, people in owners if people):
        patterns = [
            ("" if owner == people else "!") + azure_pattern(pattern) for pattern, owner in owners
        ]
        kept: list[str] = []
        for pattern in dropwhile(lambda pattern: pattern.startswith("!"), patterns):
            fits_all = "*" in kept and not any(each.startswith("!") for each in kept)
            if pattern.startswith("!") or not fits_all:
                kept.append(pattern)
        found.append(f"{azure_people(people)}|{';'.join(kept)}")
    return found


def azure_pattern(pattern: str) -> str:
    """Return a pattern of CODEOWNERS as Azure reads it; raises Refusal where Azure cannot."""
    if re.search(r"[;|'\[\]^?!\\]", pattern):
        raise Refusal(f"CODEOWNERS: Azure Repos cannot read {pattern}: write a plainer pattern.")
    pattern = re.sub(r"\*+", "*", pattern.replace("**/", "*")) + "*" * pattern.endswith("/")
    return pattern if pattern[0] in "/*" else f"*/{pattern}"


def azure_people(people: str) -> str:
    """Return owners as Azure reads them; raises Refusal for one that is no address."""
    for owner in people.split():
        if not re.fullmatch(r"[\w.+-]+@[\w.-]+", owner):
            raise Refusal(f"CODEOWNERS: Azure Repos does not know {owner}: write a mail address.")
    return people.replace(" ", ";")
