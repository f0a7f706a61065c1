"""The connection to MLflow: without its log messages, and with an error within seconds."""

import contextlib
import logging
import os
import re
import shlex
import sqlite3
import ssl
import warnings
from collections.abc import Iterator
from http.client import BadStatusLine
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..base.deadline import deadline
from ..base.errors import Misconfigured, MlopsError, Unreachable
from ..base.project import Project
from ..base.secrets import resolve
from ..base.settings import SecretName
from .locks import hold
from .relocation import experiment_folder, former_folders

if TYPE_CHECKING:
    from mlflow import MlflowClient

Client: TypeAlias = "MlflowClient"

SQLITE = "sqlite:///"
JOURNAL = ".journal"
# Schemes of stores that are not files of this machine.
REMOTE = ("http", "https", "databricks", "postgresql", "mysql", "mssql")
SQLITE_SIGNATURE = b"SQLite format 3"  # the first bytes of every database that is not empty
PROBE_SECONDS = 5
API_SECONDS = 20  # the first call may wake the server's database
API = "api/2.0/mlflow/experiments/get?experiment_id=0"
# MLflow's own variables, and values with which a call ends after 100 seconds at most. By its own
# defaults, a call takes up to 20 minutes, or as long as the server asks it to wait. A variable that
# is set already keeps its value.
CALL_LIMITS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    "MLFLOW_DATABRICKS_ENDPOINT_HTTP_RETRY_TIMEOUT": "100",
}
# The same for a command with which a person stops something that goes wrong.
EMERGENCY_LIMITS = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
EMERGENCY_SECONDS = 60.0
# A job around a command may set these for runs of its own. MLflow would add the command's figures
# to the run, the experiment or the model that they name, or write them after the command has
# ended. MLflow's other variables count: they choose credentials, certificates and limits.
OF_OTHER_RUNS = (
    "MLFLOW_RUN_ID",
    "MLFLOW_RUN_CONTEXT",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_ACTIVE_MODEL_ID",
    "_MLFLOW_ACTIVE_MODEL_ID",
    "MLFLOW_ENABLE_ASYNC_LOGGING",
    "SERVERLESS_GPU_COMPUTE_ASSOCIATED_JOB_RUN_ID",
)
# What SQLite and MLflow say about a database that is not as MLflow left it.
DAMAGE = re.compile(
    "malformed|not a database|no such (table|column)|disk I/O error|out-of-date database schema"
    "|Can't locate revision"
)
# What SQLite says if MLflow creates its tables again because some of them are missing.
INCOMPLETE = re.compile("duplicate column name|(table|index) \\S+ already exists")
# Packages whose exceptions come from the store.
STORES = ("mlflow", "sqlalchemy", "psycopg", "psycopg2", "pymysql", "pyodbc")

# What follows the project's name in the names of its experiments: of `train`, of the journal and of
# `monitor`.
EXPERIMENTS = ("", JOURNAL, ".monitor")

# What MLflow says about an artifact that it wrote and does not find, or cannot read.
MISSING = re.compile("No such (file|artifact)|artifacts from file:|Unable to form a JSON object")


def connect(project: Project) -> Client:
    """Return a client of the configured tracking server and registry.

    Raises Unreachable for a server that does not answer, and MlopsError for a store that cannot be
    written, or that was moved or copied.
    """
    uri = tracking_uri(project)
    database = sqlite_file(project)
    for variable, value in CALL_LIMITS.items():
        os.environ.setdefault(variable, value)
    for variable in OF_OTHER_RUNS:
        os.environ.pop(variable, None)
    # it comes with each request of those who set MLFLOW_TRACKING_INSECURE_TLS
    warnings.filterwarnings("ignore", message="Unverified HTTPS request")
    if uri.startswith("http"):
        _probe(uri)
    elif uri.lower().startswith("sqlite") and database is None:
        raise Misconfigured(
            f"{uri} is another spelling of the address of a SQLite database, under which commands "
            f"do not take its lock; write {SQLITE} and a path as tracking_uri in conf/."
        )
    elif database is not None:
        _require_writable(database)
        _refuse_moved(project, database)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the command reports their exceptions
    warnings.filterwarnings("ignore", module=r"(mlflow|sklearn\.metrics)\..*")
    import mlflow

    registry = re.sub("^databricks", "databricks-uc", uri)  # Unity Catalog
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(registry)
    if "://" in uri and not uri.startswith("http"):
        from mlflow.store.db import utils

        utils.MAX_RETRY_COUNT = 2  # MLflow's default of ten takes 100 seconds
    with opening_lock(project):
        if database is not None and not database.stat().st_size:
            _create_tables(database)
        return mlflow.MlflowClient(uri, registry)


