"""Whose a rendered path is: the user's list in copier.yml, the platform's in .mlops/files."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from jinja2 import Environment
from pathspec import GitIgnoreSpec

from .versions import ANSWERS, Refused, git

LIST = ".mlops/files"


def users_list(template: Path, version: str) -> GitIgnoreSpec:
    """Return the patterns of what is the user's, as this version has them."""
    if version == "HEAD":  # as it lies here, committed or not
        text = (template / "copier.yml").read_text(encoding="utf-8")
    else:
        text = git(template, "show", f"{version}:copier.yml")
    jinja = Environment(autoescape=False)  # noqa: S701 - it renders paths, not pages
    documents = [document for document in yaml.safe_load_all(text) if document]
    entries = [entry for each in documents for entry in each.get("_skip_if_exists", [])]
    return GitIgnoreSpec.from_lines(jinja.from_string(entry).render() for entry in entries)


def platform_files(project: Path) -> dict[str, str]:
    """Return the digest of each of the platform's files, by its path, as the template brought it.

    The list itself is the platform's too, and has no digest.
    """
    if not (project / LIST).is_file():
        raise Refused(f"{LIST} is missing in {project}: restore it with git")
    text = (project / LIST).read_text(encoding="utf-8")
    listed = re.findall(r"^([0-9a-f]{64})  (.+)$", text, re.MULTILINE)
    return {path: digest for digest, path in listed} | {LIST: ""}


def edited_platform_files(project: Path) -> Iterator[str]:
    """Yield the platform's files that are not as the template brought them."""
    for path, digest in platform_files(project).items():
        if digest and digest != digest_of(project / path):
            yield path


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file with plain line endings, or nothing where there is no file."""
    if not file.is_file():
        return ""
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def owners(project: Path, yours: GitIgnoreSpec) -> dict[str, str]:
    """Return the owner of every file of a rendering, as docs/decisions/0004-ownership.md has it."""
    platforms = platform_files(project)

    def owner(path: str) -> str:
        if path in platforms:
            return "the platform's"
        if path == ANSWERS:
            return "Copier's"
        return "yours" if yours.match_file(path) else "shared"

    files = (file.relative_to(project) for file in project.rglob("*") if file.is_file())
    return {file.as_posix(): owner(file.as_posix()) for file in files if file.parts[0] != ".git"}
