"""The connection to MLflow: without its log messages, and with an error within seconds."""

import contextlib
import logging
import re
import urllib.request
import warnings
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.error import HTTPError

from ..base.errors import Misconfigured, MlopsError, Unreachable
from ..base.project import Project
from ..base.secrets import resolve

if TYPE_CHECKING:
    from filelock import FileLock
    from mlflow import MlflowClient

Client: TypeAlias = "MlflowClient"

SQLITE = "sqlite:///"
LOCAL = ("sqlite", "file")  # schemes of stores that are files of this machine
SQLITE_SIGNATURE = b"SQLite format 3"  # the first bytes of every database that is not empty
PROBE_SECONDS = 5
# Packages whose exceptions come from the store.
STORES = ("mlflow", "sqlalchemy", "psycopg", "psycopg2", "pymysql", "pyodbc")


def connect(project: Project) -> Client:
    """Return a client of the configured tracking server and registry.

    Raises Unreachable for a server that does not answer, and MlopsError for a store that cannot be
    written.
    """
    uri = tracking_uri(project)
    database = sqlite_file(project)
    if uri.startswith("http"):
        _probe(uri)
    elif database is not None:
        _require_writable(database)
    elif "://" in uri:
        from mlflow.store.db import utils

        utils.MAX_RETRY_COUNT = 2  # MLflow's default of ten takes 100 seconds
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the command reports their exceptions
    warnings.filterwarnings("ignore", module=r"(mlflow|sklearn\.metrics)\..*")
    import mlflow

    registry = re.sub("^databricks", "databricks-uc", uri)  # Unity Catalog
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(registry)
    with writer_lock(project):  # the first client of a new database creates its tables
        return mlflow.MlflowClient(uri, registry)


def store_error(error: Exception) -> Unreachable | None:
    """Return the error to report if this one comes from the store, or else None."""
    module = error.name if isinstance(error, ModuleNotFoundError) else type(error).__module__
    if str(module).partition(".")[0] not in STORES:
        return None
    first_line = str(error).split("\n", maxsplit=1)[0]
    reason = re.sub("//[^/@]*@", "//", first_line)  # without a password
    return Unreachable(
        f"the tracking store does not answer correctly ({reason}); check it, or correct "
        "tracking_uri in conf/."
    )


def tracking_uri(project: Project) -> str:
    """Return the address of the store; the path of a SQLite database is made absolute."""
    uri = resolve(project.settings.tracking_uri)
    return f"{SQLITE}{project.path(uri.removeprefix(SQLITE))}" if uri.startswith(SQLITE) else uri


def refuse_local_store(project: Project, command: str) -> None:
    """Raise Misconfigured if prod would use a store that anyone on this machine can change.

    At low risk it may, because there nobody has to approve.
    """
    uri = tracking_uri(project)
    scheme, slashes, _ = uri.partition("://")
    is_remote = uri.startswith("databricks") or (slashes and scheme.partition("+")[0] not in LOCAL)
    tier = project.settings.risk_tier
    if project.env == "prod" and tier != "low" and not is_remote:
        raise Misconfigured(
            f"{command} in prod needs a tracking server at {tier} risk, because anyone on this "
            "machine can change a local store; set tracking_uri in conf/prod.yml."
        )


def sqlite_file(project: Project) -> Path | None:
    """Return the path of a SQLite database, or None for any other store."""
    uri = tracking_uri(project)
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def writer_lock(project: Project) -> contextlib.AbstractContextManager[object]:
    """Let one process write to a local store; elsewhere the scheduler starts one run at a time."""
    database = sqlite_file(project)
    if database is None:
        return contextlib.nullcontext()
    from filelock import FileLock

    return FileLock(f"{database}.lock")


def command_lock(project: Project, command: str) -> "FileLock":
    """Return the lock that lets a command of an environment run once at a time on this machine."""
    from filelock import FileLock

    lock = project.path(f"build/{command}-{project.env}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(lock)


def experiment_id(client: Client, project: Project, suffix: str = "") -> str:
    """Return the identifier of one of the project's experiments; create it if it is missing.

    `suffix`, such as ".journal", distinguishes it from the experiment of `train`.
    """
    folder = project.settings.experiments.rstrip("/")
    name = f"{project.env}.{project.settings.project_name}{suffix}"
    if folder:
        name = f"{folder}/{name}"
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    database = sqlite_file(project)
    if database is None:  # a server decides where to store artifacts
        return str(client.create_experiment(name))
    artifacts = database.parent / "mlartifacts" / name.strip("/")  # next to the database
    return str(client.create_experiment(name, artifact_location=artifacts.as_uri()))


def _probe(uri: str) -> None:
    shown = re.sub("//.*@", "//", uri)  # without a password
    health = f"{shown.rstrip('/')}/health"
    try:
        with contextlib.suppress(HTTPError):  # any answer counts, even that of a proxy
            urllib.request.urlopen(health, timeout=PROBE_SECONDS).close()  # noqa: S310 - http only
    except (OSError, ValueError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Unreachable(
            f"the tracking server {shown} does not answer ({reason}); start it, or correct "
            "tracking_uri in conf/."
        ) from None


def _require_writable(database: Path) -> None:
    if "%" in str(database):  # has a meaning in an address
        raise Misconfigured(
            f"the path of the MLflow database {database} must not contain %; move the project, or "
            "correct tracking_uri in conf/."
        )
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with database.open("ab+") as file:
            file.seek(0)
            start = file.read(len(SQLITE_SIGNATURE))
    except OSError as error:
        raise MlopsError(
            f"the MLflow database {database} cannot be written ({error.strerror}); correct the "
            "permissions of its folder, or tracking_uri in conf/."
        ) from None
    if start not in (b"", SQLITE_SIGNATURE):
        raise MlopsError(
            f"the MLflow database {database} is not a SQLite database; move that file away, or "
            "correct tracking_uri in conf/."
        )
