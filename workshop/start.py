"""How an exercise began: a copy of the project, for `reset`."""

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from .place import HOME

START = f"{HOME}/start"
SET_ASIDE = f"{HOME}/set-aside"
RESTORED = f"{HOME}/restored"
# Not copied and not restored: they are large, or belong to the workshop, or are caches.
LEFT = {HOME, ".venv", ".mypy_cache", ".ruff_cache", "__pycache__"}


def keep_start(folder: Path) -> None:
    """Keep the project as it is now."""
    new = folder / f"{START}.new"
    remove(new)
    new.mkdir(parents=True)
    for path in own(folder):
        copy(path, new / path.name)
    remove(folder / START)
    new.rename(folder / START)


def restore_start(folder: Path) -> bool:
    """Put the project back to the kept state, and set aside what it has now.

    Returns False if there is no such state. If a file cannot be moved or copied, as one that is
    open in Windows, the project stays as it is; raises OSError.
    """
    if not (folder / START).is_dir():
        return False
    aside = folder / SET_ASIDE
    restored = folder / RESTORED
    remove(restored)
    copy(folder / START, restored)
    remove(aside)
    aside.mkdir()
    move_all(
        [
            *((path, aside / path.name) for path in own(folder)),
            *((path, folder / path.name) for path in restored.iterdir()),
        ]
    )
    restored.rmdir()
    return True


def move_all(moves: Sequence[tuple[Path, Path]]) -> None:
    """Move files and folders to their new paths; if one cannot be moved, move none."""
    moved: list[tuple[Path, Path]] = []
    try:
        for path, to in moves:
            path.rename(to)
            moved.append((path, to))
    except OSError:
        for path, to in reversed(moved):
            to.rename(path)
        raise


def own(folder: Path) -> list[Path]:
    """Return the files and folders at the top of the project that an exercise may change."""
    return [path for path in folder.iterdir() if path.name not in LEFT]


def copy(path: Path, to: Path) -> None:
    """Copy a file or a folder with the times of its files."""
    if path.is_dir():
        shutil.copytree(path, to, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(path, to)


def remove(folder: Path) -> None:
    """Delete a folder if it is there; git makes some of its files read-only."""
    if not folder.exists():
        return
    for parent, _, names in os.walk(folder):
        for name in names:
            file = Path(parent) / name
            if not file.is_symlink():
                file.chmod(file.stat().st_mode | stat.S_IWUSR)
    shutil.rmtree(folder)
