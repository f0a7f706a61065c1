# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Check in a minute whether this laptop is ready for the workshop: `python3 preflight.py`.

It needs Python only, and changes nothing but uv's cache. Each thing that is not ready comes with
its remedy.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

GIT = (2, 28)
UV = (0, 8)
PYTHON = ">=3.11,<3.14"
FREE_GB = 4  # a project's environment, uv's cache, and the models
SECONDS = 120
INDEX = "https://pypi.org/simple"
# What uv and git print, and what to do about it.
TROUBLES = {
    "certificate|UnknownIssuer": (
        "Your network replaces certificates. Set SSL_CERT_FILE to the bank's bundle of "
        "certificate authorities, or UV_NATIVE_TLS=true if the system trusts them."
    ),
    r"\b(401|403)\b|Unauthorized|Forbidden": (
        "The package index wants a login. Put user and token into the netrc file, or set "
        "UV_INDEX_<NAME>_USERNAME and _PASSWORD."
    ),
    r"\b407\b|proxy": (
        "The proxy refuses. Set HTTPS_PROXY to its address, with a login if it needs one."
    ),
    "dns|resolve|connect|timed out|timeout|network": (
        "The package index cannot be reached. Set UV_DEFAULT_INDEX to your bank's mirror, or "
        "HTTPS_PROXY to its proxy. If the packages are cached already, set UV_OFFLINE=1."
    ),
}
Run = Callable[..., tuple[int, str]]


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    what: str
    remedy: str = ""
    """Empty if it is ready."""


def main() -> int:
    """Print all findings; return 1 if something is not ready."""
    findings = []
    for finding in check(run, Path.cwd()):
        findings.append(finding)
        print(f"  {'not ready' if finding.remedy else 'ready':10} {finding.what}", flush=True)
        if finding.remedy:
            print(f"  {'':10} {finding.remedy}")
    if any(finding.remedy for finding in findings):
        print("\nFix what is not ready, and run this again.")
        return 1
    print("\nThis laptop is ready.")
    return 0


def check(run: Run, folder: Path) -> Iterator[Finding]:
    """Yield what is ready and what is not."""
    yield check_git(run)
    yield check_name(run)
    uv = check_uv(run)
    yield uv
    yield check_disk(folder)
    yield check_proxy()
    if not uv.remedy:
        yield check_python(run)
        yield check_index(run)


def run(*arguments: str) -> tuple[int, str]:
    """Run a program; return its exit code and all that it prints."""
    try:
        done = subprocess.run(
            arguments, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except FileNotFoundError:
        return 127, ""
    except subprocess.TimeoutExpired:
        return 124, f"timed out after {SECONDS} seconds"
    return done.returncode, (done.stdout + done.stderr).strip()


def version(text: str) -> tuple[int, int]:
    """Return the first version in a text; zeros if there is none."""
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def check_git(run: Run) -> Finding:
    """Git is there, and new enough."""
    code, text = run("git", "--version")
    if code:
        return Finding("git is not on PATH", "Install it from https://git-scm.com.")
    if version(text) < GIT:
        least = ".".join(map(str, GIT))
        return Finding(text, f"Install git {least} or newer from https://git-scm.com.")
    return Finding(text)


def check_name(run: Run) -> Finding:
    """Git knows who commits."""
    if run("git", "config", "user.name")[1] and run("git", "config", "user.email")[1]:
        return Finding("git knows your name")
    return Finding(
        "git does not know your name",
        'Run `git config --global user.name "Your Name"`, and the same for user.email.',
    )


def check_uv(run: Run) -> Finding:
    """Uv is there, and new enough."""
    code, text = run("uv", "--version")
    if code:
        return Finding(
            "uv is not on PATH",
            "Run `pipx install uv`, or see https://docs.astral.sh/uv; then open a new terminal.",
        )
    if version(text) < UV:
        return Finding(text, "Run `uv self update`, or `pipx upgrade uv`.")
    return Finding(text)


def check_disk(folder: Path) -> Finding:
    """There is space for the environment."""
    free = shutil.disk_usage(folder).free / 1e9
    text = f"{free:.0f} GB are free in {folder}"
    if free < FREE_GB:
        return Finding(text, f"Free {FREE_GB} GB, or go to a folder on another disk.")
    return Finding(text)


def check_proxy() -> Finding:
    """A proxy's address is an address."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        address = os.environ.get(name)
        if address and not urlsplit(address).hostname:
            return Finding(
                f"{name} is not an address", f"Write {name}=http://proxy.bank.example:8080."
            )
        if address:
            return Finding(f"{name} names the proxy {urlsplit(address).hostname}")
    return Finding("no proxy is set")


def check_python(run: Run) -> Finding:
    """Uv finds a Python that the project can use."""
    code, text = run("uv", "python", "find", PYTHON)
    if code:
        return Finding(
            f"there is no Python {PYTHON}",
            "Run `uv python install 3.13`. Behind a wall, install Python from the bank's software "
            "centre, or set UV_PYTHON_INSTALL_MIRROR.",
        )
    return Finding(f"Python is {text}")


def check_index(run: Run) -> Finding:
    """Uv can install what the first commands need."""
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL") or INDEX
    host = urlsplit(index).hostname or index
    for program in ("nox", "copier"):
        code, text = run("uvx", program, "--version")
        if code:
            return Finding(f"{program} cannot be installed from {host}", remedy_for(text))
    return Finding(f"nox and copier are installed from {host}, or cached")


def remedy_for(text: str) -> str:
    """Return what to do about what uv prints."""
    without_addresses = re.sub(r"https?://\S+", "", text)
    for pattern, remedy in TROUBLES.items():
        if re.search(pattern, without_addresses, re.IGNORECASE):
            return remedy
    last = text.splitlines()[-1] if text else "nothing"
    return f"uv prints: {last}"


if __name__ == "__main__":
    sys.exit(main())
