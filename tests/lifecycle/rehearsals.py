"""A rehearsal, as the session runs it."""

import os
import subprocess
import sys

from .project import NOISE, Project


def rehearse(project: Project) -> tuple[int, str]:
    """Rehearse as the session does; return the exit code and the output."""
    done = subprocess.run(
        [sys.executable, ".mlops/rehearse.py", project.name, project.package.name],
        cwd=project.folder,
        env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert not NOISE.search(said), said[-3000:]
    return done.returncode, said
