"""A version takes a copy of the user's modules along, under a name that only its content gives."""

import importlib.util
import marshal
import sys
from pathlib import Path
from typing import Any

import pytest
from rendering import platform

snapshot = platform("records.snapshot")
errors = platform("base.errors")
user_module = platform("base.project").user_module

FILES = {
    "__init__.py": "",
    "model.py": "from .features import add\n\nTOTAL = add(1, 2)\n",
    "features.py": "def add(one, other):\n    return one + other\n",
    "parts/__init__.py": "",
    "parts/ratios.py": "import math\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's package, with files that a version does not take along."""
    folder = tmp_path / "src/loan_risk"
    others = {"mlops/cli.py": "", "_build/facts.py": "", "__pycache__/old.py": "", "notes.txt": ""}
    for name, content in (FILES | others).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, newline="")
    monkeypatch.setattr(snapshot, "PACKAGE_ROOT", folder)
    monkeypatch.setattr(snapshot, "PACKAGE", "loan_risk")
    monkeypatch.setattr(snapshot, "_folder_of_snapshots", lambda: tmp_path / "private")
    monkeypatch.setattr(sys, "path", [*sys.path])
    return folder


def take() -> Path:
    """Take a snapshot."""
    taken: Path = snapshot.take_snapshot()
    return taken


def test_the_users_modules_are_taken_and_nothing_else(package: Path, tmp_path: Path) -> None:
    taken = take()
    assert taken.parent == tmp_path / "private"
    assert taken.name.startswith("loan_risk_")
    found = {str(path.relative_to(taken)) for path in taken.rglob("*") if path.is_file()}
    assert found == set(FILES)


def test_the_copy_works_under_its_own_name(package: Path, tmp_path: Path) -> None:
    taken = take()
    assert user_module("model", taken).TOTAL == 3
    assert user_module("model", taken).add.__module__ == f"{taken.name}.features"


def test_the_same_code_has_the_same_name_and_is_not_written_again(
    package: Path, tmp_path: Path
) -> None:
    taken = take()
    written = (taken / "model.py").stat().st_mtime_ns
    assert take() == taken
    assert (taken / "model.py").stat().st_mtime_ns == written
    (package / "notes.txt").write_text("another note")
    (package / "mlops/cli.py").write_text("newer = True")
    assert take() == taken


def test_line_endings_of_windows_do_not_count(package: Path, tmp_path: Path) -> None:
    taken = take()
    for name, content in FILES.items():
        (package / name).write_text(content, newline="\r\n")
    assert b"\r\n" in (package / "model.py").read_bytes()
    assert take() == taken


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "model.py").write_text("TOTAL = 3\n"),
        lambda folder: (folder / "features.py").rename(folder / "columns.py"),
        lambda folder: (folder / "more.py").touch(),
        lambda folder: (folder / "parts/ratios.py").unlink(),
    ],
    ids=["content", "a name", "a file more", "a file less"],
)
def test_other_code_has_another_name(package: Path, tmp_path: Path, change: Any) -> None:
    taken = take()
    change(package)
    assert take() != taken


def test_a_snapshot_that_somebody_changed_is_made_again(package: Path, tmp_path: Path) -> None:
    taken = take()
    (taken / "model.py").write_text("TOTAL = 4\n")
    (taken / "more.py").touch()
    assert take() == taken
    assert snapshot.read_sources(taken) == snapshot.read_sources(package)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import loan_risk", "loan_risk"),
        ("import loan_risk.features as f", "loan_risk.features"),
        ("from loan_risk import features", "loan_risk"),
        ("from loan_risk.features import add", "loan_risk.features"),
        ("from .mlops import load", ".mlops"),
        ("from . import mlops", ".mlops"),
        ("def later():\n    from .mlops.base import errors", ".mlops.base"),
    ],
)
def test_code_that_would_not_work_alone_is_refused_with_its_line(
    package: Path, tmp_path: Path, line: str, name: str
) -> None:
    (package / "parts/ratios.py").write_text(f"import math\n{line}\n")
    number = 2 + line.count("\n")
    with pytest.raises(errors.Misconfigured) as caught:
        take()
    assert str(caught.value).startswith(f"parts/ratios.py:{number}: imports {name}; import your")
    assert not (tmp_path / "private").exists()


@pytest.mark.parametrize(
    "line", ["import loan_risk_tools", "from .mlops_helpers import x", "from . import features"]
)
def test_similar_names_are_allowed(package: Path, tmp_path: Path, line: str) -> None:
    (package / "parts/ratios.py").write_text(f"{line}\n")
    take()


def test_a_module_that_is_not_python_is_named_with_its_line(package: Path, tmp_path: Path) -> None:
    (package / "features.py").write_text("x = 1\ndef :\n")
    with pytest.raises(errors.Misconfigured, match=r"^features\.py:2: .*; correct this line\.$"):
        take()


def test_bytecode_of_other_sources_next_to_a_snapshot_is_not_run(
    package: Path, tmp_path: Path
) -> None:
    """The snapshot is named after its sources, and `build/` is a folder that git ignores."""
    (package / "model.py").write_text("TOTAL = 3  # no other test imports this snapshot\n")
    source = take() / "model.py"
    facts = source.stat()
    head = importlib.util.MAGIC_NUMBER + bytes(4)
    head += int(facts.st_mtime).to_bytes(4, "little") + facts.st_size.to_bytes(4, "little")
    cache = Path(importlib.util.cache_from_source(str(source)))
    cache.parent.mkdir()
    cache.write_bytes(head + marshal.dumps(compile("TOTAL = 666", str(source), "exec")))
    assert user_module("model", take()).TOTAL == 3


@pytest.mark.parametrize(
    "line",
    [
        "import helpers",
        "from helpers.dates import month",
        "from shared import rates",
        "import importlib; importlib.import_module('loan_risk.features')",
        "from importlib import import_module; import_module('helpers')",
        "__import__('loan_risk')",
    ],
)
def test_a_module_that_no_version_contains_is_refused(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """It is found in the repository, but not in a wheel, and not next to a registered model."""
    monkeypatch.setattr(snapshot, "CHECKOUT", tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "src"), *sys.path])
    (tmp_path / "src/helpers").mkdir()
    (tmp_path / "shared.py").touch()
    (package / "features.py").write_text(f"import math\n{line}\n")
    with pytest.raises(errors.Misconfigured, match=r"^features.py:2: imports .*relatively"):
        take()


def test_installed_modules_may_be_imported(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "CHECKOUT", tmp_path)
    lines = "import numpy.random\nimport importlib; importlib.import_module('.x', __package__)\n"
    (package / "features.py").write_text(f"{lines}import __main__\nimport not_installed\n")
    take()
