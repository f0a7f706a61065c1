"""Where the rows come from: locate, join, filter and rename, but learn nothing here.

`tables.read(name, window)` reads a table that `conf/` names. A window has a `start` and an `end`
that no longer belongs to it; without one, the whole table is read.
"""

from typing import Any

import pandas as pd

from .schema import Inputs, Labels


def inputs(tables: Any, window: Any) -> pd.DataFrame:
    """Return the applications as they were on the day they arrived, also when scoring."""
    applications: pd.DataFrame = tables.read("applications", window)
    return applications[list(Inputs.to_schema().columns)]


def labels(tables: Any, window: Any) -> pd.DataFrame:
    """Return what the review found; a rejected application has no label and never will."""
    outcomes: pd.DataFrame = tables.read("outcomes", window)
    reviewed = outcomes[outcomes["decision"] == "granted"]
    return reviewed[list(Labels.to_schema().columns)]
