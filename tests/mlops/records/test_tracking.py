"""MLflow's store is reached or reported within seconds, and never with its password."""

import datetime
import http.server
import ipaddress
import os
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request
from mlops.projects import make_project
from rendering import platform

tracking = platform("records.tracking")
locks = platform("records.locks")
errors = platform("base.errors")


@pytest.fixture(autouse=True)
def own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the variables that a connection sets."""
    for variable in tracking.CALL_LIMITS:
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)


class Proxy(http.server.BaseHTTPRequestHandler):
    """Answers that a login is required."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def proxy() -> Iterator[str]:
    """The address of a server that answers with an error."""
    with http.server.HTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://ann:s3cret@127.0.0.1:{server.server_port}"
        server.shutdown()


# Addresses


def test_a_sqlite_path_starts_from_the_projects_folder(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    assert tracking.tracking_uri(project) == f"sqlite:///{tmp_path}/mlflow.db"
    assert tracking.sqlite_file(project) == tmp_path / "mlflow.db"
    elsewhere = make_project(tmp_path, tracking_uri="sqlite:////var/mlflow.db")
    assert tracking.sqlite_file(elsewhere) == Path("/var/mlflow.db")


@pytest.mark.parametrize("uri", ["http://mlflow", "databricks", "postgresql://db/mlflow"])
def test_any_other_store_is_not_a_file_and_stays_as_it_is(tmp_path: Path, uri: str) -> None:
    project = make_project(tmp_path, tracking_uri=uri)
    assert tracking.tracking_uri(project) == uri
    assert tracking.sqlite_file(project) is None
    with tracking.writer_lock(project):
        assert list(tmp_path.iterdir()) == []


def test_two_processes_do_not_write_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path)
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.1)
    with (
        tracking.writer_lock(project),
        tracking.writer_lock(project),  # one thread may hold it twice
        held_by_another(tmp_path / "mlflow.db.lock") as refused,
    ):
        assert refused == "refused"
    with held_by_another(tmp_path / "mlflow.db.lock") as taken:
        assert taken == "taken"
        start = time.monotonic()
        with pytest.raises(errors.MlopsError, match=r"mlflow\.db is locked by another process"):
            tracking.writer_lock(project).__enter__()
        assert time.monotonic() - start < 10


@pytest.mark.parametrize("place", ["mlflow.db-b", "other/mlflow.db", "x/../mlflow.db"])
def test_a_database_has_one_lock_whatever_leads_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    for folder in ("other", "x"):
        (tmp_path / folder).mkdir()
    for link in ("mlflow.db-b", "other/mlflow.db"):
        (tmp_path / link).symlink_to(tmp_path / "mlflow.db")
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.1)
    project = make_project(tmp_path, tracking_uri=f"sqlite:///{place}")
    for lock, suffix in ((tracking.writer_lock, "lock"), (tracking.opening_lock, "opening.lock")):
        with (
            held_by_another(tmp_path / f"mlflow.db.{suffix}"),
            pytest.raises(errors.MlopsError, match="is locked by another process"),
            lock(project),
        ):
            pass


def test_reading_and_opening_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    with held_by_another(tmp_path / "mlflow.db.lock"), tracking.opening_lock(project):
        pass


def test_a_command_has_a_lock_for_each_environment(tmp_path: Path) -> None:
    dev = make_project(tmp_path)
    with tracking.command_lock(dev, "monitor", "is being monitored by", 0):
        for other in (
            tracking.command_lock(dev, "retrain", "is being retrained by", 0),
            tracking.command_lock(
                make_project(tmp_path, env="prod"), "monitor", "is being monitored by", 0
            ),
        ):
            with other:
                pass
    assert (tmp_path / "build/monitor-dev.lock").exists()
    with held_by_another(tmp_path / "build/monitor-dev.lock"):
        message = r"dev\.loan-risk is being monitored by another process"
        with pytest.raises(errors.MlopsError, match=message):
            tracking.command_lock(dev, "monitor", "is being monitored by", 0).__enter__()


