"""Where the rows come from. Read, join and filter them here, but learn nothing from them.

`tables.read(name, window)` reads a table that `conf/` names. A window has a `start`, which belongs
to it, and an `end`, which does not. Without a window, the whole table is read.
"""

from typing import Any

import pandas as pd

from .schema import Inputs, Labels


def inputs(tables: Any, window: Any) -> pd.DataFrame:
    """Return the applications as they were on the day they arrived, also when scoring."""
    applications: pd.DataFrame = tables.read("applications", window)
    return applications[list(Inputs.to_schema().columns)]


def labels(tables: Any, window: Any) -> pd.DataFrame:
    """Return the results of the reviews; a rejected application never gets a label."""
    outcomes: pd.DataFrame = tables.read("outcomes", window)
    reviewed = outcomes[outcomes["decision"] == "granted"]
    return reviewed[list(Labels.to_schema().columns)]
