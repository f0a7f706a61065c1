"""Figures are written as a person reads them, and texts as text."""

import pytest
from rendering import platform

templates = platform("pages.templates")


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (None, "n/a"),
        (float("nan"), "n/a"),
        (0, "0"),
        (12840, "12,840"),
        (0.0784, "0.078"),
        (1.236, "1.24"),
        (46.41, "46.4"),
        (1262.8, "1,263"),
        (-0.5, "-0.500"),
    ],
)
def test_a_figure_has_as_many_places_as_its_size_needs(figure: float | None, text: str) -> None:
    assert templates.number(figure) == text


def test_shares_windows_and_missing_values_are_written_out() -> None:
    assert [templates.share(0.125), templates.share(None)] == ["12.5%", "n/a"]
    assert templates.word("2026-01-01..2026-02-01") == "2026-01-01 to 2026-02-01"
    assert [templates.word(""), templates.word(None), templates.word(0)] == ["n/a", "n/a", "0"]


def test_a_limit_and_a_time_are_written_as_people_write_them() -> None:
    assert templates.bound("<= 3x, or <= 100 ms") == "≤ 3x, or ≤ 100 ms"
    assert [templates.bound(">= 0.7"), templates.bound("kept")] == ["≥ 0.7", "kept"]
    assert templates.moment("2026-11-30T08:20:35+00:00") == "2026-11-30 08:20 UTC"
    assert templates.moment("2026-11-30T08:20:35+02:00") == "2026-11-30 06:20 UTC"
    assert templates.moment("") == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("0.0261 to 0.0448", "0.0261 to 0.0448"),
        ("123,456 to 234,567", "123,456 to 234,567"),
        ("a very long name of a category", "a very long nam…"),
        ("W" * 80, "WWWWWWWWW…"),
        ("\u8cb8" * 80, "\u8cb8" * 9 + "…"),
    ],
)
def test_a_text_of_a_chart_is_cut_at_its_end_if_it_may_not_fit(text: str, shown: str) -> None:
    assert templates.fit(text, room=124) == shown


def test_commands_are_code_and_markup_around_them_is_text() -> None:
    assert templates.commands("<b> run `loan-risk score`") == (
        "&lt;b&gt; run <code>loan-risk score</code>"
    )
