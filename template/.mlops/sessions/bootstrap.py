"""The session of a project that needs something of a vendor; noxfile.py reads this file."""

import nox


@nox.session
def bootstrap(session: nox.Session) -> None:
    """Write build/bootstrap, a script for each person who sets up a vendor; `-- check` reads back.

    The scripts ask for what only that person knows, and run with that person's rights.
    """
    if session.posargs not in ([], ["check"]):
        session.error("Type `uvx nox -s bootstrap`, or `uvx nox -s bootstrap -- check`")
    session.run("uv", "run", "--locked", "python", ".mlops/bootstrap.py", *session.posargs)
