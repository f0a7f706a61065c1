"""The code of versions in one process: two packages with the same name are never both imported.

Python imports a name once. If two versions had different code under the same name, the second would
predict with the code of the first.
"""

import hashlib
import sys
from pathlib import Path

from .errors import MlopsError

_FOLDERS: dict[str, set[Path]] = {}  # by name; the content of all folders of a name is the same
_DIGESTS: dict[str, str] = {}


def claim_package(folder: Path) -> None:
    """Let a folder be where the modules of its name are imported from.

    Raises MlopsError if this process may have imported other code under that name.
    """
    lines = []
    for file in sorted(folder.rglob("*.py")):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        lines.append(f"{content}  {file.relative_to(folder).as_posix()}")
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    if _DIGESTS.setdefault(folder.name, digest) != digest:
        raise MlopsError(
            f"this process has already loaded a package named {folder.name} with different code, "
            "and Python cannot keep both; train a new version of the code that you want to keep."
        )
    _FOLDERS.setdefault(folder.name, set()).add(folder.resolve())


def refuse_strange_modules(package: str) -> None:
    """Raise MlopsError if a module of a package was imported from a folder that is not claimed."""
    folders = _FOLDERS[package]
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] != package or file is None:  # None: a folder without __init__.py
            continue
        if not any(Path(file).resolve().is_relative_to(folder) for folder in folders):
            raise MlopsError(
                f"the module {name} was imported from {file}, which is not one of the version's "
                "files; find out who put it there, remove it, and run the command again."
            )
