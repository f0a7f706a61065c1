"""Changes that a team pushes: each bad one with the check that should stop it."""

import datetime
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from _pytest.mark import ParameterSet
from rendering import append, commit, copy_template, replace

from .osv import KNOWN, Osv

SECRET = "AKIA" + "IOSFODNN7EXAMPLQ"  # in two parts, so that our own hooks accept it


class Change(NamedTuple):
    """A change, and which session of which job should report what about it."""

    spoil: Callable[[Path, Osv], None]
    job: str
    session: str
    words: str


def failing_test(project: Path, _: Osv) -> None:
    """It fails during collection, so that the other tests do not run."""
    test = project / "tests/model/test_wish.py"
    test.write_text("assert not 1\n", encoding="utf-8")


def leaked_secret(project: Path, _: Osv) -> None:
    append(project / "conf/dev.yml", f"\n# ACCESS_KEY: {SECRET}\n")


def wrong_type(project: Path, _: Osv) -> None:
    append(project / "src/loan_risk/data.py", '\n\nHORIZON: int = "three"\n')


def broken_prod(project: Path, _: Osv) -> None:
    replace(project / "conf/prod.yml", "attempts: 5", "attemps: 5")


def bad_model(project: Path, _: Osv) -> None:
    append(project / "conf/test.yml", "\ngate:\n  thresholds:\n    auc:\n      min: 0.99\n")


def vulnerable_dependency(_: Path, osv: Osv) -> None:
    osv.vulnerable = "jinja2"


def expired_exception(project: Path, osv: Osv) -> None:
    osv.vulnerable = "jinja2"
    accept(project, datetime.date(2026, 1, 1))


def stale_lock(project: Path, _: Osv) -> None:
    replace(project / "pyproject.toml", '"loan-risk[mlops]"', '"loan-risk[mlops,tune]"')


def accept(project: Path, until: datetime.date) -> None:
    """Accept the vulnerability until a date."""
    entry = {"id": KNOWN, "owner": "Credit Risk", "reason": "Not called."}
    text = yaml.safe_dump({"exceptions": [entry | {"expires": until}]})
    (project / "ci/audit.yml").write_text(text, encoding="utf-8")


BAD = {
    "a failing test": Change(failing_test, "checks", "tests", "test_wish.py"),
    "a leaked secret": Change(leaked_secret, "checks", "lint", "no secrets"),
    "a wrong type": Change(wrong_type, "checks", "types", "Incompatible types"),
    "a stale lock": Change(stale_lock, "audit", "audit", "lockfile"),
    "a mistake in prod": Change(broken_prod, "rehearsal", "rehearse", "conf/prod.yml: unknown key"),
    "a bad model": Change(bad_model, "rehearsal", "rehearse", "auc"),
    "a vulnerable dependency": Change(vulnerable_dependency, "audit", "audit", KNOWN),
    "an expired exception": Change(
        expired_exception, "audit", "audit", "accepted until 2026-01-01"
    ),
}
# CI tries each of these with one vendor.
ESSENTIAL = ("a failing test", "a leaked secret", "a bad model", "a vulnerable dependency")
UNGUARDED = (failing_test, leaked_secret, wrong_type, bad_model, expired_exception)


def in_ci(changes: Iterable[str], *tried: str) -> list[ParameterSet]:
    """Return changes as parameters; CI tries only some of them with this vendor."""
    return [pytest.param(each, marks=[] if each in tried else pytest.mark.wide) for each in changes]


def newer_template(project: Path, folder: Path, sessions: str = "") -> None:
    """Give a project a template with release v0.2.0, whose `nox` runs other sessions."""
    newer = copy_template(folder)
    append(newer / "template/noxfile.py", "\n\n# v0.2.0\n")
    if sessions:
        replace(newer / "template/noxfile.py", '["lint", "types", "tests"]', f'["{sessions}"]')
    commit(newer, "v0.2.0")
    answers = project / ".copier-answers.yml"
    stored = yaml.safe_load(answers.read_text(encoding="utf-8")) | {"_src_path": str(newer)}
    answers.write_text(yaml.safe_dump(stored), encoding="utf-8")
