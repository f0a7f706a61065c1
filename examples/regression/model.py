"""The estimator: gradient boosted trees behind the steps of features.py."""

from typing import Any

from sklearn.ensemble import HistGradientBoostingRegressor
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
    trees = HistGradientBoostingRegressor(early_stopping=False, random_state=seed, **settings)
    return Pipeline([("features", features.prepare()), ("trees", trees)])
