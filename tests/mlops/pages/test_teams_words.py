"""A question is open until the team has answered it: the example's words are no answer."""

import tarfile

import pytest
from rendering import ROOT, platform

words = platform("pages.teams_words")

EXAMPLE = (ROOT / "template/docs/model-card.md").read_text(encoding="utf-8")
TRUE_OF_ANY_MODEL = ("What no program", "The questions are", "| owner | see", "| | |", "|---|---|")


def test_every_part_of_the_example_is_recognized() -> None:
    unknown = unrecognized(EXAMPLE)
    assert len(unknown) == len(TRUE_OF_ANY_MODEL), "add new digests to teams_words.DIGESTS"
    assert all(text.startswith(TRUE_OF_ANY_MODEL) for text in unknown)


def unrecognized(text: str) -> list[str]:
    return [each.text for each in words.blocks(text) if words.digest(each) not in words.EXAMPLE]


def test_a_new_project_names_every_question_that_only_people_can_answer() -> None:
    assert words.open_questions(EXAMPLE) == (
        *("Use", "Not for", "Users", "Who is affected", "If it is wrong"),
        *("Who decides", "Who can stop it"),
        *("Rows", "Label", "Personal data", "Protected attributes", "Known proxies"),
        *("How it is judged", "Alternatives considered", "Limits"),
        *("accountable person", "approver in prod", "independent validation"),
        *("risk tier and its reason", "last review of this page", "next review"),
    )


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
        assert all(each.startswith(TRUE_OF_ANY_MODEL) for each in unrecognized(text))


def test_only_what_is_left_of_the_example_is_named() -> None:
    text = EXAMPLE.replace("Loan officers, who see", "Underwriters, who see")
    text = text.replace("| next review | |", "| next review | 2027-01-31 |")
    found = words.open_questions(text)
    assert "Users" not in found
    assert "next review" not in found
    assert "Use" in found


@pytest.mark.parametrize(
    "text",
    [
        *("", "# Model card\n", "## Purpose\n\n**Use.** Prices.\n\n- One limit.\n"),
        *("| owner | Ada |\n", "| | |\n|---|:-:|\n", "**Purpose**\n\nTo set prices.\n", "---\n"),
    ],
)
def test_a_page_that_the_team_has_written_leaves_nothing_open(text: str) -> None:
    assert words.open_questions(text) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("**Who decides.**\n\n**Users.** Underwriters.\n", "Who decides"),
        ("**Who decides?** …\n", "Who decides?"),
        ("| accountable person | |\n", "accountable person"),
        ("| validated by | … | |\n| owner | Ada | |\n", "validated by"),
    ],
)
def test_a_question_without_an_answer_is_open(text: str, name: str) -> None:
    assert words.open_questions(text) == (name,)


@pytest.mark.parametrize(
    "change", [lambda t: t.replace("\n", "\r\n"), lambda t: t.replace(". ", ".\n")]
)
def test_other_line_breaks_change_no_words(change: object) -> None:
    assert callable(change)
    assert words.open_questions(change(EXAMPLE)) == words.open_questions(EXAMPLE)
