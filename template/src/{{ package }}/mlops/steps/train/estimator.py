"""The user's estimator: check the rows, build it and fit it."""

from types import ModuleType
from typing import Any

import pandas as pd

from ...base.errors import Misconfigured, MlopsError
from ...base.project import Project
from ...data.contract import TAKEN, Contract
from ...data.labelled_rows import LabelledRows


def fit(project: Project, model: ModuleType, contract: Contract, frame: pd.DataFrame) -> Any:
    """Return the user's estimator, fitted; it has scikit-learn's interface.

    Raises Misconfigured if `model.build` does not take the parameters in conf/.
    """
    settings = project.settings.model
    try:
        estimator = model.build({**settings.params, "seed": settings.seed})
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):  # the code is wrong, not the setting
            raise
        raise Misconfigured(
            f"model.build does not take a parameter that it got: {error}; correct model.params in "
            "conf/, the function build in model.py, or, with --tune, what search_space returns."
        ) from None
    arguments = {}
    if hasattr(model, "sample_weight"):
        steps = getattr(estimator, "steps", None)
        name = f"{steps[-1][0]}__sample_weight" if steps else "sample_weight"
        arguments[name] = model.sample_weight(frame)
    target = frame[contract.target]
    if contract.problem == "multiclass":
        target = target.astype(str)  # classes become columns of the prediction frame
    try:
        return estimator.fit(frame[contract.features], target, **arguments)
    except TypeError as error:
        if "unexpected keyword argument 'sample_weight'" not in str(error):
            raise
        raise Misconfigured(
            f"model.sample_weight: the estimator takes no weights ({error}); remove the function "
            "from model.py, or build another estimator."
        ) from error


def check_trainable(contract: Contract, rows: LabelledRows) -> None:
    """Raise MlopsError if no estimator could learn from `rows`."""
    frame = rows.frame
    for name in rows.raw.columns.difference(list(contract.inputs.types)):
        raise MlopsError(
            f"training window: column {name} is not in Inputs of schema.py; add it there, or leave "
            "it out in data.py."
        )
    features = frame[contract.features]
    for name in features.columns[features.isna().all()]:
        raise MlopsError(
            f"training window: column {name} has no values; correct the source, or remove the "
            "column from Inputs in schema.py, and from what data.inputs returns."
        )
    check_target(contract, frame[contract.target])


def check_target(contract: Contract, target: pd.Series) -> None:
    """Raise MlopsError for a target that does not fit the problem."""
    kind = contract.labels.types[contract.target]
    if contract.problem == "regression" and kind not in ("float64", "int64"):
        raise Misconfigured(
            f"schema.py: the target {contract.target} has the type {kind}, but a regression "
            "predicts numbers; give it the type float or int, and return numbers from data.labels."
        )
    if contract.problem == "binary" and not target.isin([0, 1]).all():
        raise Misconfigured(
            f"data.labels: the target {contract.target} has values other than 0 and 1; return 1 "
            "for the outcome to predict, and 0 for the other."
        )
    if contract.problem == "multiclass":
        for name in TAKEN & set(target.astype(str)):
            raise Misconfigured(
                f"data.labels: the predictions get a column for each class, and {name} is already "
                "the name of another of their columns; rename this class in data.py."
            )
    if target.nunique() < 2:
        single = "value" if contract.problem == "regression" else "class"
        raise MlopsError(
            f"training window: the target {contract.target} has only one {single}; check the "
            "function labels in data.py, or increase the setting time.train."
        )
