"""The scripts for GitLab: the rules of main, the weekly pipeline, and the environments."""

from script import Project, Script, deploying

FUNCTIONS = "gitlab/api.sh"


def scripts(project: Project) -> dict[str, Script]:
    """Return the scripts for the repository and for its pipelines."""
    ci = Script(
        files=["gitlab/ci.sh"],
        asked=["REPOSITORY"],
        known={"name": project.name, "mail": project.mail},
        functions=FUNCTIONS,
    )
    if project.is_deployed:
        ci.files.append("gitlab/environments.sh")
        ci.asked.extend(deploying())
    repository = Script(
        files=["gitlab/repository.sh"],
        asked=["REPOSITORY"],
        known={"name": project.name, "approvals": project.approvals},
        functions=FUNCTIONS,
    )
    return {"ci.sh": ci, "repository.sh": repository}
