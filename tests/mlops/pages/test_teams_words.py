"""The words of the example are distinguished from those of the team, part by part."""

import tarfile

import pytest
from rendering import ROOT, platform

words = platform("pages.teams_words")

EXAMPLE = (ROOT / "template/docs/model-card.md").read_text(encoding="utf-8")
TRUE_OF_ANY_MODEL = {"| owner | see `CODEOWNERS` |", "| | |", "|---|---|"}


def test_every_part_of_the_example_is_recognized() -> None:
    unknown = [
        block.text for block in words.blocks(EXAMPLE) if words.digest(block) not in words.EXAMPLE
    ]
    assert set(unknown) == TRUE_OF_ANY_MODEL, "add the digests of new words to teams_words.DIGESTS"
    found = words.invented(EXAMPLE)
    assert found[:5] == ("the introduction", "Use", "Not for", "Users", "If it is wrong")
    assert {"Label", "Known proxies", "How it is judged", "Limits", "next review"} <= set(found)


def test_words_that_earlier_templates_wrote_are_recognized() -> None:
    with tarfile.open(ROOT / "tests/kept/stores/landed.tar.xz") as archive:
        seen = set()
        for member in archive:
            if member.name.endswith("docs/model-card.md"):
                file = archive.extractfile(member)
                assert file is not None
                seen.add(file.read().decode())
    assert len(seen) > 1
    for text in seen:
        unknown = [b.text for b in words.blocks(text) if words.digest(b) not in words.EXAMPLE]
        assert set(unknown) == TRUE_OF_ANY_MODEL


def test_only_what_is_left_of_the_example_is_named() -> None:
    text = EXAMPLE.replace("Loan officers, who see", "Underwriters, who see")
    text = text.replace("| next review | |", "| next review | 2027-01-31 |")
    found = words.invented(text)
    assert "Users" not in found
    assert "next review" not in found
    assert "Use" in found


@pytest.mark.parametrize(
    "text",
    ["", "# Model card\n", "## Purpose\n\n**Use.** Prices.\n\n- One limit.\n", "| owner | Ada |\n"],
)
def test_words_of_the_team_are_nobody_elses(text: str) -> None:
    assert words.invented(text) == ()


@pytest.mark.parametrize(
    "change", [lambda t: t.replace("\n", "\r\n"), lambda t: t.replace(". ", ".\n")]
)
def test_other_line_breaks_change_no_words(change: object) -> None:
    assert callable(change)
    assert words.invented(change(EXAMPLE)) == words.invented(EXAMPLE)
