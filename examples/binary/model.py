"""The estimator: gradient boosted trees after the steps of features.py."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from . import features

# Small trees with a low learning rate: they work with a thousand rows and with a million.
# `model.params` in conf/ overrides any of these.
DEFAULTS = {
    "learning_rate": 0.05,
    "max_iter": 200,
    "max_leaf_nodes": 6,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "max_features": 0.3,
}


def build(params: dict[str, Any]) -> Pipeline:
    """Return the unfitted estimator for `model.params` and `model.seed` of conf/."""
    settings = DEFAULTS | params
    seed = settings.pop("seed")
    trees = HistGradientBoostingClassifier(early_stopping=False, random_state=seed, **settings)
    steps = [("typical", features.Typical()), ("features", features.prepare()), ("trees", trees)]
    return Pipeline(steps)


def explain(estimator: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:
    """Return how much each value of a row moves the score, compared with a typical value."""

    def score(frame: pd.DataFrame) -> np.ndarray:
        return np.asarray(estimator.predict_proba(frame)[:, 1])

    return estimator.named_steps["typical"].moves(score, rows)
