"""Rows that are read as a batch must be the rows that the gate judges."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from rendering import platform

as_scored = platform("steps.gate.as_scored")

ROWS = pd.DataFrame(
    {
        "loan": ["a", "b", "c"],
        "day": pd.to_datetime(["2026-01-01", "", "2026-01-03"]),
        "lag": [0.3, None, 1.0],
        "purpose": ["car", None, "home"],
        "known": [True, False, True],
    }
)


def compared(batch: pd.DataFrame, split: str = "time") -> Any:
    """Return the check of a batch against the rows of the gate."""
    case = SimpleNamespace(
        contract=SimpleNamespace(keys=["loan"]),
        sample=SimpleNamespace(all_inputs=ROWS),
        card=SimpleNamespace(time=SimpleNamespace(split=split)),
    )
    return as_scored.compare(case, batch)


def test_the_same_rows_in_another_order_pass_up_to_rounding() -> None:
    batch = ROWS.assign(lag=[0.1 + 0.2, float("nan"), 1.0])[::-1].head(2)
    found = compared(batch)
    assert (found.verdict, found.figure) == ("passed", "0 rows")
    assert found.reason == "2 rows, read as score reads them, are the same as in training"


@pytest.mark.parametrize(
    ("name", "values", "rows"),
    [
        ("lag", [None, None, None], 2),
        ("day", [None, None, None], 2),
        ("purpose", ["car", "home", "home"], 1),
        ("known", [True, True, True], 1),
    ],
)
def test_a_value_that_differs_is_rejected_with_its_column(
    name: str, values: list[Any], rows: int
) -> None:
    found = compared(ROWS.assign(**{name: pd.Series(values, dtype=ROWS[name].dtype)}))
    assert (found.verdict, found.figure, found.limit) == ("rejected", f"{rows} rows", "0")
    assert found.reason == (
        f"data.inputs gives {name} another value for a batch than when training, in {rows} of 3 "
        "rows; let it read other rows than those of the batch, such as history, under a second "
        "table name"
    )


def test_rows_that_only_one_side_has_and_keys_that_repeat_are_rejected() -> None:
    more = pd.concat([ROWS, ROWS.tail(1).assign(loan="z")])
    assert (compared(more).verdict, compared(more).figure) == ("rejected", "1 rows")
    assert "for a batch, but not when training" in compared(more).reason
    assert compared(more, "random").verdict == "passed"  # it may be a row to train on
    assert compared(more.tail(1), "random").verdict == "noted"
    twice = compared(pd.concat([ROWS, ROWS.head(1)]))
    assert (twice.verdict, twice.figure) == ("rejected", "1 rows")
    assert "one row for each key" in twice.reason
