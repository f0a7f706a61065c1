"""Run commands of a project in the environment of its own lock file, as a user does."""

import os
import subprocess
from collections.abc import Mapping

from lifecycle.project import NOISE, Answer, Project


def own(
    project: Project, *words: str, code: int = 0, variables: Mapping[str, str] | None = None
) -> Answer:
    """Run a command in the environment of the project's own lock file."""
    env = {**os.environ, **(variables or {})}
    command = ["uv", "run", "--quiet", "--frozen", "--no-dev", project.name, *words, "--json"]
    done = subprocess.run(
        command, cwd=project.folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert not NOISE.search(done.stderr), done.stderr
    return Answer(code, done.stderr, done.stdout)
