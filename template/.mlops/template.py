"""Ask Copier about the template: whether it has a newer version, and what that one changes."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from commands import Refusal, git, run

ANSWERS = ".copier-answers.yml"


def answers(project: Path) -> dict[str, Any]:
    """Return the answers that a project stores."""
    try:
        stored = yaml.safe_load((project / ANSWERS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refusal(f"{ANSWERS}, which names the template, is missing: restore it.") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise Refusal(f"{ANSWERS} cannot be read, undo its last edit: {reason}") from None
    for name in ("_commit", "_src_path"):
        if not isinstance(stored, dict) or not isinstance(stored.get(name), str):
            raise Refusal(f"{ANSWERS} has no text for {name}: undo its last edit.")
    return dict(stored)


def refuse_wrong_address(source: str) -> None:
    """Raise Refusal for a folder that is not there, or that is not found from everywhere.

    A relative path leads elsewhere from the clone in which the update is prepared.
    """
    if ":" in source.removeprefix("git+")[2:] or source.startswith("git+"):
        return  # an address of a server; the first two characters may be a drive
    folder = Path(source).expanduser()
    if not folder.is_dir():
        raise Refusal(
            f"There is no template at {source}, which is _src_path in {ANSWERS}: correct _src_path "
            "to the template's address or to the absolute path of its folder, commit, and repeat."
        )
    if not folder.is_absolute():
        raise Refusal(
            f"_src_path in {ANSWERS} is the relative path {source}: correct _src_path to the "
            f"template's address or to its absolute path, {folder.resolve()}, commit, and repeat."
        )


def is_outdated(source: str) -> bool:
    """Ask Copier whether the template has a newer version."""
    refuse_wrong_address(source)
    try:
        status = json.loads(copier("check-update", "--output-format=json"))
    except Refusal as refusal:
        raise Refusal(
            f"{refusal} Check the address of the template with `git ls-remote {source}`; if it has "
            f"moved, correct _src_path in {ANSWERS}, and commit."
        ) from None
    if "+" in status["latest_version"]:  # Copier names a commit where there is no tag
        raise Refusal(f"{source} has no version: an update needs a tag such as v1.2.0.")
    return bool(status["update_available"])


def update(project: Path, before: dict[str, Any]) -> dict[str, Any]:
    """Update the clone and return its answers; raise Refusal where one of them would change."""
    check = [sys.executable, "-I", "-S", ".mlops/platform_files.py"]
    if subprocess.run(check, cwd=project, check=False).returncode:
        raise Refusal(
            "Nothing is updated until the platform's files are those of the template, see above."
        )
    try:
        copier("update", "--defaults", "--conflict=inline", "--quiet", folder=project)
    except Refusal as refusal:
        raise Refusal(
            f"{refusal} If an answer in {ANSWERS} is wrong, correct it, commit, and repeat."
        ) from None
    after = answers(project)
    for name in sorted(before.keys() & after.keys() - {"_commit"}):
        if before[name] != after[name]:
            raise Refusal(
                f"The update would change the answer {name} from {before[name]!r} to "
                f"{after[name]!r}: choose one that the template knows with `uvx copier update "
                f"--defaults --vcs-ref=:current: --data {name}=…`, commit, and repeat."
            )
    return after


def changelog(project: Path, before: str, after: dict[str, Any]) -> str:
    """Return what the template's changelog says about the versions after `before`."""
    tag = after["_commit"]
    try:
        git("fetch", "--quiet", "--depth=1", after["_src_path"], f"refs/tags/{tag}", folder=project)
        text = git("show", "FETCH_HEAD:CHANGELOG.md", folder=project)
    except Refusal:
        return f"The changelog of {after['_src_path']} could not be read."
    start = heading_pattern(tag)
    links = r"^\[[^\]]+\]: "
    end = rf"{heading_pattern(before)}|{links}|\Z"
    section = re.search(f"{start}.*?(?={end})", text, re.MULTILINE | re.DOTALL)
    return section.group().strip() if section else f"The changelog does not mention {tag}."


def heading_pattern(version: str) -> str:
    """Return the pattern of the changelog's heading of a version."""
    number = version.lstrip("v").split("-")[0]
    return rf"^## \[?v?{re.escape(number)}(?![\w.])"


def copier(*arguments: str, folder: Path = Path()) -> str:
    """Run the Copier in this script's environment and return its output."""
    return run(sys.executable, "-m", "copier", *arguments, folder=folder)
