"""Tables of kind `synthetic`: the months that the user's `synthetic.rows` invents."""

from collections.abc import Iterator

import pandas as pd

from ..base.errors import Misconfigured
from ..base.project import user_module
from ..base.windows import Window
from .tables import Tables


def pieces(tables: Tables, name: str, window: Window | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of each month that the window touches."""
    if window is None:
        raise Misconfigured(f"table {name} is synthetic, and its months need a window of time.")
    first, seed = window.start.replace(day=1), tables.project.settings.model.seed
    for month in pd.date_range(first, window.end, freq="MS", inclusive="left"):
        frames = user_module("synthetic").rows(month, seed)
        if name not in frames:
            raise Misconfigured(f"synthetic.rows makes {', '.join(frames)}, but not {name}.")
        yield frames[name]
