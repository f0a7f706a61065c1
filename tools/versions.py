"""The versions of the template: its tags, and what each version renders."""

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

TEMPLATE = Path(__file__).resolve().parent.parent
ANSWERS_FILE = ".copier-answers.yml"

# An address starts with a scheme, with user@host: as in ssh, or with Copier's gh: or gl:. A Windows
# path such as C:\folder does not.
ADDRESS = re.compile(r"^[\w.+-]+(://|@[^/]+:|:(?![\\/]))")


class Refused(Exception):
    """A user's mistake: the message says what is wrong, and where known how to fix it."""


# What a repository's own configuration can make git execute, and the values that switch it off.
INERT = {
    "commit.gpgSign": "false",
    "core.alternateRefsCommand": "",
    "core.askPass": "",
    "core.editor": "false",
    "core.fsmonitor": "false",
    "core.gitProxy": "",
    "core.hooksPath": "/dev/null",
    "core.pager": "cat",
    "core.sshCommand": "ssh -o BatchMode=yes",
    "diff.external": "",
    "gpg.program": "false",
    "gpg.ssh.program": "false",
    "gpg.x509.program": "false",
    "interactive.diffFilter": "cat",
    "protocol.ext.allow": "never",
    "safe.bareRepository": "explicit",
    "sequence.editor": "false",
    "submodule.recurse": "false",
}
NAMED = re.compile(  # the same with a name in the middle, which the repository chooses
    r"(alias\..*|diff\..*\.(command|textconv)|filter\..*\.(clean|process|required|smudge)"
    r"|merge\..*\.driver|remote\..*\.(receivepack|uploadpack|vcs)|submodule\..*\.update"
    r"|trailer\..*\.(cmd|command))"
)


def inert(folder: Path) -> list[str]:
    """Return git's options with which it executes nothing that a folder configures.

    Only the configuration of the folder's own repository counts as foreign: filters such as those
    of Git LFS, which the user has configured, stay.
    """
    listed = subprocess.run(
        ["git", "config", "--local", "--includes", "--list", "--name-only", "-z"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    named = {key for key in listed.stdout.split("\0") if NAMED.fullmatch(key)}
    values = INERT | {key: "false" if key.endswith(".required") else "" for key in named}
    return [word for key, value in values.items() for word in ("-c", f"{key}={value}")]


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, which may be somebody else's, and return its output."""
    run = subprocess.run(
        ["git", *inert(folder), *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if run.returncode != 0:
        raise Refused(f"git {arguments[0]} failed in {folder}: {run.stderr.strip()}")
    return run.stdout


def releases(template: Path) -> list[str]:
    """Return the tags of the template's releases, oldest first, without pre-releases."""
    versions = {tag: parse_version(tag) for tag in git(template, "tag", "--list", "v*").split()}
    final = {
        tag: version for tag, version in versions.items() if version and not version.is_prerelease
    }
    return sorted(final, key=final.__getitem__)


def remotes(template: Path) -> list[str]:
    """Return the addresses of all the template's git remotes."""
    return [
        address
        for name in git(template, "remote").split()
        for address in git(template, "remote", "get-url", "--all", name).split()
    ]


def normalize_address(address: str) -> str:
    """Return one spelling for all addresses of a repository: host/path, or an absolute path."""
    address = address.removeprefix("git+")
    if address.startswith("file://") or not ADDRESS.search(address):
        path = Path(address.removeprefix("file://")).expanduser()
        return path.resolve().as_posix().removesuffix(".git").rstrip("/")
    address = re.sub(r"^gl:", "https://gitlab.com/", address)
    address = re.sub(r"^gh:", "https://github.com/", address)
    without_scheme = re.sub(r"^[\w.+-]+://", "", address)
    without_user = re.sub(r"^[^/@]*@", "", without_scheme)
    host, path_on_host = re.split(r":\d+/|[:/]", without_user, maxsplit=1)
    return f"{host.lower()}/{path_on_host.strip('/').removesuffix('.git')}"


def parse_version(tag: str) -> Version | None:
    """Return the version that a tag names, or None where it names none."""
    try:
        return Version(tag)
    except InvalidVersion:
        return None


def require_version(template: Path, version: str) -> None:
    """Raise Refused unless the template has this version: a tag or any other commit."""
    commit = f"{version}^{{commit}}"
    try:
        git(template, "rev-parse", "--verify", "--quiet", "--end-of-options", commit)
    except Refused:
        known = ", ".join([*releases(template), "HEAD"])
        raise Refused(
            f"{version} is not a version of the template; choose one of {known}."
        ) from None


def render(template: Path, version: str, folder: Path, answers: Mapping[str, object]) -> Path:
    """Render a version with these answers, and with the defaults of all other questions."""
    with warnings.catch_warnings():
        # HEAD means the working tree, uncommitted changes included.
        warnings.simplefilter("ignore", DirtyLocalWarning)
        try:
            copier.run_copy(
                str(template),
                folder,
                data=dict(answers),
                vcs_ref=version,
                defaults=True,
                overwrite=True,
                quiet=True,
            )
        except (CopierError, ValueError) as error:
            raise Refused(f"{version} does not render with these answers: {error}") from None
    return folder


def read_answers(project: Path) -> dict[str, Any]:
    """Return the answers of a project, including the private ones of Copier."""
    try:
        answers = yaml.safe_load((project / ANSWERS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(f"{project} has no {ANSWERS_FILE}: it was not generated by Copier.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise Refused(
            f"{ANSWERS_FILE} in {project} is not valid YAML: restore it with git."
        ) from None
    if not isinstance(answers, dict):
        raise Refused(f"{ANSWERS_FILE} in {project} contains no answers: restore it with git.")
    return answers


def without_private(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers without Copier's private ones, such as _commit."""
    return {name: value for name, value in answers.items() if not name.startswith("_")}
