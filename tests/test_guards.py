"""The list of guards names code and tests that exist; the wide tier removes each guard."""

import re
import subprocess
import sys

import pytest
from rendering import ROOT

from tools import guards

LISTED = guards.read_guards()


@pytest.mark.parametrize("guard", LISTED, ids=lambda guard: guard.name)
def test_the_code_of_a_guard_is_there_once(guard: guards.Guard) -> None:
    text = guard.path(ROOT).read_text(encoding="utf-8")
    assert text.count(guard.code) == 1
    assert guards.removed(text, guard) != text


@pytest.mark.parametrize("guard", LISTED, ids=lambda guard: guard.name)
def test_the_test_of_a_guard_is_there(guard: guards.Guard) -> None:
    file, *_, name = guard.test.partition("[")[0].split("::")
    text = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(rf"^ *def {name}\(", text, re.MULTILINE)


def test_names_of_guards_are_unique() -> None:
    names = [guard.name for guard in LISTED]
    assert len(set(names)) == len(names) > 0


def test_the_page_has_the_table_of_the_list() -> None:
    assert guards.PAGE.read_text(encoding="utf-8") == guards.page(LISTED)


@pytest.mark.full
@pytest.mark.wide
def test_the_removal_of_each_guard_is_noticed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.guards"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT NOTICED" not in done.stdout


@pytest.mark.full
@pytest.mark.wide
def test_a_guard_that_no_test_holds_is_reported() -> None:
    unheld = guards.Guard(
        name="a limit that no test reaches",
        stops="nothing",
        file="steps/gate/checks.py",
        code="if leaking:",
        test="tests/test_guards.py::test_names_of_guards_are_unique",
    )
    assert guards.try_guards([unheld]) == [unheld.name]
