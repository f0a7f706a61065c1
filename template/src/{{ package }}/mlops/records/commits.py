"""What a commit contains. Each object that is read must have the content that its name stands for.

git reads an object by its name, and compares the two only in `git fsck`. So whoever overwrites the
file of a folder's object can have git show other files for the same commit.
"""

import hashlib
import os
import subprocess
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..base.errors import MlopsError

FOLDER = "40000"  # git's modes
LINK = "120000"


class Repository(NamedTuple):
    """How git reads a repository."""

    git: Collection[str]
    """The command, with options that all calls share."""
    root: Path
    """A folder of the repository."""
    env: Mapping[str, str]
    """The variables that git gets."""


class Committed(NamedTuple):
    """A file, link or folder of a commit."""

    mode: str
    """Git's mode: `100644` for a file."""
    digest: str
    """The name of its object, a SHA-1 or SHA-256."""


class Objects:
    """The objects of a repository, read by one process of git."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Read from a running `git cat-file --batch`."""
        self._process = process

    def read(self, name: str) -> tuple[str, bytes]:
        """Return the digest and the content of an object, by its full digest.

        Raises MlopsError if it is missing, or if its content is not what its digest says.
        """
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise AssertionError  # `committed_files` starts git with both pipes
        requests.write(f"{name}\n".encode())
        requests.flush()
        digest, *facts = answers.readline().decode().split()
        if len(facts) != 2:
            raise MlopsError(
                f"the repository has no object {name}, so the content of its last commit cannot be "
                "checked; clone the repository again."
            )
        kind, size = facts
        content = answers.read(int(size))
        answers.read(1)  # the end of the line
        if name != digest or not is_object(kind, content, digest):
            raise MlopsError(
                f"the content of object {digest} of the repository is not what its name stands "
                "for, so the content of its last commit cannot be checked; clone the repository "
                "again."
            )
        return digest, content

    def folder(self, digest: str) -> Iterator[tuple[str, Committed]]:
        """Yield the name of everything in a folder, and what it is."""
        _, content = self.read(digest)
        while content:
            facts, _, rest = content.partition(b"\0")
            mode, _, name = facts.partition(b" ")
            size = len(digest) // 2
            yield os.fsdecode(name), Committed(mode.decode(), rest[:size].hex())
            content = rest[size:]

    def files(self, digest: str, prefix: str) -> Iterator[tuple[str, Committed]]:
        """Yield the path of each file in a folder and its subfolders, and what it is."""
        for name, committed in self.folder(digest):
            if committed.mode == FOLDER:
                yield from self.files(committed.digest, f"{prefix}{name}/")
            else:
                yield f"{prefix}{name}", committed


def committed_files(
    repository: Repository, commit: str, prefix: str, names: Collection[str]
) -> dict[str, Committed]:
    """Return the files of a commit that have some names, or are in folders of these names.

    `commit` is its full digest: what a name such as HEAD stands for may change at any time.
    `prefix` is where the project is in its repository: empty, or `models/loan-risk/`.
    """
    with subprocess.Popen(
        (*repository.git, "cat-file", "--batch"),
        cwd=repository.root,
        env=repository.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        objects = Objects(process)
        _, content = objects.read(commit)
        folder = content.partition(b"\n")[0].removeprefix(b"tree ").decode()
        for part in filter(None, prefix.split("/")):
            inside = dict(objects.folder(folder))
            if part not in inside:
                return {}
            folder = inside[part].digest
        found: dict[str, Committed] = {}
        for name, committed in objects.folder(folder):
            if name not in names:
                continue
            if committed.mode == FOLDER:
                found |= objects.files(committed.digest, f"{name}/")
            else:
                found[name] = committed
        return found


def is_object(kind: str, content: bytes, digest: str) -> bool:
    """Return whether git would store the content under this digest, a SHA-1 or SHA-256."""
    algorithm = hashlib.sha256 if len(digest) == 64 else hashlib.sha1
    return algorithm(f"{kind} {len(content)}\0".encode() + content).hexdigest() == digest
