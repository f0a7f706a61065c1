"""Everything that computes a value: named functions and steps, learnt inside the pipeline."""

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

NUMBERS = [
    "age",
    "bmi",
    "blood_pressure",
    "cholesterol",
    "ldl",
    "hdl",
    "cholesterol_to_hdl",
    "log_triglycerides",
    "glucose",
    "burden",
]


def add_burden(frame: pd.DataFrame) -> pd.DataFrame:
    """Add weight and blood pressure taken together, which do more harm than each alone."""
    return frame.assign(burden=frame["bmi"] * frame["blood_pressure"])


def prepare() -> Pipeline:
    """Return the steps before the estimator: gaps filled, and all columns on one scale."""
    scale = Pipeline([("gaps", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    return Pipeline(
        [
            ("burden", FunctionTransformer(add_burden)),
            ("numbers", ColumnTransformer([("numbers", scale, NUMBERS)])),
        ]
    )
