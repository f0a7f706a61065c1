"""Where the rows come from: one file of chemical analyses of wines without a key."""

from typing import Any

import pandas as pd

from .schema import Inputs, Labels


def inputs(tables: Any, window: Any) -> pd.DataFrame:
    """Return the chemical analysis of each wine."""
    return _wines(tables, window)[list(Inputs.to_schema().columns)]


def labels(tables: Any, window: Any) -> pd.DataFrame:
    """Return the cultivar of each wine."""
    return _wines(tables, window)[list(Labels.to_schema().columns)]


def _wines(tables: Any, window: Any) -> pd.DataFrame:
    """Read the file, use the row number as the key, and give one column a valid Python name."""
    wines: pd.DataFrame = tables.read("wines", window)
    wines = wines.rename(columns={"od280/od315_of_diluted_wines": "dilution"})
    return wines.assign(wine=[f"W{number:03d}" for number in wines.index + 1])
