"""A running `serve` of a project, its answers to a client, and the predictions that it keeps."""

import contextlib
import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lifecycle.project import NOISE, Facts, Project, Warm

PATIENCE = 120  # seconds


@dataclass
class Served:
    """The process and its address."""

    process: int
    port: int
    log: Path
    code: int = field(default=-1)

    def ask(self, path: str, body: object = None) -> tuple[int, Any]:
        """Return the status and the decoded answer of one request; bytes are sent as they are."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        with contextlib.closing(connection):
            if body is None:
                connection.request("GET", path)
            else:
                connection.request("POST", path, sent, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, text if path == "/metrics" else json.loads(text)

    def predict(self, rows: list[dict[str, Any]]) -> tuple[int, Any]:
        """Ask for predictions."""
        return self.ask("/predict", {"rows": rows})

    def figure(self, name: str) -> float:
        """Return one of the metrics of /metrics."""
        lines = dict(line.rsplit(" ", 1) for line in self.ask("/metrics")[1].splitlines())
        return float(lines[name])

    def said(self) -> str:
        """Return the output of the command so far."""
        return self.log.read_text("utf-8")

    def wait_for(self, words: str) -> None:
        """Wait until the command has written something."""
        wait_until(lambda: words in self.said(), f"{words!r} in {self.log}")

    def signal(self, sign: signal.Signals) -> None:
        """Send a signal to the process."""
        os.kill(self.process, sign)


def wait_until(true: Any, what: str) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.05)


@contextlib.contextmanager
def serving(project: Project, warm: Warm, *words: str, quiet: bool = True) -> Iterator[Served]:
    """Run `serve` on a free port; stop it by SIGTERM, after which it must exit with 0.

    With `quiet`, it must not have written messages of libraries or tracebacks.
    """
    log = project.folder.with_name("serve.log")
    log.write_text("")
    job = {
        "function": f"{project.package.name}.mlops.cli:main",
        "arguments": [],
        "words": [project.name, "serve", "--port", "0", *words],
        "folder": project.folder,
        "variables": dict(os.environ),
        "stdout": project.folder.with_name("serve.out"),
        "stderr": log,
    }
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(warm.run(job)))
    thread.start()
    wait_until(lambda: "listening on" in log.read_text() or codes, "the first line")
    assert not codes, log.read_text()
    children = Path(f"/proc/{warm.pid}/task/{warm.pid}/children")  # it forks the command
    process = int(children.read_text().split()[-1])
    port = int(log.read_text().split("http://127.0.0.1:")[1].split(";")[0])
    served = Served(process, port, log)
    try:
        yield served
    finally:
        if not codes:
            os.kill(process, signal.SIGTERM)
        thread.join()
    assert codes == [0], served.said()
    assert not (quiet and NOISE.search(served.said())), served.said()


def batch(number: int) -> Facts:
    """Return rows of a version and what it predicts for all of them at once."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store

    store = open_store(open_project("dev"))
    version = store.fetch(number)
    rows = pd.read_parquet(version.artifact("golden_rows.parquet")).reset_index(drop=True)
    prediction = store.registry.load(version).predict(rows)
    records = rows.astype("object").where(rows.notna(), None).to_dict("records")
    return {"rows": records, "predictions": prediction.to_dict("records")}


def logged(project: Project) -> pd.DataFrame:
    """Return all predictions that were kept."""
    folder = project.path("predictions/dev/online")
    assert not list(folder.rglob("_*"))  # no unfinished file
    return pd.read_parquet(folder)
