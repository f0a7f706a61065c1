"""Where the rows come from: one file of applications without a key or a date."""

from typing import Any

import pandas as pd

from .schema import Inputs, Labels


def inputs(tables: Any, window: Any) -> pd.DataFrame:
    """Return the applications as the bank knew them, also when scoring."""
    return _applications(tables, window)[list(Inputs.to_schema().columns)]


def labels(tables: Any, window: Any) -> pd.DataFrame:
    """Return whether each applicant turned out to be a bad customer."""
    applications = _applications(tables, window)
    bad = applications["creditability"].map({"good": 0, "bad": 1})
    return applications.assign(bad=bad)[list(Labels.to_schema().columns)]


def _applications(tables: Any, window: Any) -> pd.DataFrame:
    """Read the file and use the row number as the key; the file never changes."""
    applications: pd.DataFrame = tables.read("applications", window)
    numbers = [f"G{number:04d}" for number in applications.index + 1]
    return applications.assign(application_id=numbers)
