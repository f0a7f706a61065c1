"""The card of a version says what is usual for the rows of a period."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from mlops.projects import make_settings
from rendering import platform

training = platform("steps.train.training")


def usual(split: str, event_time: str | None = "day") -> Any:
    """Return what is learned from accounts of two years that are dated the first of the month."""
    rows = pd.DataFrame({"day": pd.date_range("2024-01-01", "2025-12-01", freq="MS").repeat(30)})
    time = make_settings(time={"split": split, "reason": "x", "train": 12, "gate": 3}).time
    source = SimpleNamespace(
        as_of=pd.Timestamp("2026-01-01"),
        time=time,
        contract=SimpleNamespace(inputs=SimpleNamespace(one=lambda _: event_time)),
    )
    sides = (rows[rows.index % 2 == 0], rows[rows.index % 2 == 1])
    if split == "time":
        sides = (rows[rows["day"] < "2025-10-01"], rows[rows["day"] >= "2025-10-01"])
    train, gate = (SimpleNamespace(all_inputs=side) for side in sides)
    return training._usual_delivery(SimpleNamespace(source=source, train=train, gate=gate))


@pytest.mark.parametrize("split", ["time", "random"])
def test_it_is_learned_from_both_windows(split: str) -> None:
    found = usual(split)
    assert (found.newest_row, found.rows) == (0, 30)


def test_it_is_not_learned_without_event_times() -> None:
    assert usual("random", None) is None
