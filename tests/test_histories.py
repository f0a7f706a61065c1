"""A team edits while its template moves: no update hurts, and what could hurt is refused."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import copier
import pytest
import yaml
from conftest import Rendered
from histories.changes import Draft, Question
from histories.checks import Update, unmerged
from histories.history import EDITS, play, stored
from histories.edits import Project
from histories.many import OF_A_CHAIN, play_all
from histories.quick import quick_copier, scratch
from histories.releases import SOUND, Chain
from rendering import ROOT, commit, contents, git, render, update

TAKE_BACK = "git reset --hard && git clean --force -d"


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """A template with releases."""
    with scratch() as folder, quick_copier(folder):
        yield Chain(folder, 0)


def test_no_update_hurts() -> None:
    """A few histories; `./nox -s bench -- update` plays a thousand."""
    assert_unhurt(range(5))


@pytest.mark.full
@pytest.mark.parametrize("first", range(100, 200, OF_A_CHAIN))
def test_no_update_hurts_in_many_histories(first: int) -> None:
    assert_unhurt(range(first, first + OF_A_CHAIN))


def assert_unhurt(numbers: range) -> None:
    outcomes = list(play_all(numbers, processes=1))
    assert len(outcomes) == len(numbers)
    assert sum(outcome.updates for outcome in outcomes) >= len(numbers)
    assert not [str(outcome) for outcome in outcomes if outcome.findings]


def test_sparing_copier_work_changes_nothing(tmp_path: Path) -> None:
    """The histories run a quicker Copier; it must write the same."""
    with scratch() as folder, quick_copier(folder):
        quick = updated_once(Chain(folder, 3), tmp_path / "quick/loan-risk")
    (tmp_path / "plain").mkdir()
    plain = updated_once(Chain(tmp_path / "plain", 3), tmp_path / "loan-risk")
    for name in (quick.keys() | plain.keys()) - {".copier-answers.yml"}:  # the template's place
        assert quick[name] == plain[name], name


def updated_once(chain: Chain, folder: Path) -> dict[str, bytes]:
    """Return what a project holds after an update."""
    chain.render(folder, 0, {"project_name": "loan-risk"})
    commit(folder)
    update(folder)
    return contents(folder)


BASE = {
    ".mlops/files": b"0  mlops.py\n0  old.py\n",
    ".copier-answers.yml": b"_commit: v1\n",
    ".gitignore": b"/a/\n# Yours\n",
    "mlops.py": b"1\n",
    "old.py": b"1\n",
}
NEXT = {
    ".mlops/files": b"0  mlops.py\n",
    ".copier-answers.yml": b"_commit: v2\n",
    ".gitignore": b"/a/\n/b/\n# Yours\n",
    "mlops.py": b"2\n",
    "idea.py": b"",
}
OURS = {".gitignore": b"/a/\n# Yours\n/ours/\n", "ours.py": b"1\n"}
MERGED = {".gitignore": b"/a/\n/b/\n# Yours\n/ours/\n", "ours.py": b"1\n"}
AFTER = {name: content for name, content in (NEXT | MERGED).items() if name != "idea.py"}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"ours.py": b"2\n"}, "lost"),
        ({"ours.py": None}, "lost"),
        ({".gitignore": NEXT[".gitignore"]}, "lost"),
        ({".gitignore": OURS[".gitignore"]}, "wrong"),
        ({".gitignore": b"/ours/\n/a/\n/b/\n# Yours\n"}, "wrong"),
        ({".gitignore": None}, "lost"),
        ({"ours.py": b"<<<<<<< before updating\n"}, "conflict"),
        ({"mlops.py.rej": b""}, "conflict"),
        ({"old.py": b"1\n"}, "orphan"),
        ({"mlops.py": b"1\n"}, "wrong"),
        ({"idea.py": b""}, "recreated"),
        ({".copier-answers.yml": b"_commit: v2\ntier: low\n"}, "wrong"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else part,
)
def test_a_history_notices(change: dict[str, bytes | None], kind: str) -> None:
    after = {name: text for name, text in (AFTER | change).items() if text is not None}
    assert kind in {found.kind for found in Update(BASE | OURS, after, BASE, NEXT).findings()}


def test_a_history_notices_nothing_in_a_good_update() -> None:
    assert list(Update(BASE | OURS, AFTER, BASE, NEXT).findings()) == []
