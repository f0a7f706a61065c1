"""The rows of a window, with a count of every row that was read: none disappears unnoticed."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..base.windows import Window


@dataclass
class WindowRows:
    """Selects the rows of a window piece by piece, and counts what becomes of each.

    `train`, `gate`, `score` and `monitor` select all rows here.
    """

    window: Window
    """The window whose rows are kept."""
    read: int = 0
    """Rows that were read."""
    kept: int = 0
    """Those in the window."""
    outside: int = 0
    """Those before or after the window."""
    undated: int = 0
    """Those without a time, which are in no window."""

    def select(self, frame: pd.DataFrame, times: "pd.Series[pd.Timestamp]") -> pd.DataFrame:
        """Return the rows whose time is in the window, and count the others."""
        rows = frame[self.window.contains(times)]
        self.read += len(frame)
        self.kept += len(rows)
        self.outside += int((times.lt(self.window.start) | times.ge(self.window.end)).sum())
        self.undated += int(times.isna().sum())
        return rows

    def check(self) -> None:
        """Raise RuntimeError if a row has disappeared."""
        counted = self.kept + self.outside + self.undated
        if self.read != counted:
            raise RuntimeError(
                f"of {self.read} rows that were read, {counted} are accounted for: {self.kept} in "
                f"the window {self.window}, {self.outside} outside it and {self.undated} without a "
                "time; this is a defect of the platform: report it"
            )


def describe_undated(undated: Mapping[str, int]) -> list[str]:
    """Return a sentence for each column of times that is missing in some rows."""
    return [
        f"{count} rows without {column} are left out, as schema.py allows"
        for column, count in undated.items()
        if count
    ]
