"""Tables of kind `synthetic`: the months that the user's `synthetic.rows` generates."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from ..base.errors import Misconfigured
from ..base.project import PACKAGE_ROOT, Project, user_module
from .request import PLACE, TableRequest

# A table without dates has the rows of this month.
UNDATED = pd.Timestamp("2025-01-01")


def read_pieces(request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield the rows of each month that the window touches, or of one month without a window.

    A `FIRST_MONTH` in synthetic.py is where a table without `time` in conf/ begins: data.py reads
    such a table as a whole, and selects the rows of the window.
    """
    synthetic = user_module("synthetic")
    seed = request.project.settings.model.seed
    for month in _months(request, getattr(synthetic, "FIRST_MONTH", None)):
        frames = synthetic.rows(month, seed)
        if request.name not in frames:
            raise Misconfigured(
                f"synthetic.rows returns the tables {', '.join(frames)}, but not {request.name}; "
                f"add it there, or correct tables.{request.name}.kind in conf/."
            )
        frame = frames[request.name].reset_index(drop=True)
        frame.attrs[PLACE] = f"synthetic.rows for {month:%Y-%m}"
        yield frame


def list_overrides(project: Project) -> tuple[str, ...]:
    """Return the overrides by which tables have the rows that synthetic.py invents, if it does.

    Tests, demo and rehearsal use them, so that these have rows on every machine. A table that
    `synthetic.rows` does not return stays as conf/ says.
    """
    if not (PACKAGE_ROOT / "synthetic.py").is_file():
        return ()
    invented = user_module("synthetic").rows(UNDATED, project.settings.model.seed)
    tables = {
        name: {"kind": "synthetic", "origin": "synthetic"}
        for name, table in project.settings.tables.items()
        if name in invented and table.kind != "synthetic"
    }
    return (f"tables={json.dumps(tables)}",) if tables else ()


def _months(request: TableRequest, first: Any) -> pd.DatetimeIndex:
    """Return the first day of each month whose rows are read."""
    window = request.window
    if window is not None:
        start = window.start.replace(day=1)
        if request.table.time is None and first is not None:
            start = min(start, first)
        return pd.date_range(start, window.end, freq="MS", inclusive="left")
    if request.table.time is not None:
        raise Misconfigured(
            f"table {request.name} is synthetic and has a time in conf/, so it has rows in each "
            "month and can only be read in a time window; either remove "
            f"tables.{request.name}.time, or pass `window` to tables.read in data.py and give a "
            "column of Inputs in schema.py the role event_time (without one, `window` is None)."
        )
    return pd.DatetimeIndex([UNDATED])
