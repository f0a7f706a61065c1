"""One monitoring: the champion that it watches, what that predicted, and what was found so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd

from . import predictions
from .decision import INVESTIGATE, Facts, Finding
from .errors import Misconfigured, MlopsError, Unreachable
from .project import Project
from .registry import Scorer
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
    def batches(self) -> dict[pd.Timestamp, list[Path]]:
        """The parts of the current batch of each date that is over.

        What `serve` answered in a period stands in for its batch where there is none.
        """
        current, time = predictions.current(self.project), self.project.settings.time
        found = {date: [path / predictions.PART] for date, path in current.items()}
        found = {date: parts for date, parts in found.items() if date <= self.as_of}
        for back in range(time.label_horizon + time.gate + 1):
            start, end = self.ago(back + 1, self.as_of), self.ago(back, self.as_of)
            if any(start < date <= end for date in found):
                continue
            if parts := predictions.answered(self.project, start, end):
                found[end] = parts
        return found

    def online(self, date: pd.Timestamp) -> bool:
        """Tell whether the predictions of a date were answers."""
        return self.batches.get(date, [Path()])[0].parent.parent.name == predictions.ONLINE

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
