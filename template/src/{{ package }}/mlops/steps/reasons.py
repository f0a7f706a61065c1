"""The reasons of predictions: the features that moved each one most, by the user's `explain`."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..base.project import user_module
from ..base.settings import Settings
from ..data.contract import REASONS
from ..records.registry import LoadedVersion
from .gate.checks import Case, Check, judge


def required(settings: Settings) -> bool:
    """Tell whether predictions are given reasons: where conf asks for them, and at high risk."""
    return settings.scoring.reasons or settings.risk_tier == "high"


def reasons(scorer: LoadedVersion, rows: pd.DataFrame) -> pd.DataFrame | None:
    """Return feature names, the largest move first; None where the version has no `explain`."""
    version = scorer.version
    model = user_module("model", version.folder / "code" / version.card["snapshot"])
    if not hasattr(model, "explain"):
        return None
    features = rows[list(version.card["features"])]
    moved = model.explain(scorer.model.unwrap_python_model().model, features)
    sizes = moved.loc[rows.index, features.columns].abs().to_numpy("float64")
    order = np.argsort(-sizes, axis=1, kind="stable")[:, : len(REASONS)]
    names = pd.DataFrame(features.columns.to_numpy()[order], rows.index, dtype="string")
    moves = np.take_along_axis(sizes, order, axis=1) > 0
    return names.where(moves).set_axis(REASONS[: order.shape[1]], axis=1)


def check(case: Case) -> Iterator[Check]:
    """Ask the version for reasons where they are required: always at high risk."""
    if required(case.settings):
        try:
            given = reasons(case.challenger, case.sample.frame.head(100))
            why = "" if given is not None and given.notna().any(axis=None) else "it has none"
        except Exception as error:  # noqa: BLE001 - whatever the user's code raises
            why = f"{type(error).__name__}: {error}"
        why = why and f"give model.py an explain(estimator, rows), then train anew ({why})"
        yield Check("reasons", judge(not why), "no" if why else "yes", "yes", why)
