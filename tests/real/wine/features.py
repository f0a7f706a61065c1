"""Everything that computes a value: named functions, and steps fitted inside the pipeline."""

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

NUMBERS = [
    "alcohol",
    "malic_acid",
    "ash",
    "alcalinity_of_ash",
    "magnesium",
    "total_phenols",
    "flavanoids",
    "nonflavanoid_phenols",
    "proanthocyanins",
    "color_intensity",
    "hue",
    "dilution",
    "proline",
    "flavanoid_share",
]


def add_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the share of flavanoids in the phenols."""
    return frame.assign(flavanoid_share=frame["flavanoids"] / frame["total_phenols"])


def prepare() -> Pipeline:
    """Return the steps before the estimator: missing values imputed, and all columns scaled."""
    scale = Pipeline([("gaps", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    return Pipeline(
        [
            ("shares", FunctionTransformer(add_shares)),
            ("numbers", ColumnTransformer([("numbers", scale, NUMBERS)])),
        ]
    )
