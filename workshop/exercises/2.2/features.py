"""Everything that computes a value: named functions, and transformers fitted inside the pipeline.

Write a value that depends only on its own row as a function. Write a value that depends on other
rows, such as a median, as a transformer: it learns from the training rows only.
"""

from collections.abc import Callable
from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

CATEGORIES = ["purpose", "employment", "housing", "channel"]


def add_burden(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the share of income that the monthly instalment takes up."""
    income = frame["income"].where(frame["income"] > 0)
    return frame.assign(instalment_to_income=frame["amount"] / frame["term_months"] / income)


class Typical(TransformerMixin, BaseEstimator):
    """Pass the rows through, and remember the typical training values that reasons compare with."""

    def fit(self, frame: pd.DataFrame, target: object = None) -> Self:
        """Learn the median of each numeric column, and the most frequent value of the others."""
        self.values_ = {
            str(name): float(column.median())
            if column.dtype.kind in "if"
            else next(iter(column.mode()), None)
            for name, column in frame.items()
        }
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame unchanged."""
        return frame

    def moves(
        self, predict: Callable[[pd.DataFrame], np.ndarray], rows: pd.DataFrame
    ) -> pd.DataFrame:
        """Return how much each value moves its row's answer, compared with a typical value."""
        answer = predict(rows)
        moved = {
            name: answer - predict(rows.assign(**{name: value}))
            for name, value in self.values_.items()
        }
        return pd.DataFrame(moved, index=rows.index)


def prepare() -> Pipeline:
    """Return the steps before the estimator: rows of `Inputs` in, a table of numbers out.

    Categories become numbers; an unseen category counts as missing. All other columns pass through,
    because trees need neither scaling nor imputation.
    """
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
    )
    columns = ColumnTransformer([("text", codes, CATEGORIES)], remainder="passthrough")
    burden = FunctionTransformer(add_burden)
    return Pipeline([("burden", burden), ("codes", columns)])
