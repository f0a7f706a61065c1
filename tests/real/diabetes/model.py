"""The estimator: a ridge regression behind the steps of features.py."""

from typing import Any

from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from . import features

DEFAULTS = {"alpha": 60.0}


def build(params: dict[str, Any]) -> Pipeline:
    """Return the untrained estimator for `model.params` of conf/ and its seed."""
    settings = DEFAULTS | params
    seed = settings.pop("seed")
    ridge = Ridge(random_state=seed, **settings)
    return Pipeline([("features", features.prepare()), ("ridge", ridge)])
