"""One monitoring: the champion that it watches, what that predicted, and what was found so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd

from ...base.errors import Misconfigured, MlopsError, Unreachable
from ...base.project import Project
from ...base.windows import Window, periods
from ...figures.decision import HEALTHY, INVESTIGATE, Finding
from ...records import predictions
from ...records.details import MonitorDetails, PromoteDetails
from ...records.entry import with_details
from ...records.registry import LoadedVersion
from ...records.store import Store

Read = TypeVar("Read")


@dataclass(frozen=True)
class Watch:
    """What one monitoring looks at, and what it has found so far."""

    project: Project
    store: Store
    champion: LoadedVersion  # only its card and its contract are asked
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
        current, time = predictions.current_batches(self.project), self.project.settings.time
        over = {date: path for date, path in current.items() if date <= self.as_of}
        found = {date: [path / predictions.PART] for date, path in over.items()}
        for back in range(time.label_horizon + time.gate + 1):
            start, end = self.ago(back + 1, self.as_of), self.ago(back, self.as_of)
            if any(start < date <= end for date in found):
                continue
            if parts := predictions.online_parts(self.project, start, end):
                found[end] = parts
        return found

    def online(self, date: pd.Timestamp) -> bool:
        """Tell whether the predictions of a date were answers."""
        return any(part.parts[-3] == predictions.ONLINE for part in self.batches.get(date, ()))

    @cached_property
    def began(self) -> pd.Timestamp | None:
        """The first date that the champion scored, or from which on it can have answered."""
        batches = predictions.published(self.store.entries)
        dates = [batch.date for batch in batches if batch.version == self.number]
        if any(map(self.online, self.batches)):
            promoted = with_details(self.store.entries, PromoteDetails)
            dates += [e.time[:10] for e, _ in promoted if e.subject == str(self.number)]
        return pd.Timestamp(min(dates)) if dates else None

    @cached_property
    def history(self) -> list[MonitorDetails]:
        """What earlier monitorings left in the journal, the last one of each date, oldest first."""
        monitored = with_details(self.store.entries, MonitorDetails)
        latest = {details.as_of: details for _, details in monitored}
        return [latest[date] for date in sorted(latest) if date < f"{self.as_of:%Y-%m-%d}"]

    def windows_before(self) -> list[list[str]]:
        """Return what had drifted in the two windows before, which do not overlap the last one."""
        windows: list[list[str]] = []
        latest = max(self.batches, default=self.as_of)
        for details in reversed(self.history):
            date, mine = pd.Timestamp(details.as_of), details.version == self.number
            if mine and date <= self.ago(1, latest) and len(windows) < 2:
                windows.insert(0, list(details.drifted))
                latest = date
        return windows

    def know_versions(self, versions: set[int], where: str) -> None:
        """Say which versions the registry does not know, and whether the champion is none."""
        for version in sorted(versions - set(self.store.registry.numbers())):
            words = f"{where} holds predictions of version {version}"
            self.found.append((INVESTIGATE, f"{words}, which the registry does not know"))
        if versions and self.number not in versions:
            made = ", ".join(map(str, sorted(versions)))
            words = (
                f"{where} was made by version {made}, not by the champion, version {self.number}"
            )
            self.found.append((HEALTHY, f"{words}: its predictions are not compared"))

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
