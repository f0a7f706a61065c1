"""Refuse an edit of the platform's files, and any other file in the platform's folders.

An update would have to merge an edit, and Python may prefer an added file to the platform's, such
as a folder `promote/` to `promote.py`. Run it by `python -I -S`: otherwise Python imports an added
`hashlib.py` next to this script, or a `sitecustomize.py` in src/, before the script can refuse it.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Collection
from fnmatch import fnmatch
from pathlib import Path

LIST = Path(".mlops/files")  # lines of `sha256sum`: the digest, two spaces, the path

REMEDIES = {  # the first pattern that matches a path says where such a change belongs
    "src/*/mlops/*": "settings belong in conf/, your own code in the folder above mlops/",
    "tests/mlops/*": "your own tests belong in tests/model/",
    ".mlops/ruff.toml": "lint rules belong in pyproject.toml, below [tool.ruff]",
    "noxfile.py": "your own sessions belong in another file, run by `uvx nox -f FILE`",
    "azure-pipelines.yml": "pools belong in ci/variables.*.yml, your own pipelines in new files",
    ".github/*": "the variable CI_RUNNER names a runner; your own workflows belong in new files",
    ".gitlab-ci.yml": "images and your own jobs belong in ci/variables.gitlab.yml",
    "ci/*": "pools belong in ci/variables.*.yml, your own pipelines in new files",
    ".gitattributes": "your own attributes belong in a .gitattributes in a subfolder",
    "*": "a change of the platform itself belongs in the template",
}


def main() -> int:
    """Compare the files with the list; return 1 where they differ, and print what to do."""
    listed = dict(read_list())
    edited = [path for path, digest in listed.items() if digest != digest_of(Path(path))]
    for path in edited:
        print(f"{path} is the platform's and differs from the template's file: {remedy_of(path)}.")
    if edited:
        print("Undo the edit with `git restore FILE`; if it is committed, add `--source=COMMIT`.")
    added = added_files(listed)
    for path in added:
        remedy = remedy_of(path)
        print(f"{path} is in a folder of the platform, and not from the template: {remedy}.")
    if added:
        print("Move these files or delete them, and commit that.")
    return bool(edited or added)


def remedy_of(path: str) -> str:
    """Return where a change of a path belongs."""
    return next(REMEDIES[pattern] for pattern in REMEDIES if fnmatch(path, pattern))


def read_list() -> list[tuple[str, str]]:
    """Return the path and the digest of each of the platform's files."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(maxsplit=1) for line in lines]
    return [(path, digest) for digest, path in pairs]


def added_files(listed: Collection[str]) -> list[str]:
    """Return what the folders of the platform contain in addition to the listed files.

    What git ignores and no commit has does not count, such as bytecode. Ends the program where git
    cannot tell.
    """
    packages = {"/".join(path.split("/")[:3]) for path in listed if fnmatch(path, "src/*/mlops/*")}
    folders = [f":(literal){folder}" for folder in (*sorted(packages), "tests/mlops", ".mlops")]
    command = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z", "--cached")
    done = subprocess.run(
        [*command, "--others", "--exclude-standard", "--", *folders],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"git cannot list the platform's files: {os.fsdecode(done.stderr).strip()}")
    paths = dict.fromkeys(filter(None, os.fsdecode(done.stdout).split("\0")))
    return [
        path
        for path in paths
        if path not in listed and path != LIST.as_posix() and os.path.lexists(path)
    ]


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file with LF line endings, or "" where there is no file."""
    if not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
