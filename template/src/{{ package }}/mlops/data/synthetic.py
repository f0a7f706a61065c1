"""Tables of kind `synthetic`: the months that the user's `synthetic.rows` generates."""

from collections.abc import Iterator

import pandas as pd

from ..base.errors import Misconfigured
from ..base.project import user_module
from .request import PLACE, TableRequest


def read_pieces(request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield the rows of each month that the window touches."""
    window = request.window
    if window is None:
        raise Misconfigured(
            f"table {request.name} is synthetic: synthetic.rows generates the rows of a month, so "
            "it can only be read in a time window; pass `window` to tables.read in data.py, and, "
            "since it is None without an event time, give a column of Inputs in schema.py the role "
            "event_time."
        )
    seed = request.project.settings.model.seed
    first = window.start.replace(day=1)
    for month in pd.date_range(first, window.end, freq="MS", inclusive="left"):
        frames = user_module("synthetic").rows(month, seed)
        if request.name not in frames:
            raise Misconfigured(
                f"synthetic.rows returns the tables {', '.join(frames)}, but not {request.name}; "
                f"add it there, or correct tables.{request.name}.kind in conf/."
            )
        frame = frames[request.name].reset_index(drop=True)
        frame.attrs[PLACE] = f"synthetic.rows for {month:%Y-%m}"
        yield frame
