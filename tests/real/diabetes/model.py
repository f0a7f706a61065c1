"""The estimator: a ridge regression after the steps of features.py."""

from typing import Any

from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from . import features

DEFAULTS = {"alpha": 60.0}


def build(params: dict[str, Any]) -> Pipeline:
    """Return the unfitted estimator for `model.params` and `model.seed` of conf/."""
    settings = DEFAULTS | params
    seed = settings.pop("seed")
    ridge = Ridge(random_state=seed, **settings)
    return Pipeline([("features", features.prepare()), ("ridge", ridge)])
