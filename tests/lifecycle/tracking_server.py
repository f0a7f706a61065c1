"""A real MLflow server, for tests that need one."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest


@contextmanager
def hosting(store: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run a real MLflow server that keeps all in a folder; give its address and its process."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store.mkdir(parents=True)
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{store}/mlflow.db", "--workers", "1"),
        *("--artifacts-destination", str(store / "artifacts")),
    ]
    with (store / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=store)
    try:
        yield wait_for(f"http://127.0.0.1:{port}", process), process
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a real MLflow server."""
    with hosting(tmp_path / "server") as (address, _):
        yield address


def wait_for(address: str, process: "subprocess.Popen[bytes]") -> str:
    """Return the address once the server reports that it is healthy."""
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310 - ours
                return address
        except OSError:
            time.sleep(0.2)
    pytest.fail("the server ended before it answered")
