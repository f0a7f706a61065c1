"""Frames with other columns."""

import pandas as pd
from rendering import platform

frames = platform("data.frames")


def test_a_column_may_have_any_name_and_the_frame_stays_as_it_was() -> None:
    frame = pd.DataFrame({"self": [1, 2], "amount": [3, 4]})
    changed = frames.with_columns(frame, {"self": [5, 6], "frame": [7, 8]})
    assert changed.to_dict("list") == {"self": [5, 6], "amount": [3, 4], "frame": [7, 8]}
    assert frame.to_dict("list") == {"self": [1, 2], "amount": [3, 4]}


def test_times_lose_their_zone() -> None:
    times = pd.to_datetime(["2026-01-01 12:00"]).tz_localize("UTC")
    frame = frames.drop_zones(pd.DataFrame({"self": times}))
    assert list(frame["self"]) == [pd.Timestamp("2026-01-01 12:00")]