@contextmanager
def held_by_another(lock: Path) -> Iterator[str]:
    """Let another process take a lock; provide whether it got it."""
    program = (
        "import sys; from filelock import FileLock, Timeout\n"
        "lock = FileLock(sys.argv[1])\n"
        "try: lock.acquire(timeout=0); print('taken', flush=True)\n"
        "except Timeout: print('refused', flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, lock],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()


# Limits


class Slow(http.server.BaseHTTPRequestHandler):
    """Is healthy, but its interface never answers."""

    def do_GET(self) -> None:
        """Answer, or wait."""
        if self.path != "/health":
            self.server.stopped.wait()  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def test_a_server_that_is_healthy_but_does_not_answer_requests_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "API_SECONDS", 0.5)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.stopped = threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        error = refused(tmp_path, f"http://127.0.0.1:{server.server_port}")
        server.stopped.set()  # type: ignore[attr-defined]
        server.shutdown()
    assert isinstance(error, errors.Unreachable)
    assert f"the tracking server http://127.0.0.1:{server.server_port} does not answer" in str(
        error
    )


def test_a_call_to_a_server_has_a_limit_that_a_variable_can_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in tracking.CALL_LIMITS:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "7")
    refused(tmp_path, "http://127.0.0.1:1")
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "30"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "7"
    with tracking.emergency(make_project(tmp_path)):
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "7"


def test_an_emergency_command_ends_and_names_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "EMERGENCY_SECONDS", 0.2)
    project = make_project(tmp_path, tracking_uri="http://ann:s3cret@mlflow.bank.example")

    def hang() -> None:
        with tracking.emergency(project):
            threading.Event().wait(20)

    with pytest.raises(errors.Unreachable) as caught:
        hang()
    assert "http://mlflow.bank.example did not answer" in str(caught.value)
    assert "s3cret" not in str(caught.value)


# A store that cannot be used


def refused(root: Path, uri: str) -> Any:
    """Return the error with which a store is refused; MLflow is not asked at all."""
    with pytest.raises(errors.MlopsError) as caught:
        tracking.connect(make_project(root, tracking_uri=uri))
    assert "tracking_uri in conf" in str(caught.value)
    return caught.value


@pytest.mark.parametrize("content", [b"Once upon a time", b"SQLite", b"\0"])
def test_a_file_that_is_not_a_sqlite_database_is_refused_and_stays_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "mlflow.db"
    file.write_bytes(content)
    error = refused(tmp_path, "sqlite:///mlflow.db")
    assert f"the MLflow database {file} is not a SQLite database" in str(error)
    assert file.read_bytes() == content


def test_an_empty_file_and_a_real_database_are_writable(tmp_path: Path) -> None:
    """SQLite itself says what a database is."""
    tracking._require_writable(tmp_path / "new/mlflow.db")
    with closing(sqlite3.connect(tmp_path / "real.db")) as connection:
        connection.execute("CREATE TABLE runs (number INTEGER)")
    tracking._require_writable(tmp_path / "real.db")


def test_a_store_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").mkdir()
    (tmp_path / "README.md").touch()
    for uri in ("sqlite:///mlflow.db", "sqlite:///README.md/mlflow.db"):
        database = tmp_path / uri.removeprefix("sqlite:///")
        message = str(refused(tmp_path, uri))
        assert f"cannot write to the MLflow database {database} (" in message


def test_a_database_with_two_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    (tmp_path / "mlflow.db-b").hardlink_to(tmp_path / "mlflow.db")
    for name in ("mlflow.db", "mlflow.db-b"):
        error = refused(tmp_path, f"sqlite:///{name}")
        assert f"{tmp_path / name} has another name, a hard link" in str(error)


@pytest.mark.parametrize(
    "uri", ["sqlite+pysqlite:///mlflow.db", "SQLITE:///mlflow.db", "sqlite:///mlflow.db?timeout=9"]
)
def test_a_database_under_another_spelling_of_its_address_is_refused(
    tmp_path: Path, uri: str
) -> None:
    assert isinstance(refused(tmp_path, uri), errors.Misconfigured)
    assert list(tmp_path.iterdir()) == []


def test_a_percent_sign_in_the_path_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "sqlite:///100%/mlflow.db")
    assert isinstance(error, errors.Misconfigured)
    assert not (tmp_path / "100%").exists()


def test_a_server_that_nobody_runs_is_unreachable(tmp_path: Path) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refused(tmp_path, f"http://ann:s3cret@127.0.0.1:{port}")
    assert isinstance(error, errors.Unreachable)
    assert f"the tracking server http://127.0.0.1:{port} does not answer (" in str(error)
    assert "s3cret" not in str(error)


@pytest.mark.parametrize("uri", ["http://", "http://mlflow:port", "https://127.0.0.1:1"])
def test_an_address_that_leads_nowhere_is_unreachable(tmp_path: Path, uri: str) -> None:
    assert isinstance(refused(tmp_path, uri), errors.Unreachable)


