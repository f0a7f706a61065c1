"""Drift of all inputs together: can a classifier tell the rows of now from those of then?"""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base.record import Record
from .metrics import auc

TOGETHER = "inputs together"  # in the list of what has drifted
MOST_ROWS = 1_000  # of each side; more would find smaller changes, in more time
FEWEST_ROWS = 100  # of each side
MOST_COLUMNS = 50
FOLDS = 2
CHANCE = 3.09 * 1.4  # errors; one classifier judges many rows, so their scores vary together
TREES = {"max_iter": 30, "max_leaf_nodes": 8, "learning_rate": 0.2, "early_stopping": False}

Numbers = npt.NDArray[np.float64]


class DomainDrift(Record):
    """How well a classifier tells the rows of the window from those of the training.

    "Then" is the training window, or those of its rows with the season of the window.
    """

    auc: float
    """Area under the ROC curve, of rows that the classifier was not fitted on: about 0.5 if nothing
    has changed, 1 if every row can be told."""
    limit: float
    """The AUC above which the inputs have drifted together; chance alone rarely exceeds it."""
    rows_then: int
    """Number of rows of the training, a sample."""
    rows_now: int
    """Number of rows of the window, a sample."""
    columns: tuple[str, ...]
    """The inputs that the classifier gets."""
    drifted: bool
    """Whether the AUC exceeds its limit."""
    persistent: bool
    """Whether it drifted now and in at least one of the two windows before."""


def domain_auc(then: pd.DataFrame, now: pd.DataFrame) -> float:
    """Return the AUC of a classifier that tells rows of now from rows of then.

    Each row is judged by a classifier that was fitted on other rows. Both frames have the same
    columns. Source: NannyML's DomainClassifierCalculator, which fits gradient boosted trees, too;
    Lopez-Paz and Oquab, Revisiting classifier two-sample tests, 2017.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    both = pd.concat([then, now], ignore_index=True)
    rows = np.column_stack([_numbers(both[name]) for name in both])
    is_now = np.arange(len(both)) >= len(then)
    generator = np.random.default_rng(0)
    fold = np.empty(len(both), np.intp)
    for side in (~is_now, is_now):
        fold[generator.permutation(np.flatnonzero(side))] = np.arange(side.sum()) % FOLDS
    score = np.empty(len(both))
    with threadpool_limits(1):  # on few rows, threads spend most of their time waiting
        for held_out in range(FOLDS):
            learned = fold != held_out
            trees = HistGradientBoostingClassifier(**TREES, random_state=0)
            trees.fit(rows[learned], is_now[learned])
            score[~learned] = trees.predict_proba(rows[~learned])[:, 1]
    return auc(is_now, score)


def auc_limit(floor: float, then: int, now: int) -> float:
    """Return the larger of `floor` and the AUC that chance exceeds in one of 1,000 windows.

    `then` and `now` are numbers of rows. The standard error of independent scores is that of Mann
    and Whitney, Annals of Mathematical Statistics 18, 1947; that of scores by two classifiers was
    up to 1.24 times as large in a simulation.
    """
    error = float(((then + now + 1) / (12 * then * now)) ** 0.5)
    return max(floor, 0.5 + CHANCE * error)


def chosen_columns(
    features: Collection[str], importance: dict[str, float], drifted: Collection[str]
) -> list[str]:
    """Return the columns for the classifier: of many, those that matter most to the model.

    Those that have drifted on their own are left out: they are found already, and would hide what
    has changed between the others.
    """
    others = [name for name in features if name not in drifted]
    most = sorted(others, key=lambda name: -importance.get(name, 0.0))[:MOST_COLUMNS]
    return [name for name in others if name in most]


def _numbers(values: pd.Series) -> Numbers:
    """Return numbers as they are, and categories by their place in the order of frequency."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return np.asarray(values.to_numpy("float64", na_value=np.nan))
    texts = values.dropna().astype(str)
    places = {name: place for place, name in enumerate(texts.value_counts().index)}
    return np.asarray(texts.map(places).reindex(values.index).to_numpy("float64"))
