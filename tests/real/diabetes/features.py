"""Everything that computes a value: named functions, and steps fitted inside the pipeline."""

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
    """Add weight times blood pressure: together they do more harm than separately."""
    return frame.assign(burden=frame["bmi"] * frame["blood_pressure"])


def prepare() -> Pipeline:
    """Return the steps before the estimator: missing values imputed, and all columns scaled."""
    scale = Pipeline([("gaps", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    return Pipeline(
        [
            ("burden", FunctionTransformer(add_burden)),
            ("numbers", ColumnTransformer([("numbers", scale, NUMBERS)])),
        ]
    )
