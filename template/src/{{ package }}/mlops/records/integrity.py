"""Are the files of a version those that the journal knows? None of them runs before that is sure.

A version is copied to a folder that only this user can enter. The copy is checked there, and only
the copy is loaded: what somebody changes in the store afterwards has no effect on it.
"""

import errno
import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from ..base.errors import MlopsError
from ..base.private import private_folder
from ..base.project import PACKAGE
from .details import GateDetails, PromoteDetails, TrainDetails
from .entry import Entry
from .snapshot import is_named_after

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LEFT_BY_READERS = ("registered_model_meta", "__pycache__")  # by a download, and by a load in place
LOADER = "mlflow.pyfunc.loaders.code_model"  # runs scorer.py; it never unpickles
SCORER = "scorer.py"
ARTIFACTS = {
    "card": "card.json",
    "golden_predictions": "golden_predictions.parquet",
    "golden_rows": "golden_rows.parquet",
    "model": "model.skops",
    "seen": "seen.npz",
}
REQUIRED = {"MLmodel", SCORER, *(f"artifacts/{name}" for name in ARTIFACTS.values())}
WRITTEN_BY_MLFLOW = {
    ".python-version",
    "conda.yaml",
    "environment_variables.txt",
    "input_example.json",
    "pyproject.toml",
    "python_env.yaml",
    "requirements.txt",
    "serving_input_example.json",
    "uv.lock",
}
TYPED = "--digest"  # the source of a digest that a person gives
COPY = "metadata/"  # of the files below, which MLflow adds on Databricks to share a version
COPIES = {f"{COPY}{n}" for n in ("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt")}
MODULE = re.compile(
    "code/" + re.escape(PACKAGE) + r"_([0-9a-f]{8}|[0-9a-f]{32})/([A-Za-z_]\w*/)*[A-Za-z_]\w*\.py",
    re.ASCII,
)


class FilesChanged(MlopsError):
    """The files of a version are not, or cannot be, those that the journal knows."""


class UnknownVersion(FilesChanged):
    """The journal does not know a version, so nothing says what its files should be."""


class NoVersion(FilesChanged):
    """The registry has no version of a number."""


class Known(NamedTuple):
    """What is known about the files of a version."""

    digest: str
    """SHA-256 over the files."""
    source: str
    """Who says so: `entry 3 of the journal`."""


