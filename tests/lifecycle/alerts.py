"""A chat's inbox that takes alerts, and the options with which commands send them there."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lifecycle.project import Facts

SECRET = "a-word-nobody-may-see"  # noqa: S105 - not a real one
ALERTS = ("--set", "alerts=[{secret: team-channel}]")


class Channel(ThreadingHTTPServer):
    """A chat's inbox, which may be closed."""

    def __init__(self) -> None:
        self.messages: list[Facts] = []
        self.open = True
        super().__init__(("127.0.0.1", 0), _Inbox)

    @property
    def secret(self) -> dict[str, str]:
        """The variable that holds its address."""
        port = self.server_address[1]
        return {"MLOPS_SECRET_TEAM_CHANNEL": f"json://{SECRET}@127.0.0.1:{port}/"}


class _Inbox(BaseHTTPRequestHandler):
    server: Channel

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.open:
            self.server.messages.append(json.loads(body))
        self.send_response(200 if self.server.open else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def channel() -> Iterator[Channel]:
    """A real server that takes what apprise sends."""
    channel = Channel()
    thread = threading.Thread(target=channel.serve_forever)
    thread.start()
    yield channel
    channel.shutdown()
    channel.server_close()
    thread.join()
