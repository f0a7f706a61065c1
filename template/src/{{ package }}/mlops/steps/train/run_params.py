"""The parameters of a training run in MLflow, by which people tell experiments apart."""

import re
from collections.abc import Iterator
from typing import Any

from ...records.card import CardModel, EstimatorFacts
from ...records.scorer import Estimator

MOST = 100  # parameters that MLflow accepts at once
LONGEST = 500  # characters of a value; MLflow's tables hold 6,000, and a page shows fewer
NAME = re.compile(r"[\w.\-/ :]{1,250}")  # what MLflow accepts
WRAPPED = ("estimator", "regressor", "classifier")  # scikit-learn's names for what one wraps


def run_params(model: CardModel, estimator: Estimator) -> dict[str, Any]:
    """Return the parameters of conf and the seed, then the estimator's class and own parameters.

    Of a pipeline, the last step is the estimator.
    """
    facts = describe(estimator)
    logged: dict[str, Any] = {**model.params, "seed": model.seed}
    logged.setdefault("estimator", facts.name)
    for name, value in facts.params.items():
        key = f"estimator.{name}"
        if NAME.fullmatch(key) and len(logged) < MOST:
            logged.setdefault(key, value)
    return logged


def estimator_name(estimator: Estimator) -> str:
    """Return the class of an estimator, `LogisticRegression`; of a pipeline, that of the last step.

    The class of an estimator that it wraps follows: `CalibratedClassifierCV(LogisticRegression)`.
    """
    *_, last = _steps(estimator)
    name = type(last).__name__
    for key in WRAPPED:
        inner = getattr(last, key, None)
        if hasattr(inner, "get_params"):
            return f"{name}({estimator_name(inner)})"
    return name


def describe(estimator: Estimator) -> EstimatorFacts:
    """Return what the card says about an estimator."""
    steps = list(_steps(estimator))
    last = steps[-1]
    return EstimatorFacts(
        name=estimator_name(estimator),
        package=type(last).__module__.partition(".")[0],
        steps=tuple(step if isinstance(step, str) else type(step).__name__ for step in steps[:-1]),
        params=_own_params(last),
    )


def _steps(estimator: Estimator) -> Iterator[Estimator]:
    """Yield the steps of a pipeline, those of pipelines in it included, or the estimator itself."""
    from sklearn.pipeline import Pipeline

    if not isinstance(estimator, Pipeline):
        yield estimator
        return
    for _, step in estimator.steps:
        yield from _steps(step)


def _own_params(estimator: Estimator) -> dict[str, str]:
    """Return the estimator's parameters as text; only the class of what is no plain value."""
    if not hasattr(estimator, "get_params"):
        return {}
    params = estimator.get_params(deep=False)
    return {str(name): _as_text(value) for name, value in sorted(params.items())}


def _as_text(value: object) -> str:
    plain = value is None or isinstance(value, (str, int, float, list, tuple, dict))
    return str(value)[:LONGEST] if plain else type(value).__name__
