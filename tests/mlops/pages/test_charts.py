"""Scales have round ticks, and trends have a place for every value."""

import datetime
from itertools import pairwise
from typing import Any

import pytest
from rendering import platform

charts = platform("pages.charts")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, ["0.00", "0.25", "0.50", "0.75", "1.00"]),
        (0.61, 0.79, ["0.65", "0.70", "0.75"]),
        (0, 4000, ["0", "1,000", "2,000", "3,000", "4,000"]),
    ],
)
def test_ticks_are_round_and_equally_formatted(
    low: float, high: float, expected: list[str]
) -> None:
    assert list(charts.Scale(low, high, 0, 100).ticks(4)) == expected


def test_a_scale_without_extent_puts_its_figure_in_the_middle() -> None:
    assert charts.Scale(3, 3, 0, 100).at(3) == 50


def test_lanes_meet_halfway_and_fill_the_area() -> None:
    days = [datetime.date(2026, 1, 1), datetime.date(2026, 1, 11), datetime.date(2026, 1, 31)]
    readings = [charts.Reading(day, 0.5, 0.4, 1) for day in days]
    points = charts.Trend("auc", readings, "higher").points()
    assert (points[0].left, points[-1].right) == (charts.LEFT, charts.RIGHT)
    assert [point.right for point in points[:-1]] == [point.left for point in points[1:]]
    assert all(point.left < point.x < point.right for point in points)


def months(count: int) -> list[datetime.date]:
    return [datetime.date(2027 + month // 12, 1 + month % 12, 1) for month in range(count)]


@pytest.mark.parametrize("count", [1, 2, 9, 24, 36])
def test_dates_below_a_trend_do_not_overlap(count: int) -> None:
    trend = charts.Trend("auc", [charts.Reading(day, 0.5, None, 1) for day in months(count)])
    marks = trend.dates()
    assert len(marks) == (count if count < 3 else 4)
    ends = [extent(mark) for mark in marks]
    assert all(before[1] < after[0] for before, after in pairwise(ends))


def extent(mark: Any) -> tuple[float, float]:
    """Return where a text begins and ends, with 7 units for a letter."""
    width = 7 * len(mark.text)
    start = mark.x - {"start": 0, "middle": width / 2, "end": width}[mark.anchor]
    return start, start + width


def test_a_timeline_has_a_cell_for_each_date_and_marks_successions() -> None:
    days = months(24)
    versions = [1] * 10 + [3] * 14
    row = charts.TimelineRow("decision", ["healthy"] * 24)
    timeline = charts.Timeline(days, versions, [row, row])
    assert timeline.left(0) == charts.NAMES
    assert timeline.left(24) == charts.RIGHT
    assert timeline.successions() == [(timeline.left(10), 3)]
    ends = [extent(mark) for mark in timeline.dates()]
    assert all(before[1] < after[0] for before, after in pairwise(ends))


@pytest.mark.parametrize(
    ("better", "breaks"), [("higher", [True, False]), ("lower", [False, True]), (None, [False] * 2)]
)
def test_a_value_beyond_its_limit_breaks_it(better: str | None, breaks: list[bool]) -> None:
    day = datetime.date(2026, 1, 1)
    readings = [charts.Reading(day, value, 0.5, 1) for value in (0.4, 0.6)]
    assert [point.breaks for point in charts.Trend("auc", readings, better).points()] == breaks


def test_percent_has_room_for_the_largest_share() -> None:
    assert charts.percent([0.1, None, 0.4]).high == pytest.approx(40)
    assert charts.percent([]).high == pytest.approx(100)


def test_bars_share_an_origin_and_show_their_errors() -> None:
    found = charts.bars_from_zero({"good": 0.3, "none": 0.0, "bad": -0.1}, {"good": 0.1})
    assert {bar.zero for bar in found.values()} == {20.0}
    assert (found["good"].start, found["good"].width) == (20, 60)
    assert found["good"].error == (60, 100)
    assert (found["bad"].start, found["bad"].width, found["bad"].error) == (0, 20, None)
    assert found["none"].width == 0
    assert charts.bars_from_zero({}, {}) == {}


@pytest.mark.parametrize("figures", [(0.0, 0.0), (5.0, 5.0), (-3.0, 4.0), (1e9, 2e9)])
def test_a_plot_has_room_for_its_figures(figures: tuple[float, float]) -> None:
    marks = [charts.Mark(figure, figure, "", (figure, figure)) for figure in figures]
    for axes in ("equal", "free"):
        plot = charts.Plot("", "", "", [], marks, axes)
        x, y = plot.x(), plot.y()
        assert x.low < x.high
        assert (x.low, x.high) == (y.low, y.high)
        assert all(x.start <= x.at(figure) <= x.end for figure in figures)
        assert x.ticks(4)
