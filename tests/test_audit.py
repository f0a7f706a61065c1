"""`nox -s audit` refuses known vulnerabilities, expired exceptions and an unreachable database."""

import datetime
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pipelines.osv import KNOWN, Osv
from programs import write_program
from rendering import ROOT

SCRIPT = ROOT / "template/.mlops/audit.py"
TODAY = datetime.datetime.now(datetime.UTC).date()
DAY = datetime.timedelta(days=1)
ENTRY = {"id": KNOWN, "owner": "Credit Risk", "expires": TODAY, "reason": "Not called."}
PROJECT = """
[project]
name = "loan-risk"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["markupsafe>=3"]
"""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project with its lock file. Copy it before use."""
    project = tmp_path_factory.mktemp("audit") / "loan-risk"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    subprocess.run(["uv", "lock", "--quiet"], cwd=project, check=True)
    return project


@pytest.fixture
def project(locked: Path, tmp_path: Path) -> Path:
    return shutil.copytree(locked, tmp_path / "loan-risk")


def audit(project: Path, address: str, **env: str) -> tuple[int, str]:
    """Run the audit; return the exit code and the output."""
    done = subprocess.run(
        [sys.executable, SCRIPT],
        cwd=project,
        env=os.environ | {"OSV_URL": address, "UV_HTTP_RETRIES": "0"} | env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def accept(project: Path, **changed: object) -> None:
    (project / "ci").mkdir()
    text = yaml.safe_dump({"exceptions": [ENTRY | changed]})
    (project / "ci/audit.yml").write_text(text, encoding="utf-8")


def test_a_lock_without_known_vulnerabilities_passes(project: Path, osv: Osv) -> None:
    code, output = audit(project, osv.address)
    assert (code, output) == (0, "1 packages have no other known vulnerability.\n")


def test_a_known_vulnerability_is_refused_with_the_version_that_fixes_it(
    project: Path, osv: Osv
) -> None:
    osv.vulnerable = "markupsafe"
    code, output = audit(project, osv.address)
    assert code == 1
    assert f"{KNOWN}: It runs what it is sent; fixed in 99.0" in output


def test_the_text_of_a_vulnerability_acts_on_no_pipeline(project: Path, osv: Osv) -> None:
    osv.vulnerable = "markupsafe"
    osv.summary = "odd ##vso[task.complete]"
    _, output = audit(project, osv.address)
    assert r"odd \x23#vso[task.complete]; fixed in" in output
    accept(project, reason="odd\n::stop-commands::x")
    _, output = audit(project, osv.address)
    assert r"odd\n::stop-commands::x" in output


def test_an_exception_is_valid_through_its_last_day(project: Path, osv: Osv) -> None:
    osv.vulnerable = "markupsafe"
    accept(project)
    code, output = audit(project, osv.address)
    assert code == 0
    assert f"{KNOWN} is accepted until {TODAY} by Credit Risk: Not called." in output


def test_an_exception_that_is_no_longer_needed_is_named(project: Path, osv: Osv) -> None:
    accept(project)
    code, output = audit(project, osv.address)
    assert code == 0
    assert f"ci/audit.yml: no locked package has {KNOWN} any more: remove this entry." in output


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"expires": TODAY - DAY}, "Upgrade to a fixed version, or let Credit Risk decide again."),
        ({"expires": "soon"}, "expires must be a date such as 2026-12-31"),
        ({"owner": ""}, "entry 1 must have the keys expires, id, owner, reason, and no others"),
        ({"ticket": 7}, "entry 1 must have the keys expires, id, owner, reason, and no others"),
        ({"id": "GHSA-of-another"}, KNOWN),
    ],
    ids=["ended", "no day", "no owner", "an unknown key", "of another"],
)
def test_an_invalid_exception_is_refused(
    changed: dict[str, object], sentence: str, project: Path, osv: Osv
) -> None:
    osv.vulnerable = "markupsafe"
    accept(project, **changed)
    code, output = audit(project, osv.address)
    assert code == 1
    assert sentence in output


@pytest.mark.parametrize("text", ["exceptions: [", "[]", "exceptions: 7"])
def test_exceptions_that_cannot_be_read_are_refused(text: str, project: Path, osv: Osv) -> None:
    (project / "ci").mkdir()
    (project / "ci/audit.yml").write_text(text, encoding="utf-8")
    code, output = audit(project, osv.address)
    assert code == 1
    assert "ci/audit.yml" in output


def test_an_unreachable_database_fails_the_audit(project: Path) -> None:
    code, output = audit(project, "http://127.0.0.1:1")
    assert code == 1
    assert "The packages in uv.lock could not be audited" in output


def test_a_lock_that_is_missing_or_stale_is_refused(project: Path, osv: Osv) -> None:
    pyproject = project / "pyproject.toml"
    pyproject.write_text(PROJECT.replace("safe>=3", "safe>=3.0.1"), encoding="utf-8")
    code, output = audit(project, osv.address)
    assert code == 1
    assert "uv lock" in output
    (project / "uv.lock").unlink()
    code, output = audit(project, osv.address)
    assert (code, output) == (
        1,
        "uv.lock is missing: run `uvx nox -s setup`, and commit the file.\n",
    )


FEWER = '{"summary": {"audited_packages": 0}, "vulnerabilities": []}'


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (FEWER, "Only 0 of the 1 packages in uv.lock were audited."),
        ("{}", "The report of `uv audit` has an unknown format"),
        ("warning: no report", "The report of `uv audit` has an unknown format"),
    ],
)
def test_an_incomplete_report_is_refused(
    report: str, sentence: str, project: Path, tmp_path: Path
) -> None:
    uv = write_program(tmp_path / "programs/uv", f"#!/bin/sh\necho '{report}'\n")
    code, output = audit(project, "", PATH=f"{uv.parent}{os.pathsep}{os.environ['PATH']}")
    assert code == 1
    assert sentence in output
