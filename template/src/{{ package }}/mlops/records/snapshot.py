"""The user's modules, copied to a package that is named after its content.

If one process loads two versions whose packages have the same name, one predicts with the other's
code. So a model is trained from `<package>_<sha8>`, and that folder is stored with it.
"""

import ast
import hashlib
import importlib
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..base.errors import Misconfigured
from ..base.project import CHECKOUT, PACKAGE, PACKAGE_ROOT, Project

NOT_THE_USERS = {"mlops", "_build", "__pycache__"}  # folders of the package that are skipped
IMPORTERS = {"import_module", "__import__"}


def take_snapshot(project: Project) -> Path:
    """Copy the user's modules to a package below build/snapshots, and return its folder.

    Raises Misconfigured if a module imports the project absolutely, or imports the platform.
    """
    sources = read_sources(PACKAGE_ROOT)
    digest = hashlib.sha256()
    for path, source in sources.items():
        _refuse_absolute_imports(path, source)
        digest.update(f"{path}\0".encode() + source)
    folder = project.path("build/snapshots") / f"{PACKAGE}_{digest.hexdigest()[:8]}"
    if read_sources(folder) != sources:  # another command may be reading an equal one
        shutil.rmtree(folder, ignore_errors=True)
        for path, source in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(source)
    for cache in list(folder.rglob("__pycache__")):  # bytecode may be that of other sources
        shutil.rmtree(cache, ignore_errors=True)
    importlib.invalidate_caches()
    return folder


def read_sources(root: Path) -> dict[str, bytes]:
    """Return the user's modules by relative path, with LF line endings."""
    sources = {}
    for file in sorted(root.rglob("*.py")):
        path = file.relative_to(root)
        if not NOT_THE_USERS.intersection(path.parts):
            sources[path.as_posix()] = file.read_bytes().replace(b"\r\n", b"\n")
    return sources


def _refuse_absolute_imports(path: str, source: bytes) -> None:
    try:
        tree = ast.parse(source, path)
    except SyntaxError as error:
        raise Misconfigured(f"{path}:{error.lineno}: {error.msg}; correct this line.") from None
    for line, name in _imported_names(tree):
        if name.split(".")[0] == PACKAGE or name.split(".")[:2] == ["", "mlops"]:
            raise Misconfigured(
                f"{path}:{line}: imports {name}; import your own modules relatively (from "
                ".features import ...) and never mlops: a registered model must "
                "work without the project."
            )
        if _is_beside_the_package(name):
            raise Misconfigured(
                f"{path}:{line}: imports {name}, which is in this repository but outside of "
                f"src/{PACKAGE}/, so a registered model would not contain it; move it there, and "
                "import it relatively."
            )


def _is_beside_the_package(name: str) -> bool:
    """Return whether a module is found in src/ or in the repository's folder itself."""
    top = name.split(".", maxsplit=1)[0]
    if not top or CHECKOUT is None:
        return False
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # a module without a specification, such as __main__
        return False
    if spec is None:
        return False
    folders = list(spec.submodule_search_locations or ())
    places = [Path(each) for each in folders or [spec.origin or ""]]
    return any(place.parent in (CHECKOUT, PACKAGE_ROOT.parent) for place in places)


def _imported_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each import; a relative name starts with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            for name in names:
                yield node.lineno, f".{name}" if node.level else name
        elif isinstance(node, ast.Call) and node.args and _called(node) in IMPORTERS:
            given = node.args[0]
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield node.lineno, given.value


def _called(call: ast.Call) -> str:
    """Return the name of the function that is called, without its module."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
