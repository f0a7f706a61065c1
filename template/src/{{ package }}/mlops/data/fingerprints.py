"""Hashes of rows, to find out which rows are the same."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd


def hashes(frame: pd.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return one hash per row, of its values in `columns`."""
    return np.asarray(pd.util.hash_pandas_object(frame[list(columns)], index=False), np.uint64)


def row_hashes(frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """Return the hashes of whole rows in ascending order, for any order of columns."""
    return np.sort(hashes(frame, sorted(frame.columns)))


def fingerprint(frame: pd.DataFrame) -> str:
    """Return a SHA-256 of the rows, the same for any order of rows and columns."""
    return fingerprint_of(row_hashes(frame))


def fingerprint_of(hashes_of_rows: npt.NDArray[np.uint64]) -> str:
    """Return the fingerprint of rows whose hashes `row_hashes` has returned."""
    return hashlib.sha256(hashes_of_rows.tobytes()).hexdigest()


def hash_texts(texts: pd.Index) -> npt.NDArray[np.uint64]:
    """Return one hash per text."""
    return np.asarray(pd.util.hash_array(texts.to_numpy("object"), categorize=False), np.uint64)
