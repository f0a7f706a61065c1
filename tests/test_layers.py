"""The layers of the platform: imports point downwards only, lazy ones and those of types too."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from rendering import PLATFORM

LAYERS = ("base", "data", "figures", "records", "pages", "steps", "serving", "top")  # lowest first


def modules(root: Path) -> dict[str, Path]:
    """Return the file of each module by its dotted name."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): path
        for path in root.rglob("*.py")
        if path.name != "__init__.py"
    }


def imports(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of the platform that a module imports, wherever in it."""
    package = name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        above = package[: len(package) - node.level + 1]
        source = [*above, *(node.module or "").split(".")] if node.module else above
        for alias in node.names:
            for target in (".".join([*source, alias.name]), ".".join(source)):
                if target in known:
                    yield target
                    break


def graph(root: Path) -> dict[str, set[str]]:
    """Return what each module imports."""
    known = modules(root)
    return {name: set(imports(name, path, known)) for name, path in known.items()}


def layer(name: str) -> int:
    """Return the place of a module's layer, from the bottom."""
    package, _, inner = name.partition(".")
    return LAYERS.index(package if inner else "top")


def upward(edges: dict[str, set[str]]) -> list[str]:
    """Return the imports that point to a higher layer."""
    return [
        f"{name} -> {target}"
        for name, targets in sorted(edges.items())
        for target in sorted(targets)
        if layer(target) > layer(name)
    ]


def test_every_module_belongs_to_a_layer() -> None:
    assert {name.partition(".")[0] for name in modules(PLATFORM) if "." in name} == set(LAYERS[:-1])


def test_imports_point_downwards() -> None:
    assert upward(graph(PLATFORM)) == []


def test_no_modules_import_one_another() -> None:
    edges = graph(PLATFORM)
    assert sum(map(len, edges.values())) > 100
    TopologicalSorter(edges).prepare()  # raises CycleError


def test_no_module_is_imported_by_a_name_that_an_editor_cannot_follow() -> None:
    named = {
        name
        for name, path in modules(PLATFORM).items()
        if "import_module(" in path.read_text(encoding="utf-8")
    }
    assert named == {"base.project"}


def test_an_upward_import_and_a_lazy_cycle_are_found(tmp_path: Path) -> None:
    for folder in ("base", "steps"):
        (tmp_path / folder).mkdir()
    (tmp_path / "base/errors.py").write_text("from ..steps import train\n")
    (tmp_path / "steps/train.py").write_text("def later():\n    from ..base.errors import Any\n")
    edges = graph(tmp_path)
    assert upward(edges) == ["base.errors -> steps.train"]
    with pytest.raises(CycleError):
        TopologicalSorter(edges).prepare()
