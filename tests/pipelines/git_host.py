"""A local git host that authenticates reads and pushes."""

import base64
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rendering import commit, git

READS = "token-of-the-run"
WRITES = "token-of-the-team"
NAME = "bank/loan-risk.git"


class Host(ThreadingHTTPServer):
    """A private repository: a run's token may read it, the team's token may also push."""

    daemon_threads = True
    root: Path

    @property
    def repository(self) -> Path:
        """The folder of the repository, for tests to inspect."""
        return self.root / NAME

    def address(self, user: str = "") -> str:
        """Return the address of the repository with a user's token in it."""
        login = f"{user}:{READS}@" if user else ""
        return f"http://{login}127.0.0.1:{self.server_port}/{NAME}"

    def take(self, project: Path) -> None:
        """Commit a project and push it to main."""
        commit(project)
        git(project, "push", "--quiet", str(self.repository), "HEAD:main")

    def clone(self, folder: Path, user: str) -> Path:
        """Clone main as a vendor's run does: only the newest commit, detached."""
        address = self.address(user)
        git(folder.parent, "clone", "--quiet", "--depth=1", address, str(folder))
        git(folder, "checkout", "--quiet", "--detach")
        return folder


class Answers(BaseHTTPRequestHandler):
    """Git's own HTTP server, behind authentication."""

    server: Host

    def do_GET(self) -> None:
        scheme, _, login = self.headers.get("Authorization", "").partition(" ")
        password = base64.b64decode(login).decode().partition(":")[2] if scheme == "Basic" else ""
        pushing = "git-receive-pack" in self.path
        if password not in {READS, WRITES}:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
        elif pushing and password != WRITES:
            self.send_response(403)
            self.end_headers()
        else:
            self.answer()

    def do_POST(self) -> None:
        self.do_GET()

    def answer(self) -> None:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length", "0"))
        about = {
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_USER": "someone",
            "REQUEST_METHOD": self.command,
        }
        done = subprocess.run(
            ["git", "http-backend"],
            input=self.rfile.read(length),
            env=os.environ | about,
            capture_output=True,
            check=True,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(re.findall(r"(.+?): (.+)", head.decode().replace("\r", "")))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def git_host(root: Path) -> Iterator[Host]:
    """Serve the repository in a folder until the test is done, creating it if missing."""
    if not (root / NAME).exists():
        (root / NAME).mkdir(parents=True)
        git(root, "init", "--quiet", "--bare", "--initial-branch=main", NAME)
    with Host(("127.0.0.1", 0), Answers) as server:
        server.root = root
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()
