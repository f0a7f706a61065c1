"""The session `deploy`, in projects whose model runs elsewhere; noxfile.py runs this file."""

import nox


@nox.session
def deploy(session: nox.Session) -> None:
    """Deploy build/release to an environment, or restore the previous release: `-- test`."""
    if session.posargs not in (["dev"], ["test"], ["prod"]):
        session.error("Name one environment: `uvx nox -s deploy -- test`")
    session.run("uv", "run", "--locked", "python", "deploy/delivery.py", *session.posargs)
