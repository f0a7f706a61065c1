"""Online answers: `serve` against `mlflow models serve`, the same version and the same row."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles

from rendering import commit

from .ratios import STEPS
from .scratch import PROGRAM, VARIABLES, Scratch

HEADER = [
    *("measured", "floor", "measured, requests/s", "floor, requests/s", "ratio"),
    *("measured, p99 ms", "floor, p99 ms", "ratio of p99"),
]
CLIENTS = (1, 4)  # each keeps its connection
MLFLOW = "from mlflow.cli import cli; cli()"
STORE = {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}
MODEL = ("--model-uri", "models:/dev.loan-risk/1", "--env-manager", "local")
ROW = {
    "purpose": "car",
    "employment": "permanent",
    "housing": "rent",
    "channel": "online",
    "amount": 9000.0,
    "term_months": 48,
    "income": 3000.0,
    "other_debts": 0.0,
    "years_employed": 2.5,
    "late_payments": 0,
    "has_account": True,
}

BARE = {  # files of the user's package: an estimator that is given an array of numbers
    "features.py": """import numpy as np
import pandas as pd

def numbers(frame: pd.DataFrame) -> np.ndarray:
    return frame[NUMBERS].to_numpy("float64")

NUMBERS = ["amount", "term_months", "income", "other_debts", "years_employed", "late_payments"]
""",
    "model.py": """from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from . import features

def build(params):
    trees = HistGradientBoostingClassifier(random_state=params["seed"], max_iter=100)
    return make_pipeline(FunctionTransformer(features.numbers), trees)
""",
}

Server = tuple[int, str, bytes]  # port, path and body


def served(scratch: Scratch, repeat: int, requests: int) -> list[list[str]]:
    """Return a row for each number of clients: of the example's model, then of a cheap one."""
    bare = replace(scratch, folder=scratch.folder / "bare")
    bare.folder.mkdir()
    _write(bare.project / "src/loan_risk", BARE)
    commit(bare.project)
    return [
        _row(f"{model}, clients at once: {clients}", servers, clients, (repeat, requests))
        for model, project in (("the example's model", scratch), ("a bare estimator", bare))
        for servers in _trained(project)
        for clients in CLIENTS
    ]


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _trained(scratch: Scratch) -> Iterator[list[Server]]:
    """Make a champion, and start both servers on it."""
    for words in STEPS[:3]:
        scratch.python("-c", PROGRAM, *words)
    with _servers(scratch) as servers:
        yield servers


def _row(name: str, servers: list[Server], clients: int, how_often: tuple[int, int]) -> list[str]:
    """Ask both servers in turns, so that whatever else the machine does slows both."""
    (repeat, requests), rounds = how_often, []
    for number in range(repeat + 1):  # the first one warms up
        sys.stderr.write(f"· round {number} of {repeat}: serve, {name}\n")
        rounds.append([_ask(server, clients, requests) for server in servers])
    ours, theirs = (
        [median(figures) for figures in zip(*side, strict=True)]
        for side in zip(*rounds[1:], strict=True)
    )
    speed, late = (_side_by_side(*pair) for pair in zip(ours, theirs, strict=True))
    return [f"`serve`, {name}", "`mlflow models serve`", *speed, *late]


def _side_by_side(measured: float, floor: float) -> list[str]:
    return [f"{measured:.1f}", f"{floor:.1f}", f"**{measured / floor:.2f}**"]


def _ask(server: Server, clients: int, requests: int) -> tuple[float, float]:
    """Return requests per second, and the 99% quantile of their milliseconds."""
    port, path, body = server
    seconds, statuses = list[float](), set[int]()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(requests):
            start = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            seconds.append(time.perf_counter() - start)
            statuses.add(answer.status)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if statuses != {200}:
        sys.exit(f"{path} answered {statuses}")
    speed = len(seconds) / (time.perf_counter() - start)
    return speed, 1000 * quantiles(seconds, n=100)[98]


@contextlib.contextmanager
def _servers(scratch: Scratch) -> Iterator[list[Server]]:
    """Start both, and end them."""
    ours, theirs = _free_port(), _free_port()
    records = json.dumps({"dataframe_records": [ROW]}).encode()
    commands = [
        ("-c", PROGRAM, "serve", "--port", str(ours)),
        ("-c", MLFLOW, "models", "serve", *MODEL, "--port", str(theirs)),
    ]
    with contextlib.ExitStack() as stack:
        for words, port in zip(commands, (ours, theirs), strict=True):
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=scratch.project,
                env=VARIABLES | STORE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # MLflow starts another process, which ends with it
            )
            stack.callback(process.wait)
            stack.callback(os.killpg, process.pid, 15)
            _wait_for(port, process)
        row = json.dumps({"rows": [ROW]}).encode()
        yield [(ours, "/predict", row), (theirs, "/invocations", records)]


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        with contextlib.closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    sys.exit(f"the server of port {port} ended with {process.returncode}")


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
