"""Metrics of a prediction frame, the same for gate, version card and monitoring."""

import contextlib
from collections.abc import Callable, Container, Mapping
from types import ModuleType
from typing import SupportsFloat

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base.errors import Misconfigured
from ..base.settings import Settings
from .resampling import Positions, standard_error

Figure = SupportsFloat | Callable[[], SupportsFloat]  # a number, or the function to compute it
Figures = Mapping[str, Figure]  # by the metric's name


def auc(truth: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Return the area under the ROC curve, from ranks: 20 times faster than from the curve.

    It is the share of pairs, one of each class, in which class 1 scores higher; a tie counts
    half. NaN if there is only one class, or if a score is missing. Source: Hanley and McNeil,
    Radiology 143, 1982.
    """
    positive = np.asarray(truth) == 1
    ranks = pd.Series(np.asarray(score)).rank()
    positives = positive.sum()
    negatives = (~positive).sum()
    if not (positives and negatives) or ranks.hasnans:
        return float("nan")
    above = ranks[positive].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def _scikit_learn() -> ModuleType:
    from sklearn import metrics  # takes a second to import, and monitoring may not need it

    return metrics  # type: ignore[no-any-return]


def _binary(truth: pd.Series, prediction: pd.DataFrame) -> Figures:
    score = prediction["score"]
    return {
        "auc": lambda: auc(truth, score),
        "average_precision": lambda: _scikit_learn().average_precision_score(truth, score),
        "brier": lambda: np.mean((score.to_numpy() - truth.to_numpy()) ** 2),
        "log_loss": lambda: _scikit_learn().log_loss(truth, score, labels=[0, 1]),
    }


def _multiclass(truth: pd.Series, prediction: pd.DataFrame) -> Figures:
    names = truth.astype(str).to_numpy()
    label = prediction["label"].to_numpy()
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


def _value(figure: Figure) -> float:
    try:
        return float(figure() if callable(figure) else figure)
    except ValueError:  # for example, there is only one class
        return float("nan")


DEFAULTS: Mapping[str, Callable[[pd.Series, pd.DataFrame], Figures]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "regression": _regression,
}


class Metrics:
    """The metrics of one project: the platform's, and those of the project's `model.metrics`."""

    def __init__(self, settings: Settings, model: ModuleType) -> None:
        """Take the project's settings and its module `model`."""
        self._settings = settings
        self._defaults = DEFAULTS[settings.problem]
        self._own: Callable[[pd.Series, pd.DataFrame], Figures] | None = getattr(
            model, "metrics", None
        )

    def _figures(self, truth: pd.Series, prediction: pd.DataFrame) -> Figures:
        figures = self._defaults(truth, prediction)
        return figures if self._own is None else {**figures, **self._own(truth, prediction)}

    def all(
        self, truth: pd.Series, prediction: pd.DataFrame, names: Container[str] | None = None
    ) -> dict[str, float]:
        """Return figures by name, all or those in `names`; NaN if one cannot be computed."""
        figures = self._figures(truth, prediction)
        return {
            name: _value(figure)
            for name, figure in figures.items()
            if names is None or name in names
        }

    def errors(
        self, truth: pd.Series, prediction: pd.DataFrame, names: Container[str]
    ) -> dict[str, float]:
        """Return the standard error of each figure in `names`, by the bootstrap over rows."""
        figures = self.all(truth, prediction, names)

        def of_draw(drawn: Positions) -> list[float]:
            with contextlib.suppress(ValueError):  # model.metrics, if a draw has only one class
                return [*self.all(truth.iloc[drawn], prediction.iloc[drawn], names).values()]
            return [float("nan")] * len(figures)

        errors = standard_error(of_draw, len(truth)).tolist()
        return dict(zip(figures, errors, strict=True))

    def skill(self, truth: pd.Series, prediction: pd.DataFrame) -> float:
        """Return the gate's metric with the sign that makes higher better.

        NaN if there is only one class. Raises Misconfigured if nothing computes the metric.
        """
        name = self._settings.metric
        with contextlib.suppress(ValueError):  # model.metrics, as in _value
            figures = self._figures(truth, prediction)
            if name not in figures:
                raise Misconfigured(
                    f"conf/: gate.metric is {name}, which nothing computes; set it to one of "
                    f"{', '.join(figures)}, or return it from metrics in model.py."
                )
            return self._settings.sign * _value(figures[name])
        return float("nan")
