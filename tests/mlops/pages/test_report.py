"""The monitoring report states its verdict in words and is readable everywhere."""

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from monitorings import (
    EXAMPLES,
    Facts,
    calibrated_classes,
    category,
    decayed,
    first_month,
    healthy,
    hostile,
    miscalibrated,
    multiclass,
    past,
)
from pages import PALE_TEXTS, PHONE, Reading, Visit, open_for_everyone
from rendering import platform

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LARGEST = 200_000  # bytes


def report(facts: Facts) -> str:
    return str(platform("pages.report").render(typed(facts)))


def write(facts: Facts, path: Path) -> None:
    platform("pages.report").write(typed(facts), path)


def typed(facts: Facts) -> object:
    return platform("records.monitoring").MonitoringReport.read(facts, "an example")


def read(facts: Facts) -> Reading:
    return Reading(report(facts))


example = pytest.mark.parametrize("name", EXAMPLES)


@example
def test_every_report_is_complete(name: str) -> None:
    page = read(EXAMPLES[name]())
    assert page.attributes[0] == {"lang": "en"}
    assert [page.tags.count(tag) for tag in ("main", "h1")] == [1, 1]
    headings = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h\d", tag)]
    assert all(below <= above + 1 for above, below in pairwise(headings))
    assert not re.search(r"\b(None|nan|inf|True|False)\b", page.text)


def test_the_level_is_shown_with_each_band_that_is_off() -> None:
    page = read(miscalibrated())
    assert "Calibration" in page.pieces
    assert page.pieces.count("off") == 11  # all rows, and ten bands
    assert "±25.0%" in page.text
    assert "On average 16.5% predicted, 26.4% observed." in page.text


def test_each_class_has_a_chart_of_its_level() -> None:
    titles = [piece for piece in read(calibrated_classes()).pieces if "Calibration of " in piece]
    for name in ("billing", "cards", "transfer"):
        assert f"Calibration of {name}" in titles


@example
def test_every_report_loads_nothing(name: str) -> None:
    page = read(EXAMPLES[name]())
    assert not {"script", "img", "iframe", "object", "a"} & set(page.tags)
    addresses = {"src", "href", "action", "style", "onload"}
    found = [set(each) & addresses for each in page.attributes]
    assert [each for each in found if each] == [{"href"}]  # the empty icon
    assert "url(" not in report(EXAMPLES[name]())


@example
def test_a_chart_is_described_in_words_and_figures(name: str) -> None:
    page = read(EXAMPLES[name]())
    pictures = [each for each in page.attributes if each.get("role") == "img"]
    assert len(pictures) == page.tags.count("figure") == page.tags.count("details")
    hidden = [each for each in page.attributes if each.get("class") == "meter"]
    assert all(each["aria-hidden"] == "true" for each in hidden)
    assert page.tags.count("svg") == len(pictures) + len(hidden)


@pytest.mark.parametrize(
    ("decision", "word", "advice"),
    [
        ("healthy", "Healthy", "Nothing calls for action."),
        ("investigate", "Investigate", "Someone should find out why, then decide."),
        ("retrain", "Retrain", "The model should be trained again."),
    ],
)
def test_the_verdict_is_on_top_in_words(decision: str, word: str, advice: str) -> None:
    reasons = ["auc fell from 0.790 to 0.662.", "income drifted."]
    page = read(healthy() | {"decision": decision, "reasons": reasons})
    top = page.text.partition("Latest")[0].partition("At a glance")[0]
    places = [top.index(each) for each in (word, advice, *reasons)]
    assert places == sorted(places)


def test_a_column_named_like_markup_is_shown_as_text() -> None:
    facts = hostile()
    name = facts["columns"][0]["name"].replace("\ud800", "\ufffd")
    page = Reading(report(facts).encode("utf-8", "xmlcharrefreplace").decode())
    assert name in page.pieces
    assert "b" not in {tag for tag, of in zip(page.tags, page.attributes, strict=True) if of}
    assert "script" not in page.tags


def test_invalid_text_does_not_stop_the_report(tmp_path: Path) -> None:
    write(hostile(), tmp_path / "report.html")
    assert "&#55296;" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_equal_facts_make_equal_files(tmp_path: Path) -> None:
    for name in ("one.html", "other.html"):
        write(decayed(), tmp_path / name)
    one, other = sorted(tmp_path.iterdir())
    assert one.read_bytes() == other.read_bytes()
    assert one.read_bytes().startswith(b"<!doctype html>\n")


def test_the_report_of_a_first_month_says_what_is_not_known() -> None:
    page = read(first_month())
    assert "Trends begin with the next run of monitor." in page.pieces
    assert "2 unknown" in page.pieces
    assert "not judged: seen in training" in page.pieces
    assert page.text.count("n/a") > 10
    assert "svg" in page.tags  # meters of the known figures


def test_empty_lists_are_mentioned() -> None:
    page = read(healthy() | {"columns": [], "performance": [], "history": [], "reasons": []})
    assert "No metric could be computed for this window." in page.pieces
    assert "No column could be compared for this window." in page.pieces
    assert "table" not in page.tags


def test_drifted_columns_come_first_then_those_nearest_to_their_limit() -> None:
    names = [column["name"] for column in decayed()["columns"]]
    pieces = read(decayed()).pieces
    rows = pieces[pieces.index("Columns then and now") :]
    shown = list(dict.fromkeys(piece for piece in rows if piece in names))
    assert shown[:5] == ["income", "purpose", "debt_ratio", "open_lines", "savings"]
    assert sorted(shown) == sorted(names)


