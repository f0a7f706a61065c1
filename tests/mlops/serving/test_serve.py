"""Rules of `serving/serve.py` and `serving/protocol.py`, over real sockets: who may ask and how."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rendering import platform

LOAN = {"amount": 9000.0, "months": 48, "purpose": "car"}
BODY = json.dumps({"rows": [LOAN]}).encode()
TIMEOUT = 0.5  # seconds
Start = Callable[..., int]


@pytest.fixture
def start(
    make_model: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    """Return a function that serves a model with these settings, and returns the port."""
    service = platform("serving.service")
    serve = platform("serving.serve")
    monkeypatch.setattr(service, "ServedModel", lambda *_: make_model())
    servers: list[tuple[Any, threading.Thread]] = []

    def run(listens_on: str = "127.0.0.1", **keys: Any) -> int:
        limits = platform("base.settings").Serving(timeout=TIMEOUT, **keys)
        settings = SimpleNamespace(serving=limits, predictions="predictions")
        project = SimpleNamespace(
            name="dev.loans", env="prod", settings=settings, path=lambda name: tmp_path / name
        )
        registry = SimpleNamespace(client=None, load=lambda version: version)
        store = SimpleNamespace(
            project=project,
            registry=registry,
            pause_reason="",
            champion=lambda: 1,
            fetch_champion=lambda: SimpleNamespace(number=1),
        )
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        server = serve.make_server(service.Service(store, listens_on), limits)
        server.install_signal_handlers = lambda: None
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        servers.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        return int(listener.getsockname()[1])

    yield run
    for server, thread in servers:
        server.should_exit = True
        thread.join(10)


def request(
    *headers: str, path: str = "/predict", method: str = "POST", body: bytes = BODY
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def send(port: int, data: bytes, patience: float = 5) -> bytes:
    """Send bytes, and return what comes back until the other side is silent or closes."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=patience)) as client:
        client.sendall(data)
        answer = b""
        while not (b"\r\n\r\n" in answer and answer.endswith((b"}", b"</html>\n"))):
            part = client.recv(65536)
            if not part:
                break
            answer += part
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


JSON = "Content-Type: application/json"
HERE = "Host: 127.0.0.1:8000"


def test_rows_in_json_are_predicted(start: Start) -> None:
    port = start()
    for kind in (JSON, f"{JSON}; charset=utf-8", "content-type: Application/JSON"):
        assert status(send(port, request(HERE, kind))) == 200


@pytest.mark.parametrize(
    "kind", ["Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "X: y"]
)
def test_a_body_of_another_type_gets_415(start: Start, kind: str) -> None:
    """A page elsewhere can make a browser send text or a form, but not JSON."""
    answer = send(start(), request(HERE, kind))
    assert status(answer) == 415
    assert b"application/json" in answer


HOSTS = {
    "this machine": ("127.0.0.1", "127.0.0.1:8000", (), 200),
    "this machine by IPv6": ("127.0.0.1", "[::1]:8000", (), 200),
    "this machine by name": ("127.0.0.1", "LocalHost", (), 200),
    "a name that somebody pointed here": ("127.0.0.1", "evil.example", (), 421),
    "a name that looks like an address": ("127.0.0.1", "127.0.0.1.evil.example", (), 421),
    "an address with a name behind it": ("127.0.0.1", "[::1].evil.example", (), 421),
    "a name in the place of a port": ("127.0.0.1", "localhost:evil.example", (), 421),
    "any name where others may connect": ("0.0.0.0", "risk.bank.example", (), 200),  # noqa: S104
    "a name that is allowed": ("0.0.0.0", "risk.bank.example", ("risk.bank.example",), 200),  # noqa: S104
    "a name that is not allowed": ("0.0.0.0", "evil.example", ("risk.bank.example",), 421),  # noqa: S104
    "a probe by address": ("0.0.0.0", "10.1.2.3:8000", ("risk.bank.example",), 200),  # noqa: S104
}


@pytest.mark.parametrize(("listens_on", "host", "hosts", "code"), HOSTS.values(), ids=HOSTS)
def test_only_some_hosts_are_answered(
    start: Start, listens_on: str, host: str, hosts: tuple[str, ...], code: int
) -> None:
    port = start(listens_on, hosts=hosts)
    assert status(send(port, request(f"Host: {host}", path="/health", method="GET", body=b""))) == (
        code
    )


UNFINISHED = {
    "nothing": b"",
    "half a line": b"POST /predict HT",
    "headers without an end": b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nX: y\r\n",
    "half a body": request(HERE, JSON)[:-5],
}


@pytest.mark.parametrize("data", UNFINISHED.values(), ids=UNFINISHED)
def test_a_request_that_is_not_finished_in_time_is_ended(start: Start, data: bytes) -> None:
    port = start()
    began = time.monotonic()
    answer = send(port, data)
    assert time.monotonic() - began < 4 * TIMEOUT
    assert answer == b"" or status(answer) == 408


def test_a_trickle_of_bytes_does_not_keep_a_connection(start: Start) -> None:
    port = start()
    with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as client:
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):  # once the server has closed it
            while time.monotonic() - began < 8 * TIMEOUT:
                client.sendall(b"P")
                time.sleep(TIMEOUT / 10)
        assert time.monotonic() - began < 4 * TIMEOUT


