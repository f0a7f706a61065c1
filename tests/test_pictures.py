"""The pictures of the documentation are those that `./nox -s pictures` makes."""

import re

import pytest
from rendering import PLATFORM, ROOT

from tools import pictures
from tools.drawing import COLOURS

DRAWN = pictures.diagrams()
LARGEST = 150_000  # bytes


@pytest.mark.parametrize("name", DRAWN)
def test_a_diagram_is_as_the_code_draws_it(name: str) -> None:
    stored = (pictures.IMAGES / name).read_text(encoding="utf-8")
    assert stored == DRAWN[name], "run ./nox -s pictures"


def test_the_timeline_has_the_dates_of_the_glossary() -> None:
    title = re.findall("<title>(.+)</title>", DRAWN["timeline-light.svg"])[0]
    glossary = (ROOT / "docs/explanation/glossary.md").read_text(encoding="utf-8")
    for part in title.split("; "):
        assert part.split(" ", 1)[1].removeprefix("date ") in glossary, part


def test_every_picture_is_used_is_small_and_can_be_made_again() -> None:
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs").rglob("*.md"))
    made = {f"{name}-{scheme}.png" for name in pictures.SCREENS for scheme in COLOURS}
    stored = {path.name: path.stat().st_size for path in pictures.IMAGES.iterdir()}
    assert set(stored) == {*DRAWN, *made}
    assert [name for name in stored if f"images/{name}" not in pages] == []
    assert max(stored.values()) < LARGEST


@pytest.mark.parametrize("name", pictures.TEXTS)
def test_a_page_still_has_the_texts_in_its_picture(name: str) -> None:
    """If this fails: change TEXTS in tools/pictures.py, run ./nox -s pictures, and look at it."""
    pages = [path for path in (PLATFORM / "pages").iterdir() if path.is_file()]
    source = "".join(path.read_text("utf-8") for path in pages)
    assert [text for text in pictures.TEXTS[name] if text not in source] == []
