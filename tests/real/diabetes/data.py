"""Where the rows come from: one file of patients without a key."""

from typing import Any

import pandas as pd

from .schema import Inputs, Labels

NAMES = {
    "bp": "blood_pressure",
    "s1": "cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol_to_hdl",
    "s5": "log_triglycerides",
    "s6": "glucose",
}


def inputs(tables: Any, window: Any) -> pd.DataFrame:
    """Return the measurements of each patient at the start."""
    return _patients(tables, window)[list(Inputs.to_schema().columns)]


def labels(tables: Any, window: Any) -> pd.DataFrame:
    """Return the progression of the disease a year later."""
    return _patients(tables, window)[list(Labels.to_schema().columns)]


def _patients(tables: Any, window: Any) -> pd.DataFrame:
    """Read the file, use the row number as the key, and give the columns full names."""
    patients: pd.DataFrame = tables.read("patients", window).rename(columns=NAMES)
    return patients.assign(patient=[f"P{number:03d}" for number in patients.index + 1])
