"""The session of the workshop, which `.workshop/` brought; delete both when you are done."""

import subprocess
import sys
from pathlib import Path

import nox


@nox.session
def workshop(session: nox.Session) -> None:
    """Learn by doing: your progress, or `-- check`, `hint`, `solution`, `watch`, `reset`."""
    here = Path(".venv/Scripts/python.exe" if sys.platform == "win32" else ".venv/bin/python")
    python = str(here if here.exists() else sys.executable)
    done = subprocess.run([python, ".workshop/run.py", *session.posargs], check=False)
    if done.returncode:
        session.error("not solved yet")
