"""The scripts for GitHub: the rules of main, and the environments."""

import re
from pathlib import Path

from script import Project, Script, deploying

CHECKS = Path(".github/workflows/checks.yml")


def scripts(project: Project) -> dict[str, Script]:
    """Return the scripts for the repository and for its workflows."""
    ci = Script(files=["github/ci.sh"], asked=["REPOSITORY"], known={"name": project.name})
    if project.is_deployed:
        ci.files.append("github/environments.sh")
        ci.asked.extend(deploying())
    repository = Script(
        files=["github/repository.sh"],
        asked=["REPOSITORY"],
        known={"name": project.name, "checks": jobs(), "approvals": project.approvals},
    )
    return {"ci.sh": ci, "repository.sh": repository}


def jobs() -> list[str]:
    """Return the names of the jobs that must pass before a change is merged."""
    return re.findall(r"^    name: (.+)$", CHECKS.read_text(encoding="utf-8"), re.MULTILINE)
