"""A team's work in a project: an update must leave every line of it."""

import shutil
import subprocess
import sys
from pathlib import Path

from pathspec import GitIgnoreSpec

from .versions import git

OURS = "# ours"
LINES = {  # what the team adds to the files that it shares with the platform
    "pyproject.toml": '"xgboost>=3.0",',
    ".gitignore": "/ours/",
    ".pre-commit-config.yaml": "  # ours",
}
IDENTITY = ("-c", "user.name=team", "-c", "user.email=team@bank.example", "-c", "core.hooksPath=.")


def work(project: Path, yours: GitIgnoreSpec) -> None:
    """Edit, add and delete the team's own files, and its parts of the shared ones; commit."""
    commit(project, "born")
    for file in files(project, yours):
        if file.suffix in {".md", ".py", ".yml"}:
            append(file, OURS)
    shutil.rmtree(project / "notebooks", ignore_errors=True)
    for name, line in LINES.items():
        if name != "pyproject.toml" and (project / name).exists():
            append(project / name, line)
    requirement = LINES["pyproject.toml"].strip('",')
    uv = [sys.executable, "-m", "uv", "add", "--frozen", "--offline", "--quiet", requirement]
    subprocess.run(uv, cwd=project, check=True)
    commit(project, "work")


def commit(project: Path, message: str) -> None:
    """Commit everything, in a repository of its own."""
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, *IDENTITY, "commit", "--quiet", "--allow-empty", f"--message={message}")


def files(project: Path, yours: GitIgnoreSpec) -> list[Path]:
    """Return the files that are the team's."""
    return [project / name for name in sorted(yours.match_tree_files(project))]


def append(file: Path, line: str) -> None:
    """Add a line at the end."""
    file.write_text(f"{file.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")


def lost(project: Path) -> list[str]:
    """Return the shared files that lack the team's line."""
    shared = {name: project / name for name in LINES if (project / name).exists()}
    return [n for n, file in shared.items() if LINES[n] not in file.read_text(encoding="utf-8")]