@contextlib.contextmanager
def emergency(project: Project) -> Iterator[None]:
    """Raise Unreachable if a command that must not hang takes longer than its limits."""
    with contextlib.ExitStack() as stack:
        for variable, value in EMERGENCY_LIMITS.items():
            if variable not in os.environ:
                os.environ[variable] = value
                stack.callback(os.environ.pop, variable, None)
        shown = re.sub("//.*@", "//", tracking_uri(project))  # without a password
        message = (
            f"{shown} did not answer all requests within {EMERGENCY_SECONDS:.0f} seconds; check "
            "it, and run the command again: that finishes what has begun."
        )
        stack.enter_context(deadline(EMERGENCY_SECONDS, message))
        yield


def store_error(error: Exception) -> MlopsError | None:
    """Return the error to report if this one comes from the store, or else None.

    A damaged store is no unreachable one: waiting does not help.
    """
    module = error.name if isinstance(error, ModuleNotFoundError) else type(error).__module__
    if str(module).partition(".")[0] not in STORES:
        return None
    first_line = str(error).split("\n", maxsplit=1)[0]
    reason = re.sub("//[^/@]*@", "//", first_line)  # without a password
    if _is_sqlite(error):
        if INCOMPLETE.search(str(error)):
            return MlopsError(
                f"the MLflow database was not created completely ({reason}); delete its file if "
                "the store is new, or else restore the store from its backup."
            )
        if DAMAGE.search(str(error)):
            return MlopsError(
                f"the MLflow database is damaged ({reason}); restore the store from its backup."
            )
        return MlopsError(
            f"the MLflow database cannot be used now ({reason}); make sure that its disk has space "
            "and that no other program locks it, and run the command again."
        )
    if _is_missing_file(error):
        return MlopsError(
            f"a file of the tracking store is missing or damaged ({reason}); restore the store "
            "from its backup."
        )
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
    is_remote = uri == "databricks" or (slashes and scheme.lower().partition("+")[0] in REMOTE)
    tier = project.settings.risk_tier
    if project.env == "prod" and tier != "low" and not is_remote:
        raise Misconfigured(
            f"with risk_tier {tier}, {command} in prod needs a tracking server, because anyone on "
            "this machine can change a local store; set tracking_uri in conf/prod.yml."
        )


def sqlite_file(project: Project) -> Path | None:
    """Return the path of a SQLite database, or None for any other store."""
    uri = tracking_uri(project)
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def writer_lock(project: Project) -> contextlib.AbstractContextManager[None]:
    """Let one process decide and write in a local store; elsewhere `Journal.append` sees to it.

    Reading needs no lock.
    """
    return _database_lock(project, "lock")


def opening_lock(project: Project) -> contextlib.AbstractContextManager[None]:
    """Let one process create what a local store lacks; it is never held for longer than that."""
    return _database_lock(project, "opening.lock")


def command_lock(
    project: Project, command: str, claim: str, seconds: float | None = None
) -> contextlib.AbstractContextManager[None]:
    """Let a command of an environment run once at a time on this machine."""
    file = project.path(f"build/{command}-{project.env}.lock")
    return hold(file, f"{project.name} {claim}", seconds)


def _database_lock(project: Project, suffix: str) -> contextlib.AbstractContextManager[None]:
    database = sqlite_file(project)
    if database is None:
        return contextlib.nullcontext()
    file = database.resolve()  # so that the database has one lock, whatever links lead to it
    file = file.with_name(f"{file.name}.{suffix}")
    return hold(file, f"the MLflow database {database} is locked by", nested=True)


def experiment_id(client: Client, project: Project, suffix: str = "") -> str:
    """Return the identifier of one of the project's experiments; create it if it is missing.

    `suffix`, such as ".journal", distinguishes it from the experiment of `train`.
    """
    name = experiment_name(project, suffix)
    known = find_experiment(client, project, suffix)
    if known is not None:
        return known
    database = sqlite_file(project)
    with opening_lock(project):
        known = find_experiment(client, project, suffix)  # another process may have created it
        if known is not None:
            return known
        if database is None:  # a server decides where to store artifacts
            return str(client.create_experiment(name))
        artifacts = experiment_folder(database, name)
        return str(client.create_experiment(name, artifact_location=artifacts.as_uri()))


def experiment_name(project: Project, suffix: str) -> str:
    """Return the name of one of the project's experiments."""
    folder = project.settings.experiments.rstrip("/")
    name = f"{project.env}.{project.settings.project_name}{suffix}"
    return f"{folder}/{name}" if folder else name


def find_experiment(client: Client, project: Project, suffix: str) -> str | None:
    """Return the identifier of one of the project's experiments, or None if it does not exist.

    Raises MlopsError if it was deleted: MLflow keeps its name, but takes no run.
    """
    experiment = client.get_experiment_by_name(experiment_name(project, suffix))
    if experiment is None:
        return None
    number = str(experiment.experiment_id)
    if getattr(experiment, "lifecycle_stage", "active") == "deleted":
        command = mlflow_command(project, f"experiments restore --experiment-id {number}")
        raise MlopsError(
            f"the experiment {experiment_name(project, suffix)} was deleted in MLflow; restore it "
            f"with its runs by {command}."
        )
    return number


def refuse_deleted_experiments(client: Client, project: Project) -> None:
    """Raise MlopsError if one of the project's experiments was deleted in MLflow."""
    for suffix in EXPERIMENTS:
        find_experiment(client, project, suffix)


