"""The rules of who owns what, checked in a project of each vendor's pipelines and of none."""

import hashlib
from collections.abc import Iterator

from pathspec import PathSpec

from .template import Rule, Template

LIST = ".mlops/files"
SHARED = {".gitignore", ".pre-commit-config.yaml", "pyproject.toml"}
COPIERS = {".copier-answers.yml"}
# Wholly the platform's, so that an update may bring a file.
FOLDERS = ("/mlops/", "/.mlops/", "/ci/azure-devops/", "/ci/gitlab/", "/.github/")


def every_path_has_one_owner(template: Template) -> Iterator[str]:
    users = PathSpec.from_lines("gitignore", template.yours())
    for rendered in template.renderings:
        owned = {"yours": set(users.match_files(rendered)), "shared": SHARED, "Copier's": COPIERS}
        owned |= {"the platform's": {*listed(rendered), LIST}}
        for path in sorted(rendered):
            owners = [owner for owner, paths in owned.items() if path in paths]
            if len(owners) != 1:
                yield f"{path} has {' and '.join(owners) or 'no owner'}"


def the_platforms_folders_are_wholly_the_platforms(template: Template) -> Iterator[str]:
    for rendered in template.renderings:
        known = {*listed(rendered), LIST}
        for path in rendered.keys() - known:
            if any(folder in f"/{path}" for folder in FOLDERS):
                yield f"{path} lies in a folder of the platform's and is not listed"


def the_list_holds(template: Template) -> Iterator[str]:
    for rendered in template.renderings:
        for path, digest in listed(rendered).items():
            if hashlib.sha256(rendered.get(path, b"")).hexdigest() != digest:
                yield f"{path} is not what {LIST} says"


def every_entry_of_the_users_list_owns_something(template: Template) -> Iterator[str]:
    paths = {path for rendered in template.renderings for path in rendered}
    for pattern in template.yours():
        if not list(PathSpec.from_lines("gitignore", [pattern]).match_files(paths)):
            yield f"{pattern} is a dead row"


def listed(rendered: dict[str, bytes]) -> dict[str, str]:
    """Return the paths of the platform's files, with their checksums."""
    words = rendered[LIST].decode().split()
    return dict(zip(words[1::2], words[::2], strict=True))


RULES: list[Rule] = [
    every_path_has_one_owner,
    the_platforms_folders_are_wholly_the_platforms,
    the_list_holds,
    every_entry_of_the_users_list_owns_something,
]
