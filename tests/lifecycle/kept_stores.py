"""Complete stores that landed versions of the template wrote, in projects updated to today's.

tests/kept/stores/ has them; tests/kept/README.md says how they were made and what was left out.
"""

import shutil
import sys
import tarfile
from pathlib import Path

import yaml
from rendering import ROOT, commit, git

from lifecycle.project import move_addresses
from tools.ownership import user_patterns
from tools.versions import ANSWERS_FILE, without_private

ARCHIVES = ROOT / "tests/kept/stores"
NAME = "loan-risk"
BORN = f"/home/maria/{NAME}"  # where each of them was made
STORE = ("mlflow.db", "mlartifacts", "mlruns", "predictions", "extracts")

# A uv that installs nothing: the code of an old commit runs with the packages of the tests. All
# that is not part of a rebuild goes to the real uv.
UV = """#!/bin/sh
case "$1 $2" in
"sync --quiet") exit 0 ;;
"run --no-sync") shift 4 ;;
*) exec {uv} "$@" ;;
esac
case "$1" in
-m) exec {python} -c "import runpy, sys; sys.path.insert(0, 'src'); del sys.argv[0]
runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)" "$2" "$3" ;;
*) exec {python} -c "import runpy, sys; sys.path.insert(0, 'src'); del sys.argv[0]
runpy.run_path(sys.argv[0], run_name='__main__')" "$@" ;;
esac
"""


def unpack(folder: Path) -> dict[str, Path]:
    """Unpack all archives; return the folder of each store by its name, `29a5253/binary`."""
    for archive in sorted(ARCHIVES.glob("*.tar.xz")):
        with tarfile.open(archive) as files:
            files.extractall(folder, filter="data")
    return {
        path.parent.relative_to(folder).as_posix(): path.parent
        for path in sorted(folder.glob("*/*/commit"))
    }


def answers_of(kept: Path) -> dict[str, str]:
    """Return the answers that a kept project was made with."""
    answers = yaml.safe_load((kept / NAME / ANSWERS_FILE).read_text(encoding="utf-8"))
    return {name: str(answer) for name, answer in without_private(answers).items()}


def update(kept: Path, rendered: Path, lock: bytes, folder: Path) -> Path:
    """Bring a kept project and its store to today's template, as `copier update` would leave it.

    The user's files are those of the project; all others are today's. The first commit is the one
    from which the versions were trained, the second one is the update.
    """
    old = kept / NAME
    yours = user_patterns(ROOT, "HEAD")
    shutil.copytree(rendered, folder)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if yours.match_file(path.relative_to(folder).as_posix()):
            path.unlink()
    for path in [path for path in old.rglob("*") if path.is_file()]:
        name = path.relative_to(old)
        if name.parts[0] in STORE or yours.match_file(name.as_posix()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, folder / name)
    move_addresses(folder / "mlflow.db", BORN, str(folder))
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "update-ref", "refs/heads/main", _born(kept, folder))
    (folder / "uv.lock").write_bytes(lock)
    commit(folder)
    return folder


def _born(kept: Path, folder: Path) -> str:
    """Write the first commit of a kept project to a repository, and return its hash."""
    git(folder, f"--work-tree={kept / NAME}", "add", "--all")
    tree = git(folder, "write-tree").strip()
    assert f"tree {tree}\n" in (kept / "commit").read_text(encoding="utf-8"), "a file is missing"
    return git(folder, "hash-object", "-t", "commit", "-w", str(kept / "commit")).strip()


def write_uv(file: Path) -> Path:
    """Write the program that stands in for uv in a rebuild."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    file.write_text(UV.format(uv=uv, python=sys.executable), encoding="utf-8")
    file.chmod(0o755)
    return file
