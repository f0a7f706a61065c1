"""Imports of the user's modules from the content that a command has compared with the commit.

A module is imported when a command first needs it, which may be long after that comparison. Without
this, whoever can write the checkout could show the import other code than the comparison. Bytecode
of the user's modules is not read either.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import ModuleType

from .project import NOT_THE_USERS, PACKAGE, PACKAGE_ROOT


class ReviewedLoader(SourceFileLoader):
    """Loads a module from its content in memory; its path is only for tracebacks."""

    def __init__(self, fullname: str, path: str, content: bytes) -> None:
        super().__init__(fullname, path)
        self._content = content

    def path_stats(self, path: str) -> Mapping[str, object]:
        """Let no bytecode be read or written."""
        raise OSError(f"bytecode of {path} is not read")

    def get_data(self, path: str) -> bytes:
        """Return the content of the module, or of a file that its code asks for."""
        return self._content if path == self.path else super().get_data(path)


class ReviewedModules(MetaPathFinder):
    """Finds the user's modules in memory; it finds none while it has no content."""

    def __init__(self) -> None:
        """Begin without content, so that imports are as usual."""
        self.contents: Mapping[str, bytes] = {}
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
                place = str(PACKAGE_ROOT / file)
                loader = ReviewedLoader(fullname, place, self.contents[file])
                return spec_from_file_location(fullname, place, loader=loader)
        if any(file.startswith((f"{stem}/", f"{stem}.")) for file in self.contents):
            return None  # a folder without __init__.py, or a compiled module
        raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


_MODULES = ReviewedModules()


def import_only(contents: Mapping[str, bytes]) -> None:
    """Import the user's modules from these contents, by path in the package; {} ends that."""
    _MODULES.contents = contents
    if _MODULES not in sys.meta_path:
        sys.meta_path.insert(0, _MODULES)
