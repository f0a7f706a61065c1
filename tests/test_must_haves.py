"""The page about the six must-haves names only files, commands and settings that exist."""

import ast
import re

import pytest
from conftest import Rendered
from rendering import ROOT, platform

MADE = {"uv.lock"}  # by `uvx nox -s setup`, not by the template
PAGE = ROOT / "docs/explanation/must-haves.md"
NAMES = re.compile(r"`([^`]+)`")
ROWS = re.compile(r"^\| (?!what|---)(.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
KEYS = re.compile(r"^\| `([\w.<>]+)`", re.MULTILINE)  # the first name in a row
QUESTIONS = re.compile(r"^(\w+):$", re.MULTILINE)


@pytest.fixture(scope="module")
def known(rendered: Rendered) -> set[str]:
    """Commands, sessions, settings and questions."""
    from typer.main import get_command

    settings = KEYS.findall((ROOT / "docs/reference/settings.md").read_text("utf-8"))
    sessions = ast.parse((rendered() / "noxfile.py").read_text("utf-8"))
    return {
        *get_command(platform("cli").app).commands,  # type: ignore[attr-defined]
        *(f"nox -s {node.name}" for node in sessions.body if isinstance(node, ast.FunctionDef)),
        *settings,
        *QUESTIONS.findall((ROOT / "copier.yml").read_text("utf-8")),
    }


def test_every_name_on_the_page_exists_in_a_project(rendered: Rendered, known: set[str]) -> None:
    project = rendered()
    package = next(path.parent.name for path in project.glob("src/*/schema.py"))
    places = [cell for _, _, cell in ROWS.findall(PAGE.read_text("utf-8"))]
    assert len(places) > 30
    assert [cell for cell in places if not NAMES.findall(cell)] == []
    names = {name for cell in places for name in NAMES.findall(cell)} - MADE
    gone = {
        name
        for name in names
        if name not in known and not (project / name.replace("<package>", package)).exists()
    }
    assert gone == set()


def test_all_six_have_a_table() -> None:
    text = PAGE.read_text("utf-8")
    assert re.findall(r"^## (\d)\.", text, re.MULTILINE) == list("123456")
    assert text.count("| what | how | where |") == 6
