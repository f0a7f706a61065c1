"""A rehearsal, as the session runs it."""

from pathlib import Path

from .project import NOISE, Project


def rehearse(project: Project) -> tuple[int, str]:
    """Rehearse as the session does; return the exit code and the output."""
    words = (project.name, project.package.name)
    answer = project.run_file(Path(".mlops/rehearse.py"), *words, variables={})
    said = answer.printed + answer.said
    assert not NOISE.search(said), said[-3000:]
    return answer.code, said
