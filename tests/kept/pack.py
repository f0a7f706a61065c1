"""Pack complete stores: projects as landed versions of the template left them, in one archive.

`python tests/kept/pack.py NAME STORE=PROJECT ...` writes tests/kept/stores/NAME.tar.xz. A store is
named after its commit and problem, `c1308a1/binary`; its project is a folder that `make.py` left.
The same folders give the same bytes. README.md next to this file says what is left out.
"""

import io
import lzma
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

STORES = Path(__file__).resolve().parent / "stores"
COMMIT = "commit"  # name in the archive of the project's commit, as git stores it

# What commands write and read again. Left out are pages and pictures for people, and bytecode.
STORE = ("mlflow.db", "mlartifacts", "mlruns", "predictions", "extracts")
LEFT_OUT = frozenset({"__pycache__", "model_card", "plots"})


def main() -> None:
    """Pack the projects that the command line names."""
    name, *given = sys.argv[1:]
    projects = dict(each.split("=", maxsplit=1) for each in given)
    target = pack(name, {store: Path(folder) for store, folder in projects.items()})
    print(f"{target}: {target.stat().st_size:,} bytes")


def pack(name: str, projects: Mapping[str, Path]) -> Path:
    """Write an archive with one folder per store, and return its path."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for store, project in sorted(projects.items()):
            add(archive, f"{store}/{COMMIT}", commit_of(project), executable=False)
            for file in kept_files(project):
                path = f"{store}/{project.name}/{file.relative_to(project).as_posix()}"
                executable = bool(file.stat().st_mode & 0o100)
                add(archive, path, file.read_bytes(), executable=executable)
    STORES.mkdir(exist_ok=True)
    target = STORES / f"{name}.tar.xz"
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


def add(archive: tarfile.TarFile, path: str, content: bytes, *, executable: bool) -> None:
    """Add a file without what differs from machine to machine."""
    entry = tarfile.TarInfo(path)
    entry.size = len(content)
    entry.mode = 0o755 if executable else 0o644
    archive.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    main()
