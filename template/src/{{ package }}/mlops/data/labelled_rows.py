"""Rows with their labels: read, cleaned, joined, matured, and split into train and gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base.errors import MlopsError, user_function
from ..base.project import Project
from ..base.settings import Time
from ..base.windows import Window, describe_history, describe_late_start, plan
from .contract import Contract, refuse_duplicates
from .fingerprints import fingerprint, fingerprint_of, hashes, row_hashes
from .tables import Tables
from .window_rows import WindowRows

SplitName = Literal["train", "gate"]


@dataclass(frozen=True)
class LabelledRows:
    """The labelled rows of a split; all three frames have one index."""

    raw: pd.DataFrame
    """The labelled rows as `data.inputs` returned them: another version cleans them itself."""
    frame: pd.DataFrame
    """Cleaned inputs and the target of the labelled rows."""
    all_inputs: pd.DataFrame
    """Cleaned inputs of all rows of the split, labelled or not."""
    window: str
    """What the rows are called in records, in the form of `VersionCard.windows`."""
    undated: Mapping[str, int] = field(default_factory=dict)
    """How many rows were left out because their time is missing, by table or class and column:
    `{"applications.applied_on": 14, "Labels.known_on": 2}`."""

    @cached_property
    def row_hashes(self) -> npt.NDArray[np.uint64]:
        """The hashes of the rows of `frame`, in ascending order."""
        return row_hashes(self.frame)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the rows of `frame`."""
        return fingerprint_of(self.row_hashes)

    @property
    def coverage(self) -> float:
        """The share of rows that have a label, from 0 to 1."""
        return len(self.frame) / len(self.all_inputs)


@dataclass(frozen=True)
class KnownLabels:
    """The labels that are known at a reference date."""

    target: pd.DataFrame
    """The target of each key, indexed by the keys."""
    undated: Mapping[str, int]
    """How many labels were left out because their time is missing, as in `LabelledRows`."""


@dataclass(frozen=True)
class PointInTimeData:
    """The user's module `data`, read with what was known at `as_of`."""

    project: Project
    """The project whose tables are read."""
    data: ModuleType
    """The module `data`, of the project or of a snapshot."""
    contract: Contract
    """The schema that cleans the rows."""
    as_of: pd.Timestamp
    """The reference date; later labels are not used."""
    time: Time
    """The time settings that give the windows."""

    def open_tables(self) -> Tables:
        """Return the tables that a function of the module reads."""
        contract = self.contract
        return Tables(self.project, contract.text, nullable_times=contract.nullable_times)


def read_split(source: PointInTimeData, split: SplitName) -> LabelledRows:
    """Return the rows that a model learns from, or those that it is judged on.

    Raises MlopsError for no rows, no matured labels, repeated keys, and rows that break the schema.
    """
    if source.time.split == "time":
        return _read_window_split(source, split)
    return _read_hashed_split(source, split)


