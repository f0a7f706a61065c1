"""Folders that only this user can enter."""

import tempfile
from pathlib import Path

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


def test_a_pod_shares_its_folders_with_nobody(temporary: Path) -> None:
    temporary.chmod(0o777)
    (temporary / "none").touch()
    assert private.private_folder().is_dir()
