"""A team's tracking server in place of the embedded store: one line of conf/."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lifecycle.project import AS_OF, Facts, Project

pytestmark = pytest.mark.full


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real MLflow server on a free port."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = tmp_path / "server"
    store.mkdir()
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{store}/mlflow.db", "--workers", "1"),
        *("--artifacts-destination", str(store / "artifacts")),
    ]
    with (store / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=store)
    try:
        yield wait_for(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait()


def wait_for(address: str, process: "subprocess.Popen[bytes]") -> str:
    """Return the address once the server says that it is well."""
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310 - ours
                return address
        except OSError:
            time.sleep(0.2)
    pytest.fail("the server ended before it answered")


def test_a_whole_life_on_a_server(born: Project, server: str) -> None:
    born.configure(tracking_uri=server)
    for words in (
        ("train", "--as-of", AS_OF),
        ("gate",),
        ("promote",),
        ("score", "--as-of", AS_OF),
        ("train", "--as-of", AS_OF),
        ("gate",),
        ("promote",),
        ("rollback",),
        ("pause", "a test"),
        ("resume",),
        ("doctor",),
    ):
        born.run(*words)
    status = born.run("status").facts
    assert status["champion"] == 1
    assert status["problems"] == []
    assert born.call(on_server, server) == {"aliases": {"champion": "1"}, "entries": 10}
    assert not born.path("mlflow.db").exists()
    assert not born.path("mlartifacts").exists()
    assert not born.path("mlruns").exists()


def on_server(address: str) -> Facts:
    """Return what the server itself knows."""
    from mlflow import MlflowClient

    client = MlflowClient(address, address)
    journal = client.get_experiment_by_name("dev.loan-risk.journal")
    return {
        "aliases": dict(client.get_registered_model("dev.loan-risk").aliases),
        "entries": len(client.search_runs([journal.experiment_id])) if journal else 0,
    }
