"""Where the rows of a version are kept."""

from pathlib import Path

from ..base.project import Project


def extract_path(project: Project, env: str, fingerprint: str) -> Path:
    """Return the file that keeps the rows of a fingerprint."""
    return project.path(project.settings.extracts) / env / f"{fingerprint[:16]}.parquet"
