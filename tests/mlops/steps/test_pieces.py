"""Spark's workers run nothing of a version before they have compared its files."""

import dataclasses
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from mlops.projects import make_project
from mlops.version_files import SNAPSHOT, write, write_version
from rendering import platform

integrity = platform("records.integrity")
pieces = platform("steps.pieces")
registry = platform("records.registry")
spark = platform("data.spark")


@pytest.fixture
def shipped(tmp_path: Path) -> Any:
    """What a worker gets, apart from the files."""
    files = integrity.VersionFiles(write_version(tmp_path / "version"))
    assert files.digest
    version = registry.Version("dev.loans", 7, files, None)
    return pieces._OnWorker(make_project(tmp_path), version, loads=False)


def unpack(shipped: Any, folder: Path) -> Path:
    """Unpack the files as a worker does."""
    archive = spark._pack(shipped.version.folder)
    zipfile.ZipFile(io.BytesIO(archive)).extractall(folder)
    return folder


def test_a_worker_uses_the_files_that_were_sent(shipped: Any, tmp_path: Path) -> None:
    write(shipped.version.folder / SNAPSHOT / "__pycache__/schema.pyc")  # of the command itself
    folder = unpack(shipped, tmp_path / "worker")
    assert pieces._subject_on_worker(shipped, folder).folder == folder
    write(folder / SNAPSHOT / "__pycache__/schema.pyc")  # by the first import
    again = dataclasses.replace(shipped, version=dataclasses.replace(shipped.version))
    pieces._subject_on_worker.cache_clear()
    assert pieces._subject_on_worker(again, folder).folder == folder


@pytest.mark.parametrize("name", ["scorer.py", f"{SNAPSHOT}/schema.py", "artifacts/model.skops"])
def test_a_worker_refuses_other_files(shipped: Any, tmp_path: Path, name: str) -> None:
    folder = unpack(shipped, tmp_path / "worker")
    write(folder / name, "changed")
    with pytest.raises(integrity.FilesChanged, match="version 7 on a worker are not those"):
        pieces._subject_on_worker(shipped, folder)


def test_a_worker_refuses_a_file_too_many(shipped: Any, tmp_path: Path) -> None:
    folder = unpack(shipped, tmp_path / "worker")
    write(folder / "code/json.py")
    with pytest.raises(integrity.FilesChanged, match=r"code/json\.py"):
        pieces._subject_on_worker(shipped, folder)
