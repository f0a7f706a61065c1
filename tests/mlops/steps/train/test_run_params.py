"""A run of MLflow says which estimator it trained, within MLflow's limits."""

import warnings
from typing import Any

import numpy as np
from mlflow.utils.validation import _validate_param
from rendering import platform
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, of the scorer
    module = platform("steps.train.run_params")
CardModel = platform("records.card").CardModel


def params(fitted: Any, /, **own: Any) -> dict[str, Any]:
    """Return what a run logs."""
    logged: dict[str, Any] = module.run_params(CardModel(seed=7, params=own, cutoff=0.5), fitted)
    return logged


def test_the_last_step_of_a_pipeline_is_the_estimator() -> None:
    pipeline = Pipeline([("scaled", StandardScaler()), ("line", LogisticRegression(C=2.0))])
    logged = params(pipeline, C=2.0)
    assert list(logged)[:3] == ["C", "seed", "estimator"]
    assert logged["estimator"] == "LogisticRegression"
    assert (logged["estimator.C"], logged["estimator.fit_intercept"]) == ("2.0", "True")


def test_the_name_of_an_estimator_names_what_it_wraps() -> None:
    line = LogisticRegression()
    pipeline = Pipeline([("scaled", StandardScaler()), ("line", line)])
    assert module.estimator_name(pipeline) == "LogisticRegression"
    wrapped = CalibratedClassifierCV(pipeline)
    assert module.estimator_name(wrapped) == "CalibratedClassifierCV(LogisticRegression)"
    assert module.estimator_name(AdaBoostClassifier()) == "AdaBoostClassifier"


def test_the_card_has_the_steps_of_pipelines_in_pipelines() -> None:
    inner = Pipeline([("scaled", StandardScaler()), ("same", "passthrough")])
    facts = module.describe(Pipeline([("inner", inner), ("line", LogisticRegression(C=2.0))]))
    assert (facts.name, facts.package) == ("LogisticRegression", "sklearn")
    assert facts.steps == ("StandardScaler", "passthrough")
    assert facts.params["C"] == "2.0"
    assert module.describe(LogisticRegression()).steps == ()


def test_a_parameter_of_conf_keeps_its_name() -> None:
    assert params(LogisticRegression(), estimator="trees")["estimator"] == "trees"


class Wide(BaseEstimator):  # type: ignore[misc]
    """An estimator whose parameters are too many, too long, and oddly named."""

    def get_params(self, **_: bool) -> dict[str, Any]:
        """Return them."""
        many = {f"p{number:03}": "x" * 10_000 for number in range(200)}
        return {"odd@name": 1, "an array": np.zeros(9), "a list": [1, 2], **many}


def test_the_limits_of_mlflow_are_kept() -> None:
    logged = params(Wide())
    assert len(logged) == 100
    assert logged["estimator.an array"] == "ndarray"
    assert logged["estimator.a list"] == "[1, 2]"
    assert not any("@" in name for name in logged)
    for name, value in logged.items():
        _validate_param(name, str(value))  # type: ignore[no-untyped-call]
        assert len(str(value)) <= 500


def test_an_estimator_of_ones_own_needs_no_parameters() -> None:
    class Own:
        """It has no get_params."""

    assert params(Own()) == {"seed": 7, "estimator": "Own"}
