"""The estimator: gradient boosted trees behind the steps of features.py."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from . import features

# Small trees that learn slowly: they hold on a thousand rows and on a million.
# `model.params` in conf/ replaces any of them.
DEFAULTS = {
    "learning_rate": 0.05,
    "max_iter": 200,
    "max_leaf_nodes": 6,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "max_features": 0.3,
}


def build(params: dict[str, Any]) -> Pipeline:
    """Return the untrained estimator for `model.params` of conf/ and its seed."""
    settings = DEFAULTS | params
    seed = settings.pop("seed")
    trees = HistGradientBoostingClassifier(early_stopping=False, random_state=seed, **settings)
    steps = [("typical", features.Typical()), ("features", features.prepare()), ("trees", trees)]
    return Pipeline(steps)


def explain(estimator: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:
    """Return how far each value moves the score of its row's label, compared with a typical one."""
    own = estimator.predict_proba(rows).argmax(axis=1)

    def score(frame: pd.DataFrame) -> np.ndarray:
        return np.asarray(estimator.predict_proba(frame)[np.arange(len(own)), own])

    return estimator.named_steps["typical"].moves(score, rows)
