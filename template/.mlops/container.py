"""Build the image of a release with docker, podman or buildah, and push it.

An image is identified by the digest in its registry, never by a tag, which can be moved.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from commands import Refusal, run, show
from release_record import Release

DOCKERFILE = "build/source/Dockerfile"  # the commit's, which release.py has written there
TOOLS = ("docker", "podman", "buildah")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
INDEXES = ("UV_DEFAULT_INDEX", "PIP_INDEX_URL")


def build(folder: Path, release: Release, repository: str) -> str:
    """Build the image of the release in a folder, and push it to a repository.

    Returns `repository@sha256:…`, or "" without a repository, where nothing is pushed. Raises
    Refusal where no program can build an image, or where it fails.
    """
    tool = find_tool()
    tag = f"{repository or release.project}:{release.version.replace('+', '-')}"
    with index_login() as secret:
        show(tool, "build", "--file", DOCKERFILE, "--tag", tag, *arguments(release), *secret, ".")
    if not repository:
        return ""
    return f"{repository}@{push(tool, tag, folder)}"


def find_tool() -> str:
    """Return the program that builds images: $CONTAINER_TOOL, else the first one on PATH."""
    choices = ", ".join(TOOLS)
    wanted = os.environ.get("CONTAINER_TOOL")
    if wanted:
        if wanted not in TOOLS or not shutil.which(wanted):
            raise Refusal(
                f"CONTAINER_TOOL is {wanted}, which is unsupported or not on PATH: "
                f"install one of {choices}."
            )
        return wanted
    for tool in TOOLS:
        if shutil.which(tool):
            return tool
    raise Refusal(f"No program on PATH can build images: install one of {choices}.")


def arguments(release: Release) -> Iterator[str]:
    """Yield the build arguments of the Dockerfile."""
    values = {
        "VERSION": release.version,
        "REVISION": release.commit,
        "LOCK_SHA256": release.lock_sha256,
        "INDEX": index_without_login(),
        "BASE": os.environ.get("IMAGE_BASE", ""),
    }
    for name, value in values.items():
        if value:
            yield from ("--build-arg", f"{name}={value}")
    for name in PROXIES:
        if os.environ.get(name):
            yield from ("--build-arg", name)  # without the value, which may contain a password


@contextlib.contextmanager
def index_login() -> Iterator[tuple[str, ...]]:
    """Pass the login of the index to the build as a file that is in no layer of the image."""
    netrc = netrc_of_index()
    if not netrc:
        yield ()
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "netrc"
        file.touch(mode=0o600)
        file.write_text(netrc, encoding="utf-8")
        yield ("--secret", f"id=netrc,src={file}")


def index_address() -> str:
    """Return the address of the package index from the environment, "" for the default one."""
    for name in INDEXES:
        if os.environ.get(name):
            return os.environ[name]
    return ""


def index_without_login() -> str:
    """Return the address of the package index without user and password."""
    address = urlsplit(index_address())
    host = address.netloc.rpartition("@")[2]
    return urlunsplit(address._replace(netloc=host))


def netrc_of_index() -> str:
    """Return the login of the package index as a line of netrc, "" without a password."""
    address = urlsplit(index_address())
    if not address.password:
        return ""
    user = unquote(address.username or "")
    password = unquote(address.password)
    return f"machine {address.hostname} login {user} password {password}\n"


def push(tool: str, tag: str, folder: Path) -> str:
    """Push an image and return its digest in the registry."""
    if tool == "docker":
        show(tool, "push", tag)
        [image] = json.loads(run(tool, "image", "inspect", tag))
        repository = tag.rpartition(":")[0]
        names = [name.partition("@") for name in image["RepoDigests"]]
        digests = [digest for place, _, digest in names if place == repository]
    else:  # `podman inspect` shows the digests of uncompressed layers, which no registry knows
        file = folder.with_name("image.digest")
        show(tool, "push", "--digestfile", str(file), tag)
        digests = [file.read_text(encoding="utf-8").strip()]
    if len(digests) != 1:
        raise Refusal(f"{tool} knows {len(digests)} digests of {tag}, not one: push it again.")
    return digests[0]
