"""What a monitoring sees of the last scored period: today's rows and their predictions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from . import predictions
from .decision import HEALTHY, INVESTIGATE, Facts, Finding, persists
from .drift import compare
from .errors import Misconfigured, MlopsError
from .profile import Column, Floats, count
from .project import Project
from .registry import Scorer
from .samples import hashes
from .scoring import Batch, pieces
from .store import Store
from .windows import Window, periods

Read = TypeVar("Read")


@dataclass(frozen=True)
class Watch:
    """What one monitoring looks at, and what it has found so far."""

    project: Project
    store: Store
    champion: Scorer  # only its card and its contract are asked
    as_of: pd.Timestamp
    found: list[Finding] = field(default_factory=list)

    @property
    def number(self) -> int:
        """The champion's number."""
        return self.champion.version.number

    @cached_property
    def batches(self) -> dict[pd.Timestamp, Path]:
        """The current batch of each date that is over."""
        current = predictions.current(self.project)
        return {date: path for date, path in current.items() if date <= self.as_of}

    @cached_property
    def history(self) -> list[Facts]:
        """What earlier monitorings left in the journal, the last one of each date, oldest first."""
        entries = (e["details"] for e in self.store.entries if e["command"] == "monitor")
        latest = {details["as_of"]: details for details in entries}
        return [latest[date] for date in sorted(latest) if date < f"{self.as_of:%Y-%m-%d}"]

    def ago(self, count: int, moment: pd.Timestamp) -> pd.Timestamp:
        """Return the moment so many periods earlier."""
        return moment - periods(count, self.project.settings.time.period)

    def window(self, start: pd.Timestamp, end: pd.Timestamp) -> Window | None:
        """Return a window; None where events have no time."""
        return Window(start, end) if self.champion.contract.inputs.one("event_time") else None

    def read(self, reader: Callable[[], Read]) -> Read | None:
        """Return what can be read; a table that is missing or broken is a finding."""
        try:
            return reader()
        except Misconfigured:
            raise
        except MlopsError as error:
            self.found.append((INVESTIGATE, str(error).removesuffix(".")))
            return None


@dataclass
class Counts:
    """The rows of a period, counted piece by piece."""

    columns: dict[str, Floats] = field(default_factory=dict)
    keys: list[np.ndarray] = field(default_factory=list)
    versions: set[int] = field(default_factory=set)
    newest: pd.Timestamp | None = None

    def add(self, profile: dict[str, Column], rows: pd.DataFrame, keys: np.ndarray) -> None:
        """Count the columns of a piece, and keep its keys."""
        self.keys.append(keys)
        for name, column in profile.items():
            self.columns[name] = self.columns.get(name, 0) + count(column, rows[name])

    @property
    def hashes(self) -> pd.Series:
        """The hashes of all keys."""
        return pd.Series(np.concatenate([np.array([], np.uint64), *self.keys]))


def observe(watch: Watch) -> Facts:
    """Return the facts of the last scored period: its columns, rows and freshness."""
    date = max(watch.batches, default=watch.as_of)
    window = watch.window(watch.ago(1, date), date)
    late = date not in watch.batches or date <= watch.ago(1, watch.as_of)
    if late:
        due = "none at all" if date not in watch.batches else f"the newest are of {date:%Y-%m-%d}"
        words = f"no predictions were published for {watch.as_of:%Y-%m-%d}, {due}"
        watch.found.append((INVESTIGATE, f"{words}; run {watch.project.command('score')}"))
    counts = watch.read(partial(_count, watch, window)) or Counts()
    made = watch.read(partial(_made, watch, watch.batches.get(date))) or Counts()
    _know_versions(watch, made.versions, f"the batch of {date:%Y-%m-%d}")
    missing = int((~counts.hashes.isin(made.hashes)).sum())  # faster than numpy's
    return {
        "columns": _columns(watch, counts.columns, made.columns),
        "window": str(window or "all rows"),
        "rows": {"scored": len(made.hashes), "without_prediction": missing},
        "freshness": {"newest_row": counts.newest and f"{counts.newest:%Y-%m-%d}", "late": late},
    }


def _count(watch: Watch, window: Window | None) -> Counts:
    contract, profile = watch.champion.contract, watch.champion.version.card["profile"]["inputs"]
    counts, event_time = Counts(), contract.inputs.one("event_time")
    for rows in pieces(Batch(watch.project, watch.champion, window, {})):
        counts.add(profile, rows, hashes(rows, contract.keys))
        if event_time is not None:
            newest = rows[event_time].max()
            counts.newest = newest if counts.newest is None else max(newest, counts.newest)
    where = f"in {window}" if window else "at all"
    name = watch.project.settings.streamed_table
    MlopsError.when(not counts.keys, f"table {name} holds no rows {where}; nothing to compare.")
    return counts


def _made(watch: Watch, batch: Path | None) -> Counts:
    """Count what was predicted, but only what the champion predicted by column."""
    counts, profile = Counts(), watch.champion.version.card["profile"]["predictions"]
    for rows in predictions.pieces(batch) if batch else ():
        counts.versions.update(map(int, rows["version"].unique()))
        mine, keys = rows[rows["version"] == watch.number], watch.champion.contract.keys
        counts.add(profile if len(mine) else {}, mine, hashes(rows, keys))
    return counts


def _know_versions(watch: Watch, versions: set[int], where: str) -> None:
    for version in sorted(versions - set(watch.store.registry.numbers())):
        words = f"{where} holds predictions of version {version}, which the registry does not know"
        watch.found.append((INVESTIGATE, words))
    if versions and watch.number not in versions:
        made = ", ".join(map(str, sorted(versions)))
        words = f"{where} was made by version {made}, not by the champion, version {watch.number}"
        watch.found.append((HEALTHY, f"{words}: its predictions are not compared"))


def _columns(watch: Watch, inputs: dict[str, Floats], made: dict[str, Floats]) -> list[Facts]:
    card, floor = watch.champion.version.card["profile"], watch.project.settings.monitoring.max_psi
    family = len(inputs) + len(made)
    columns = [
        {"kind": kind, **compare(name, card[side][name], counts, floor, family)}
        for kind, side, found in (("input", "inputs", inputs), ("prediction", "predictions", made))
        for name, counts in found.items()
    ]
    earlier = _windows_before(watch)
    for column in columns:
        before = [column["name"] in drifted for drifted in earlier]
        column["persistent"] = persists([*before, column["drifted"]])
    return columns


def _windows_before(watch: Watch) -> list[list[str]]:
    """Return what had drifted in the two windows before, which do not overlap this one."""
    windows: list[list[str]] = []
    latest = watch.as_of
    for details in reversed(watch.history):
        date = pd.Timestamp(details["as_of"])
        if details["version"] == watch.number and date <= watch.ago(1, latest) and len(windows) < 2:
            windows.insert(0, details["drifted"])
            latest = date
    return windows
