"""Two versions with different code under the same name are never both loaded in one process."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rendering import platform

errors = platform("base.errors")
packages = platform("base.packages")
project = platform("base.project")


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folders of two versions whose packages have the same name and other code."""
    name = "loan_risk_5c0ffee5"
    for version in ("first", "second"):
        (tmp_path / version / name).mkdir(parents=True)
        (tmp_path / version / name / "schema.py").touch()
        (tmp_path / version / name / "model.py").write_text(f"OWNER = {version!r}\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for each in (packages._FOLDERS, packages._DIGESTS, sys.modules):
        for key in [key for key in each if key.partition(".")[0] == name]:
            del each[key]


def module(versions: Path, version: str, name: str = "model") -> object:
    """Import a module of a version."""
    return project.user_module(name, versions / version / "loan_risk_5c0ffee5")


def test_a_version_does_not_run_the_code_of_another_one_with_its_name(versions: Path) -> None:
    assert vars(module(versions, "first"))["OWNER"] == "first"
    with pytest.raises(errors.MlopsError, match="a package named loan_risk_5c0ffee5 with"):
        module(versions, "second")


def test_versions_with_the_same_code_share_it(versions: Path) -> None:
    shutil.copytree(versions / "first", versions / "copy")
    assert module(versions, "copy") is module(versions, "first")
    packages.refuse_strange_modules("loan_risk_5c0ffee5")


def test_a_module_from_a_folder_that_is_no_version_is_refused(versions: Path) -> None:
    sys.path.insert(0, str(versions / "second"))
    __import__("loan_risk_5c0ffee5.model")
    packages.claim_package(versions / "first/loan_risk_5c0ffee5")
    with pytest.raises(errors.MlopsError, match=r"model was imported from .*second/loan_risk_5c0f"):
        packages.refuse_strange_modules("loan_risk_5c0ffee5")
