"""How far two models agree in their predictions of the same rows."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base.record import Record

Floats = npt.NDArray[np.float64]

BINS = 10
TAIL = 0.01  # share of the predictions on each side that share the outermost bins
MOST_LABELS = 10  # changes of a label that are listed


class NumberAgreement(Record):
    """How far two models agree in one number: a score, the probability of a class, a value."""

    column: str
    """Name of the number: `score`."""
    correlation: float | None
    """Pearson's correlation; None if one model predicts the same for all rows."""
    rank_correlation: float | None
    """Spearman's correlation, which depends on the order alone; None as above."""
    mean_difference: float
    """Mean of the second model's number minus the first one's."""
    mean_absolute_difference: float
    """Mean of the difference without its sign."""
    largest_difference: float
    """The largest difference without its sign."""
    edges: tuple[float, ...]
    """Ends of the bins, of equal width; the first and the last bin have no outer end."""
    first: tuple[float, ...]
    """Share of the rows in each bin by the first model, 0 to 1."""
    second: tuple[float, ...]
    """Share of the rows in each bin by the second model, 0 to 1."""
    grid: tuple[tuple[float, ...], ...]
    """Share of the rows by both: a row for each bin of the first model, with a share for each bin
    of the second one."""


class DecisionChange(Record):
    """The rows that two models decide differently."""

    first: float
    """Cut-off of the first model's score."""
    second: float
    """Cut-off of the second model's score."""
    newly_true: float
    """Share of the rows for which only the second model decides true, 0 to 1."""
    newly_false: float
    """Share of the rows for which only the first model decides true, 0 to 1."""

    @property
    def changed(self) -> float:
        """Share of the rows that are decided differently, 0 to 1."""
        return self.newly_true + self.newly_false


class LabelChange(Record):
    """The rows that two models give two certain labels."""

    first: str
    """Label by the first model."""
    second: str
    """Label by the second model."""
    share: float
    """Share of the rows, 0 to 1."""


class Agreement(Record):
    """How far two models agree."""

    rows: int
    """Number of rows that both predicted."""
    numbers: tuple[NumberAgreement, ...]
    """The numbers that both predict."""
    decisions: tuple[DecisionChange, ...]
    """Binary only: the decisions at the cut-off of each model, then at each model's own."""
    labels_changed: float | None
    """Multiclass only: share of the rows with a different label, 0 to 1."""
    labels: tuple[LabelChange, ...]
    """Multiclass only: the most frequent changes of a label."""


def compare_predictions(
    first: pd.DataFrame, second: pd.DataFrame, cutoffs: tuple[float, float]
) -> Agreement:
    """Compare two prediction frames of the same rows; `cutoffs` are those of the two models."""
    numbers = [str(name) for name in first.select_dtypes("float64") if name in second]
    decisions: tuple[DecisionChange, ...] = ()
    if "score" in first:
        decisions = tuple(_changed_decisions(first["score"], second["score"], cutoffs))
    labels: tuple[LabelChange, ...] = ()
    labels_changed: float | None = None
    if "label" in first:
        labels = tuple(_changed_labels(first["label"], second["label"]))
        labels_changed = float((first["label"] != second["label"]).mean())
    return Agreement(
        rows=len(first),
        numbers=tuple(compare_numbers(name, first[name], second[name]) for name in numbers),
        decisions=decisions,
        labels_changed=labels_changed,
        labels=labels,
    )


def compare_numbers(column: str, first: pd.Series, second: pd.Series) -> NumberAgreement:
    """Compare what two models predict for the same rows."""
    before = np.asarray(first, np.float64)
    after = np.asarray(second, np.float64)
    difference = after - before
    edges = _edges(np.concatenate([before, after]))
    counts = np.zeros((BINS, BINS))
    np.add.at(counts, (_bins(before, edges), _bins(after, edges)), 1)
    shares = counts / len(before)
    return NumberAgreement(
        column=column,
        correlation=_correlation(before, after),
        rank_correlation=_correlation(_ranks(first), _ranks(second)),
        mean_difference=float(difference.mean()),
        mean_absolute_difference=float(np.abs(difference).mean()),
        largest_difference=float(np.abs(difference).max()),
        edges=tuple(edges.tolist()),
        first=tuple(shares.sum(axis=1).tolist()),
        second=tuple(shares.sum(axis=0).tolist()),
        grid=tuple(map(tuple, shares.tolist())),
    )


def _edges(values: Floats) -> Floats:
    low, high = np.quantile(values, (TAIL, 1 - TAIL))
    if low == high:
        low, high = values.min(), values.max()
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, BINS + 1)


def _bins(values: Floats, edges: Floats) -> npt.NDArray[np.intp]:
    return np.asarray(np.searchsorted(edges[1:-1], values, side="right"), np.intp)


def _ranks(values: pd.Series) -> Floats:
    return np.asarray(values.rank(), np.float64)


def _correlation(first: Floats, second: Floats) -> float | None:
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _changed_decisions(
    first: pd.Series, second: pd.Series, cutoffs: tuple[float, float]
) -> Iterable[DecisionChange]:
    pairs = dict.fromkeys([(cutoffs[0], cutoffs[0]), (cutoffs[1], cutoffs[1]), cutoffs])
    for one, other in pairs:
        before = first >= one
        after = second >= other
        yield DecisionChange(
            first=one,
            second=other,
            newly_true=float((after & ~before).mean()),
            newly_false=float((before & ~after).mean()),
        )


def _changed_labels(first: pd.Series, second: pd.Series) -> Iterable[LabelChange]:
    pairs = Counter(zip(first.astype(str), second.astype(str), strict=True))
    moved = Counter({pair: count for pair, count in pairs.items() if pair[0] != pair[1]})
    for (one, other), count in moved.most_common(MOST_LABELS):
        yield LabelChange(first=one, second=other, share=count / len(first))
