"""The session `approve`, in projects that a pipeline deploys; noxfile.py runs this file."""

import nox

PACKAGE = nox.project.load_toml("pyproject.toml")["project"]["name"].replace("-", "_")


@nox.session
def approve(session: nox.Session) -> None:
    """Promote a version in the name of the person who approved the pipeline's run: `-- prod 7`."""
    if len(session.posargs) != 2:
        session.error("Name an environment and a version: `uvx nox -s approve -- prod 7`")
    session.run("uv", "run", "--locked", "python", "deploy/approve.py", PACKAGE, *session.posargs)
