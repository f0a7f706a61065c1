"""Seasons of columns: how the rows of one month, or of one weekday, differ from those of all."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base.settings import Period
from ..base.windows import Window
from .drift import index_limit, stability_index
from .profile import ColumnProfile, bin_order, tally

UNUSUAL = 0.01  # chance that the counts of a season are kept although it differs by chance only

Positions = npt.NDArray[np.intp]


def season_names(window: Window | None, period: Period) -> tuple[str, ...]:
    """Return the seasons of a window: the month of its middle, and its weekday if it is a day."""
    if window is None:
        return ()
    moment = window.start + (window.end - window.start) / 2
    month = moment.month_name()
    return (month, moment.day_name()) if period == "day" else (month,)


def add_seasons(
    profiles: dict[str, ColumnProfile], frame: pd.DataFrame, times: pd.Series, period: Period
) -> dict[str, ColumnProfile]:
    """Return the profiles of a frame's columns with the counts of unusual seasons.

    A season is unusual if its distribution differs from that of the other rows by more than chance:
    its PSI exceeds what chance exceeds with a probability of UNUSUAL. `times` are those of the
    rows.
    """
    seasons = _positions(times, period)
    if len(seasons) < 2:
        return profiles
    return {
        name: profile.model_copy(update={"seasons": _unusual(profile, frame[name], seasons)})
        for name, profile in profiles.items()
    }


def _positions(times: pd.Series, period: Period) -> dict[str, Positions]:
    """Return the positions of the rows of each season."""
    known = times.reset_index(drop=True)
    names = [known.dt.month_name()]
    if period == "day":
        names.append(known.dt.day_name())
    return {
        str(name): np.asarray(rows, np.intp)
        for each in names
        for name, rows in known.groupby(each).indices.items()
    }


def _unusual(
    profile: ColumnProfile, values: pd.Series, seasons: dict[str, Positions]
) -> dict[str, tuple[int, ...]]:
    counts = {name: tally(profile, values.iloc[rows]) for name, rows in seasons.items()}
    whole = tally(profile, values)
    bins = len(bin_order(profile))
    unusual = {}
    for name, inside in counts.items():
        outside = whole - inside
        occurring = whole[:bins] > 0
        rows = (float(outside[:bins].sum()), float(inside[:bins].sum()))
        if not min(rows):
            continue
        limit = index_limit(0.0, rows, int(occurring.sum()), UNUSUAL)
        if stability_index(outside[:bins][occurring], inside[:bins][occurring]) > limit:
            unusual[name] = tuple(map(int, inside))
    return unusual
