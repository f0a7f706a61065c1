"""The rows of a period are compared with the rows of all periods that training read."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform

inputs = platform("steps.monitor.inputs")
card = platform("records.card")
delivery = platform("figures.delivery")
windows = platform("base.windows")


def time(**changes: object) -> Any:
    known = {"split": "time", "reason": "", "period": "month", "train": 12, "gate": 3}
    more = {"label_horizon": 3, "embargo": None, "as_of": "2026-01-01"}
    return card.CardTime.model_validate(known | more | changes)


def test_a_split_by_time_reads_the_train_window_alone() -> None:
    assert inputs.usual_rows(7200, 1800, time()) == 600


@pytest.mark.parametrize("split", ["group", "random"])
def test_any_other_split_deals_out_the_rows_of_train_embargo_and_gate(split: str) -> None:
    assert inputs.usual_rows(8640, 2160, time(split=split)) == 600  # of 12 + 3 + 3 months
    assert inputs.usual_rows(4800, 2400, time(split=split, train=2, gate=1, embargo=9)) == 600
    assert inputs.usual_rows(7200, 1800, time(split=split, embargo=0)) == 600


@pytest.mark.parametrize(("day", "early"), [("2025-12-16", True), ("2025-12-17", False)])
def test_a_period_whose_second_half_has_no_rows_ends_early(day: str, *, early: bool) -> None:
    window = windows.Window(pd.Timestamp("2025-12-01"), pd.Timestamp("2026-01-01"))
    assert inputs._ends_early(pd.Timestamp(day), window, None) is early
    assert not inputs._ends_early(None, window, None)
    assert not inputs._ends_early(pd.Timestamp(day), None, None)


@pytest.mark.parametrize(
    ("start", "end"), [("2025-12-31", "2026-01-01"), ("2025-12-01", "2026-01-01")]
)
def test_rows_that_always_have_the_first_moment_of_a_period_are_whole(start: str, end: str) -> None:
    """Plain dates with a period of a day, and accounts that are dated the first of the month."""
    window = windows.Window(pd.Timestamp(start), pd.Timestamp(end))
    usual = delivery.UsualDelivery(newest_row=0, rows=40)
    assert not inputs._ends_early(window.start, window, usual)
    assert not inputs._ends_early(window.start, window, None)  # of a version from before


@pytest.mark.parametrize(("period", "least"), [("day", 20), ("month", None)])
def test_few_rows_may_be_usual_for_a_day_but_not_for_a_longer_period(
    period: str, least: int | None
) -> None:
    profile = SimpleNamespace(rows=1200)
    known = SimpleNamespace(
        profile=SimpleNamespace(inputs={"x": profile}, predictions={}),
        time=time(period=period),
        delivery=delivery.UsualDelivery(newest_row=0, rows=20),
    )
    rows = inputs._rows(known, inputs.NOTHING, inputs.NOTHING, periodic=True)
    assert (rows.usual, rows.usual_least) == (100, least)


def test_counts_of_pieces_add_up() -> None:
    def piece(count: float, key: int, day: str | None, *versions: int) -> Any:
        newest = None if day is None else pd.Timestamp(day)
        keys = np.array([key], "uint64")
        return inputs.Counts({"x": np.array([count, 0.0])}, keys, newest, frozenset(versions))

    merged = inputs._merge(
        [piece(2, 7, "2026-01-01", 1), piece(3, 8, "2026-01-02", 2), piece(1, 7, None)]
    )
    assert merged.columns["x"].tolist() == [6.0, 0.0]
    assert merged.keys.tolist() == [7, 8, 7]
    assert merged.newest == pd.Timestamp("2026-01-02")
    assert merged.versions == {1, 2}
    assert inputs._merge([]).columns == {}


def test_what_a_client_sent_is_renamed_where_a_prediction_has_its_name() -> None:
    answers = pd.DataFrame({"score": [0.5], "input_score": [300.0], "income": [1.0]})
    assert inputs._sent(answers, "score").tolist() == [300.0]
    assert inputs._sent(answers, "income").tolist() == [1.0]
