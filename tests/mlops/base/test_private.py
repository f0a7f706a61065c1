"""Folders that only this user can enter."""

import grp
import os
import pwd
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rendering import platform

private = platform("base.private")
errors = platform("base.errors")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of this machine."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(private, "KUBERNETES", tmp_path / "none")
    return tmp_path


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777])
def test_only_this_user_can_enter_a_private_folder(temporary: Path, mode: int) -> None:
    temporary.chmod(mode)
    folder = private.private_folder()
    assert folder.parent == temporary
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("shared", ["", ".."])
def test_a_folder_that_others_can_replace_is_refused(temporary: Path, shared: str) -> None:
    below = temporary / "below"
    below.mkdir()
    tempfile.tempdir = str(below)
    place = (below / shared).resolve()
    place.chmod(0o777)
    with pytest.raises(errors.MlopsError) as refused:
        private.private_folder()
    assert str(refused.value) == (
        f"other users of this machine can replace files in {place}, which is above the folder for "
        f"temporary files or is that folder; run `chmod +t {place}`, or set TMPDIR to another one."
    )
    assert list(below.iterdir()) == []


GROUPS: dict[int, tuple[str, list[str]]] = {
    0: ("root", []),
    1000: ("ann", []),
    50: ("staff", ["ann", "bob"]),
    100: ("users", []),
}


@pytest.fixture
def own(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int, int], None]:
    """Give the folder for temporary files a mode, an owner and a group, as Ann (1000) sees them."""
    real = Path.stat
    facts: dict[str, int] = {}

    def status(path: Path, **options: Any) -> Any:
        found = real(path, **options)
        mode = found.st_mode & ~0o022
        trusted = SimpleNamespace(st_mode=mode, st_uid=0, st_gid=0)
        return SimpleNamespace(**facts) if path == temporary else trusted

    def set_facts(mode: int, user: int, group: int) -> None:
        facts.update(st_mode=stat.S_IFDIR | mode, st_uid=user, st_gid=group)

    def group_of(number: int) -> Any:
        return SimpleNamespace(gr_name=GROUPS[number][0], gr_mem=GROUPS[number][1])

    monkeypatch.setattr(Path, "stat", status)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="ann"))
    monkeypatch.setattr(grp, "getgrgid", group_of)
    return set_facts


@pytest.mark.parametrize(
    ("mode", "user", "group"),
    [(0o700, 1000, 50), (0o775, 1000, 1000), (0o775, 0, 0), (0o1770, 0, 50), (0o755, 0, 50)],
)
def test_a_folder_that_only_this_user_or_root_can_change_is_used(
    own: Callable[[int, int, int], None], mode: int, user: int, group: int
) -> None:
    own(mode, user, group)
    assert private.private_folder().is_dir()


@pytest.mark.parametrize(
    ("mode", "user", "group"),
    [(0o770, 0, 50), (0o775, 1000, 100), (0o775, 1000, 7), (0o755, 1001, 50), (0o1777, 1001, 0)],
)
def test_a_folder_of_another_user_or_of_a_group_is_refused(
    own: Callable[[int, int, int], None], mode: int, user: int, group: int
) -> None:
    own(mode, user, group)
    with pytest.raises(errors.MlopsError, match=r"set TMPDIR to a"):
        private.private_folder()


def test_a_group_to_which_an_access_list_adds_others_is_refused(
    own: Callable[[int, int, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    own(0o775, 1000, 1000)
    monkeypatch.setattr(os, "listxattr", lambda _: [private.ACCESS_LIST], raising=False)
    with pytest.raises(errors.MlopsError, match="other users of this machine can replace files"):
        private.private_folder()


@pytest.mark.parametrize(("users", "is_used"), [("1000 1000 1", True), ("0 0 4294967295", False)])
def test_a_user_namespace_may_not_know_root(
    own: Callable[[int, int, int], None],
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    users: str,
    is_used: bool,  # noqa: FBT001
) -> None:
    for name, text in (("USER_MAP", users), ("OVERFLOW", "65534\n")):
        file = temporary / name
        file.write_text(text, encoding="utf-8")
        monkeypatch.setattr(private, name, file)
    own(0o1777, 65534, 65534)
    assert private._is_trusted_owner(65534) is is_used


def test_a_pod_shares_its_folders_with_nobody(temporary: Path) -> None:
    temporary.chmod(0o777)
    (temporary / "none").touch()
    assert private.private_folder().is_dir()
