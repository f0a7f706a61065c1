"""The registry: versions of the registered model `<env>.<project>`, and their aliases."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base.errors import MlopsError, summarize
from ..base.packages import claim_package, refuse_strange_modules
from ..base.private import private_folder
from ..base.project import Project, user_module
from ..data.contract import MLFLOW_TYPES, Contract, read_contract
from .card import VersionCard, read_card
from .integrity import (
    FilesChanged,
    Known,
    NoVersion,
    VersionFiles,
    check_digests,
    check_package,
    check_shape,
    copy_folder,
)
from .tracking import Client
from .trusted_types import untrusted

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.pyfunc import PyFuncModel

CHAMPION = "champion"
CHALLENGER = "challenger"
MOVED = "mlops_aliases_moved"  # tag with the number of the last entry whose aliases were moved
TOLERANCE = 1e-9  # as `largest_difference` measures it
MOST_LOADED = 2  # models kept in memory: the champion and a challenger


@dataclass(frozen=True)
class Version:
    """A version's files on this machine: a private copy, which is what the journal knows.

    Only `Registry.fetch` makes one.
    """

    name: str
    """Name of the registered model."""
    number: int
    """Number of the version."""
    files: VersionFiles
    """The version's files."""
    card: VersionCard
    """What is known about the version."""

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def folder(self) -> Path:
        """Folder of the version's files."""
        return self.files.folder

    @property
    def digest(self) -> str:
        """The SHA-256 over the files."""
        return self.files.digest

    @cached_property
    def contract(self) -> Contract:
        """The version's own contract, read from the snapshot in its files."""
        return read_contract(user_module("schema", self.package), self.card.problem)

    @property
    def package(self) -> Path:
        """Folder of the package with the user's modules."""
        return self.folder / "code" / self.card.snapshot

    @cached_property
    def trained_keys(self) -> npt.NDArray[np.uint64]:
        """The hashes of the keys that it was trained on."""
        with np.load(self.artifact("seen.npz")) as stored:
            keys: npt.NDArray[np.uint64] = stored["keys"]
        return keys

    def unseen(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Return for each hash of a key whether the version was not trained on it.

        Predictions of rows that it was trained on are distributed differently from those of others.
        Batches come after the training window if the split is by time, so nothing is looked up.
        """
        if self.card.time.split == "time":
            return np.ones(len(keys), dtype=bool)
        return ~np.isin(keys, self.trained_keys)

    def artifact(self, name: str) -> Path:
        """Return the path of one of the files that were logged with the model."""
        return self.folder / "artifacts" / name


@dataclass(frozen=True)
class LoadedVersion:
    """A version whose model is loaded."""

    model: "PyFuncModel"
    """The model as MLflow loads it."""
    version: Version
    """The version's files."""

    @property
    def contract(self) -> Contract:
        """The version's own contract."""
        return self.version.contract

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the prediction frame of `rows`, which may have further columns."""
        features = rows[list(self.version.card.features)]
        return pd.DataFrame(self.model.predict(features)).set_index(rows.index)

    def clean(self, raw: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of data.inputs, cleaned by the version's own schema."""
        return self.contract.inputs.clean(raw, f"the rows for {self.version}")


@dataclass(frozen=True)
class Aliases:
    """Where the aliases of a registered model point."""

    versions: dict[str, int]
    """The version of each alias."""
    moved: int | None
    """The number of the last entry of the journal whose aliases were moved; None if the store was
    written by an older template."""


class Registry:
    """The registered model of one environment, in MLflow's registry."""

    def __init__(self, client: Client, project: Project) -> None:
        self.client = client
        self.name = project.name
        self._project = project

    def numbers(self) -> list[int]:
        """Return the numbers of all versions, oldest first."""
        found = self.client.search_model_versions(f"name = '{self.name}'")
        return sorted(int(version.version) for version in found)

    def alias(self, alias: str) -> int | None:
        """Return the number of the version that an alias points to, or None."""
        return self.aliases().versions.get(alias)

    def aliases(self) -> "Aliases":
        """Return all aliases, and up to which entry of the journal they have been moved."""
        model = self.client.get_registered_model(self.name)
        moved = model.tags.get(MOVED, "")
        return Aliases(
            versions={alias: int(number) for alias, number in model.aliases.items()},
            moved=int(moved) if moved.isascii() and moved.isdecimal() else None,
        )

    def move_alias(self, alias: str, number: int | None) -> None:
        """Move an alias to a version; None removes it.

        It is not an error if the store does not allow this identity to move the challenger's alias:
        such an identity refers to versions by number.
        """
        from mlflow.exceptions import MlflowException

        try:
            if number is None:
                self.client.delete_registered_model_alias(self.name, alias)
            else:
                self.client.set_registered_model_alias(self.name, alias, str(number))
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                raise MlopsError(
                    f"alias {alias} of {self.name} cannot be moved: the registry has no version "
                    f"{number}; restore the store from its backup."
                ) from None
            if alias != CHALLENGER or error.error_code != "PERMISSION_DENIED":
                raise

    def mark_moved(self, entry: int) -> None:
        """Write down that the aliases are as an entry of the journal requires."""
        self.client.set_registered_model_tag(self.name, MOVED, str(entry))

    def fetch(self, number: int, known: list[Known]) -> Version:
        """Return a version, once its files have proved to be what is known about them.

        `Store.fetch` asks the journal what is known. Raises NoVersion if there is no such version,
        and FilesChanged if its files are others.
        """
        version = f"version {number} of {self.name}"
        key = (self._project.root, self.name, number)
        files = _VERIFIED.get(key)
        if files is None or not all(files.has(each.digest) for each in known):
            files = self.copy(number)
            check_digests(files, known, version)
            check_package(files.folder, version)
            _VERIFIED[key] = files
        card = read_card(files.folder / "artifacts/card.json", f"the card of {version}")
        packages = [path.name for path in (files.folder / "code").iterdir()]
        if packages != [card.snapshot]:
            raise FilesChanged(
                f"the card of {version} says that its code is the package {card.snapshot}, but its "
                f"files have {', '.join(packages)}; restore its files from a backup, or train a "
                "new version."
            )
        if not (files.folder / "code" / card.snapshot / "schema.py").is_file():
            raise FilesChanged(
                f"{version} is incomplete: code/{card.snapshot}/schema.py is missing; restore its "
                "files from a backup, or train a new version."
            )
        return Version(self.name, number, files, card)

    def copy(self, number: int) -> VersionFiles:
        """Return a private copy of a version's files, of which only the shape is checked.

        Raises NoVersion if there is no such version, and FilesChanged if `train` makes no such
        files.
        """
        numbers = self.numbers()
        if not numbers:
            command = self._project.command("train")
            raise NoVersion(f"{self.name} has no version {number}, nor any other; run {command}.")
        if number not in numbers:
            known = ", ".join(map(str, numbers))
            versions = "its versions are" if len(numbers) > 1 else "its only version is"
            raise NoVersion(f"{self.name} has no version {number}; {versions} {known}.")
        files = _copy_files(self.name, number)
        check_shape(files.folder, f"version {number} of {self.name}")
        return files

    def forget(self, number: int) -> None:
        """Let the next `fetch` copy the files of a version again."""
        _VERIFIED.pop((self._project.root, self.name, number), None)

    def load(self, version: Version) -> LoadedVersion:
        """Load a version as `load_version` does, with the types that conf trusts.

        A process loads the same files once: `retrain` needs the champion and the challenger in
        several of its steps.
        """
        trusted_types = self._project.settings.trusted_types
        key = (version.folder, trusted_types)
        loaded = _LOADED.pop(key, None) or load_version(version, trusted_types)
        _LOADED[key] = loaded  # the last one used is the last one to be dropped
        for old in list(_LOADED)[:-MOST_LOADED]:
            _LOADED.pop(old, None)
        return loaded


# One copy of each version per process: `serve` and `retrain` fetch a version many times.
_VERIFIED: dict[tuple[Path, str, int], VersionFiles] = {}
# By the folder of the private copy, and the trusted types.
_LOADED: dict[tuple[Path, tuple[str, ...]], LoadedVersion] = {}


def _copy_files(name: str, number: int) -> VersionFiles:
    """Return a private copy of a version's files, without what readers left next to them.

    Raises FilesChanged if they are missing.
    """
    import mlflow

    uri = f"models:/{name}/{number}"
    source = _local_folder(uri)
    if source is not None:  # MLflow would return this folder itself
        try:
            return copy_folder(source)
        except OSError as error:
            reason = error.strerror or "not all of them are ordinary files"
            raise FilesChanged(
                f"the files of version {number} of {name} cannot be copied from {source} "
                f"({reason}); restore them from a backup, or train a new version."
            ) from None
    folder = private_folder() / "files"
    folder.mkdir()
    mlflow.artifacts.download_artifacts(uri, dst_path=str(folder))
    files = VersionFiles(folder)
    files.drop_leftovers()
    return files


def _local_folder(uri: str) -> Path | None:
    """Return the folder of a version's files if the store keeps them on this machine."""
    import mlflow
    from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
    from mlflow.utils.file_utils import local_file_uri_to_path
    from mlflow.utils.uri import is_local_uri

    if mlflow.get_registry_uri().startswith("databricks"):
        return None
    source = ModelsArtifactRepository.get_underlying_uri(uri)  # type: ignore[no-untyped-call]
    if not is_local_uri(source, is_tracking_or_registry_uri=False):  # type: ignore[no-untyped-call]
        return None
    return Path(local_file_uri_to_path(source))  # type: ignore[no-untyped-call]


def largest_difference(left: pd.DataFrame, right: pd.DataFrame) -> float:
    """Return the largest difference between two prediction frames.

    A difference is absolute up to 1, and relative to the larger number above: |a - b| / max(1, |a|,
    |b|). It is infinite if columns, rows, labels, missing or infinite values differ.
    """
    if list(left.columns) != list(right.columns) or len(left) != len(right):
        return float("inf")
    numbers = left.select_dtypes("float64").columns
    rest = left.columns.difference(numbers)
    if (left[rest].to_numpy() != right[rest].to_numpy()).any():
        return float("inf")
    ours = left[numbers].to_numpy("float64")
    theirs = right[numbers].to_numpy("float64")
    if (np.isnan(ours) != np.isnan(theirs)).any():
        return float("inf")
    differs = (ours != theirs) & ~np.isnan(ours)
    ours = ours[differs]
    theirs = theirs[differs]
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return float("inf")
    size = np.maximum(1.0, np.maximum(np.abs(ours), np.abs(theirs)))
    return float((np.abs(ours - theirs) / size).max(initial=0.0))


def load_version(version: Version, trusted_types: tuple[str, ...]) -> LoadedVersion:
    """Load a version after checking its types, and replay its golden rows.

    Raises MlopsError if it has types that are not trusted, does not load, or predicts its golden
    rows differently than at training; and if this process has loaded other code under the name of
    the version's.
    """
    claim_package(version.package)
    try:
        strange = untrusted(version.artifact("model.skops"), version.card.snapshot, trusted_types)
    except Exception as error:
        raise _broken(version, f"does not load here ({summarize(error)})") from error
    if strange:
        reason = (
            f"does not load here, since it has types that are not trusted: {', '.join(strange)}"
        )
        raise _broken(version, reason, "add these types to trusted_types in conf/, ")
    try:
        loaded = LoadedVersion(_load_model(version), version)
        expected = pd.read_parquet(version.artifact("golden_predictions.parquet"))
        now = loaded.predict(pd.read_parquet(version.artifact("golden_rows.parquet")))
        difference = largest_difference(expected, now)
    except Exception as error:
        raise _broken(version, f"does not load here ({summarize(error)})") from error
    if difference > TOLERANCE:
        raise _broken(
            version,
            "does not predict for its golden rows, which it keeps to check this, what it did when "
            f"it was trained (largest difference: {difference:.3g})",
        )
    return loaded


def _broken(version: Version, reason: str, otherwise: str = "") -> MlopsError:
    lineage = version.card.lineage
    return MlopsError(
        f"{version} of {version.name} {reason}; install the packages that it was trained with "
        f"(`git checkout {lineage.commit[:12]} uv.lock`, then `uv sync`), {otherwise}or train a "
        "new version."
    )


def _load_model(version: Version) -> "PyFuncModel":
    import mlflow

    model: PyFuncModel = mlflow.pyfunc.load_model(str(version.folder), suppress_warnings=True)
    refuse_strange_modules(version.package.name)
    return model


def signature(contract: Contract, classes: list[str]) -> "ModelSignature":
    """Return the MLflow signature that the contract implies."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    outputs = {
        "binary": {"score": "double", "decision": "boolean"},
        "multiclass": dict.fromkeys(classes, "double") | {"label": "string"},
        "regression": {"value": "double"},
    }[contract.problem]
    inputs = {name: MLFLOW_TYPES[contract.inputs.types[name]] for name in contract.features}
    return ModelSignature(
        inputs=Schema([ColSpec(kind, name) for name, kind in inputs.items()]),
        outputs=Schema([ColSpec(kind, name) for name, kind in outputs.items()]),
    )