def in_window(
    frame: pd.DataFrame, contract: Contract, window: Window | None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows whose event is in the window; their table may be selected by another time.

    The second value is how many rows have no event time, which schema.py must allow, as in
    `LabelledRows.undated`.
    """
    event_time = contract.inputs.one("event_time")
    if window is None or event_time is None:
        return frame, {}
    counted = WindowRows(window)
    rows = counted.select(frame, frame[event_time])
    counted.check()
    return rows, {f"Inputs.{event_time}": counted.undated} if counted.undated else {}


def count_events(contract: Contract, truth: pd.Series) -> int:
    """Return the number of rows of the rarest class, or of all rows for a regression."""
    if contract.problem == "regression":
        return len(truth)
    counts = truth.value_counts()
    if counts.empty or (contract.problem == "binary" and len(counts) < 2):
        return 0
    return int(counts.min())


def read_labels(source: PointInTimeData, window: Window | None, where: str) -> KnownLabels:
    """Return the target of each key whose label is known at `as_of`."""
    contract = source.contract
    tables = source.open_tables()
    with user_function("data.labels", contract.columns):
        returned = source.data.labels(tables, window)
    labels = contract.labels.clean(returned.reset_index(drop=True), where, tables.explain)
    refuse_duplicates(labels, contract.keys, where)
    undated = dict(tables.undated)
    label_time = contract.labels.one("label_time")
    if label_time is not None:
        without_time = labels[label_time].isna() & labels[contract.target].notna()
        if without_time.any():
            undated[f"Labels.{label_time}"] = int(without_time.sum())
        labels = labels[labels[label_time] <= source.as_of]
    target = labels[[*contract.keys, contract.target]].dropna().set_index(contract.keys)
    return KnownLabels(target, undated)


def describe_short_history(source: PointInTimeData, rows: LabelledRows) -> list[str]:
    """Return a sentence if the rows begin long after the training window does."""
    event_time = source.contract.inputs.one("event_time")
    if event_time is None:
        return []
    first = rows.all_inputs[event_time].min()
    sentence = describe_late_start(first, source.as_of, source.time)
    return [sentence] if sentence else []


def _read_window_split(source: PointInTimeData, split: SplitName) -> LabelledRows:
    source.contract.inputs.need("event_time", "the setting `time.split: time`")
    windows = plan(source.as_of, source.time)
    window = windows.train if split == "train" else windows.gate
    name = "training" if split == "train" else "gate"
    return _read(source, window, f"{name} window {window}")


def _read_hashed_split(source: PointInTimeData, split: SplitName) -> LabelledRows:
    """Split by a hash of the key or of the group, so that a row is always on the same side."""
    time = source.time
    inputs = source.contract.inputs
    if time.split == "group":
        columns = [inputs.need("group", "the setting `time.split: group`")]
    else:
        columns = source.contract.keys
    window = None
    if inputs.one("event_time"):
        windows = plan(source.as_of, time)
        window = Window(windows.train.start, windows.gate.end)
    rows = _read(source, window, f"window {window}" if window else "table")
    gate_share = time.gate / (time.train + time.gate)
    in_gate = hashes(rows.all_inputs, columns) < 2.0**64 * gate_share
    all_inputs = rows.all_inputs[in_gate == (split == "gate")]
    frame = rows.frame[rows.frame.index.isin(all_inputs.index)]
    if frame.empty:
        raise MlopsError(
            f"the setting `time.split: {time.split}` leaves no {split} rows with a known label; "
            f"provide more {'groups' if time.split == 'group' else 'rows'}, or change the ratio of "
            "time.train to time.gate."
        )
    name = f"{split} rows {fingerprint(frame)[:12]}"  # the same rows get the same name
    return LabelledRows(rows.raw.loc[frame.index], frame, all_inputs, name, rows.undated)


def _needed(source: PointInTimeData, window: Window | None) -> str:
    """Return since when rows are needed, for the end of a message."""
    return "" if window is None else f": {describe_history(source.as_of, source.time)}"


def _read(source: PointInTimeData, window: Window | None, where: str) -> LabelledRows:
    """Read the rows of a window, and the labels that are known at `as_of`."""
    contract = source.contract
    tables = source.open_tables()
    with user_function("data.inputs", contract.columns):
        returned = source.data.inputs(tables, window)
    raw = returned.reset_index(drop=True)
    if raw.empty:
        raise MlopsError(
            f"{where}: data.inputs returned no rows; check this function, `tables` in conf/, and "
            f"the reference date{_needed(source, window)}."
        )
    cleaned = contract.inputs.clean(raw, where, tables.explain)
    inputs, without_time = in_window(cleaned, contract, window)
    if inputs.empty:
        raise MlopsError(
            f"{where}: data.inputs returned no row whose event is in this window; check its "
            f"filters, the dates of the table, and the reference date{_needed(source, window)}."
        )
    refuse_duplicates(inputs, contract.keys, where)
    labels = read_labels(source, window, f"labels of the {where}")
    labelled = inputs.join(labels.target, on=contract.keys, how="inner").sort_index()
    if labelled.empty:
        raise MlopsError(
            f"{where}: no row has a label that is known as of {source.as_of:%Y-%m-%d}; use a later "
            "reference date, or check the setting time.label_horizon, and whether labels in "
            "data.py returns the same keys as inputs."
        )
    undated = tables.undated | without_time | dict(labels.undated)
    name = str(window or "all rows")
    return LabelledRows(raw.loc[labelled.index], labelled, inputs, name, undated)
