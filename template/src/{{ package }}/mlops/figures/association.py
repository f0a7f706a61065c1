"""Groups of columns that carry much of the same information, such as copies with a little noise."""

import numpy as np
import numpy.typing as npt
import pandas as pd

ALIKE = 0.8  # the association above which two columns are permuted together
MOST_ROWS = 1_000  # of a sample; the error of a correlation of 0.8 is about 0.01 then
FEWEST_ROWS = 50  # with fewer, chance alone associates columns
MOST_CATEGORIES = 10  # of a column; further ones count as one

Floats = npt.NDArray[np.float64]


def alike_columns(rows: pd.DataFrame, features: list[str]) -> list[list[str]]:
    """Return the features in groups, in their order; most groups have one feature.

    Two features are in one group if their association exceeds ALIKE, or if others connect them.
    The association of two numbers is the size of Spearman's rank correlation, that of two
    categories is Cramér's V, and that of a number and a category the correlation ratio of the
    number's ranks. It is measured on a sample, by one product of matrices for all pairs.
    """
    from scipy.sparse.csgraph import connected_components

    if len(rows) < FEWEST_ROWS or len(features) < 2:
        return [[name] for name in features]
    if len(rows) > MOST_ROWS:
        rows = rows.sample(MOST_ROWS, random_state=0)
    _, labels = connected_components(associations(rows, features) > ALIKE, directed=False)
    groups: dict[int, list[str]] = {}
    for label, name in zip(labels.tolist(), features, strict=True):
        groups.setdefault(label, []).append(name)
    return list(groups.values())


def associations(rows: pd.DataFrame, features: list[str]) -> Floats:
    """Return the association of each pair of features, 0 to 1."""
    # With standardized ranks and categories scaled by the root of their size, the squares of
    # products add up to the squared correlation, to the correlation ratio, or to 1 + phi squared.
    parts = [_indicators(rows[name]) for name in features]
    sizes = np.array([part.shape[1] for part in parts])
    is_category = np.array([_is_category(rows[name]) for name in features])
    stacked = np.concatenate(parts, axis=1)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    squares = (stacked.T @ stacked) ** 2
    sums = np.add.reduceat(np.add.reduceat(squares, starts, axis=0), starts, axis=1)
    both = np.logical_and.outer(is_category, is_category)
    freedom = np.maximum(np.minimum.outer(sizes, sizes) - 1, 1)
    return np.asarray(np.sqrt(np.clip(np.where(both, (sums - 1) / freedom, sums), 0, 1)))


def _is_category(values: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)


def _indicators(values: pd.Series) -> Floats:
    """Return the ranks of numbers as one column of length 1, or a column for each category."""
    if not _is_category(values):
        ranks = pd.Series(values.to_numpy("float64", na_value=np.nan)).rank()
        centred = (ranks - ranks.mean()).fillna(0.0).to_numpy()
        length = np.sqrt(centred @ centred)
        return np.asarray(centred / (length or 1.0))[:, None]
    codes = pd.factorize(values.astype("object"))[0]  # the missing are -1
    found, counts = np.unique(codes, return_counts=True)
    kept = found[np.argsort(-counts, kind="stable")[: MOST_CATEGORIES - 1]]
    columns = codes[:, None] == kept
    columns = np.column_stack([columns, ~columns.any(axis=1)]).astype("float64")
    columns = columns[:, columns.any(axis=0)]
    return np.asarray(columns / np.sqrt(columns.sum(axis=0)))