def mlflow_command(project: Project, arguments: str) -> str:
    """Return a command of MLflow for the project's store as the user types it, in backticks."""
    run = "uv run " if project.path("uv.lock").is_file() else ""
    uri = tracking_uri(project)
    if isinstance(project.settings.tracking_uri, SecretName) or "@" in uri:
        return f"`{run}mlflow {arguments}`, with the store's address in MLFLOW_TRACKING_URI"
    return f"`MLFLOW_TRACKING_URI={shlex.quote(uri)} {run}mlflow {arguments}`"


def _is_sqlite(error: BaseException | None) -> bool:
    """Return whether an error of SQLite is among the causes."""
    while error is not None:
        if isinstance(error, sqlite3.Error) or isinstance(
            getattr(error, "orig", None), sqlite3.Error
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_missing_file(error: BaseException) -> bool:
    """Return whether an artifact does not exist, or is not the JSON that was written."""
    return MISSING.search(str(error)) is not None


def _probe(uri: str) -> None:
    """Raise Unreachable unless the server and its API answer, each within its limit.

    Certificates and proxies are those that MLflow's own requests use.
    """
    import requests

    shown = re.sub("//.*@", "//", uri)  # without a password
    base = shown.rstrip("/")
    insecure = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1")
    authority = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH", "")
    certificate = os.environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH", "")
    try:
        for address, seconds in ((f"{base}/health", PROBE_SECONDS), (f"{base}/{API}", API_SECONDS)):
            requests.get(  # any answer counts, even that of a proxy
                address,
                timeout=seconds,
                allow_redirects=False,
                verify=authority or not insecure,
                cert=certificate or None,
            ).close()
    except (OSError, ValueError) as error:
        cause = _innermost(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            variable = "MLFLOW_TRACKING_SERVER_CERT_PATH" if authority else "REQUESTS_CA_BUNDLE"
            raise Unreachable(
                f"the certificate of the tracking server {shown} is not trusted "
                f"({cause.verify_message}); set the environment variable {variable} to the path of "
                "your certificate authority's file, or ask whoever runs the server for another "
                "certificate."
            ) from None
        reason = re.sub(r"^HTTPS?Connection(Pool)?\(.*?\): ", "", str(cause))
        if isinstance(cause, BadStatusLine | ssl.SSLError):
            reason = f"what answers there does not speak {uri.partition(':')[0].upper()}"
        raise Unreachable(
            f"the tracking server {shown} does not answer ({reason}); start it, or correct "
            "tracking_uri in conf/."
        ) from None


def _innermost(error: BaseException) -> BaseException:
    """Return the error with the reason: requests and urllib3 wrap it several times."""
    wrapped = (getattr(error, "reason", None), *error.args)
    for inner in wrapped:
        if isinstance(inner, BaseException):
            return _innermost(inner)
    return error


def _create_tables(database: Path) -> None:
    """Create MLflow's tables in another file, which then takes the place of the empty one.

    MLflow creates them step by step, and cannot go on where a command was killed.
    """
    from mlflow.store.tracking import DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    target = database.resolve()  # the file, even behind a link
    new = target.with_name(f"{target.name}.new")
    for left in (new, new.with_name(f"{new.name}-journal")):
        left.unlink(missing_ok=True)
    artifacts = DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH
    store = SqlAlchemyStore(f"{SQLITE}{new}", artifacts)  # type: ignore[no-untyped-call]
    store.engine.dispose()
    new.replace(target)


def _refuse_moved(project: Project, database: Path) -> None:
    """Raise MlopsError if files would be read from, and written to, a folder of the past."""
    former = former_folders(database)
    if not former:
        return
    how = "copied" if former[0].is_dir() else "moved"
    raise MlopsError(
        f"the store {project.shown(database)} was {how} from {former[0]} to {database.parent}, but "
        "its database still names that folder, so files would be read and written there; to keep "
        f"them here, run {project.command('relocate')}."
    )


def _require_writable(database: Path) -> None:
    if re.search("[%?]", str(database)):  # have a meaning in an address
        raise Misconfigured(
            f"the path of the MLflow database {database} must not contain % or ?; move the "
            "project, or correct tracking_uri in conf/."
        )
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with database.open("ab+") as file:
            file.seek(0)
            start = file.read(len(SQLITE_SIGNATURE))
            names = os.fstat(file.fileno()).st_nlink
    except OSError as error:
        raise MlopsError(
            f"cannot write to the MLflow database {database} ({error.strerror}); correct its "
            "permissions or those of its folder, or correct tracking_uri in conf/."
        ) from None
    if names > 1:
        raise MlopsError(
            f"the MLflow database {database} has another name, a hard link, under which commands "
            "would not notice each other; delete the other name, or correct tracking_uri in conf/."
        )
    if start not in (b"", SQLITE_SIGNATURE):
        raise MlopsError(
            f"the MLflow database {database} is not a SQLite database; move that file away, or "
            "correct tracking_uri in conf/."
        )
