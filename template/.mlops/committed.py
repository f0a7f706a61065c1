"""The files of a commit, as git stores them.

`git archive` and `git checkout` can change the content: by a filter, by an attribute such as
`export-subst`, or by `git replace`. The settings for this are in .git, which no commit contains. So
the objects are read here, and each must have the content that its name stands for, as in
mlops/records/commits.py, which is not installed where these scripts run.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from commands import Refusal, git

FOLDER = "40000"  # modes of git
EXECUTABLE = "100755"
LINK = "120000"
SUBMODULE = "160000"
READ = ("git", "--no-replace-objects", "cat-file", "--batch")


class CommittedFile(NamedTuple):
    """A file, a link, or a submodule."""

    path: str
    """Its path below the folder that was asked for."""
    mode: str
    """Git's mode: `100644` for a file."""
    content: bytes
    """The bytes of the file, or the target of the link; empty for a submodule."""

    def write(self, folder: Path) -> None:
        """Write a file below a folder, which does not have it yet."""
        target = folder / self.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(self.content)
        if self.mode == EXECUTABLE:
            target.chmod(target.stat().st_mode | 0o111)


class Objects:
    """The objects of a repository, read by one process of git."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        """Read from a running `git cat-file --batch`."""
        self._process = process

    def read(self, digest: str) -> bytes:
        """Return the content of an object; raise Refusal if it is not what its name stands for."""
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise AssertionError  # `committed_files` starts git with both pipes
        requests.write(f"{digest}\n".encode())
        requests.flush()
        _, *facts = answers.readline().decode().split()
        if len(facts) != 2:
            raise Refusal(f"The repository has no object {digest}: clone the repository again.")
        kind, size = facts
        content = answers.read(int(size))
        answers.read(1)  # the end of the line
        if not is_object(kind, content, digest):
            raise Refusal(
                f"The content of object {digest} of the repository is not what its name stands "
                "for: clone the repository again."
            )
        return content

    def folder(self, digest: str) -> Iterator[tuple[str, str, str]]:
        """Yield the name of everything in a folder, its mode, and its digest."""
        content = self.read(digest)
        names: set[str] = set()
        while content:
            facts, _, rest = content.partition(b"\0")
            mode, _, name = os.fsdecode(facts).partition(" ")
            if name in names or name.lower() in {".", "..", ".git"} or set(name) & {"/", "\\"}:
                raise Refusal(
                    f"The commit has a file named {name!r} that git does not check out: remove it "
                    "from the commit."
                )
            names.add(name)
            size = len(digest) // 2
            yield name, mode, rest[:size].hex()
            content = rest[size:]

    def files(self, digest: str, prefix: str = "") -> Iterator[CommittedFile]:
        """Yield the files of a folder and of its subfolders."""
        for name, mode, each in self.folder(digest):
            if mode == FOLDER:
                yield from self.files(each, f"{prefix}{name}/")
            else:
                content = b"" if mode == SUBMODULE else self.read(each)
                yield CommittedFile(f"{prefix}{name}", mode, content)


def committed_files(commit: str, prefix: str = "") -> Iterator[CommittedFile]:
    """Yield the files of a commit of this repository.

    `prefix` is a folder of the repository, such as `models/loan-risk/`; by default, it is all of
    it. Raises Refusal for an object that is missing or was overwritten.
    """
    digest = git("rev-parse", "--verify", commit + "^{commit}").strip()
    with subprocess.Popen(READ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        objects = Objects(process)
        text = objects.read(digest)
        folder = text.partition(b"\n")[0].removeprefix(b"tree ").decode()
        for part in filter(None, prefix.split("/")):
            inside = {name: each for name, _, each in objects.folder(folder)}
            if part not in inside:
                return
            folder = inside[part]
        yield from objects.files(folder)


def is_object(kind: str, content: bytes, digest: str) -> bool:
    """Return whether git would store the content under this digest, a SHA-1 or SHA-256."""
    algorithm = hashlib.sha256 if len(digest) == 64 else hashlib.sha1
    return algorithm(f"{kind} {len(content)}\0".encode() + content).hexdigest() == digest
