"""The connection to MLflow: quiet, and with an answer within seconds."""

import contextlib
import logging
import re
import urllib.request
import warnings
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
# packages whose errors are the store's
STORES = ("mlflow", "sqlalchemy", "psycopg", "psycopg2", "pymysql", "pyodbc")


def connect(project: Project) -> Client:
    """Return a client of the configured tracking server and registry.

    Raises Unreachable for a server that does not answer, MlopsError for an unwritable store.
    """
    uri, database = tracking_uri(project), sqlite_file(project)
    if uri.startswith("http"):
        _probe(uri)
    elif database is not None:
        _require_writable(database)
    elif "://" in uri:
        from mlflow.store.db import utils

        utils.MAX_RETRY_COUNT = 2  # MLflow's ten make a silent database cost 100 seconds
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what they raise is told once
    warnings.filterwarnings("ignore", module=r"(mlflow|sklearn\.metrics)\..*")
    import mlflow

    registry = re.sub("^databricks", "databricks-uc", uri)  # Unity Catalog
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(registry)
    with writer_lock(project):  # the first client of a new database makes its tables
        return mlflow.MlflowClient(uri, registry)


def store_error(error: Exception) -> Unreachable | None:
    """Return what to tell the user where an error is the store's: a server that dies, a lock."""
    module = error.name if isinstance(error, ModuleNotFoundError) else type(error).__module__
    if str(module).partition(".")[0] not in STORES:
        return None
    why = re.sub("//[^/@]*@", "//", str(error).split("\n", maxsplit=1)[0])  # without a password
    remedy = "look after it, or mend tracking_uri in conf"
    return Unreachable(f"the tracking store does not answer as one ({why}); {remedy}.")


def tracking_uri(project: Project) -> str:
    """Return the address of the store; a sqlite path is made absolute."""
    uri = resolve(project.settings.tracking_uri)
    return f"{SQLITE}{project.path(uri.removeprefix(SQLITE))}" if uri.startswith(SQLITE) else uri


def sqlite_file(project: Project) -> Path | None:
    """Return the database's path, None for a store that is no sqlite file."""
    uri = tracking_uri(project)
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def writer_lock(project: Project) -> contextlib.AbstractContextManager[object]:
    """Let one process write; beyond one machine the scheduler allows one run only."""
    from filelock import FileLock

    database = sqlite_file(project)
    return FileLock(f"{database}.lock") if database else contextlib.nullcontext()


def command_lock(project: Project, command: str) -> "FileLock":
    """Let a command of an environment run once on this machine; a scheduler sees to the others."""
    from filelock import FileLock

    lock = project.path(f"build/{command}-{project.env}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(lock)


def experiment_id(client: Client, project: Project, part: str = "") -> str:
    """Return the identifier of one of the project's experiments; make it where it is missing."""
    name = f"{project.env}.{project.settings.project_name}{part}"
    name = "/".join(filter(None, (project.settings.experiments.rstrip("/"), name)))
    found, database = client.get_experiment_by_name(name), sqlite_file(project)
    if found is not None:
        return str(found.experiment_id)
    # beside the database, so that one folder holds all; a server decides for itself
    location = (database.parent / "mlartifacts" / name.strip("/")).as_uri() if database else None
    return str(client.create_experiment(name, artifact_location=location))


def _probe(uri: str) -> None:
    shown = re.sub("//.*@", "//", uri)  # without a password
    try:
        with contextlib.suppress(HTTPError):  # an answer, if only that of a proxy
            urllib.request.urlopen(f"{shown.rstrip('/')}/health", timeout=5).close()  # noqa: S310
    except (OSError, ValueError) as error:
        why = f"({getattr(error, 'reason', error)}); start it or mend tracking_uri in conf"
        raise Unreachable(f"the tracking server {shown} does not answer {why}.") from None


def _require_writable(database: Path) -> None:
    told = f"the store's path {database} must not hold %; move the project."
    Misconfigured.when("%" in str(database), told)  # a sign of its own in an address
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with database.open("ab+") as file:
            file.seek(0)
            sound = file.read(15) in (b"", b"SQLite format 3")
    except OSError as error:
        why = f"({error.strerror}); mend the folder's rights or tracking_uri in conf"
        raise MlopsError(f"the store {database.name} cannot be written {why}.") from None
    remedy = "mend tracking_uri in conf"
    MlopsError.when(not sound, f"the store {database.name} is no sqlite file; {remedy}.")
