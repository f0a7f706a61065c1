"""Refuse an edit of the platform's files before an update has to merge it."""

import hashlib
import sys
from fnmatch import fnmatch
from pathlib import Path

LIST = Path(".mlops/files")  # lines of `sha256sum`: the digest, two spaces, the path

WISHES = {  # the first pattern that fits tells where the wish belongs
    "src/*/mlops/*": "a setting belongs in conf/, code of your own in the folder above mlops/",
    "tests/mlops/*": "a test of your own belongs in tests/model/",
    ".mlops/ruff.toml": "a lint rule belongs in pyproject.toml, below [tool.ruff]",
    "noxfile.py": "a session of your own belongs in another file, run by `uvx nox -f FILE`",
    "azure-pipelines.yml": "pools belong in ci/variables.*.yml, pipelines of your own elsewhere",
    ".github/*": "the variable CI_RUNNER names a runner, a workflow of your own is a new file",
    ".gitlab-ci.yml": "images and jobs of your own belong in ci/variables.gitlab.yml",
    "ci/*": "pools belong in ci/variables.*.yml, pipelines of your own elsewhere",
    ".gitattributes": "an attribute of your own belongs in a .gitattributes deeper down",
    "*": "a wish for the platform itself belongs in the template",
}


def main() -> int:
    """Compare each file with the list; return 1 and say what to do when one differs."""
    edited = [path for path, digest in listed() if digest != digest_of(Path(path))]
    for path in edited:
        wish = next(wish for pattern, wish in WISHES.items() if fnmatch(path, pattern))
        print(f"{path} is the platform's and differs from what the template brought: {wish}.")
    if edited:
        print("Take it back by `git restore FILE`; if it is committed, add `--source=COMMIT`.")
    return bool(edited)


def listed() -> list[tuple[str, str]]:
    """Return path and digest of each of the platform's files."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(maxsplit=1) for line in lines]
    return [(path, digest) for digest, path in pairs]


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file with plain line endings, or nothing where there is no file."""
    if not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
