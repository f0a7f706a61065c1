"""The preflight of the workshop finds what a laptop lacks, and says what to do."""

from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
from rendering import ROOT

from workshop import preflight
from workshop.preflight import Finding

READY = {
    "git --version": (0, "git version 2.43.0"),
    "git config user.name": (0, "Ada"),
    "git config user.email": (0, "ada@bank.example"),
    "uv --version": (0, "uv 0.9.1"),
    "uv python find >=3.11,<3.14": (0, "/usr/bin/python3.12"),
    "uvx nox --version": (0, "2026.1.1"),
    "uvx copier --version": (0, "copier 9.18.0"),
}
Answers = dict[str, tuple[int, str]]


def laptop(**changed: tuple[int, str]) -> Callable[..., tuple[int, str]]:
    """Answer as the programs of a laptop, of which some give other answers."""
    answers = READY | {name.replace("_", " "): answer for name, answer in changed.items()}
    return lambda *words: next(
        answer for name, answer in reversed(answers.items()) if " ".join(words).startswith(name)
    )


def not_ready(**changed: tuple[int, str]) -> list[Finding]:
    findings = preflight.check(laptop(**changed), Path.cwd())
    return [finding for finding in findings if finding.remedy]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_a_laptop_with_everything_is_ready() -> None:
    assert not_ready() == []


@pytest.mark.parametrize(
    ("program", "answer", "remedy"),
    [
        ("git", (127, ""), "git-scm.com"),
        ("git --version", (0, "git version 2.27.1"), "Install git 2.28 or newer"),
        ("git config", (1, ""), "user.name"),
        ("uv", (127, ""), "pipx install uv"),
        ("uv --version", (0, "uv 0.4.30"), "uv self update"),
        ("uv python", (2, "error: No interpreter found"), "uv python install 3.13"),
        ("uvx nox", (2, "error: invalid peer certificate: UnknownIssuer"), "SSL_CERT_FILE"),
        ("uvx nox", (2, "error: HTTP status client error (403 Forbidden)"), "wants a login"),
        ("uvx nox", (2, "error: dns error: failed to lookup address"), "UV_DEFAULT_INDEX"),
        ("uvx nox", (2, "error: https://pypi.org/nox-2026.403.whl: dns error"), "UV_DEFAULT_INDEX"),
        ("uvx nox", (2, "error: https://proxy.example/nox: timed out"), "UV_DEFAULT_INDEX"),
        ("uvx nox", (2, "error: connection refused after 1401 ms"), "UV_DEFAULT_INDEX"),
        ("uvx nox", (2, "error: tunnel error: HTTP 407"), "HTTPS_PROXY to its address"),
        ("uvx nox", (124, "timed out after 120 seconds"), "UV_DEFAULT_INDEX"),
        ("uvx copier", (2, "error: something else"), "uv prints: error: something else"),
    ],
)
def test_what_is_missing_comes_with_its_remedy(
    program: str, answer: tuple[int, str], remedy: str
) -> None:
    found = not_ready(**{program: answer})
    assert any(remedy in finding.remedy for finding in found)


def test_a_full_disk_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda *_: usage(1_000_000_000))
    [found] = not_ready()
    assert found.remedy == "Free 4 GB, or go to a folder on another disk."


def test_a_proxy_without_a_scheme_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.bank.example")
    [found] = not_ready()
    assert found.what == "HTTPS_PROXY is not an address"


def test_a_program_that_is_not_there_is_no_error_of_python() -> None:
    assert preflight.run("a-program-that-nobody-has") == (127, "")


def test_the_preflight_looks_for_the_python_that_a_project_requires() -> None:
    project = (ROOT / "template/pyproject.toml.jinja").read_text(encoding="utf-8")
    assert f'requires-python = "{preflight.PYTHON}"' in project
