"""Metrics of a prediction frame, the same for gate, version card and monitoring."""

import contextlib
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import SupportsFloat

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base.errors import Misconfigured
from ..base.settings import Problem, Settings
from .resampling import Floats, Positions, standard_error

Codes = npt.NDArray[np.intp]  # the position of a class among the columns of a prediction frame

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


@dataclass(frozen=True)
class Known:
    """Rows whose truth is known, as arrays: a thousand draws from them take a moment."""

    truth: Floats
    """1 and 0; the position of the class; or the value."""
    predicted: Floats
    """The score; a column of probabilities for each class; or the value."""
    label: Codes
    """Multiclass only: the position of the predicted class. Empty otherwise."""

    def take(self, drawn: Positions) -> "Known":
        """Return the rows at these positions."""
        label = self.label[drawn] if self.label.size else self.label
        return Known(self.truth[drawn], self.predicted[drawn], label)


def read_known(problem: Problem, truth: pd.Series, prediction: pd.DataFrame) -> Known:
    """Return the arrays of a truth and its prediction frame."""
    if problem == "multiclass":
        scores = prediction.drop(columns="label")
        classes = {str(name): position for position, name in enumerate(scores)}
        label = _positions(prediction["label"], classes)
        positions = _positions(truth, classes).astype("float64")
        return Known(positions, scores.to_numpy("float64"), label)
    values = prediction["score" if problem == "binary" else "value"].to_numpy("float64")
    return Known(truth.to_numpy("float64", na_value=np.nan), values, np.empty(0, np.intp))


def _positions(names: pd.Series, classes: dict[str, int]) -> Codes:
    """Return the position of each class; one that is not in `classes` yet is added."""
    codes, unique = pd.factorize(names, use_na_sentinel=False)
    positions = [classes.setdefault(str(name), len(classes)) for name in unique]
    return np.array(positions, np.intp)[codes]


def _binary(known: Known) -> Figures:
    truth = known.truth
    score = known.predicted
    return {
        "auc": lambda: auc(truth, score),
        "average_precision": lambda: _scikit_learn().average_precision_score(truth, score),
        "brier": lambda: np.mean((score - truth) ** 2),
        "log_loss": lambda: _scikit_learn().log_loss(truth, score, labels=[0, 1]),
    }


def _multiclass(known: Known) -> Figures:
    truth = known.truth.astype(np.intp)
    scores = known.predicted
    classes = range(scores.shape[1])

    def auc_ovr() -> float:
        present = [each for each in classes if (truth == each).any()]
        return float(np.mean([auc(truth == each, scores[:, each]) for each in present]))

    return {
        "accuracy": lambda: np.mean(truth == known.label),
        "macro_f1": lambda: _scikit_learn().f1_score(truth, known.label, average="macro"),
        "auc_ovr": auc_ovr,
        "log_loss": lambda: _scikit_learn().log_loss(truth, scores, labels=classes),
    }


def _regression(known: Known) -> Figures:
    truth = known.truth
    value = known.predicted
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


DEFAULTS: Mapping[str, Callable[[Known], Figures]] = {
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

    def _figures_of_draws(
        self, truth: pd.Series, prediction: pd.DataFrame
    ) -> Callable[[Positions | None], Figures]:
        """Return the function that takes the positions of drawn rows, and returns their figures.

        None stands for all rows.
        """
        known = read_known(self._settings.problem, truth, prediction)

        def figures(drawn: Positions | None) -> Figures:
            defaults = self._defaults(known if drawn is None else known.take(drawn))
            if self._own is None:
                return defaults
            if drawn is None:
                return {**defaults, **self._own(truth, prediction)}
            return {**defaults, **self._own(truth.iloc[drawn], prediction.iloc[drawn])}

        return figures

    def all(
        self, truth: pd.Series, prediction: pd.DataFrame, names: Container[str] | None = None
    ) -> dict[str, float]:
        """Return figures by name, all or those in `names`; NaN if one cannot be computed."""
        return _values(self._figures_of_draws(truth, prediction)(None), names)

    def errors(
        self,
        truth: pd.Series,
        prediction: pd.DataFrame,
        names: Container[str],
        clusters: pd.Series | None = None,
    ) -> dict[str, float]:
        """Return the standard error of each figure in `names`, by the bootstrap.

        If `clusters` names the cluster of each row, whole clusters are drawn.
        """
        figures = self._figures_of_draws(truth, prediction)
        of_all_rows = _values(figures(None), names)

        def of_draw(drawn: Positions) -> list[float]:
            with contextlib.suppress(ValueError):  # model.metrics, if a draw has only one class
                return [*_values(figures(drawn), names).values()]
            return [float("nan")] * len(of_all_rows)

        errors = standard_error(of_draw, len(truth), clusters).tolist()
        return dict(zip(of_all_rows, errors, strict=True))

    def values_of_draws(
        self, truth: pd.Series, prediction: pd.DataFrame, names: Sequence[str]
    ) -> Callable[[Positions | None], Floats]:
        """Return the function that takes the positions of drawn rows, and returns these figures.

        None stands for all rows. A figure that cannot be computed is NaN.
        """
        figures_of = self._figures_of_draws(truth, prediction)

        def values(drawn: Positions | None) -> Floats:
            with contextlib.suppress(ValueError):  # model.metrics, as in _value
                figures = _values(figures_of(drawn), names)
                return np.array([figures.get(name, np.nan) for name in names])
            return np.full(len(names), np.nan)

        return values

    def skill(self, truth: pd.Series, prediction: pd.DataFrame) -> float:
        """Return the gate's metric with the sign that makes higher better.

        NaN if there is only one class. Raises Misconfigured if nothing computes the metric.
        """
        return self.skill_of_draws(truth, prediction)(None)

    def skill_of_draws(
        self, truth: pd.Series, prediction: pd.DataFrame
    ) -> Callable[[Positions | None], float]:
        """Return the function that takes the positions of drawn rows, and returns their skill.

        None stands for all rows. The skill is as in `skill`.
        """
        name = self._settings.metric
        figures_of = self._figures_of_draws(truth, prediction)

        def skill(drawn: Positions | None) -> float:
            with contextlib.suppress(ValueError):  # model.metrics, as in _value
                figures = figures_of(drawn)
                if name not in figures:
                    raise Misconfigured(
                        f"conf/: gate.metric is {name}, which nothing computes; set it to one of "
                        f"{', '.join(figures)}, or return it from metrics in model.py."
                    )
                return self._settings.sign * _value(figures[name])
            return float("nan")

        return skill


def _values(figures: Figures, names: Container[str] | None) -> dict[str, float]:
    return {
        name: _value(figure) for name, figure in figures.items() if names is None or name in names
    }
