"""Ask the template, through Copier: is there a newer version, what does it change and say."""

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
        raise Refusal(f"{ANSWERS} is missing, which names the template: bring it back.") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        words = " ".join(str(error).split())
        raise Refusal(f"{ANSWERS} cannot be read, take back its last edit: {words}") from None
    for name in ("_commit", "_src_path"):
        if not isinstance(stored, dict) or not isinstance(stored.get(name), str):
            raise Refusal(f"{ANSWERS} has no text for {name}: take back its last edit.")
    return dict(stored)


def is_outdated(source: str) -> bool:
    """Ask Copier whether the template has a newer version."""
    try:
        found = json.loads(copier("check-update", "--output-format=json"))
    except Refusal as reason:
        raise Refusal(f"{reason} Does `git ls-remote {source}` answer?") from None
    if "+" in found["latest_version"]:  # a commit, for want of a tag
        raise Refusal(f"{source} has no version: an update starts from a tag such as v1.2.0.")
    return bool(found["update_available"])


def update(project: Path, before: dict[str, Any]) -> dict[str, Any]:
    """Update the clone and return its answers, none of which may change."""
    touched = subprocess.run([sys.executable, ".mlops/platform_files.py"], cwd=project, check=False)
    if touched.returncode:
        raise Refusal("Nothing is updated, for an update would meet these edits.")
    try:
        copier("update", "--defaults", "--conflict=inline", "--quiet", folder=project)
    except Refusal as reason:
        raise Refusal(
            f"{reason} Correct an answer in {ANSWERS} if it is one, commit, repeat."
        ) from None
    after = answers(project)
    for name in sorted(before.keys() & after.keys() - {"_commit"}):
        if before[name] != after[name]:
            raise Refusal(
                f"The update would change the answer {name} from {before[name]!r} to "
                f"{after[name]!r}: choose one that the template knows by `uvx copier update "
                f"--defaults --vcs-ref=:current: --data {name}=…`, commit, and repeat."
            )
    return after


def changelog(project: Path, before: str, after: dict[str, Any]) -> str:
    """Return what the template's changelog says of the versions since the one before."""
    tag = after["_commit"]
    try:
        git("fetch", "--quiet", "--depth=1", after["_src_path"], f"refs/tags/{tag}", folder=project)
        text = git("show", "FETCH_HEAD:CHANGELOG.md", folder=project)
    except Refusal:
        return f"The changelog of {after['_src_path']} could not be read."
    first, last = (
        rf"^## \[?v?{re.escape(v.lstrip('v').split('-')[0])}(?![\w.])" for v in (tag, before)
    )
    found = re.search(rf"{first}.*?(?={last}|^\[[^\]]+\]: |\Z)", text, re.MULTILINE | re.DOTALL)
    return found.group().strip() if found else f"The changelog says nothing of {tag}."


def copier(*arguments: str, folder: Path = Path()) -> str:
    """Run the Copier of this script; the template asks for no trust."""
    return run(sys.executable, "-m", "copier", *arguments, folder=folder)
