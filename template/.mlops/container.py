"""Build the image of a release with docker, podman or buildah, and push it.

An image is known by the digest that the registry gave, never by a tag, which can be moved.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from commands import Refusal, run, show

TOOLS = ("docker", "podman", "buildah")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
INDEXES = ("UV_DEFAULT_INDEX", "PIP_INDEX_URL")


def build(release: Path, facts: dict[str, Any], repository: str) -> str:
    """Build the image and return `repository@sha256:…`, or nothing where it is not pushed.

    Raises Refusal where there is no program for it, or it fails.
    """
    tool = program()
    tag = f"{repository or facts['project']}:{facts['version'].replace('+', '-')}"
    with login() as secret:
        show(tool, "build", "--file", "Dockerfile", "--tag", tag, *arguments(facts), *secret, ".")
    return f"{repository}@{pushed(tool, tag, release)}" if repository else ""


def program() -> str:
    """Return the program that builds: $CONTAINER_TOOL, else the first one here."""
    wanted = os.environ.get("CONTAINER_TOOL")
    found = next(filter(shutil.which, (wanted,) if wanted else TOOLS), None)
    if found not in TOOLS:
        where = f"CONTAINER_TOOL is {wanted}" if wanted else "no program builds images here"
        raise Refusal(f"{where}: install one of {', '.join(TOOLS)}.")
    return found


def arguments(facts: dict[str, Any]) -> Iterator[str]:
    """Yield what the Dockerfile asks for."""
    known = {"VERSION": facts["version"], "REVISION": facts["commit"]}
    known |= {"LOCK_SHA256": facts["lock_sha256"], "INDEX": index()[0]}
    known |= {"BASE": os.environ.get("IMAGE_BASE", "")}
    for name, value in known.items():
        if value:
            yield from ("--build-arg", f"{name}={value}")
    for name in filter(os.environ.get, PROXIES):  # by name alone: an image's history keeps none
        yield from ("--build-arg", name)


@contextlib.contextmanager
def login() -> Iterator[tuple[str, ...]]:
    """Hand the login of the index to the build as a file that stays in no layer."""
    _, netrc = index()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "netrc"
        file.touch(mode=0o600)
        file.write_text(netrc, encoding="utf-8")
        yield ("--secret", f"id=netrc,src={file}") if netrc else ()


def index() -> tuple[str, str]:
    """Return the address of the index without its login, and the login as netrc has it."""
    address = urlsplit(next(filter(None, map(os.environ.get, INDEXES)), ""))
    host = address.netloc.rpartition("@")[2]
    netrc = ""
    if address.password:
        words = (address.hostname, unquote(address.username or ""), unquote(address.password))
        netrc = "machine {} login {} password {}\n".format(*words)
    return urlunsplit(address._replace(netloc=host)), netrc


def pushed(tool: str, tag: str, release: Path) -> str:
    """Push an image and return the digest by which the registry knows it."""
    if tool == "docker":
        show(tool, "push", tag)
        [image] = json.loads(run(tool, "image", "inspect", tag))
        name = tag.rpartition(":")[0]
        known = [each.partition("@") for each in image["RepoDigests"]]
        digests = [digest for place, _, digest in known if place == name]
    else:  # podman's own list has the digests of this machine, where layers are not compressed
        file = release.with_name("image.digest")
        show(tool, "push", "--digestfile", str(file), tag)
        digests = [file.read_text(encoding="utf-8").strip()]
    if len(digests) != 1:
        raise Refusal(f"{tool} knows no digest of {tag}: push it once more.")
    return digests[0]
