"""The edits that a team makes in its project: an update must keep every one of them."""

import shutil
import subprocess
import sys
from pathlib import Path

from pathspec import GitIgnoreSpec

from .versions import git

TEAM_LINE = "# ours"
REQUIREMENT = "xgboost>=3.0"
SHARED_LINES = {  # the line that the team adds to each file it shares with the platform
    "pyproject.toml": f'"{REQUIREMENT}",',
    ".gitignore": "/ours/",
    ".pre-commit-config.yaml": "  # ours",
}
IDENTITY = ("-c", "user.name=team", "-c", "user.email=team@bank.example", "-c", "core.hooksPath=.")


def edit_as_team(project: Path, yours: GitIgnoreSpec) -> None:
    """Edit and delete files of the team, add lines to the shared ones, and commit."""
    commit(project, "generate the project")
    for file in team_files(project, yours):
        if file.suffix in {".md", ".py", ".yml"}:
            append(file, TEAM_LINE)
    shutil.rmtree(project / "notebooks", ignore_errors=True)
    for name in (".gitignore", ".pre-commit-config.yaml"):
        if (project / name).exists():
            append(project / name, SHARED_LINES[name])
    uv_add = [sys.executable, "-m", "uv", "add", "--frozen", "--offline", "--quiet", REQUIREMENT]
    subprocess.run(uv_add, cwd=project, check=True)
    commit(project, "edit the project")


def commit(project: Path, message: str) -> None:
    """Commit everything in the project's own repository, created where there is none."""
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, *IDENTITY, "commit", "--quiet", "--allow-empty", f"--message={message}")


def team_files(project: Path, yours: GitIgnoreSpec) -> list[Path]:
    """Return the files that belong to the team."""
    return [project / name for name in sorted(yours.match_tree_files(project))]


def append(file: Path, line: str) -> None:
    """Add a line at the end of a file."""
    file.write_text(f"{file.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")


def files_without_team_line(project: Path) -> list[str]:
    """Return the shared files that have lost the team's line."""
    return [
        name
        for name, line in SHARED_LINES.items()
        if (project / name).exists() and line not in (project / name).read_text(encoding="utf-8")
    ]
