"""What differs in the code of two versions."""

import difflib

from ...base.errors import MlopsError
from ...base.project import Project
from ...records.comparison import CodeChanges, FileChange, ModuleChange
from ...records.lineage import changed_files
from ...records.registry import Version
from ...records.snapshot import read_sources

LONGEST = 400  # lines of the difference of a module


def compare_code(project: Project, first: Version, second: Version) -> CodeChanges:
    """Compare the user's modules that the versions carry, and all files in git.

    The modules are what has trained the versions, also where no commit contains them.
    """
    trouble = ""
    files: list[FileChange] = []
    try:
        found = changed_files(project, first.card.lineage.commit, second.card.lineage.commit)
        files = [FileChange(path=path, added=_lines(a), removed=_lines(r)) for path, a, r in found]
    except MlopsError as error:
        trouble = str(error)
    files.sort(key=lambda file: (-(file.added or 0) - (file.removed or 0), file.path))
    modules = compare_modules(read_sources(first.package), read_sources(second.package))
    return CodeChanges(modules=tuple(modules), files=tuple(files), trouble=trouble)


def _lines(count: str) -> int | None:
    return int(count) if count.isdecimal() else None


def compare_modules(first: dict[str, bytes], second: dict[str, bytes]) -> list[ModuleChange]:
    """Return the modules that differ, by their sources."""
    return [
        _compare_module(path, first.get(path, b""), second.get(path, b""))
        for path in sorted(first.keys() | second.keys())
        if first.get(path) != second.get(path)
    ]


def _compare_module(path: str, first: bytes, second: bytes) -> ModuleChange:
    before = first.decode(errors="replace").splitlines()
    after = second.decode(errors="replace").splitlines()
    lines = list(difflib.unified_diff(before, after, lineterm=""))[2:]  # without the files' names
    kept = lines[:LONGEST]
    if len(lines) > LONGEST:
        kept.append(f"… and {len(lines) - LONGEST} more lines")
    return ModuleChange(
        path=path,
        added=sum(line.startswith("+") for line in lines),
        removed=sum(line.startswith("-") for line in lines),
        diff="\n".join(kept),
    )
