"""A version is what its files say, and golden predictions are compared relative to their size."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pytest
from mlops.projects import make_project
from mlops.version_files import CODE, SNAPSHOT, write, write_version
from rendering import platform

errors = platform("base.errors")
integrity = platform("records.integrity")
packages = platform("base.packages")
registry = platform("records.registry")
snapshot = platform("records.snapshot")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The files of version 1, which the journal knows."""
    return write_version(tmp_path / "version")


def fetch(files: Path, monkeypatch: pytest.MonkeyPatch, package: str = "") -> Any:
    """Fetch version 1, whose card names a package."""
    card = SimpleNamespace(snapshot=package or next((files / "code").iterdir()).name)
    copied = integrity.VersionFiles(files)
    opened = registry.Registry(MagicMock(), make_project(files))
    monkeypatch.setattr(registry, "read_card", lambda *_: card)
    monkeypatch.setattr(opened, "copy", lambda _: copied)
    return opened.fetch(1, [integrity.Known(copied.digest, "--digest")])


def test_a_version_is_fetched_with_the_package_that_its_card_names(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetch(files, monkeypatch).package == files / SNAPSHOT
    older = snapshot.older_package_name(CODE)
    (files / SNAPSHOT).rename(files / "code" / older)
    assert fetch(files, monkeypatch).package.name == older


@pytest.mark.parametrize("digits", [8, 32])
def test_a_version_with_the_package_name_of_another_is_refused(
    files: Path, monkeypatch: pytest.MonkeyPatch, digits: int
) -> None:
    (files / SNAPSHOT).rename(files / f"code/{integrity.PACKAGE}_{'0' * digits}")
    with pytest.raises(
        integrity.FilesChanged, match=r"the code in .* is not the code that this name"
    ):
        fetch(files, monkeypatch)


def test_a_card_that_leads_to_code_elsewhere_is_refused(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else says where the code of a version is, and its digest has none of that code."""
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "schema.py", "raise SystemExit")
    with pytest.raises(
        integrity.FilesChanged, match=r"the card of version 1 .* says that its code"
    ):
        fetch(files, monkeypatch, package=str(elsewhere))


def test_a_version_is_not_loaded_next_to_other_code_of_its_name(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of older templates have 32 bits, so somebody can make two with the same one."""
    monkeypatch.setattr(registry, "untrusted", lambda *_: [])
    monkeypatch.setattr(packages, "_DIGESTS", {})
    other = tmp_path / "other" / Path(SNAPSHOT).name
    shutil.copytree(files / SNAPSHOT, other)
    write(other / "model.py", "changed = True")
    packages.claim_package(other)
    with pytest.raises(errors.MlopsError, match="has already loaded a package named"):
        registry.load_version(fetch(files, monkeypatch), ())


def test_a_process_loads_a_version_once_and_keeps_two(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[tuple[Path, tuple[str, ...]]] = []

    def load_version(version: Any, trusted_types: tuple[str, ...]) -> Any:
        loaded.append((version.folder, trusted_types))
        return SimpleNamespace(version=version)

    monkeypatch.setattr(registry, "load_version", load_version)
    monkeypatch.setattr(registry, "_LOADED", {})
    first, second, third = (SimpleNamespace(folder=tmp_path / name) for name in "abc")

    def load(version: Any, *trusted_types: str) -> Any:
        project = make_project(files, trusted_types=trusted_types)
        return registry.Registry(MagicMock(), project).load(version)

    assert load(first) is load(first)
    assert load(first).version is first
    load(second)
    assert [folder.name for folder, _ in loaded] == ["a", "b"]
    load(first)
    load(third)  # the second was not used for the longest time
    load(first)
    assert [folder.name for folder, _ in loaded] == ["a", "b", "c"]
    load(first, "own.Type")  # other types may be refused
    assert loaded[-1] == (first.folder, ("own.Type",))


def frame(*values: float) -> pd.DataFrame:
    """Return a regression's prediction frame."""
    return pd.DataFrame({"value": np.array(values, "float64")})


def test_one_rounding_error_of_a_large_amount_is_no_difference() -> None:
    amount = 1.2e8
    assert np.spacing(amount) > 1e-9  # so an absolute tolerance would refuse it
    now = frame(np.nextafter(amount, np.inf))
    assert registry.largest_difference(frame(amount), now) < registry.TOLERANCE


@pytest.mark.parametrize("amount", [0.0, 0.3, 1.0, 1.2e8, -1.2e8])
def test_a_real_difference_of_any_amount_is_seen(amount: float) -> None:
    moved = amount + 1e-6 * max(1.0, abs(amount))
    assert registry.largest_difference(frame(amount), frame(moved)) > registry.TOLERANCE


def test_a_missing_value_is_like_a_missing_value_only() -> None:
    assert registry.largest_difference(frame(np.nan, 1.0), frame(np.nan, 1.0)) == 0
    assert registry.largest_difference(frame(np.nan, 0.5), frame(np.nan, 0.25)) == 0.25
    assert registry.largest_difference(frame(np.nan), frame(1.0)) == float("inf")


def test_an_infinite_value_is_like_itself_only() -> None:
    assert registry.largest_difference(frame(np.inf), frame(np.inf)) == 0
    assert registry.largest_difference(frame(np.inf), frame(1.0)) == float("inf")


def test_other_columns_rows_or_labels_are_infinitely_far() -> None:
    labels = pd.DataFrame({"a": [0.4], "b": [0.6], "label": ["b"]})
    assert registry.largest_difference(labels, labels.assign(label=["a"])) == float("inf")
    assert registry.largest_difference(labels, labels.drop(columns="a")) == float("inf")
    assert registry.largest_difference(frame(1.0), frame(1.0, 2.0)) == float("inf")
