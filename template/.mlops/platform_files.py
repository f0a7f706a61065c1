"""Refuse an edit of the platform's files before an update has to merge it."""

import hashlib
import sys
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
    """Compare each file with the list; return 1 where one differs, and print what to do."""
    edited = [path for path, digest in read_list() if digest != digest_of(Path(path))]
    for path in edited:
        remedy = next(REMEDIES[pattern] for pattern in REMEDIES if fnmatch(path, pattern))
        print(f"{path} is the platform's and differs from the template's file: {remedy}.")
    if edited:
        print("Undo the edit with `git restore FILE`; if it is committed, add `--source=COMMIT`.")
    return bool(edited)


def read_list() -> list[tuple[str, str]]:
    """Return the path and the digest of each of the platform's files."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(maxsplit=1) for line in lines]
    return [(path, digest) for digest, path in pairs]


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file with LF line endings, or "" where there is no file."""
    if not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
