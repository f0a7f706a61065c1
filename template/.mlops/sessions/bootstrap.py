"""The session `bootstrap`, in projects that use a vendor; noxfile.py runs this file."""

import nox


@nox.session
def bootstrap(session: nox.Session) -> None:
    """Write scripts that set up your vendors to build/bootstrap; `-- check` verifies the approval.

    There is one script per role. It asks for what only that person knows, and runs with that
    person's rights.
    """
    if session.posargs not in ([], ["check"]):
        session.error("Run `uvx nox -s bootstrap`, or `uvx nox -s bootstrap -- check`")
    session.run("uv", "run", "--locked", "python", ".mlops/bootstrap.py", *session.posargs)
