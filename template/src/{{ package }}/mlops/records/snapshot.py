"""The user's modules, copied to a package that is named after its content.

If one process loads two versions whose packages have the same name, one predicts with the other's
code. So a model is trained from `<package>_<hash>`, and that folder is stored with it.
"""

import ast
import hashlib
import importlib
import importlib.util
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from ..base.errors import Misconfigured
from ..base.private import private_folder
from ..base.project import CHECKOUT, PACKAGE, PACKAGE_ROOT, PLATFORM, is_the_users

IMPORTERS = {"import_module", "__import__"}
DIGITS = 32  # of the hash in a name; older templates used 8, of another hash
SCORER_PATH = "mlops/records/scorer.py"  # in the package


def read_code() -> dict[str, bytes]:
    """Return the content of what a version takes along of the package: modules and scorer.

    `take_snapshot` and `compare_with_commit` take it, so that what is trained is what was compared.
    """
    scorer = PLATFORM / "records/scorer.py"
    return {**_read_modules(PACKAGE_ROOT), SCORER_PATH: scorer.read_bytes()}


def take_snapshot(code: Mapping[str, bytes] | None = None) -> Path:
    """Copy the user's modules to a package in a private folder, and return its folder.

    `code` is what `read_code` has returned, by default what is there now. Raises Misconfigured if
    a module imports the project absolutely, or imports the platform.
    """
    sources = to_sources(_read_modules(PACKAGE_ROOT) if code is None else code)
    for path, source in sources.items():
        _refuse_absolute_imports(path, source)
    folder = _folder_of_snapshots() / package_name(sources)
    if read_sources(folder) != sources:
        shutil.rmtree(folder, ignore_errors=True)
        for path, source in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(source)
    for bytecode in list(folder.rglob("__pycache__")):  # it may be that of other sources
        shutil.rmtree(bytecode, ignore_errors=True)
    importlib.invalidate_caches()
    return folder


@cache
def _folder_of_snapshots() -> Path:
    """Return the private folder of this process: nobody changes a module before its import."""
    return private_folder()


def to_sources(code: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the user's modules among the files of a package, with LF line endings."""
    return {p: text.replace(b"\r\n", b"\n") for p, text in code.items() if is_the_users(p)}


def read_sources(root: Path) -> dict[str, bytes]:
    """Return the user's modules in a folder by relative path, with LF line endings."""
    return to_sources(_read_modules(root))


def _read_modules(root: Path) -> dict[str, bytes]:
    paths = {file.relative_to(root).as_posix(): file for file in sorted(root.rglob("*.py"))}
    return {path: file.read_bytes() for path, file in paths.items() if is_the_users(path)}


def package_name(sources: Mapping[str, bytes]) -> str:
    """Return the name of the package that has these modules."""
    lines = [f"{hashlib.sha256(text).hexdigest()}  {path}\n" for path, text in sources.items()]
    digest = hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
    return f"{PACKAGE}_{digest[:DIGITS]}"


def older_package_name(sources: Mapping[str, bytes]) -> str:
    """Return the name that older templates gave to a package with these modules.

    32 bits do not keep two packages apart if somebody looks for two with the same name.
    """
    digest = hashlib.sha256()
    for path in sorted(sources, key=PurePosixPath):
        digest.update(f"{path}\0".encode() + sources[path])
    return f"{PACKAGE}_{digest.hexdigest()[:8]}"


def is_named_after(name: str, sources: Mapping[str, bytes]) -> bool:
    """Return whether the name of a package is that of its content, by this or an older template."""
    return name in (package_name(sources), older_package_name(sources))


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
