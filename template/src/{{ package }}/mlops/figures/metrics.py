"""Figures of a prediction frame: computed here only, for gate, card and monitor alike."""

import contextlib
from collections.abc import Callable, Container
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from ..base.errors import Misconfigured
from ..base.settings import Settings
from .resampling import Positions, standard_error

Figures = dict[str, Any]  # numbers, or functions that compute them when asked for


def auc(truth: Any, score: Any) -> float:
    """Return the area under the ROC curve, from ranks: 20 times faster than from the curve.

    The share of pairs, one of each class, in which the event scores higher; a tie counts half. No
    number for one class only, or where a score is missing. Source: Hanley and McNeil, Radiology
    143, 1982.
    """
    event, ranks = np.asarray(truth) == 1, pd.Series(np.asarray(score)).rank()
    events, others = event.sum(), (~event).sum()
    if not (events and others) or ranks.hasnans:
        return float("nan")
    above = ranks[event].sum() - events * (events + 1) / 2
    return float(above / (events * others))


def _scikit_learn() -> Any:
    from sklearn import metrics  # a second, which monitoring may not need

    return metrics


def _binary(truth: pd.Series, prediction: pd.DataFrame) -> Figures:
    score = prediction["score"]
    return {
        "auc": lambda: auc(truth, score),
        "average_precision": lambda: _scikit_learn().average_precision_score(truth, score),
        "brier": lambda: np.mean((score.to_numpy() - truth.to_numpy()) ** 2),
        "log_loss": lambda: _scikit_learn().log_loss(truth, score, labels=[0, 1]),
    }


def _multiclass(truth: pd.Series, prediction: pd.DataFrame) -> Figures:
    names, label = truth.astype(str).to_numpy(), prediction["label"].to_numpy()
    scores = prediction.drop(columns="label")
    present = [name for name in scores if name in set(names)]
    return {
        "accuracy": lambda: np.mean(names == label),
        "macro_f1": lambda: _scikit_learn().f1_score(names, label, average="macro"),
        "auc_ovr": lambda: np.mean([auc(names == n, scores[n]) for n in present]),
        "log_loss": lambda: _scikit_learn().log_loss(names, scores, labels=list(scores)),
    }


def _regression(truth: pd.Series, prediction: pd.DataFrame) -> Figures:
    value = prediction["value"]
    return {
        "r2": lambda: _scikit_learn().r2_score(truth, value),
        "mae": lambda: _scikit_learn().mean_absolute_error(truth, value),
        "rmse": lambda: _scikit_learn().root_mean_squared_error(truth, value),
    }


def _value(figure: Any) -> float:
    try:
        return float(figure() if callable(figure) else figure)
    except ValueError:  # such as one class only
        return float("nan")


DEFAULTS = {"binary": _binary, "multiclass": _multiclass, "regression": _regression}


class Metrics:
    """The figures of one project: the platform's, and those of `model.metrics`."""

    def __init__(self, settings: Settings, model: ModuleType) -> None:
        self._own: Callable[..., Figures] = getattr(model, "metrics", lambda *_: {})
        self._settings, self._defaults = settings, DEFAULTS[settings.problem]

    def all(
        self, truth: pd.Series, prediction: pd.DataFrame, names: Container[str] | None = None
    ) -> dict[str, float]:
        """Return every figure by its name, or those in `names` alone."""
        figures = self._defaults(truth, prediction) | self._own(truth, prediction)
        wanted = {name: f for name, f in figures.items() if names is None or name in names}
        return {name: _value(figure) for name, figure in wanted.items()}

    def errors(
        self, truth: pd.Series, prediction: pd.DataFrame, names: Container[str]
    ) -> dict[str, float]:
        """Return the standard error of each figure in `names`, by the bootstrap over rows."""
        figures = self.all(truth, prediction, names)

        def drawn(at: Positions) -> list[float]:
            with contextlib.suppress(ValueError):  # of model.metrics, such as for one class only
                return [*self.all(truth.iloc[at], prediction.iloc[at], names).values()]
            return [float("nan")] * len(figures)

        return dict(zip(figures, standard_error(drawn, len(truth)), strict=True))

    def skill(self, truth: pd.Series, prediction: pd.DataFrame) -> float:
        """Return the gate's metric, turned so that more is better; no number for one class only.

        Raises Misconfigured where nothing computes it.
        """
        name = self._settings.metric
        with contextlib.suppress(ValueError):  # of model.metrics, as of the platform's figures
            figures = self._defaults(truth, prediction) | self._own(truth, prediction)
            if name not in figures:
                raise Misconfigured(f"conf: gate.metric {name} is none of {', '.join(figures)}.")
            return self._settings.sign * _value(figures[name])
        return float("nan")
