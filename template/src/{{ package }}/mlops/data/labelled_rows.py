"""Rows with their labels: read, cleaned, joined, matured, and cut into train and gate."""

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from ..base.errors import MlopsError, user_errors
from ..base.project import Project
from ..base.settings import Time
from ..base.windows import Window, plan
from .contract import Contract, refuse_duplicates
from .fingerprints import fingerprint, hashes
from .tables import Tables


@dataclass(frozen=True)
class LabelledRows:
    """Labelled rows of one window."""

    raw: pd.DataFrame  # as data.inputs gave them, so that another version can clean them itself
    frame: pd.DataFrame  # cleaned inputs and the target
    everyone: pd.DataFrame  # cleaned inputs of all rows of the window, labelled or not
    window: str

    @property
    def coverage(self) -> float:
        """The share of matured rows whose label has come."""
        return len(self.frame) / len(self.everyone)


@dataclass(frozen=True)
class Source:
    """Where labelled rows come from: the user's module `data`, read as of a date."""

    project: Project
    data: Any
    contract: Contract
    as_of: pd.Timestamp
    time: Time


def read_part(source: Source, side: Literal["train", "gate"]) -> LabelledRows:
    """Read the rows that a model learns from, or those that it is judged on.

    Raises MlopsError for no rows, no matured labels, doubled keys and whatever breaks the schema.
    """
    time, inputs, windows = source.time, source.contract.inputs, plan(source.as_of, source.time)
    if time.split == "time":
        inputs.need("event_time", "time.split: time")
        window = windows.train if side == "train" else windows.gate
        return _read(source, window, f"{side} window {window}")
    keys = source.contract.keys
    columns = [inputs.need("group", "time.split: group")] if time.split == "group" else keys
    whole = Window(windows.train.start, windows.gate.end) if inputs.one("event_time") else None
    sample = _read(source, whole, f"window {whole}" if whole else "table")
    part = time.gate / (time.train + time.gate)
    mine = (hashes(sample.everyone, columns) < 2.0**64 * part) == (side == "gate")
    everyone = sample.everyone[mine]
    frame = sample.frame[sample.frame.index.isin(everyone.index)]
    remedy = "give more rows or other shares"
    MlopsError.when(frame.empty, f"{side} rows: the split leaves none; {remedy}.")
    name = f"{side} rows {fingerprint(frame)[:12]}"  # the same rows are the same window
    return LabelledRows(sample.raw.loc[frame.index], frame, everyone, name)


def in_window(frame: pd.DataFrame, contract: Contract, window: Window | None) -> pd.DataFrame:
    """Return the rows whose event lies in the window, whatever the table was cut by."""
    event_time = contract.inputs.one("event_time")
    return frame[window.contains(frame[event_time])] if window and event_time else frame


def count_events(contract: Contract, truth: pd.Series) -> int:
    """Return the number of rows of the rarest class, of all rows for a regression."""
    if contract.problem == "regression":
        return len(truth)
    counts = truth.value_counts()
    return 0 if contract.problem == "binary" and len(counts) < 2 else int(counts.min())


def read_labels(source: Source, window: Window | None, where: str) -> pd.DataFrame:
    """Return the target of each key whose label is known at the source's date."""
    contract, tables = source.contract, Tables(source.project, source.contract.text)
    with user_errors("data.labels"):
        found = source.data.labels(tables, window)
    labels = contract.labels.clean(found, where)
    refuse_duplicates(labels, contract.keys, where)
    label_time = contract.labels.one("label_time")
    if label_time is not None:
        labels = labels[labels[label_time] <= source.as_of]
    return labels[[*contract.keys, contract.target]].dropna().set_index(contract.keys)


def _read(source: Source, window: Window | None, where: str) -> LabelledRows:
    """Read the rows of `window` whose labels are known at `as_of`."""
    contract, tables = source.contract, Tables(source.project, source.contract.text)
    with user_errors("data.inputs"):
        raw = source.data.inputs(tables, window).reset_index(drop=True)
    MlopsError.when(raw.empty, f"{where}: the tables hold no rows; check tables and time in conf.")
    inputs = in_window(contract.inputs.clean(raw, where), contract, window)
    MlopsError.when(inputs.empty, f"{where}: no row has its event in there; check data.inputs.")
    refuse_duplicates(inputs, contract.keys, where)
    known = read_labels(source, window, f"labels of the {where}")
    joined = inputs.join(known, on=contract.keys, how="inner").sort_index()
    words = f"no label has matured at {source.as_of:%Y-%m-%d}"
    remedy = "move --as-of on, or check time.label_horizon and data.labels"
    MlopsError.when(joined.empty, f"{where}: {words}; {remedy}.")
    return LabelledRows(raw.loc[joined.index], joined, inputs, str(window or "all rows"))
