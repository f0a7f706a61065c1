"""Imports of the user's modules from the content that a command has compared with the commit.

A module is imported when a command first needs it, which may be long after that comparison. Without
this, whoever can write the checkout could show the import other code than the comparison. Bytecode
in the checkout is not read either.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from .project import NOT_THE_USERS, PACKAGE, PACKAGE_ROOT


class ReviewedModules(MetaPathFinder, SourceLoader):
    """Finds and loads the user's modules in memory; it finds none while it has no content."""

    def __init__(self) -> None:
        """Begin without content, so that imports are as usual."""
        self.contents: dict[str, bytes] = {}
        """The content of each file of the package, by its path in the package."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of the user is; None for all others.

        Raises ModuleNotFoundError for a module of the package that was not compared.
        """
        package, _, name = fullname.partition(".")
        if not self.contents or package != PACKAGE or not name:
            return None
        stem = name.replace(".", "/")
        if NOT_THE_USERS.intersection(stem.split("/")):
            return None
        for file in (f"{stem}/__init__.py", f"{stem}.py"):
            if file in self.contents:
                place = PACKAGE_ROOT / file
                folders = [str(place.parent)] if place.name == "__init__.py" else None
                return spec_from_file_location(
                    fullname, place, loader=self, submodule_search_locations=folders
                )
        if any(file.startswith((f"{stem}/", f"{stem}.")) for file in self.contents):
            return None  # a folder without __init__.py, or a compiled module
        raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)

    def get_filename(self, fullname: str) -> str:
        """Return the path of a module in the checkout, for tracebacks."""
        stem = fullname.partition(".")[2].replace(".", "/")
        is_package = f"{stem}/__init__.py" in self.contents
        return str(PACKAGE_ROOT / (f"{stem}/__init__.py" if is_package else f"{stem}.py"))

    def get_data(self, path: str | bytes) -> bytes:
        """Return the content of a module."""
        name = Path(str(path)).relative_to(PACKAGE_ROOT).as_posix()
        if name not in self.contents:
            raise OSError(f"{name} was not compared with the commit")
        return self.contents[name]


_MODULES = ReviewedModules()


def import_only(contents: Mapping[str, bytes]) -> None:
    """Import the user's modules from these contents, by path in the package; {} ends that."""
    _MODULES.contents = dict(contents)
    if _MODULES not in sys.meta_path:
        sys.meta_path.insert(0, _MODULES)
