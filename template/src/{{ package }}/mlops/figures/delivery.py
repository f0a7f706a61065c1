"""What is usual for the rows of a period: how many they are, and when the newest one is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base.record import Record

RARE = 0.05  # share of the periods that may be worse than what counts as usual
SECOND_HALF = 0.5  # where a newest row must be if it is not known where it usually is


class UsualDelivery(Record):
    """What is usual for a period of the rows that a version was trained and judged on."""

    newest_row: float
    """Where in its period the newest row is at least: 0 is the first moment, 1 the end. So it is 0
    where all rows are dated the first of the month, and where the period is a day and times are
    plain dates. One period in twenty may be worse."""
    rows: int
    """How many rows a period has at least; one period in twenty may have fewer."""


@dataclass(frozen=True)
class Periods:
    """Consecutive periods, by the moments at which they begin; the last one is an end."""

    edges: pd.DatetimeIndex
    """The moments, at least two."""

    def count(self, times: pd.Series) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
        """Return for each period how many times are in it, and the position of the newest one.

        A position is from 0 to 1; it is NaN for a period without times.
        """
        edges = self.edges.to_numpy("datetime64[ns]").astype("int64")
        moments = times.dropna().to_numpy("datetime64[ns]").astype("int64")
        places = np.searchsorted(edges, moments, side="right") - 1
        inside = (places >= 0) & (places < len(edges) - 1)
        grouped = pd.Series(moments[inside]).groupby(places[inside])
        newest = grouped.max().reindex(range(len(edges) - 1)).to_numpy("float64")
        counts = grouped.size().reindex(range(len(edges) - 1), fill_value=0).to_numpy("int64")
        positions: npt.NDArray[np.float64] = (newest - edges[:-1]) / np.diff(edges)
        return counts, positions


def learn(windows: list[tuple[Periods, pd.Series]]) -> UsualDelivery | None:
    """Return what is usual for the periods of some windows and the times in them; None if empty."""
    counted = [periods.count(times) for periods, times in windows]
    counts = np.concatenate([count for count, _ in counted])
    positions = np.concatenate([position for _, position in counted])
    positions = positions[~np.isnan(positions)]
    if not len(positions):
        return None
    return UsualDelivery(
        newest_row=round(float(_nearly_least(positions)), 4), rows=int(_nearly_least(counts))
    )


def ends_early(position: float, usual: UsualDelivery | None) -> bool:
    """Return whether the newest row of a period, at a position in it, is too early.

    That is where at least half of the usual time is missing. If it is not known what is usual, as
    for versions that were trained before it was learned, it is assumed that rows are spread over
    the period, unless all of them have its first moment.
    """
    if usual is None:
        return 0 < position < SECOND_HALF
    return position < usual.newest_row * SECOND_HALF


def _nearly_least(values: npt.NDArray[np.number]) -> float:
    return float(np.quantile(values, RARE, method="higher"))