@dataclass(frozen=True)
class VersionFiles:
    """The files of a version in a folder."""

    folder: Path
    """Folder of the files."""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 over the name and the content of each file.

        It is the SHA-256 of what `sha256sum` prints for all files, sorted by name.
        """
        lines = [f"{sha256_of_file(path)}  {name}\n" for name, path in named_files(self.folder)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @cached_property
    def older_digest(self) -> str:
        """The digest that gates recorded before `train` recorded one."""
        result = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                relative = path.relative_to(self.folder)
                result.update(relative.as_posix().encode() + b"\0" + path.read_bytes())
        return result.hexdigest()

    def has(self, digest: str) -> bool:
        """Return whether a recorded digest is that of these files."""
        if digest == self.digest:
            return True
        return digest == self.older_digest  # which reads all files a second time

    def drop_leftovers(self) -> None:
        """Delete what readers have left in a store: no bytecode of a store ever runs."""
        for name in LEFT_BY_READERS:
            for path in list(self.folder.rglob(name)):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def copy_folder(source: Path) -> VersionFiles:
    """Return a private copy of a version's folder on this machine; links stay links.

    Raises MlopsError if there is no space for it.
    """
    ignore = shutil.ignore_patterns(*LEFT_BY_READERS)
    folder = private_folder() / "files"
    shutil.copytree(source, folder, symlinks=True, ignore=ignore, copy_function=_copy_file)
    return VersionFiles(folder)


def _copy_file(source: str, target: str) -> None:
    try:
        shutil.copy2(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        raise MlopsError(
            f"a version's files cannot be copied to {tempfile.gettempdir()} ({error.strerror}); "
            "free some space there, or set TMPDIR to another folder."
        ) from None


def known_digests(entries: list[Entry], number: int) -> list[Known] | None:
    """Return what the journal says about the files of a version, or None if it does not know it.

    The first one is of the newest `train`; for a version of an older template, or one that was
    copied here, of the newest `gate` or `promote`. The promotion of a version counts as well. There
    is none for a version that an older template trained, until it is judged.
    """
    known_to_train = False
    trained: Known | None = None
    judged: Known | None = None
    promoted: Known | None = None
    for entry in reversed(entries):
        if entry.subject != str(number):
            continue
        if isinstance(entry.details, PromoteDetails):
            promoted = promoted or _known(entry, entry.details.digest)
        if isinstance(entry.details, GateDetails | PromoteDetails):
            judged = judged or _known(entry, entry.details.digest)
        if isinstance(entry.details, TrainDetails):
            known_to_train = True
            if entry.details.digest:
                trained = _known(entry, entry.details.digest)
            break  # what is older is about another version that had this number
    found = [each for each in dict.fromkeys((trained or judged, promoted)) if each is not None]
    return found if found or known_to_train else None


def _known(entry: Entry, digest: str) -> Known:
    return Known(digest, f"entry {entry.number} of the journal")


def check_digests(files: VersionFiles, known: list[Known], version: str) -> None:
    """Raise FilesChanged unless the files are those of each digest."""
    for digest, source in known:
        if not files.has(digest) and source == TYPED:
            raise FilesChanged(
                f"{TYPED} does not match the files of {version}, whose SHA-256 is {files.digest}; "
                "compare this with the SHA-256 of the original: if they are the same, repeat the "
                f"command with --digest {files.digest}; otherwise, copy the version again."
            )
        if not files.has(digest):
            raise FilesChanged(
                f"the files of {version} have changed: their SHA-256 is {files.digest}, but "
                f"{source} says {digest}; restore them from a backup, or train a new version."
            )


def check_written(folder: Path, written: dict[str, str], version: str) -> None:
    """Raise FilesChanged if the store has other files than those that were just written to it.

    `written` is the SHA-256 of each by name. On Databricks, MLflow adds copies of some of them.
    """
    kept = {name: sha256_of_file(path) for name, path in named_files(folder)}
    copies = {name for name in kept if name in COPIES}
    expected = written | {name: written.get(name.removeprefix(COPY), "") for name in copies}
    for name, digest in expected.items():
        if kept.get(name) != digest:
            raise FilesChanged(
                f"the store does not hold {name} of {version} as it was written a moment ago, so "
                "the journal has no entry of this version; find out who writes to the store, then "
                "train again."
            )
    strange = sorted(kept.keys() - expected.keys())
    if strange:
        raise FilesChanged(
            f"{version} contains the file {strange[0]} in the store, which `train` did not write, "
            "so the version was not recorded in the journal; find out who else writes to the "
            "store, then train again."
        )


def check_shape(folder: Path, version: str) -> None:
    """Raise MlopsError unless the files have the one shape that `train` makes.

    So loading runs scorer.py and the modules of one snapshot, and neither a pickle nor bytecode.
    """
    problem = _find_problem(folder)
    if problem:
        raise FilesChanged(
            f"{version} {problem}, so it is not as `train` made it; restore its files from a "
            "backup, or train a new version."
        )


def check_package(folder: Path, version: str) -> None:
    """Raise FilesChanged unless the name of a version's package is that of its content.

    Without that, a version could take the name of another one's package, and Python would run the
    code of one of them for both.
    """
    for package in (folder / "code").iterdir():
        sources = {name: path.read_bytes() for name, path in named_files(package)}
        if not is_named_after(package.name, sources):
            raise FilesChanged(
                f"the code in {package.name} of {version} is not the code that this name was made "
                "from, so it is not as `train` made it; restore its files from a backup, or train "
                "a new version."
            )


def named_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and the path of each file, sorted by name."""
    named = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*"))
    return iter(sorted((name, path) for name, path in named if not path.is_dir()))


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of the content of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class HashedFile(io.BufferedWriter):
    """A new file that hashes what is written to it: on the disk, somebody could change it.

    It takes the place of a link, and is never written to where one leads.
    """

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        super().__init__(io.FileIO(path, "x"))
        self.sha256 = hashlib.sha256()

    def write(self, content: "ReadableBuffer", /) -> int:
        """Write and hash some bytes."""
        self.sha256.update(content)
        return super().write(content)


def _find_problem(folder: Path) -> str:
    """Return what is wrong with the shape of a version's files; empty if nothing is."""
    names: set[str] = set()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            continue
        if not stat.S_ISREG(mode):
            return f"holds {name}, which is a link or another special file"
        if name not in REQUIRED | WRITTEN_BY_MLFLOW | COPIES and not MODULE.fullmatch(name):
            return f"holds {name}, which is not one of the files of a version"
        names.add(name)
    missing = sorted(REQUIRED - names)
    if missing:
        return f"has no {missing[0].rpartition('/')[2]}"
    snapshots = {PurePosixPath(name).parts[1] for name in names if name.startswith("code/")}
    if len(snapshots) != 1:
        return f"holds {len(snapshots)} snapshots in code, not one"
    return _find_problem_of_model((folder / "MLmodel").read_text(encoding="utf-8"))


def _find_problem_of_model(text: str) -> str:
    """Return what in MLmodel would load something else than scorer.py; empty if nothing does."""
    try:
        facts: Any = yaml.safe_load(text)
        flavors: Any = facts["flavors"]
        flavor: Any = flavors["python_function"]
        artifacts: Any = {name: each["path"] for name, each in flavor["artifacts"].items()}
        example: Any = facts.get("saved_input_example_info") or {}
    except (yaml.YAMLError, LookupError, TypeError, AttributeError):
        return "has an MLmodel that cannot be read"
    expected = {
        "flavors": (list(flavors), ["python_function"]),
        "loader_module": (flavor.get("loader_module"), LOADER),
        "model_code_path": (os.path.basename(str(flavor.get("model_code_path"))), SCORER),  # noqa: PTH119 - as MLflow does
        "code": (flavor.get("code"), "code"),
        "artifacts": (artifacts, {name: f"artifacts/{file}" for name, file in ARTIFACTS.items()}),
        "data": (flavor.get("data"), None),
        "python_model": (flavor.get("python_model"), None),
        "model_config": (flavor.get("model_config"), None),
        "predict_fn": (flavor.get("predict_fn", "predict"), "predict"),
        "saved_input_example_info": (example.get("artifact_path", ""), "input_example.json"),
    }
    for key, (value, wanted) in expected.items():
        if value != wanted:
            return f"has an MLmodel with another {key}"
    return ""
