"""Run a Python file in a warm interpreter of its environment, like `python FILE ARGUMENTS`.

The first call starts that interpreter. Later calls find it as long as the environment has the same
packages. It exits when it has been idle for a while.
"""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

WARM = Path(__file__).parent.parent / "lifecycle"  # the folder of warm.py
IDLE = 120  # seconds
MOST = 1 << 20  # bytes of a request


def main() -> int:
    """Let the warm interpreter run it, with this process's streams, folder and variables."""
    job = {
        "function": "warm:run_file",
        "arguments": sys.argv[1:2],
        "words": sys.argv[1:],
        "folder": str(Path.cwd()),
        "variables": dict(os.environ),
        "path": [],
    }
    with connected() as server:
        socket.send_fds(server, [json.dumps(job).encode()], [1, 2])
        return int(server.recv(MOST) or 1)


def connected() -> socket.socket:
    """Return a connection to the interpreter, starting one where there is none."""
    name = address()
    started = False
    while True:
        server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.suppress(ConnectionRefusedError):
            server.connect(name)
            return server
        server.close()
        if not started:
            start(name)
            started = True
        time.sleep(0.02)


def address() -> str:
    """Return the address of this environment's interpreter, which depends on its packages."""
    [found] = Path(sys.prefix).glob("lib/python*/site-packages")
    named = sorted(path.name for path in found.glob("*.dist-info"))
    born = str(Path(sys.prefix, "pyvenv.cfg").stat().st_mtime_ns)
    packages = [str(found), born, *(n for n in named if not n.startswith("loan_risk-"))]
    return "\0warm-" + hashlib.sha256("\n".join(packages).encode()).hexdigest()


def start(name: str) -> None:
    """Start the interpreter, which outlives this process."""
    words = [sys.executable, "-P", __file__, "serve", name.removeprefix("\0")]
    env = {"PATH": os.environ["PATH"], "HOME": sys.prefix}
    with (Path(sys.prefix).parent / "warm.log").open("a") as log:
        subprocess.Popen(
            words, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def serve(name: str) -> None:
    """Run the requested jobs one by one, until no more come."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(f"\0{name}")
        server.listen()
        sys.path.insert(0, str(WARM))
        warm: Any = import_module("warm")
        del sys.path[0]
        warm.get_warm()
        server.settimeout(IDLE)
        with contextlib.suppress(TimeoutError):
            while True:
                asked, _ = server.accept()
                with asked:
                    text, streams, *_ = socket.recv_fds(asked, MOST, 2)
                    job = json.loads(text) | dict(zip(("stdout", "stderr"), streams, strict=True))
                    asked.sendall(str(warm.do(job)).encode())
                for stream in streams:
                    os.close(stream)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        sys.exit(main())
