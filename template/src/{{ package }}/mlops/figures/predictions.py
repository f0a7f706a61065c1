"""What every prediction frame must be, whatever the estimator."""

import numpy as np
import pandas as pd

from ..base.settings import Problem


def find_fault(problem: Problem, prediction: pd.DataFrame) -> str:
    """Return what is wrong with predictions; empty if nothing is.

    Numbers are finite; probabilities are between 0 and 1, and those of all classes add up to 1.
    """
    numbers = prediction.select_dtypes("float64").to_numpy()
    if not np.isfinite(numbers).all():
        return "some are missing or infinite"
    if problem == "regression":
        return ""
    if numbers.size and (numbers.min() < 0 or numbers.max() > 1):
        return "some probabilities are below 0 or above 1"
    if problem == "multiclass" and not np.allclose(numbers.sum(axis=1), 1):
        return "the probabilities of some rows do not add up to 1"
    return ""


def constant_prediction(prediction: pd.DataFrame) -> pd.DataFrame:
    """Return the prediction frame of a model that predicts the mean for every row."""
    means = prediction.select_dtypes("float64").mean()
    return pd.DataFrame({**prediction.mode().iloc[0], **means}, index=prediction.index)
