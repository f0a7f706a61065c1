"""The estimator: a logistic regression after the steps of features.py."""

from typing import Any

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from . import features

DEFAULTS = {"C": 1.0, "max_iter": 1_000}


def build(params: dict[str, Any]) -> Pipeline:
    """Return the unfitted estimator for `model.params` and `model.seed` of conf/."""
    settings = DEFAULTS | params
    seed = settings.pop("seed")
    regression = LogisticRegression(random_state=seed, **settings)
    return Pipeline([("features", features.prepare()), ("regression", regression)])
