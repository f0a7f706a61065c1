"""How well a single column predicts the target: one that does so alone may give it away.

It is measured with a small decision tree on rows that the tree has not seen, so that it finds any
shape, and an identifier gets nothing.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ...base.settings import Problem

ROWS = 5_000  # enough for a figure of two digits, and quick
FOLDS = 2
LEAF = 5  # rows
SEED = 7

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]


def choose_rows(target: pd.Series, problem: Problem) -> npt.NDArray[np.intp]:
    """Return the positions of some rows with a target, up to half of them of the rarer classes."""
    known = np.flatnonzero(target.notna())
    order = np.random.default_rng(SEED).permutation(known)
    if problem == "regression" or len(order) <= ROWS:
        return np.sort(order[:ROWS])
    codes = pd.factorize(target)[0][order]
    share = ROWS // len(np.unique(codes))
    chosen = [order[codes == code][:share] for code in np.unique(codes)]
    return np.sort(np.concatenate(chosen))


def separation(values: pd.Series, target: pd.Series, problem: Problem) -> float:
    """Return how well a column alone predicts the target, from 0, guessing, to 1, without error.

    It is Gini for two classes, the share of the errors of guessing that are avoided for several,
    and the share of the variance that is explained for a number.
    """
    inputs = _as_numbers(values).reshape(-1, 1)
    truth = target.to_numpy("float64") if problem == "regression" else pd.factorize(target)[0]
    if problem == "regression":
        splits = KFold(FOLDS, shuffle=True, random_state=SEED).split(inputs)
    elif np.bincount(truth).min() < FOLDS:
        return 0.0
    else:
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
        splits = folds.split(inputs, truth)
    figures = [_figure(inputs, truth, train, test, problem) for train, test in splits]
    return float(np.clip(np.mean(figures), 0, 1))


def _figure(
    inputs: Floats, truth: npt.NDArray[Any], train: Positions, test: Positions, problem: Problem
) -> float:
    """Fit on some rows, and return the figure of `separation` on others."""
    if problem == "regression":
        line = DecisionTreeRegressor(min_samples_leaf=LEAF, random_state=SEED)
        line.fit(inputs[train], truth[train])
        return float(r2_score(truth[test], line.predict(inputs[test])))
    tree = DecisionTreeClassifier(min_samples_leaf=LEAF, random_state=SEED)
    tree.fit(inputs[train], truth[train])
    if problem == "binary":
        return 2 * float(roc_auc_score(truth[test], tree.predict_proba(inputs[test])[:, 1])) - 1
    guess = np.bincount(truth[test]).max() / len(test)
    accuracy = float(accuracy_score(truth[test], tree.predict(inputs[test])))
    return float((accuracy - guess) / (1 - guess))


def _as_numbers(values: pd.Series) -> Floats:
    """Return a column as numbers: times as seconds, text as codes; missing values stay missing."""
    if values.dtype.kind == "M":
        values = (values - pd.Timestamp(0)).dt.total_seconds()
    if values.dtype.kind not in "iufb":
        codes = pd.Series(pd.factorize(values, sort=True)[0])
        values = codes.mask(codes < 0)
    return values.to_numpy("float64", na_value=np.nan)
