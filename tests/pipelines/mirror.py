"""A local package index: a folder of files, listed as a bank's mirror does."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DEAD = "http://127.0.0.1:9"  # nothing listens there
BLOCKED = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), DEAD),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), DEAD),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1"),
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_FIND_LINKS": "",
}


def download(folder: Path, *words: str) -> None:
    """Download packages into the folder of a mirror."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", f"--dest={folder / 'files'}"]
    subprocess.run([*command, *words], check=True, capture_output=True)


def listed(folder: Path) -> None:
    """Write a page for each package in the folder."""
    for file in sorted((folder / "files").iterdir()):
        name = re.sub(r"[-_.]+", "-", file.name.split("-")[0]).lower()
        page = folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with page.open("a", encoding="utf-8") as text:
            text.write(f'<a href="/files/{file.name}">{file.name}</a>\n')


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without logging."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Send a file; the client may close early if it only wanted the size."""
        with suppress(ConnectionError):
            super().copyfile(source, outputfile)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def mirror(folder: Path) -> Iterator[str]:
    """Serve the folder until the test is done."""
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def mirrored(lock: bytes, address: str) -> str:
    """Return a lock file as it is written with the mirror as its index."""
    text = re.sub(r'registry = "[^"]+"', f'registry = "{address}/simple"', lock.decode())
    return re.sub(r'url = "[^"]+/([^"/]+)"', rf'url = "{address}/files/\1"', text)
