"""What a monitoring sees of the last scored period: today's rows and their predictions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from . import predictions
from .decision import HEALTHY, INVESTIGATE, Facts, Finding, persists
from .drift import compare
from .errors import Misconfigured, MlopsError, Unreachable
from .profile import Floats, count
from .project import Project
from .registry import Scorer
from .samples import hashes
from .scoring import Batch, each
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
        except (Misconfigured, Unreachable):
            raise
        except MlopsError as error:
            self.found.append((INVESTIGATE, str(error).removesuffix(".")))
            return None


@dataclass
class Counts:
    """What is kept of rows: counts, and 8 bytes a row."""

    columns: dict[str, Floats]
    keys: np.ndarray
    newest: pd.Timestamp | None = None
    versions: set[int] = field(default_factory=set)


def observe(watch: Watch) -> Facts:
    """Return the facts of the last scored period: its columns, rows and freshness."""
    date = max(watch.batches, default=watch.as_of)
    window = watch.window(watch.ago(1, date), date)
    late = date not in watch.batches or date <= watch.ago(1, watch.as_of)
    if late:
        due = "none at all" if date not in watch.batches else f"the newest are of {date:%Y-%m-%d}"
        words = f"no predictions were published for {watch.as_of:%Y-%m-%d}, {due}"
        watch.found.append((INVESTIGATE, f"{words}; run {watch.project.command('score')}"))
    counts = watch.read(partial(_count, watch, window)) or _merged([])
    made = watch.read(partial(_made, watch, watch.batches.get(date))) or _merged([])
    _know_versions(watch, made.versions, f"the batch of {date:%Y-%m-%d}")
    missing = int((~pd.Series(counts.keys).isin(made.keys)).sum())  # faster than numpy's
    return {
        "columns": _columns(watch, counts.columns, made.columns),
        "window": str(window or "all rows"),
        "rows": {"scored": len(made.keys), "without_prediction": missing},
        "freshness": {"newest_row": counts.newest and f"{counts.newest:%Y-%m-%d}", "late": late},
    }


def _count(watch: Watch, window: Window | None) -> Counts:
    return _merged(list(each(Batch(watch.project, watch.champion, window, {}), _count_piece)))


def _count_piece(champion: Scorer, rows: pd.DataFrame) -> Counts:
    contract, reference = champion.contract, champion.version.card["profile"]["inputs"]
    columns = {name: count(column, rows[name]) for name, column in reference.items()}
    event_time = contract.inputs.one("event_time")
    newest = rows[event_time].max() if event_time else None
    return Counts(columns, hashes(rows, contract.keys), newest)


def _made(watch: Watch, batch: Path | None) -> Counts:
    """Count what was predicted, but only what the champion predicted by column."""
    profile, parts = watch.champion.version.card["profile"]["predictions"], []
    for rows in predictions.pieces(batch) if batch else ():
        mine, keys = rows[rows["version"] == watch.number], watch.champion.contract.keys
        columns = {name: count(c, mine[name]) for name, c in profile.items() if len(mine)}
        versions = set(map(int, rows["version"].unique()))
        parts.append(Counts(columns, hashes(rows, keys), None, versions))
    return _merged(parts)


def _merged(parts: list[Counts]) -> Counts:
    names = dict.fromkeys(name for part in parts for name in part.columns)
    columns: dict[str, Any] = {n: sum(p.columns.get(n, 0.0) for p in parts) for n in names}
    keys = np.concatenate([np.zeros(0, "uint64"), *(part.keys for part in parts)])
    newest = max((part.newest for part in parts if part.newest is not None), default=None)
    return Counts(columns, keys, newest, set().union(*(part.versions for part in parts)))


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
        before = [f"{column['kind']} {column['name']}" in drifted for drifted in earlier]
        column["persistent"] = persists([*before, column["drifted"]])
    return columns


def _windows_before(watch: Watch) -> list[list[str]]:
    """Return what had drifted in the two windows before, which do not overlap this one."""
    windows: list[list[str]] = []
    latest = max(watch.batches, default=watch.as_of)
    for details in reversed(watch.history):
        date = pd.Timestamp(details["as_of"])
        if details["version"] == watch.number and date <= watch.ago(1, latest) and len(windows) < 2:
            windows.insert(0, details["drifted"])
            latest = date
    return windows
