"""Render the template as a user would, and create the git repositories that tests need."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import copier

from tools import fields

ROOT = fields.ROOT
FENCE = re.compile(r"^```.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)  # of a block in Markdown
PLATFORM = fields.PLATFORM
platform = fields.platform
PROBLEMS = ("binary", "multiclass", "regression")
TIERS = ("low", "medium", "high")
VENDORS = ("none", "azure-devops", "github", "gitlab")
PLACES = (
    {"compute": "local"},
    {"compute": "databricks", "orchestrator": "databricks-jobs"},
    {"compute": "databricks", "orchestrator": "data-factory"},
    {"compute": "databricks", "serving": "online"},
    {"compute": "databricks", "orchestrator": "data-factory", "serving": "online"},
    {"compute": "kubernetes", "serving": "batch"},
    {"compute": "kubernetes", "serving": "online"},
)

# What an update does not need: most modules of the platform, and what is not the template's.
UPPER_LAYERS = (
    r"template/src/[^/]+/mlops/(?!base/|__init__)|(?!copier\.yml|taken|template|examples|tools)"
)
IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@bank.example")


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return its output."""
    command = ["git", *IDENTITY, *arguments]
    run = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return run.stdout


def commit(folder: Path, tag: str = "") -> None:
    """Commit everything in a folder and tag it; make it a repository first where it is none."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "chore: state of a test")
    if tag:
        git(folder, "tag", tag)
        git(
            folder, "repack", "-adq"
        )  # every rendering clones the template, which is faster with one pack


def copy_tree(source: Path, target: Path) -> Path:
    """Copy a folder to a new place, in half of the time that shutil takes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    assert not target.exists(), target
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
    return target


def copy_template(folder: Path, left_out: str = "$^") -> Path:
    """Copy the working tree of the template, uncommitted changes included, and tag it v0.1.0.

    Paths that begin with the pattern `left_out` are left out.
    """
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        # A file may have been deleted since it was added to the index.
        if (ROOT / name).is_file() and not re.match(left_out, name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    commit(folder, tag="v0.1.0")
    return folder


def render(template: Path, folder: Path, **answers: str) -> Path:
    """Render a project with these answers, and the defaults of all other questions."""
    copier.run_copy(str(template), folder, data=answers, defaults=True, quiet=True)
    return folder


def update(folder: Path, **options: Any) -> None:
    """Update a committed project to the newest version of its template, without trust."""
    copier.run_update(folder, defaults=True, overwrite=True, quiet=True, **options)


def append(file: Path, addition: str) -> None:
    """Append to an existing file."""
    file.write_text(file.read_text(encoding="utf-8") + addition, encoding="utf-8")


def replace(file: Path, old: str, new: str) -> None:
    """Replace the first occurrence of a text, which must exist."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def files(folder: Path) -> list[str]:
    """Return the paths of all files below a folder, without those in .git."""
    paths = (
        (Path(parent) / name).relative_to(folder)
        for parent, _, names in os.walk(folder)
        for name in names
    )
    return sorted(path.as_posix() for path in paths if path.parts[0] != ".git")


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file by path."""
    return {name: (folder / name).read_bytes() for name in files(folder)}