def test_the_largest_report_is_small_and_draws_twelve_columns() -> None:
    facts = multiclass()
    assert (len(facts["columns"]), len(facts["history"])) == (30, 24)
    page = report(facts)
    assert len(page.encode()) < LARGEST
    assert page.count("<rect") > 12 * 22
    assert Reading(page).tags.count("figure") == 1 + len(facts["performance"]) + 1 + 12
    assert "9 more drifted: the table above has their figures." in page


@pytest.mark.parametrize(("better", "beyond"), [("higher", 1), ("lower", 2)])
def test_a_trend_marks_values_beyond_the_limit(better: str, beyond: int) -> None:
    page = read(history_of(0.70, 0.80, 0.75, better=better))
    assert f"auc: 0.700 at first, 0.750 at last; the limit is 0.740, {beyond} of 3 beyond it." in (
        page.pieces
    )
    assert [each.get("class") for each in page.attributes].count("breach") == beyond


@pytest.mark.parametrize("values", [(0.7,), (None,), (None, 0.7), (0.7, None), (0.0, 0.0), (1e9,)])
def test_a_trend_is_drawn_from_the_known_values(values: tuple[float | None, ...]) -> None:
    page = read(history_of(*values, better="higher"))
    places = [each[key] for each in page.attributes for key in ("cx", "cy") if key in each]
    assert all(0 <= float(place or "nan") <= 360 for place in places)
    classes = [each.get("class") for each in page.attributes]
    known = sum(value is not None for value in values)
    points = classes.count("breach") + classes.count("point")
    assert points == known + len(values)  # the second term counts the PSI


def test_a_trend_has_a_gap_at_an_unknown_value() -> None:
    page = read(history_of(0.70, 0.72, None, 0.75, 0.76, better="higher"))
    auc, psi = (each["d"] or "" for each in page.attributes if each.get("class") == "value")
    assert re.findall("[ML]", auc) == ["M", "L", "M", "L"]
    assert re.findall("[ML]", psi) == ["M", "L", "L", "L", "L"]


def test_a_timeline_shows_decisions_and_the_columns_that_drifted() -> None:
    facts = history_of(0.70, 0.72, 0.75, better="higher")
    facts["history"][1] |= {"decision": "retrain", "drifted": ["input income"]}
    page = report(facts)
    assert re.findall(r'<rect class="(healthy|investigate|retrain|drifted)"', page) == [
        *("healthy", "retrain", "healthy", "drifted")
    ]
    assert 'text-anchor="end">income</text>' in page


def test_the_rows_of_a_usual_period_are_whole() -> None:
    rows = healthy()["rows"] | {"usual": 612.5}
    assert "612" in read(healthy() | {"rows": rows}).pieces


def test_without_drift_the_columns_closest_to_their_limit_are_drawn() -> None:
    page = read(healthy())
    assert "The columns closest to their limit, then and now" in page.text
    assert "Drifted columns" not in page.text


def history_of(*values: float | None, better: str) -> Facts:
    """Return monitoring facts of months with these AUC values."""
    days = [f"2026-{month:02}-01" for month in range(1, len(values) + 1)]
    history = [
        {**past(day, version=1, max_psi=0.05), "metrics": {"auc": value}, "bounds": {"auc": 0.74}}
        for day, value in zip(days, values, strict=True)
    ]
    metric = {**healthy()["performance"][0], "better": better, "low": None, "high": None}
    return healthy() | {"history": history, "performance": [metric]}


@pytest.mark.full
@example
def test_the_report_is_readable_on_every_screen(
    browser: "Browser", tmp_path: Path, name: str
) -> None:
    path = tmp_path / f"{name}.html"
    write(EXAMPLES[name](), path)
    open_for_everyone(browser, path)


@pytest.mark.full
def test_the_contrast_check_finds_pale_text(browser: "Browser", tmp_path: Path) -> None:
    path = tmp_path / "pale.html"
    path.write_text("<body style='background: #fff'><p style='color: #888'>pale</p><p>ink</p>")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.evaluate(PALE_TEXTS) == {"pale": ["pale: 3.54"], "seen": 2}
    page.close()


@pytest.mark.full
def test_a_wide_table_scrolls_by_keyboard(browser: "Browser", tmp_path: Path) -> None:
    path = tmp_path / "keys.html"
    write(decayed(), path)
    page = Visit(browser, path, PHONE, "light").page
    box = page.get_by_role("region", name="Columns then and now")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
    assert page.evaluate("window.scrollX") == 0
    page.close()


def test_shares_of_decisions_and_of_the_ends_of_a_column_are_shown() -> None:
    change = {"low": 0.1, "high": 0.16, "limit": 0.05, "drifted": True}
    decided = {"of": "with a positive decision", "then": 0.2, "now": 0.33, **change}
    beyond = {"of": "beyond the 1% and 99% quantiles", "then": 0.02, "now": 0.089, **change}
    outside = {"of": "beyond the range", "then": 0.0, "now": 0.081, **change}
    facts = healthy()
    decision = {**category("decision", psi=0.088), "kind": "prediction", "shares": [decided]}
    income = {**facts["columns"][0], "shares": [beyond, outside], "drifted": True}
    year = {**facts["columns"][1], "judged": False, "psi": 2.0}
    month = {**facts["columns"][2], "reference": "March"}
    page = read(facts | {"columns": [decision, income, year, month, *facts["columns"][3:]]})
    top = page.text.partition("Trends")[0]
    assert "Positive decisions 33.0% 20.0% then" in " ".join(top.split())
    text = " ".join(page.text.split())
    assert "with a positive decision drifted 20.0% 33.0% 10.0 points to 16.0 points ± 5.0" in text
    assert "8.9% (2.0% then) 8.1% (0.0% then)" in text
    assert "calendar" in page.pieces
    assert "March" in page.pieces
