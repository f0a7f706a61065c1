"""The charts of the model card, from the diagnostics that the gate has recorded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..base.settings import Problem
from ..figures.diagnostics import (
    CalibrationBin,
    ClassDiagnostics,
    Curve,
    Diagnostics,
    Residuals,
)
from .charts import Line, Mark, Plot
from .templates import known, number, share

MOST_CLASSES = 4  # with curves on the card; the table has further ones
DIAGONAL = Line("reference", [(0, 0), (1, 1)])


@dataclass(frozen=True)
class Chart:
    """A plot with its heading, and its data as a table."""

    title: str
    """The heading."""
    note: str
    """What to see in it, in a line."""
    plot: Plot
    """The plot."""
    columns: tuple[str, ...]
    """The headings of the table."""
    rows: tuple[tuple[str, ...], ...]
    """The table."""


def draw(problem: Problem, diagnostics: Diagnostics, cutoff: float) -> list[Chart]:
    """Return the charts that fit a problem."""
    charts = [_calibration(problem, diagnostics)]
    for each in diagnostics.classes[:MOST_CLASSES]:
        if each.calibration:
            charts.append(class_calibration(each.name, each.calibration))
        charts += _curves(problem, each, diagnostics, cutoff)
    if diagnostics.residuals:
        charts.append(_residuals(diagnostics.residuals))
    return charts


def _calibration(problem: Problem, diagnostics: Diagnostics) -> Chart:
    """Return the mean truth over the mean prediction of all rows."""
    names = {
        "binary": ("mean score", "share of positives"),
        "multiclass": ("mean probability of the predicted class", "share of right labels"),
        "regression": ("mean prediction", "mean truth"),
    }
    return reliability("Calibration", problem, diagnostics.calibration, names[problem])


def class_calibration(name: str, bins: Sequence[CalibrationBin]) -> Chart:
    """Return the share of a class over its mean probability."""
    axes = f"mean probability of {name}", f"share of {name}"
    return reliability(f"Calibration of {name}", "multiclass", bins, axes)


def reliability(
    title: str, problem: Problem, bins: Sequence[CalibrationBin], axes: tuple[str, str]
) -> Chart:
    """Return the mean truth over the mean prediction; on the diagonal, they are equal."""
    write = number if problem == "regression" else share
    predicted, actual = axes
    rows = sum(each.rows for each in bins)
    mean = sum(each.rows * each.actual for each in bins) / rows
    expected = sum(each.rows * each.predicted for each in bins) / rows
    overall = f"{write(expected)} predicted, {write(mean)} observed"
    figures = [
        figure for each in bins for figure in (each.predicted, each.actual, each.low, each.high)
    ]
    ends = min(filter(known, figures)), max(filter(known, figures))
    diagonal = DIAGONAL if problem == "multiclass" else Line("reference", [(e, e) for e in ends])
    return Chart(
        title=title,
        note=f"On average {overall}. The nearer to the dashed line, the better.",
        plot=Plot(
            summary=f"{title} in {len(bins)} bins: on average {overall}.",
            across=predicted,
            up=actual,
            lines=[diagonal, Line("value", [(each.predicted, each.actual) for each in bins])],
            marks=[_mark(each, write(each.predicted), write(each.actual)) for each in bins],
            axes="equal",
        ),
        columns=("Bin", "Rows", "Predicted", "Observed", "95% interval"),
        rows=tuple(
            (
                str(place),
                number(each.rows),
                write(each.predicted),
                write(each.actual),
                f"{write(each.low)} to {write(each.high)}" if known(each.low) else "n/a",
            )
            for place, each in enumerate(bins, start=1)
        ),
    )


def _mark(each: CalibrationBin, predicted: str, actual: str) -> Mark:
    tip = f"{predicted} predicted, {actual} observed, {number(each.rows)} rows"
    return Mark(each.predicted, each.actual, tip, (each.low, each.high))


def _curves(
    problem: Problem, each: ClassDiagnostics, diagnostics: Diagnostics, cutoff: float
) -> Iterator[Chart]:
    """Yield the ROC curve of a class and its precision over recall, with the cut-off on both."""
    if each.roc is None or each.precision_recall is None:
        return
    confusion = diagnostics.confusion
    of = "" if problem == "binary" else f" of {each.name}"
    base_rate = diagnostics.target.shares.get(each.name, 0.0)
    cutoff_roc = []
    cutoff_precision = []
    if problem == "binary" and confusion:
        cutoff_roc = _cutoff(cutoff, confusion.false_positive_rate, confusion.recall(1))
        cutoff_precision = _cutoff(cutoff, confusion.recall(1), confusion.precision(1))
    dot = f" The dot is the cut-off, {cutoff:g}." if cutoff_roc else ""
    yield Chart(
        title=f"ROC curve{of}",
        note=f"AUC {number(each.auc)}, Gini {number(each.gini)}, KS {number(each.ks)}.{dot}",
        plot=Plot(
            summary=f"ROC curve{of}: the area below it is {number(each.auc)}.",
            across="false-positive rate",
            up="true-positive rate (recall)",
            lines=[DIAGONAL, Line("value", _points(each.roc))],
            marks=cutoff_roc,
            axes="unit",
        ),
        columns=("False-positive rate", "True-positive rate"),
        rows=_table(each.roc),
    )
    if problem != "binary":
        return
    yield Chart(
        title=f"Precision and recall{of}",
        note=f"The dashed line is the base rate, {share(base_rate)}.{dot}",
        plot=Plot(
            summary=f"Precision over recall{of}; the base rate is {share(base_rate)}.",
            across="recall",
            up="precision",
            lines=[
                Line("reference", [(0, base_rate), (1, base_rate)]),
                Line("value", _points(each.precision_recall)),
            ],
            marks=cutoff_precision,
            axes="unit",
        ),
        columns=("Recall", "Precision"),
        rows=_table(each.precision_recall),
    )


def _cutoff(cutoff: float, x: float | None, y: float | None) -> list[Mark]:
    """Return the point of the cut-off; none if a rate is not known, as without decisions."""
    if x is None or y is None:
        return []
    return [Mark(x, y, f"cut-off {cutoff:g}: {share(x)}, {share(y)}")]


def _points(curve: Curve) -> list[tuple[float, float]]:
    return list(zip(curve.x, curve.y, strict=True))


def _table(curve: Curve) -> tuple[tuple[str, ...], ...]:
    return tuple((share(x), share(y)) for x, y in _points(curve))


def _residuals(residuals: Residuals) -> Chart:
    """Return the spread of the residuals over the prediction."""
    bins = residuals.bins
    low, high = bins[0].predicted, bins[-1].predicted
    marks = []
    for each in bins:
        ends = each.spread
        tip = f"{number(each.predicted)} predicted: half of {number(each.rows)} residuals are from "
        tip += f"{number(ends[1])} to {number(ends[3])}, 9 of 10 from {number(ends[0])} to "
        tip += number(ends[4])
        box = ends[1], ends[3]
        marks.append(Mark(each.predicted, ends[2], tip, (ends[0], ends[4]), box))
    return Chart(
        title="Residuals",
        note="Truth minus prediction: boxes have the middle half of the rows, whiskers 9 of 10.",
        plot=Plot(
            summary=f"Residuals in {len(bins)} bins; their mean is {number(residuals.bias)}.",
            across="mean prediction",
            up="truth minus prediction",
            lines=[Line("reference", [(low, 0), (high, 0)])],
            marks=marks,
        ),
        columns=("Predicted", "Rows", "5%", "25%", "Median", "75%", "95%"),
        rows=tuple(
            (number(each.predicted), number(each.rows), *map(number, each.spread)) for each in bins
        ),
    )
