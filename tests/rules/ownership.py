"""The rules of who owns what: told from the project of the default answers."""

import hashlib
from collections.abc import Iterator

from pathspec import PathSpec

from .template import Rule, Template

LIST = ".mlops/files"
SHARED = {".gitignore", ".pre-commit-config.yaml", "pyproject.toml"}
COPIERS = {".copier-answers.yml"}
FOLDERS = ("/mlops/", "/.mlops/")  # wholly the platform's, so that an update may bring a file


def every_path_has_one_owner(template: Template) -> Iterator[str]:
    yours = set(PathSpec.from_lines("gitignore", template.yours()).match_files(template.rendered))
    owned = {"yours": yours, "the platform's": {*listed(template), LIST}}
    owned |= {"shared": SHARED, "Copier's": COPIERS}
    for path in sorted(template.rendered):
        owners = [owner for owner, paths in owned.items() if path in paths]
        if len(owners) != 1:
            yield f"{path} has {' and '.join(owners) or 'no owner'}"


def the_platforms_folders_are_wholly_the_platforms(template: Template) -> Iterator[str]:
    for path in template.rendered:
        if any(folder in f"/{path}" for folder in FOLDERS) and path not in {
            *listed(template),
            LIST,
        }:
            yield f"{path} lies in a folder of the platform's and is not listed"


def the_list_holds(template: Template) -> Iterator[str]:
    for path, digest in listed(template).items():
        if hashlib.sha256(template.rendered.get(path, b"")).hexdigest() != digest:
            yield f"{path} is not what {LIST} says"


def every_entry_of_the_users_list_owns_something(template: Template) -> Iterator[str]:
    for pattern in template.yours():
        if not list(PathSpec.from_lines("gitignore", [pattern]).match_files(template.rendered)):
            yield f"{pattern} is a dead row"


def listed(template: Template) -> dict[str, str]:
    """Return the paths of the platform's files, with their checksums."""
    words = template.rendered[LIST].decode().split()
    return dict(zip(words[1::2], words[::2], strict=True))


RULES: list[Rule] = [
    every_path_has_one_owner,
    the_platforms_folders_are_wholly_the_platforms,
    the_list_holds,
    every_entry_of_the_users_list_owns_something,
]
