"""A store that was moved or copied: its files are kept where it is now, and nowhere else."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlops.projects import make_project
from rendering import platform

details = platform("records.details")
errors = platform("base.errors")
journal_cache = platform("records.journal_cache")
registry = platform("records.registry")
relocate = platform("steps.relocate")
relocation = platform("records.relocation")
store = platform("records.store")
tracking = platform("records.tracking")

MODEL = "dev.loan-risk"
NOT_OF_THE_STORE = ("build", "mlflow.db.lock", "mlflow.db.opening.lock")


@pytest.fixture
def copied(original: Path, tmp_path: Path) -> Any:
    """A copy of the project beside the original, as `cp -r` makes it."""
    shutil.copytree(original, tmp_path / "copy")
    journal_cache.open_cache.cache_clear()
    return make_project(tmp_path / "copy")


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a store."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {n: p.read_bytes() for n, p in named.items() if not n.startswith(NOT_OF_THE_STORE)}


def refusal(project: Any) -> str:
    """Return the message with which the store of a project is refused."""
    with pytest.raises(errors.MlopsError) as caught:
        store.open_store(project)
    return str(caught.value)


def addresses(database: Path) -> list[str]:
    """Return all addresses of files in a database."""
    with closing(sqlite3.connect(database)) as opened:
        return [
            address
            for table, column in relocation.ADDRESSES
            for (address,) in opened.execute(f"SELECT {column} FROM {table}")  # noqa: S608
            if address
        ]


def test_a_copy_is_refused_and_then_writes_to_its_own_folder(original: Path, copied: Any) -> None:
    before = contents(original)
    said = refusal(copied)
    assert said.startswith(f"the store mlflow.db was copied from {original} to {copied.root}, but")
    assert said.endswith("to keep them here, run `loan-risk relocate`.")
    assert contents(copied.root) == before

    done = relocate.relocate(copied)
    assert f"kept in {copied.root} now, and no longer in {original}" in done.message
    assert done.message.endswith("its journal has 4 entries and is sound")
    assert done.facts["copied"] == 0
    assert not [each for each in addresses(copied.root / "mlflow.db") if str(original) in each]
    assert not [each for each in addresses(copied.root / "mlflow.db") if "loan%20risk" in each]

    opened = store.open_store(copied)
    assert opened.champion() == 2
    folder = registry._local_folder(f"models:/{MODEL}/2")
    assert folder.is_relative_to(copied.root)
    assert (folder / "MLmodel").read_text() == "2"
    opened.record(details.PauseDetails(reason="a test"))
    new = contents(copied.root).keys() - before.keys()
    assert [Path(name).name for name in new] == ["entry.json"]
    assert contents(original) == before


def test_relocating_keeps_every_file_and_the_chain_of_the_journal(
    original: Path, copied: Any
) -> None:
    before = store.open_store(make_project(original)).entries
    relocate.relocate(copied)
    opened = store.open_store(copied)
    assert [each.sha256 for each in opened.entries] == [each.sha256 for each in before]
    assert opened.journal.problems(every_file=True) == []
    files = contents(copied.root)
    files.pop("mlflow.db")
    assert {n: c for n, c in contents(original).items() if n != "mlflow.db"} == files


def test_repeating_it_changes_nothing(project: Any) -> None:
    before = contents(project.root)
    done = relocate.relocate(project)
    assert done.message.startswith(f"the files of the store are kept in {project.root} already")
    assert contents(project.root) == before


def test_a_moved_store_is_refused_and_works_after_it(project: Any, tmp_path: Path) -> None:
    moved = make_project(project.root.rename(tmp_path / "elsewhere"))
    assert f"was moved from {project.root} to {moved.root}" in refusal(moved)
    relocate.relocate(moved)
    assert store.open_store(moved).champion() == 2


def test_files_that_were_written_to_the_original_are_copied(original: Path, copied: Any) -> None:
    """As by a copy of an older template: its database knows runs whose files it lacks."""
    lost = next(path.parent for path in copied.root.rglob("entry.json"))
    shutil.rmtree(lost.parent)
    before = contents(original)
    assert relocate.relocate(copied).facts["copied"] == 1
    assert contents(original) == before


def test_it_can_be_killed_anywhere(copied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in list(copied.root.rglob("entry.json"))[:2]:
        shutil.rmtree(path.parent)
    database = copied.root / "mlflow.db"
    known = addresses(database)
    real = relocation._existing

    def killed_while_copying(*_: object) -> None:
        raise KeyboardInterrupt

    def killed_while_updating(opened: Any, columns: Any) -> Any:
        for number, each in enumerate(real(opened, columns)):
            if columns == relocation.ADDRESSES and number == 3:
                raise KeyboardInterrupt
            yield each

    for place, name, killer in (
        (relocation.Path, "rename", killed_while_copying),
        (relocation, "_existing", killed_while_updating),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(place, name, killer)
            with pytest.raises(KeyboardInterrupt):
                relocate.relocate(copied)
        assert addresses(database) == known
        assert "was copied from" in refusal(copied)
    relocate.relocate(copied)
    assert not list(copied.root.rglob("*.part"))
    assert store.open_store(copied).journal.problems(every_file=True) == []


def test_a_database_without_its_files_is_not_relocated(project: Any, tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    (project.root / "mlflow.db").rename(tmp_path / "alone/mlflow.db")
    shutil.rmtree(project.root)
    alone = make_project(tmp_path / "alone")
    with pytest.raises(errors.MlopsError, match="the folder mlartifacts with the files of the"):
        relocate.relocate(alone)
    assert "was moved from" in refusal(alone)


def test_a_folder_that_is_reached_through_a_link_was_not_moved(
    project: Any, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(project.root)
    linked = make_project(tmp_path / "link")
    assert store.open_store(linked).champion() == 2
    assert relocate.relocate(linked).facts["former"] == []


def test_a_place_that_a_person_has_chosen_is_kept(project: Any, tmp_path: Path) -> None:
    database = project.root / "mlflow.db"
    with closing(sqlite3.connect(database)) as opened:
        opened.execute(
            "UPDATE experiments SET artifact_location = ? WHERE name = ?",
            (f"{tmp_path}/share/models", MODEL),
        )
        opened.commit()
    assert relocation.former_folders(database) == []


def test_a_server_and_a_missing_database_are_named(tmp_path: Path) -> None:
    server = make_project(tmp_path, tracking_uri="http://ann:s3cret@mlflow.bank.example")
    for project, message in (
        (server, r"tracking_uri in conf/ names a server \(http\)"),
        (make_project(tmp_path), r"there is no MLflow database .*mlflow\.db"),
    ):
        with pytest.raises(errors.Misconfigured, match=message):
            relocate.relocate(project)
    assert not (tmp_path / "mlflow.db").exists()
