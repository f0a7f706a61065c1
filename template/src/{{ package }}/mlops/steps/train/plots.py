"""Plots of the predictions for a gate window, and its metrics over time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from ...data.labelled_rows import count_events
from ...figures.diagnostics import similar
from .training import Training

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(
    truth: pd.Series, prediction: pd.DataFrame, importance: dict[str, float]
) -> "dict[str, Figure]":
    """Return the figures that fit the prediction frame, by their names."""
    if "score" in prediction:
        figures = _draw_binary(truth, prediction["score"])
    elif "label" in prediction:
        figures = _draw_multiclass(truth, prediction)
    else:
        figures = _draw_regression(truth, prediction["value"])
    return {"permutation_importance": _draw_importance(importance), **figures}


def by_period(training: Training, prediction: pd.DataFrame) -> Iterator[dict[str, float]]:
    """Yield the metrics of each period of the gate window, for a curve over time."""
    event_time = training.source.contract.inputs.one("event_time")
    if event_time is None:
        return
    frame = training.gate.frame
    unit = training.source.project.settings.time.period[0].upper()
    for _, part in frame.groupby(frame[event_time].dt.to_period(unit)):
        truth = training.truth[part.index]
        if count_events(training.source.contract, truth):  # a period with one class has no AUC
            figures = training.metrics.all(truth, prediction.loc[part.index])
            yield {f"{name}_by_period": figure for name, figure in figures.items()}


def _draw_importance(importance: dict[str, float]) -> "Figure":
    ordered = sorted(importance.items(), key=lambda item: item[1])
    figure, axes = _new_figure()
    axes.barh([name for name, _ in ordered], [fall for _, fall in ordered])
    axes.set_xlabel("fall of the gate's metric when permuted")
    return figure


def _draw_binary(truth: pd.Series, score: pd.Series) -> "dict[str, Figure]":
    from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay

    roc, roc_axes = _new_figure()
    RocCurveDisplay.from_predictions(truth, score, ax=roc_axes)
    curve, curve_axes = _new_figure()
    PrecisionRecallDisplay.from_predictions(truth, score, ax=curve_axes)
    return {"calibration": _draw_calibration(truth, score), "roc": roc, "precision_recall": curve}


def _draw_multiclass(truth: pd.Series, prediction: pd.DataFrame) -> "dict[str, Figure]":
    """Draw a curve for each class, and how often the most probable class was right."""
    from sklearn.metrics import RocCurveDisplay

    names = truth.astype(str)
    scores = prediction.drop(columns="label")
    roc, axes = _new_figure()
    for name in set(scores.columns) & set(names):
        RocCurveDisplay.from_predictions(names == name, scores[name], name=name, ax=axes)
    hit = (names == prediction["label"]).astype(float)
    return {"calibration": _draw_calibration(hit, scores.max(axis=1)), "roc": roc}


def _draw_regression(truth: pd.Series, value: pd.Series) -> "dict[str, Figure]":
    from sklearn.metrics import PredictionErrorDisplay

    residuals, axes = _new_figure()
    PredictionErrorDisplay.from_predictions(truth, value, ax=axes)
    return {"calibration": _draw_calibration(truth, value), "residuals": residuals}


def _draw_calibration(truth: pd.Series, predicted: pd.Series) -> "Figure":
    """Draw the mean truth over the mean prediction, in the bins of the model card."""
    bins = similar(predicted.to_numpy())
    means = [predicted.iloc[part].mean() for part in bins]
    figure, axes = _new_figure()
    axes.plot(means, [truth.iloc[part].mean() for part in bins], marker="o")
    axes.plot(means, means, linestyle=":", color="grey")
    axes.set(xlabel="mean prediction", ylabel="mean truth")
    return figure


def _new_figure() -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure  # not pyplot: no window, no global state

    figure = Figure(figsize=(6, 4), layout="constrained")
    return figure, figure.add_subplot()
