"""A local vulnerability database with the API of OSV."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

KNOWN = "GHSA-0000-0000-0001"


class Osv(HTTPServer):
    """A database with one vulnerability, in the package that a test names."""

    vulnerable = ""
    summary = "It runs what it is sent"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    """The answers of OSV to a batch of packages, and about one vulnerability."""

    server: Osv

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        vulnerable = [query["package"]["name"] == self.server.vulnerable for query in asked]
        known = {"vulns": [{"id": KNOWN, "modified": "2026-01-01T00:00:00Z"}]}
        self.answer({"results": [known if each else {} for each in vulnerable]})

    def do_GET(self) -> None:
        package = {"name": self.server.vulnerable, "ecosystem": "PyPI"}
        events = [{"introduced": "0"}, {"fixed": "99.0"}]
        affected = {"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
        vulnerability = {"id": KNOWN, "summary": self.server.summary}
        self.answer({**vulnerability, "modified": "2026-01-01T00:00:00Z", "affected": [affected]})

    def answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def database() -> Iterator[Osv]:
    """Serve until the test is done."""
    with Osv(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()
