"""Where the rows come from: one file of analysed wines, in which a wine has no key."""

from typing import Any

import pandas as pd

from .schema import Inputs, Labels


def inputs(tables: Any, window: Any) -> pd.DataFrame:
    """Return what the analysis found in each wine."""
    return _wines(tables, window)[list(Inputs.to_schema().columns)]


def labels(tables: Any, window: Any) -> pd.DataFrame:
    """Return which cultivar each wine was made of."""
    return _wines(tables, window)[list(Labels.to_schema().columns)]


def _wines(tables: Any, window: Any) -> pd.DataFrame:
    """Read the file, make each row's number its key, and give a column a name for Python."""
    wines: pd.DataFrame = tables.read("wines", window)
    wines = wines.rename(columns={"od280/od315_of_diluted_wines": "dilution"})
    return wines.assign(wine=[f"W{number:03d}" for number in wines.index + 1])
