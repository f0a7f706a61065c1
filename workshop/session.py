"""The session of the workshop, which `.workshop/` brought; delete both when you are done."""

import os
import subprocess
import sys
from pathlib import Path

import nox


@nox.session
def workshop(session: nox.Session) -> None:
    """Learn by doing: your progress, or `-- check`, `hint`, `solution`, `watch`, `reset`."""
    environment = Path(os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv"))
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    program = str(python if python.exists() else sys.executable)
    done = subprocess.run([program, ".workshop/run.py", *session.posargs], check=False)
    if done.returncode:
        session.error(f"the workshop ended with exit code {done.returncode}: read its output above")
