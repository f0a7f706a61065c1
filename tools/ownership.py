"""Who owns a rendered path: copier.yml lists the user's files, .mlops/files the platform's."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from jinja2 import Environment
from pathspec import GitIgnoreSpec

from .versions import ANSWERS_FILE, Refused, git

PLATFORM_LIST = ".mlops/files"


def user_patterns(template: Path, version: str) -> GitIgnoreSpec:
    """Return the patterns of the user's files, as this version of copier.yml lists them."""
    if version == "HEAD":  # the working tree, uncommitted changes included
        text = (template / "copier.yml").read_text(encoding="utf-8")
    else:
        text = git(template, "show", f"{version}:copier.yml")
    jinja = Environment(autoescape=False)  # noqa: S701 - it renders paths, not pages
    documents = [document for document in yaml.safe_load_all(text) if document]
    entries = [entry for document in documents for entry in document.get("_skip_if_exists", [])]
    return GitIgnoreSpec.from_lines(jinja.from_string(entry).render() for entry in entries)


def platform_files(project: Path) -> dict[str, str]:
    """Return the SHA-256 of every platform file as the template rendered it, by path.

    The list itself belongs to the platform too; its digest is "".
    """
    if not (project / PLATFORM_LIST).is_file():
        raise Refused(f"{PLATFORM_LIST} is missing in {project}: restore it with git")
    text = (project / PLATFORM_LIST).read_text(encoding="utf-8")
    lines = re.findall(r"^([0-9a-f]{64})  (.+)$", text, re.MULTILINE)
    return {path: digest for digest, path in lines} | {PLATFORM_LIST: ""}


def edited_platform_files(project: Path) -> Iterator[str]:
    """Yield the platform files that differ from what the template rendered."""
    for path, digest in platform_files(project).items():
        if digest and digest != digest_of(project / path):
            yield path


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file with LF line endings, or "" where there is no file."""
    if not file.is_file():
        return ""
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def owners(project: Path, yours: GitIgnoreSpec) -> dict[str, str]:
    """Return the owner of every rendered file, by path.

    docs/decisions/0004-ownership.md explains the owners.
    """
    platform = platform_files(project)

    def owner(path: str) -> str:
        if path in platform:
            return "the platform's"
        if path == ANSWERS_FILE:
            return "Copier's"
        return "yours" if yours.match_file(path) else "shared"

    files = (file.relative_to(project) for file in project.rglob("*") if file.is_file())
    return {file.as_posix(): owner(file.as_posix()) for file in files if file.parts[0] != ".git"}
