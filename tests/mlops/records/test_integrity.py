"""A version has one shape, and its digest covers every byte of it."""

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlops.version_files import ARTIFACTS, SNAPSHOT, write, write_model, write_version
from rendering import platform

integrity = platform("records.integrity")
details = platform("records.details")
entries = platform("records.entry")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The folder of a version as `train` makes it."""
    return write_version(tmp_path / "version")


def check(folder: Path) -> str:
    """Return what is wrong with the shape of a version."""
    try:
        integrity.check_shape(folder, "version 7 of dev.loans")
    except integrity.FilesChanged as error:
        return str(error)
    return ""


def test_the_files_that_train_makes_are_allowed(files: Path) -> None:
    assert check(files) == ""


@pytest.mark.parametrize(
    "name",
    [
        "model.pkl",
        "python_model.pkl",
        "artifacts/model.pkl",
        "json.py",
        "code/json.py",
        "code/loader.py",
        "code/another_0123abcd/schema.py",
        f"{SNAPSHOT}/schema.pyc",
        f"{SNAPSHOT}/__pycache__/schema.cpython-311.pyc",
        f"{SNAPSHOT}/schema.so",
        f"{SNAPSHOT}/data.csv",
        "__pycache__/scorer.cpython-311.pyc",
        "registered_model_meta",
    ],
)
def test_any_other_file_is_refused(files: Path, name: str) -> None:
    write(files / name)
    assert f"version 7 of dev.loans holds {name}, which is not one" in check(files)


def test_a_second_snapshot_is_refused(files: Path) -> None:
    write(files / f"code/{integrity.PACKAGE}_4567cdef/schema.py")
    assert "2 snapshots" in check(files)


@pytest.mark.parametrize("name", sorted(integrity.REQUIRED))
def test_a_missing_file_is_refused(files: Path, name: str) -> None:
    (files / name).unlink()
    assert f"has no {Path(name).name}" in check(files)


def make_link(path: Path) -> None:
    path.rename(path.parents[1] / "elsewhere")
    path.symlink_to(path.parents[1] / "elsewhere")


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("make", [make_link, make_pipe])
def test_a_link_or_another_special_file_is_refused(
    files: Path, make: Callable[[Path], None]
) -> None:
    make(files / SNAPSHOT / "schema.py")
    (files / "code/elsewhere").unlink(missing_ok=True)
    assert "schema.py, which is a link or another special file" in check(files)


def test_a_link_to_a_folder_is_refused(files: Path, tmp_path: Path) -> None:
    (files / "code").rename(tmp_path / "code")
    (files / "code").symlink_to(tmp_path / "code")
    assert "code, which is a link" in check(files)


@pytest.mark.parametrize(
    "keys",
    [
        {"loader_module": "mlflow.pyfunc.model"},
        {"loader_module": "mlflow.sklearn"},
        {"loader_module": "loader"},
        {"model_code_path": "/home/ann/other.py"},
        {"code": "../elsewhere"},
        {"code": "."},
        {"data": "artifacts"},
        {"python_model": "python_model.pkl"},
        {"model_config": {"path": "/etc"}},
        {"predict_fn": "__reduce__"},
        {"artifacts": {"card": {"path": "artifacts/card.json"}}},
        {"artifacts": ARTIFACTS | {"model": {"path": "/tmp/model.skops"}}},  # noqa: S108
        {"artifacts": ARTIFACTS | {"model": {"path": "artifacts/seen.npz"}}},
        {"artifacts": ["card"]},
    ],
    ids=str,
)
def test_an_mlmodel_that_loads_anything_else_is_refused(files: Path, keys: dict[str, Any]) -> None:
    write_model(files, **keys)
    assert "MLmodel" in check(files)


@pytest.mark.parametrize("name", ["loader_module", "model_code_path", "code", "artifacts"])
def test_an_mlmodel_without_a_key_that_decides_loading_is_refused(files: Path, name: str) -> None:
    write_model(files, drop=name)
    assert "MLmodel" in check(files)


def test_another_flavor_is_refused(files: Path) -> None:
    facts = yaml.safe_load((files / "MLmodel").read_text())
    facts["flavors"]["sklearn"] = {"pickled_model": "model.pkl"}
    write(files / "MLmodel", yaml.safe_dump(facts))
    assert "another flavors" in check(files)


@pytest.mark.parametrize("text", ["", "[]", "flavors: 1", "{", "flavors: {python_function: }"])
def test_an_mlmodel_that_is_none_is_refused(files: Path, text: str) -> None:
    write(files / "MLmodel", text)
    assert "MLmodel that cannot be read" in check(files)


def digest(folder: Path) -> str:
    return str(integrity.VersionFiles(folder).digest)


def test_the_digest_is_what_an_auditor_computes_by_hand(files: Path) -> None:
    listing = r"find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum"
    done = subprocess.run(listing, shell=True, cwd=files, capture_output=True, check=True)  # noqa: S602
    assert hashlib.sha256(done.stdout).hexdigest() == digest(files)


def test_every_byte_and_every_name_changes_the_digest(files: Path) -> None:
    seen = {digest(files)}
    for path in sorted(path for path in files.rglob("*") if path.is_file()):
        original = path.read_bytes()
        path.write_bytes(original + b" ")
        seen.add(digest(files))
        path.write_bytes(original)
        path.rename(path.with_name(f"{path.name}x"))
        seen.add(digest(files))
        path.with_name(f"{path.name}x").rename(path)
    count = sum(path.is_file() for path in files.rglob("*"))
    assert len(seen) == 1 + 2 * count


def test_bytes_moved_from_one_file_to_the_next_change_the_digest(tmp_path: Path) -> None:
    """The older digest does not see this: it joins names and contents without lengths."""
    one, two = tmp_path / "one", tmp_path / "two"
    write(one / "a", "1b\0002")
    write(two / "a", "1")
    write(two / "b", "2")
    digests = [integrity.VersionFiles(folder) for folder in (one, two)]
    assert digests[0].older_digest == digests[1].older_digest
    assert digests[0].digest != digests[1].digest


def entry(number: int, subject: int, kind: Any, **facts: Any) -> Any:
    """Return an entry of the journal about a version."""
    return entries.Entry(
        format=3,
        number=number,
        time="2026-01-01T04:00:00+00:00",
        environment="dev",
        command=kind.COMMAND,
        outcome="ok",
        subject=str(subject),
        as_of="",
        details=kind.model_construct(**facts),
        actor="ann@host",
        actor_source="login",
        previous="0" * 64,
    )


def train(number: int, digest: str = "", subject: int = 1) -> Any:
    return entry(number, subject, details.TrainDetails, digest=digest)


def gate(number: int, digest: str, subject: int = 1) -> Any:
    return entry(number, subject, details.GateDetails, digest=digest)


def promote(number: int, digest: str, subject: int = 1) -> Any:
    return entry(number, subject, details.PromoteDetails, digest=digest)


def known(*journal: Any) -> list[str] | None:
    found = integrity.known_digests([*journal], 1)
    return None if found is None else [f"{each.digest} {each.source}" for each in found]


def test_what_train_recorded_counts_whatever_a_gate_says_later() -> None:
    assert known(train(1, "a"), gate(2, "b")) == ["a entry 1 of the journal"]


def test_a_promotion_counts_as_well() -> None:
    journal = (train(1, "a"), gate(2, "a"), promote(3, "b"), train(4, "c", subject=2))
    assert known(*journal) == ["a entry 1 of the journal", "b entry 3 of the journal"]


def test_of_older_versions_the_newest_verdict_and_the_promotion_count() -> None:
    journal = (train(1), gate(2, "a"), promote(3, "a"), gate(4, "b"))
    assert known(*journal) == ["b entry 4 of the journal", "a entry 3 of the journal"]
    assert known(gate(1, "a")) == ["a entry 1 of the journal"]


def test_an_earlier_version_of_the_same_number_does_not_count() -> None:
    journal = (train(1, "a"), gate(2, "a"), promote(3, "a"), train(4, "b"))
    assert known(*journal) == ["b entry 4 of the journal"]


def test_entries_on_other_versions_do_not_count() -> None:
    assert known(train(1, "a", subject=2), gate(2, "a", subject=11)) is None


def test_a_version_that_an_older_template_trained_is_known_before_it_is_judged() -> None:
    assert known(train(1)) == []


@pytest.mark.parametrize("which", ["digest", "older_digest"])
def test_files_with_a_recorded_digest_are_accepted(files: Path, which: str) -> None:
    found = integrity.VersionFiles(files)
    source = integrity.Known(getattr(found, which), "entry 2 of the journal")
    integrity.check_digests(found, [source], "version 7 of dev.loans")


def test_files_with_another_digest_are_refused(files: Path) -> None:
    found = integrity.VersionFiles(files)
    sources = [
        integrity.Known(found.digest, "entry 1 of the journal"),
        integrity.Known("0" * 64, "entry 3 of the journal"),
    ]
    with pytest.raises(integrity.FilesChanged, match=f"SHA-256 is {found.digest}, but entry 3"):
        integrity.check_digests(found, sources, "version 7 of dev.loans")


def test_a_wrong_digest_is_not_taken_for_changed_files(files: Path) -> None:
    found = integrity.VersionFiles(files)
    typed = integrity.Known("0" * 64, integrity.TYPED)
    with pytest.raises(integrity.FilesChanged, match=r"^--digest does not match the files of"):
        integrity.check_digests(found, [typed], "version 7 of dev.loans")


def test_a_private_copy_has_no_leftovers_and_follows_no_links(files: Path, tmp_path: Path) -> None:
    write(files / "registered_model_meta")
    write(files / "__pycache__/scorer.cpython-311.pyc")
    write(files / f"{SNAPSHOT}/__pycache__/schema.cpython-311.pyc")
    (files / "link").symlink_to(tmp_path)
    folder = integrity.copy_folder(files).folder
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert (folder / "link").is_symlink()
    (folder / "link").unlink()
    assert check(folder) == ""


def test_leftovers_of_a_download_are_deleted(files: Path) -> None:
    before = digest(files)
    write(files / "registered_model_meta")
    write(files / f"{SNAPSHOT}/__pycache__/schema.cpython-311.pyc")
    found = integrity.VersionFiles(files)
    found.drop_leftovers()
    assert check(files) == ""
    assert found.digest == before


# What `train` records is what it has written


@pytest.fixture
def written(files: Path) -> dict[str, str]:
    """The hashes of the files that were written."""
    return {name: integrity.sha256_of_file(path) for name, path in integrity.named_files(files)}


def test_the_files_that_were_written_are_accepted(files: Path, written: dict[str, str]) -> None:
    integrity.check_written(files, written, "version 7")


@pytest.mark.parametrize(
    "name", ["scorer.py", f"{SNAPSHOT}/schema.py", "artifacts/card.json", "requirements.txt"]
)
def test_a_file_that_differs_is_refused(files: Path, written: dict[str, str], name: str) -> None:
    write(files / name, "changed")
    with pytest.raises(integrity.FilesChanged, match="as it was written a moment ago"):
        integrity.check_written(files, written, "version 7")


@pytest.mark.parametrize("name", [f"{SNAPSHOT}/rules/__init__.py", "environment_variables.txt"])
def test_a_file_that_was_not_written_is_refused(
    files: Path, written: dict[str, str], name: str
) -> None:
    written.pop(name, None)
    write(files / name)
    with pytest.raises(integrity.FilesChanged, match="which `train` did not write"):
        integrity.check_written(files, written, "version 7")


def test_the_copies_that_mlflow_makes_on_databricks_are_accepted_if_they_are_copies(
    files: Path, written: dict[str, str]
) -> None:
    write(files / "metadata/requirements.txt", (files / "requirements.txt").read_text())
    assert check(files) == ""
    integrity.check_written(files, written, "version 7")
    write(files / "metadata/requirements.txt", "evil-package==6.6.6")
    with pytest.raises(integrity.FilesChanged, match="does not hold metadata/requirements"):
        integrity.check_written(files, written, "version 7")
