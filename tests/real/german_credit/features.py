"""Everything that computes a value: named functions and transformers, learnt inside the pipeline.

A figure that needs nothing but its own row is a function. A figure that needs other rows, such as
a median, is a transformer: it learns from the training rows alone and remembers.
"""

from collections.abc import Callable
from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

CATEGORIES = [
    "status_of_existing_checking_account",
    "credit_history",
    "purpose",
    "savings_account_and_bonds",
    "present_employment_since",
    "other_debtors_or_guarantors",
    "property",
    "other_installment_plans",
    "housing",
    "job",
    "telephone",
]


def add_ratios(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the amount that falls on each month."""
    return frame.assign(monthly_amount=frame["credit_amount"] / frame["duration_in_month"])


class ComparedToTypical(TransformerMixin, BaseEstimator):
    """Add a value divided by the median that the training rows have in the same category."""

    def __init__(self, value: str, category: str) -> None:
        self.value = value
        self.category = category

    def fit(self, frame: pd.DataFrame, target: object = None) -> Self:
        """Learn the median of each category, and of all rows for categories yet unseen."""
        self.typical_ = frame.groupby(self.category)[self.value].median().to_dict()
        self.overall_ = float(frame[self.value].median())
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with one more column, such as `credit_amount_to_typical`."""
        typical = frame[self.category].map(self.typical_).astype("float64").fillna(self.overall_)
        return frame.assign(**{f"{self.value}_to_typical": frame[self.value] / typical})


class Typical(TransformerMixin, BaseEstimator):
    """Pass the rows on, and remember what is typical of training, with which reasons compare."""

    def fit(self, frame: pd.DataFrame, target: object = None) -> Self:
        """Learn the median of each number, and the most frequent value of all else."""
        self.values_ = {
            str(name): float(column.median()) if column.dtype.kind in "if" else column.mode()[0]
            for name, column in frame.items()
        }
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as it is."""
        return frame

    def moves(self, ask: Callable[[pd.DataFrame], np.ndarray], rows: pd.DataFrame) -> pd.DataFrame:
        """Return, for each value of each row, the answer less the one for a typical value."""
        answer, changed = ask(rows), self.values_.items()
        moved = {name: answer - ask(rows.assign(**{name: value})) for name, value in changed}
        return pd.DataFrame(moved, index=rows.index)


def prepare() -> Pipeline:
    """Return the steps before the estimator: rows of `Inputs` in, a table of numbers out.

    Categories become numbers; one that training never saw counts as missing. All other columns
    pass through, and trees need neither scaling nor filled gaps.
    """
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
    )
    return Pipeline(
        [
            ("ratios", FunctionTransformer(add_ratios)),
            ("typical", ComparedToTypical("credit_amount", "purpose")),
            ("codes", ColumnTransformer([("text", codes, CATEGORIES)], remainder="passthrough")),
        ]
    )
