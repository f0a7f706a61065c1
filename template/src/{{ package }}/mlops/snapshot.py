"""The user's modules, copied to a package that is named by its content.

Two versions that carry the same package name predict with one another's code when one process
loads both, so a model is trained from `<package>_<sha8>` and takes that folder along.
"""

import ast
import hashlib
import importlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from .errors import Misconfigured
from .project import PACKAGE, PACKAGE_ROOT, Project, import_from

NOT_THE_USERS = {"mlops", "_build", "__pycache__"}


@dataclass(frozen=True)
class Snapshot:
    """The copied package."""

    name: str
    folder: Path

    def module(self, name: str) -> ModuleType:
        """Import one of the copied modules; raises Misconfigured where it is missing."""
        if not any(self.folder.glob(f"{name}*")):
            raise Misconfigured(f"{name}.py is missing from the package {PACKAGE}.")
        return import_from(self.folder.parent, f"{self.name}.{name}")


def take_snapshot(project: Project) -> Snapshot:
    """Copy the user's modules below build/snapshots.

    Raises Misconfigured where a module imports the project absolutely or imports the platform.
    """
    sources = _read_sources(PACKAGE_ROOT)
    digest = hashlib.sha256()
    for path, source in sources.items():
        _refuse_absolute_imports(path, source)
        digest.update(f"{path}\0".encode() + source)
    name = f"{PACKAGE}_{digest.hexdigest()[:8]}"
    folder = project.path("build/snapshots") / name
    if _read_sources(folder) != sources:  # else another command may be reading it
        shutil.rmtree(folder, ignore_errors=True)
        for path, source in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(source)
    importlib.invalidate_caches()
    return Snapshot(name, folder)


def _read_sources(root: Path) -> dict[str, bytes]:
    """Return the user's modules by relative path, with LF line endings."""
    paths = (path.relative_to(root) for path in sorted(root.rglob("*.py")))
    return {
        path.as_posix(): (root / path).read_bytes().replace(b"\r\n", b"\n")
        for path in paths
        if not NOT_THE_USERS.intersection(path.parts)
    }


def _refuse_absolute_imports(path: str, source: bytes) -> None:
    try:
        tree = ast.parse(source, path)
    except SyntaxError as error:
        raise Misconfigured(f"{path}:{error.lineno}: {error.msg}.") from None
    for node in ast.walk(tree):
        for name in _imported(node):
            if name.split(".")[0] == PACKAGE or name.split(".")[:2] == ["", "mlops"]:
                raise Misconfigured(
                    f"{path}:{getattr(node, 'lineno', 0)}: imports {name}; import your own modules "
                    "relatively (from .features import ...) and never mlops, so that a registered "
                    "model stands alone."
                )


def _imported(node: ast.AST) -> list[str]:
    """Return the names that a statement imports; a relative one starts with a dot."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    if node.level == 0:
        return [node.module or ""]
    return [f".{name}" for name in ([node.module] if node.module else [a.name for a in node.names])]
