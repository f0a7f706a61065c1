"""How an exercise began: a copy of the project, for `reset`."""

import os
import shutil
import stat
from pathlib import Path

from .place import HOME

START = f"{HOME}/start"
SET_ASIDE = f"{HOME}/set-aside"
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

    Returns False if there is no such state.
    """
    if not (folder / START).is_dir():
        return False
    aside = folder / SET_ASIDE
    remove(aside)
    aside.mkdir()
    for path in own(folder):
        path.rename(aside / path.name)
    for path in (folder / START).iterdir():
        copy(path, folder / path.name)
    return True


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
