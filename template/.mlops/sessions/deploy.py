"""The session of a project whose model runs elsewhere; noxfile.py reads this file."""

import nox


@nox.session
def deploy(session: nox.Session) -> None:
    """Bring build/release to an environment: `uvx nox -s deploy -- test`; goes back if it fails."""
    if session.posargs not in (["dev"], ["test"], ["prod"]):
        session.error("Name one environment: `uvx nox -s deploy -- test`")
    session.run("uv", "run", "--locked", "python", "deploy/delivery.py", *session.posargs)
