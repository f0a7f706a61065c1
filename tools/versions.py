"""The template's versions: its tags, and what a version renders."""

import re
import subprocess
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import copier
import yaml
from copier.errors import CopierError, DirtyLocalWarning
from packaging.version import InvalidVersion, Version

HERE = Path(__file__).resolve().parent.parent
ANSWERS = ".copier-answers.yml"


class Refused(Exception):
    """A sentence that names the thing and the remedy."""


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it prints."""
    command = ["git", *arguments]
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode != 0:
        raise Refused(f"git {arguments[0]} failed in {folder}: {done.stderr.strip()}")
    return done.stdout


def releases(template: Path) -> list[str]:
    """Return the tags of the template's releases, the oldest first; no previews."""
    versions = {tag: version_of(tag) for tag in git(template, "tag", "--list", "v*").split()}
    known = {tag: version for tag, version in versions.items() if version}
    return sorted(
        (tag for tag, version in known.items() if not version.is_prerelease), key=known.__getitem__
    )


def remotes(template: Path) -> list[str]:
    """Return the addresses that the template is fetched from and pushed to."""
    names = git(template, "remote").split()
    return [
        url for name in names for url in git(template, "remote", "get-url", "--all", name).split()
    ]


def normal(address: str) -> str:
    """Return one spelling for all addresses of a repository: host/path, or an absolute path."""
    address = re.sub(r"^git\+", "", address)
    if address.startswith("file://") or not re.search(
        r"^[\w.+-]+(://|@[^/]+:|:(?![\\/]))", address
    ):
        path = Path(address.removeprefix("file://")).expanduser()
        return path.resolve().as_posix().removesuffix(".git").rstrip("/")
    address = re.sub(
        r"^gh:", "https://github.com/", re.sub(r"^gl:", "https://gitlab.com/", address)
    )
    address = re.sub(r"^[\w.+-]+://", "", address)  # the way to it
    address = re.sub(r"^[^/@]*@", "", address)  # the one who asks
    host, below = re.split(r":\d+/|[:/]", address, maxsplit=1)
    return f"{host.lower()}/{below.strip('/').removesuffix('.git')}"


def version_of(tag: str) -> Version | None:
    """Return what a tag says, or nothing where it is no version."""
    try:
        return Version(tag)
    except InvalidVersion:
        return None


def require(template: Path, version: str) -> None:
    """Refuse what names no version of the template."""
    try:
        git(
            template,
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{version}^{{commit}}",
        )
    except Refused:
        known = ", ".join([*releases(template), "HEAD"])
        raise Refused(f"{version} is no version of the template; it has {known}.") from None


def render(template: Path, version: str, folder: Path, answers: Mapping[str, object]) -> Path:
    """Render a version with these answers and the defaults of all others."""
    how: dict[str, Any] = {"defaults": True, "overwrite": True, "quiet": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DirtyLocalWarning)  # HEAD is meant as it lies here
        try:
            copier.run_copy(str(template), folder, data=dict(answers), vcs_ref=version, **how)
        except (CopierError, ValueError) as error:
            raise Refused(f"{version} does not render with these answers: {error}") from None
    return folder


def read_answers(project: Path) -> dict[str, Any]:
    """Return a project's answers, with what Copier keeps of the template."""
    try:
        read = yaml.safe_load((project / ANSWERS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(f"{project} has no {ANSWERS}: it was not made by Copier.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise Refused(f"{ANSWERS} in {project} is no YAML: restore it with git.") from None
    if not isinstance(read, dict):
        raise Refused(f"{ANSWERS} in {project} holds no answers: restore it with git.")
    return read


def answers_alone(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers, less what Copier keeps of the template."""
    return {name: value for name, value in stored.items() if not name.startswith("_")}