def test_an_unfinished_request_in_the_bytes_of_another_is_ended(start: Start) -> None:
    """Uvicorn reads it once the other one is answered, and by then no more bytes arrive."""
    port = start()
    complete = request(HERE, path="/health", method="GET", body=b"")
    with closing(socket.create_connection(("127.0.0.1", port), timeout=4 * TIMEOUT)) as client:
        client.sendall(complete + UNFINISHED["half a body"])
        answer = b""
        while part := client.recv(65536):  # until the server closes it
            answer += part
    assert status(answer) == 200


def connect_slowly(port: int) -> socket.socket:
    """Return a connection whose system receives little that the client has not read yet."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(5)
    client.connect(("127.0.0.1", port))
    return client


def test_an_answer_that_is_not_read_in_time_is_dropped(start: Start) -> None:
    """Otherwise the memory that holds the answers of some clients is the server's."""
    port = start()
    body = json.dumps({"rows": [LOAN | {"loan_id": "A" * 900}] * 1000}).encode()
    with closing(connect_slowly(port)) as client:
        client.sendall(request(HERE, JSON, body=body))
        time.sleep(4 * TIMEOUT)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while not answer.endswith(b"]}") and (part := client.recv(65536)):
                answer += part
    assert status(answer) == 200
    assert not answer.endswith(b"]}"), "all of it was kept"


def test_further_requests_do_not_keep_a_connection_that_is_not_read(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = platform("serving.protocol").TimedProtocol
    connect = protocol.connection_made
    connections: list[Any] = []

    def connect_and_remember(connection: Any, transport: Any) -> None:
        connect(connection, transport)
        connections.append(connection)

    monkeypatch.setattr(protocol, "connection_made", connect_and_remember)
    port = start()
    body = json.dumps({"rows": [LOAN | {"loan_id": "A" * 900}] * 5}).encode()
    with closing(connect_slowly(port)) as client:
        while not (connections and connections[0].transport.get_write_buffer_size()):
            client.sendall(request(HERE, JSON, body=body))
            time.sleep(0.002)
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):  # once the server has closed it
            while time.monotonic() - began < 5 * TIMEOUT:
                client.sendall(request(HERE, path="/health", method="GET", body=b""))
                time.sleep(TIMEOUT / 5)
        assert time.monotonic() - began < 3 * TIMEOUT


def test_an_answer_that_is_read_slowly_arrives(start: Start) -> None:
    port = start()
    body = json.dumps({"rows": [LOAN | {"loan_id": "A" * 900}] * 1000}).encode()
    with closing(connect_slowly(port)) as client:
        for _ in range(2):
            client.sendall(request(HERE, JSON, body=body))
            time.sleep(0.7 * TIMEOUT)
            answer = b""
            while not answer.endswith(b"]}"):
                answer += client.recv(65536)
            assert answer.count(b"A" * 900) == 1000


def test_a_second_request_on_a_connection_has_its_own_time(start: Start) -> None:
    port = start()
    with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as client:
        for _ in range(3):
            client.sendall(request(HERE, JSON))
            answer = b""
            while not answer.endswith(b"}"):
                answer += client.recv(65536)
            assert status(answer) == 200
            time.sleep(TIMEOUT * 0.7)


def test_headers_that_are_too_long_get_400(start: Start) -> None:
    unfinished = f"POST /predict HTTP/1.1\r\n{HERE}\r\nX: {'y' * 20_000}".encode()
    assert status(send(start(), unfinished)) == 400


def test_a_client_that_leaves_is_no_news(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    port = start()
    for _ in range(3):
        with closing(socket.create_connection(("127.0.0.1", port))) as client:
            client.sendall(request(HERE, JSON)[:-5])
    assert status(send(port, request(HERE, JSON))) == 200
    time.sleep(TIMEOUT)
    printed = capfd.readouterr().err
    assert "Traceback" not in printed
    assert "ClientDisconnect" not in printed


def test_a_defect_is_one_line_without_the_text_of_its_error(
    start: Start, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("a-private-purpose")

    monkeypatch.setattr(platform("serving.app"), "_detail", fail)
    answer = send(start(), request(HERE, "Content-Type: text/plain"), patience=2)
    assert status(answer) == 500
    printed = capfd.readouterr().err
    assert "LookupError in test_serve.py, line" in printed
    assert "a-private-purpose" not in printed


def test_the_page_of_the_interface_needs_nothing_from_elsewhere(start: Start) -> None:
    answer = send(start(), request(HERE, path="/docs", method="GET", body=b"")).decode()
    assert status(answer.encode()) == 200
    head, _, page = answer.partition("\r\n\r\n")
    assert "default-src 'none'" in head
    for word in ("<script", "http://", "https://", "//cdn"):
        assert word not in page, word
    for word in ("amount", "months", "480", "purpose", "loan_id", "/predict"):
        assert word in page, word
