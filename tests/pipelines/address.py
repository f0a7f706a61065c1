"""A local server that answers like a vendor's API to requests with the right token."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = Callable[[str, dict[str, list[str]]], Any]  # of a path and its query


@contextmanager
def answering(answer: Answer, header: str, shown: str) -> Iterator[str]:
    """Serve until the test is done: 401 without the token, 404 where `answer` raises KeyError."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            split = urlsplit(self.path)
            status = 401
            reply = None
            if self.headers[header] == shown:
                try:
                    status = 200
                    reply = answer(unquote(split.path), parse_qs(split.query))
                except KeyError:
                    status = 404
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(reply).encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def vendor(answers: dict[str, Any], header: str, shown: str) -> AbstractContextManager[str]:
    """Serve these addresses for requests with the token; all others are unknown."""
    return answering(lambda path, _: answers[path], header, shown)
