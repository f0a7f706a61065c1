"""Pictures of the prediction of a gate window: matplotlib figures, and curves over time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ...data.labelled_rows import count_events
from .training import Training


def draw(
    truth: pd.Series, prediction: pd.DataFrame, importance: dict[str, float]
) -> dict[str, Any]:
    """Return matplotlib figures that fit the prediction frame, by their names."""
    from sklearn import metrics

    pictures = {name: _axes() for name in ("permutation_importance", "calibration")}
    ordered = sorted(importance.items(), key=lambda item: item[1])
    pictures["permutation_importance"].barh(*zip(*ordered, strict=True))
    pictures["permutation_importance"].set_xlabel("fall of the gate's metric when permuted")
    if "score" in prediction:
        curves = (metrics.RocCurveDisplay, metrics.PrecisionRecallDisplay)
        for name, display in zip(("roc", "precision_recall"), curves, strict=True):
            pictures[name] = _axes()
            display.from_predictions(truth, prediction["score"], ax=pictures[name])
        _calibrate(pictures["calibration"], truth, prediction["score"])
    elif "label" in prediction:
        pictures["roc"], names = _axes(), truth.astype(str)
        for name in set(prediction.columns) & set(names):
            score, axes = prediction[name], pictures["roc"]
            metrics.RocCurveDisplay.from_predictions(names == name, score, name=name, ax=axes)
        hit = (names == prediction["label"]).astype(float)
        _calibrate(pictures["calibration"], hit, prediction.drop(columns="label").max(axis=1))
    else:
        pictures["residuals"], value = _axes(), prediction["value"]
        metrics.PredictionErrorDisplay.from_predictions(truth, value, ax=pictures["residuals"])
        _calibrate(pictures["calibration"], truth, value)
    return {name: axes.get_figure() for name, axes in pictures.items()}


def by_period(training: Training, prediction: pd.DataFrame) -> Iterator[dict[str, float]]:
    """Yield the figures of each period of the gate window: a curve over time."""
    event_time = training.source.contract.inputs.one("event_time")
    if event_time is None:
        return
    frame, period = training.gate.frame, training.source.project.settings.time.period
    for _, part in frame.groupby(frame[event_time].dt.to_period(period[0].upper())):
        truth = training.truth[part.index]
        if count_events(training.source.contract, truth):  # a period with one class has no AUC
            figures = training.metrics.all(truth, prediction.loc[part.index])
            yield {f"{name}_by_period": figure for name, figure in figures.items()}


def _axes() -> Any:
    from matplotlib.figure import Figure  # not pyplot: no window, no global state

    return Figure(figsize=(6, 4), layout="constrained").add_subplot()


def _calibrate(axes: Any, truth: pd.Series, predicted: pd.Series) -> None:
    """Draw the mean truth over the mean prediction, in ten bins of equal size."""
    bins = np.array_split(np.argsort(predicted.to_numpy(), kind="stable"), 10)
    means = [predicted.iloc[part].mean() for part in bins if len(part)]
    axes.plot(means, [truth.iloc[part].mean() for part in bins if len(part)], marker="o")
    axes.plot(means, means, linestyle=":", color="grey")
    axes.set(xlabel="mean prediction", ylabel="mean truth")
