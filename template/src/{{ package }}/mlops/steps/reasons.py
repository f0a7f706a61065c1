"""The reasons of predictions: the features that moved each one most, by the user's `explain`."""

from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..base.errors import MlopsError, summarize
from ..base.project import user_module
from ..base.settings import Settings
from ..data.contract import REASONS
from ..records.evidence import Check
from ..records.registry import LoadedVersion
from .gate.case import Case, check, passed_if

if TYPE_CHECKING:
    from ..records.scorer import Estimator  # loads MLflow

TRIED_ROWS = 100


def required(settings: Settings) -> bool:
    """Return whether predictions get reasons: if conf says so, and always at high risk."""
    return settings.scoring.reasons or settings.risk_tier == "high"


def reasons(loaded: LoadedVersion, rows: pd.DataFrame) -> pd.DataFrame | None:
    """Return the features that moved each prediction most, or None without `explain`."""
    version = loaded.version
    model = user_module("model", version.package)
    if not hasattr(model, "explain"):
        return None
    features = rows[list(version.card.features)]
    estimator = loaded.model.unwrap_python_model().model  # type: ignore[no-untyped-call]
    try:
        moved = _moves(model, estimator, features)
    except Exception as error:
        raise MlopsError(
            f"model.explain: {summarize(error).removesuffix('.')}; correct it in model.py, then "
            "train a new version."
        ) from error
    sizes = moved.abs().to_numpy("float64")
    order = np.argsort(-sizes, axis=1, kind="stable")[:, : len(REASONS)]
    names = pd.DataFrame(features.columns.to_numpy()[order], rows.index, dtype="string")
    moves = np.take_along_axis(sizes, order, axis=1) > 0
    return names.where(moves).set_axis(REASONS[: order.shape[1]], axis=1)


def explain_rows(model: ModuleType, estimator: "Estimator", features: pd.DataFrame) -> pd.DataFrame:
    """Return what `model.explain` returns for rows; raise MlopsError if it is not of use.

    New versions need a number for each feature of each row. Champions of older templates that leave
    some out keep their reasons.
    """
    moved = _moves(model, estimator, features)
    if not np.isfinite(moved.to_numpy("float64")).all():
        raise MlopsError("some of its numbers are missing or infinite")
    return moved


def _moves(model: ModuleType, estimator: "Estimator", features: pd.DataFrame) -> pd.DataFrame:
    moved = model.explain(estimator, features)
    if not isinstance(moved, pd.DataFrame):
        raise MlopsError(f"it returns {type(moved).__name__} instead of a DataFrame")
    lacking = features.columns.difference(moved.columns)
    if len(lacking):
        raise MlopsError(
            "it must return a column for each feature, and returns none for " + ", ".join(lacking)
        )
    if not features.index.isin(moved.index).all():
        raise MlopsError("it must return a row for each row that it gets, with the same index")
    return moved.loc[features.index, features.columns]


def check_reasons(case: Case) -> Iterator[Check]:
    """Check that the version gives reasons, if they are required."""
    if not required(case.settings):
        return
    problem = _problem(case)
    reason = problem or "explain in model.py names the features that moved its predictions"
    yield check("reasons", passed_if(not problem), "no" if problem else "yes", "yes", reason)


def _problem(case: Case) -> str:
    """Return what is wrong with the version's reasons and how to fix it; empty if nothing is."""
    try:
        given = reasons(case.challenger, case.sample.frame.head(TRIED_ROWS))
    except MlopsError as error:
        return str(error).removesuffix(".")
    if given is None:
        return "model.py has no explain(estimator, rows); write it, then train a new version"
    if not given.notna().any(axis=None):
        return (
            "model.explain: it returns only zeros or missing values; correct it in model.py, then "
            "train a new version"
        )
    return ""
