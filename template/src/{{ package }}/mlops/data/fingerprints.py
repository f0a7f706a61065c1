"""Hashes of rows: which rows are the same, whatever their order."""

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd


def hashes(frame: pd.DataFrame, columns: list[str]) -> npt.NDArray[np.uint64]:
    """Return one hash for each row's values in `columns`."""
    return np.asarray(pd.util.hash_pandas_object(frame[columns], index=False), np.uint64)


def row_hashes(frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """Return the hash of each whole row, in order of the hashes."""
    return np.sort(hashes(frame, sorted(frame.columns)))


def fingerprint(frame: pd.DataFrame) -> str:
    """Return a SHA-256 of the rows that does not depend on their order."""
    return hashlib.sha256(row_hashes(frame).tobytes()).hexdigest()
