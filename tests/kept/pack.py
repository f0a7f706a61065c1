"""Pack what landed versions of the template wrote: their JSON records, or complete stores.

`python tests/kept/pack.py records NAME STORE=FOLDER ...` writes tests/kept/records/NAME.tar.xz;
`stores` instead of `records` writes tests/kept/stores/NAME.tar.xz. A store is named after its
commit and problem, `c1308a1/binary`. Its folder is one that `make.py` left: that of the records, or
the project. The same folders give the same bytes. README.md next to this file says what is left
out.
"""

import io
import lzma
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMIT = "commit"  # name in the archive of the project's commit, as git stores it

# What commands write and read again. Left out are pages and pictures for people, and bytecode.
STORE = ("mlflow.db", "mlartifacts", "mlruns", "predictions", "extracts")
LEFT_OUT = frozenset({"__pycache__", "model_card", "plots"})


@dataclass(frozen=True)
class Packed:
    """A file in an archive, without what differs from machine to machine."""

    path: str
    content: bytes
    executable: bool = False


def main() -> None:
    """Pack the folders that the command line names."""
    kind, name, *given = sys.argv[1:]
    folders = {store: Path(folder) for store, folder in (each.split("=", 1) for each in given)}
    target = {"records": pack_records, "stores": pack_stores}[kind](name, folders)
    print(f"{target}: {target.stat().st_size:,} bytes")


def pack_records(name: str, folders: Mapping[str, Path], into: Path = HERE / "records") -> Path:
    """Write an archive with the JSON records of each store, and return its path."""
    return write(
        into / f"{name}.tar.xz",
        (
            Packed(f"{store}/{file.relative_to(folder).as_posix()}", file.read_bytes())
            for store, folder in sorted(folders.items())
            for file in sorted(folder.rglob("*.json"))
        ),
    )


def pack_stores(name: str, projects: Mapping[str, Path], into: Path = HERE / "stores") -> Path:
    """Write an archive with the complete store of each project, and return its path."""
    return write(
        into / f"{name}.tar.xz",
        (
            packed
            for store, project in sorted(projects.items())
            for packed in packed_project(store, project)
        ),
    )


def packed_project(store: str, project: Path) -> Iterator[Packed]:
    """Yield the commit of a project, its files and those of its store."""
    yield Packed(f"{store}/{COMMIT}", commit_of(project))
    for file in kept_files(project):
        path = f"{store}/{project.name}/{file.relative_to(project).as_posix()}"
        yield Packed(path, file.read_bytes(), executable=bool(file.stat().st_mode & 0o100))


def write(target: Path, files: Iterable[Packed]) -> Path:
    """Write an archive, and return its path."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in files:
            entry = tarfile.TarInfo(file.path)
            entry.size = len(file.content)
            entry.mode = 0o755 if file.executable else 0o644
            archive.addfile(entry, io.BytesIO(file.content))
    target.parent.mkdir(exist_ok=True)
    # The largest dictionary, so that what all stores have in common is stored once.
    target.write_bytes(lzma.compress(content.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    return target


def kept_files(project: Path) -> Iterator[Path]:
    """Yield the files of a project that the archive has: those of its commit and of its store."""
    for name in git(project, "ls-files", "-z").decode().split("\0")[:-1]:
        yield project / name
    for name in STORE:
        for path in sorted([project / name, *(project / name).rglob("*")]):
            if path.is_file() and path.suffix != ".html" and not LEFT_OUT.intersection(path.parts):
                yield path


def commit_of(project: Path) -> bytes:
    """Return the commit of a project as git stores it; its tree consists of the files."""
    if git(project, "status", "--porcelain"):
        sys.exit(f"{project} has changes that are not committed.")
    return git(project, "cat-file", "commit", "HEAD")


def git(project: Path, *arguments: str) -> bytes:
    """Run git in a project and return its output."""
    return subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True).stdout


if __name__ == "__main__":
    main()