def test_an_answer_of_a_proxy_is_an_answer(proxy: str) -> None:
    tracking._probe(proxy)


@pytest.fixture
def own_certificate(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a server with TLS, and the file of the authority that vouches for it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "the bank")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority = tmp_path / "authority.pem"
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = tmp_path / "key.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, private)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}", str(authority)
        server.shutdown()


def mlflow_reaches(address: str) -> bool:
    """Return whether a request of MLflow itself gets an answer."""
    credentials = get_default_host_creds(address)  # type: ignore[no-untyped-call]
    try:
        http_request(  # type: ignore[no-untyped-call]
            credentials, "/health", "GET", max_retries=0, timeout=5
        )
    except MlflowException:
        return False
    return True


CERTIFICATES = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_TRACKING_INSECURE_TLS",
)


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("variable", CERTIFICATES)
def test_a_certificate_is_trusted_exactly_if_mlflow_trusts_it(
    own_certificate: tuple[str, str], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, authority = own_certificate
    for each in CERTIFICATES:
        monkeypatch.delenv(each, raising=False)
    assert not mlflow_reaches(address)
    with pytest.raises(errors.Unreachable) as caught:
        tracking._probe(address)
    assert f"certificate of the tracking server {address} is not trusted" in str(caught.value)
    assert "set the environment variable REQUESTS_CA_BUNDLE to the path of" in str(caught.value)
    monkeypatch.setenv(variable, "true" if variable.endswith("TLS") else authority)
    assert mlflow_reaches(address)
    tracking._probe(address)


def test_a_proxy_is_used_exactly_if_mlflow_uses_it(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert not mlflow_reaches(proxy)
    with pytest.raises(errors.Unreachable):
        tracking._probe(proxy)
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    assert mlflow_reaches(proxy)
    tracking._probe(proxy)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_another_protocol_on_the_servers_port_is_named(tmp_path: Path, scheme: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                connection.recv(1000)

        threading.Thread(target=answer, daemon=True).start()
        error = refused(tmp_path, f"{scheme}://127.0.0.1:{listening.getsockname()[1]}")
    assert isinstance(error, errors.Unreachable)
    assert f"what answers there does not speak {scheme.upper()}" in str(error)


# Errors of others


def test_an_error_of_the_store_is_reported_without_the_password() -> None:
    engine = sa.create_engine("postgresql+psycopg://ann:s3cret@127.0.0.1:1/mlflow")
    with pytest.raises(sa.exc.OperationalError) as caught, engine.connect():
        pass
    reported = tracking.store_error(caught.value)
    assert isinstance(reported, errors.Unreachable)
    assert "127.0.0.1" in str(reported)
    assert "\n" not in str(reported)


def test_an_address_in_an_error_of_mlflow_loses_its_password() -> None:
    class StoreError(RuntimeError):
        __module__ = "mlflow.exceptions"

    reported = tracking.store_error(StoreError("no postgresql://ann:s3cret@db/mlflow\nat line 7"))
    assert "(no postgresql://db/mlflow)" in str(reported)


def test_a_driver_that_is_missing_is_an_error_of_the_store() -> None:
    missing = ModuleNotFoundError("No module named 'pymysql'", name="pymysql")
    assert "pymysql" in str(tracking.store_error(missing))


@pytest.mark.parametrize(
    "error",
    [ValueError("mlflow"), ModuleNotFoundError("No module named 'x'", name="x"), KeyError("x")],
    ids=repr,
)
def test_any_other_error_is_not_the_stores(error: Exception) -> None:
    assert tracking.store_error(error) is None


@pytest.mark.parametrize(
    "uri",
    [
        *("sqlite:///mlflow.db", "sqlite+pysqlite:///x.db", "SQLITE:///x.db"),
        *("file:///runs", "FILE:///runs", "mlruns", "./runs", "databricks.local/mlruns"),
    ],
)
def test_prod_does_not_decide_on_a_local_store_unless_the_risk_is_low(
    tmp_path: Path, uri: str
) -> None:
    for tier in ("medium", "high"):
        prod = make_project(tmp_path, env="prod", risk_tier=tier, tracking_uri=uri)
        with pytest.raises(
            errors.Misconfigured, match=f"^with risk_tier {tier}, gate in prod needs"
        ):
            tracking.refuse_local_store(prod, "gate")
    for env, tier in (("prod", "low"), ("test", "high"), ("dev", "high")):
        allowed = make_project(tmp_path, env=env, risk_tier=tier, tracking_uri=uri)
        tracking.refuse_local_store(allowed, "gate")


@pytest.mark.parametrize(
    "uri", ["https://mlflow", "databricks", "databricks://risk", "postgresql+psycopg://db/mlflow"]
)
def test_a_server_or_a_database_elsewhere_is_a_store_for_prod(tmp_path: Path, uri: str) -> None:
    prod = make_project(tmp_path, env="prod", tracking_uri=uri)
    tracking.refuse_local_store(prod, "gate")


def test_a_damaged_database_is_not_an_unreachable_service(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE runs (number INTEGER)")
        connection.executemany("INSERT INTO runs VALUES (?)", [(n,) for n in range(5000)])
        connection.commit()
    content = bytearray(file.read_bytes())
    content[4096:] = b"x" * (len(content) - 4096)
    file.write_bytes(content)
    engine = sa.create_engine(f"sqlite:///{file}")
    with pytest.raises(sa.exc.DatabaseError) as caught, engine.connect() as connected:
        connected.execute(sa.text("SELECT sum(number) FROM runs"))
    engine.dispose()
    reported = tracking.store_error(caught.value)
    assert reported.exit_code == 1
    assert "is damaged" in str(reported)
    assert "restore the store from its backup" in str(reported)


def cut_tables(engine: sa.Engine) -> None:
    """Create MLflow's tables as far as a command that is killed in the middle of it."""
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE metrics ADD COLUMN step BIGINT"))
    raise KeyboardInterrupt


def test_a_database_whose_creation_was_killed_is_created_by_the_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project = make_project(tmp_path)
    with monkeypatch.context() as killed:
        killed.setattr("mlflow.store.db.utils._upgrade_db", cut_tables)
        with pytest.raises(KeyboardInterrupt):
            tracking.connect(project)
    store = "mlflow.store.tracking.sqlalchemy_store.SqlAlchemyStore"
    monkeypatch.setattr(f"{store}._engine_map", {})  # as in a new process
    assert len(tracking.connect(project).search_experiments()) == 1
    assert [path.name for path in tmp_path.glob("mlflow.db*") if "lock" not in path.name] == [
        "mlflow.db"
    ]


def test_a_database_that_was_not_created_completely_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by an older template, or by another program."""
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        connection.execute("CREATE TABLE metrics (step INTEGER)")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/mlflow.db")
    with pytest.raises(sa.exc.OperationalError) as caught:
        cut_tables(engine)
    engine.dispose()
    reported = tracking.store_error(caught.value)
    assert "was not created completely (" in str(reported)
    assert "delete its file if the store is new" in str(reported)


def test_a_locked_database_is_reported_as_such(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        engine = sa.create_engine(f"sqlite:///{tmp_path}/mlflow.db", connect_args={"timeout": 0})
        with pytest.raises(sa.exc.OperationalError) as caught, engine.connect() as connected:
            connected.execute(sa.text("CREATE TABLE runs (number INTEGER)"))
        engine.dispose()
    reported = tracking.store_error(caught.value)
    assert reported.exit_code == 1
    assert "locked" in str(reported)


# Experiments


class Registry:
    """Remembers experiments as MLflow's client does."""

    def __init__(self) -> None:
        self.created: dict[str, str | None] = {}

    def get_experiment_by_name(self, name: str) -> Any:
        """Return an experiment that was created."""
        return type("Experiment", (), {"experiment_id": name}) if name in self.created else None

    def create_experiment(self, name: str, artifact_location: str | None = None) -> str:
        """Create an experiment."""
        assert name not in self.created
        self.created[name] = artifact_location
        return name


def test_an_experiment_is_created_once_next_to_its_database(tmp_path: Path) -> None:
    client = Registry()
    project = make_project(tmp_path)
    for _ in range(2):
        assert tracking.experiment_id(client, project) == "dev.loan-risk"
        assert tracking.experiment_id(client, project, ".journal") == "dev.loan-risk.journal"
    place = (tmp_path / "mlartifacts/dev.loan-risk").as_uri()
    assert client.created == {"dev.loan-risk": place, "dev.loan-risk.journal": f"{place}.journal"}


def test_a_server_decides_where_artifacts_are_and_a_folder_precedes_the_names(
    tmp_path: Path,
) -> None:
    client = Registry()
    project = make_project(tmp_path, tracking_uri="databricks", experiments="/Shared/risk/")
    tracking.experiment_id(client, project)
    assert client.created == {"/Shared/risk/dev.loan-risk": None}
