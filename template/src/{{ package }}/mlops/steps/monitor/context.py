"""The context of one run of `monitor`: the champion, its predictions, and earlier runs."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd

from ...base.errors import Misconfigured, MlopsError, Unreachable
from ...base.project import Project
from ...base.windows import Window, periods
from ...figures.decision import HEALTHY, INVESTIGATE, Decay, Finding
from ...records import predictions
from ...records.card import VersionCard
from ...records.details import MonitorDetails, PromoteDetails
from ...records.entry import with_details
from ...records.monitoring import MonitoringSummary
from ...records.registry import Version
from ...records.store import Store

Read = TypeVar("Read")


@dataclass(frozen=True)
class MonitoringContext:
    """The champion that is monitored, and what is known about it at the reference date."""

    project: Project
    """The project in one environment."""
    store: Store
    """The registry and the journal of that environment."""
    champion: Version
    """The champion's files; card and contract are enough, so its model is not loaded."""
    as_of: pd.Timestamp
    """The reference date."""

    @property
    def number(self) -> int:
        """The champion's number."""
        return self.champion.number

    @property
    def card(self) -> VersionCard:
        """The champion's card."""
        return self.champion.card

    @property
    def keys(self) -> list[str]:
        """The columns that identify a row."""
        return self.champion.contract.keys

    @cached_property
    def batches(self) -> dict[pd.Timestamp, list[Path]]:
        """The parts of the current batch of each date up to `as_of` that the journal knows.

        If a period has no batch, the predictions of `serve` in that period take its place.
        """
        time = self.project.settings.time
        current = predictions.current_batches(self.project, self.store.entries)
        batches = {
            date: [folder / predictions.PART]
            for date, folder in current.items()
            if date <= self.as_of
        }
        for back in range(time.label_horizon + time.gate + 1):
            start = self.ago(back + 1, self.as_of)
            end = self.ago(back, self.as_of)
            if any(start < date <= end for date in batches):
                continue
            if parts := predictions.online_parts(self.project, start, end):
                batches[end] = parts
        return batches

    def is_online(self, date: pd.Timestamp) -> bool:
        """Return whether the predictions of a date were made by `serve`."""
        return any(part.parts[-3] == predictions.ONLINE for part in self.batches.get(date, ()))

    @cached_property
    def began(self) -> pd.Timestamp | None:
        """The first date that the champion scored, or on which it can have answered requests."""
        batches = predictions.published(self.store.entries)
        dates = [batch.date for batch in batches if batch.version == self.number]
        if any(map(self.is_online, self.batches)):
            dates += [
                entry.time[:10]
                for entry, _ in with_details(self.store.entries, PromoteDetails)
                if entry.subject == str(self.number)
            ]
        return pd.Timestamp(min(dates)) if dates else None

    @cached_property
    def history(self) -> list[MonitoringSummary]:
        """The summaries of earlier dates, the last one of each date, oldest first."""
        monitored = with_details(self.store.entries, MonitorDetails)
        latest = {details.as_of: details.summary() for _, details in monitored}
        return [latest[date] for date in sorted(latest) if date < self.as_of.date()]

    def drifted_before(self) -> list[tuple[str, ...]]:
        """Return what drifted in the two windows before the last one, none of which overlap."""
        windows: list[tuple[str, ...]] = []
        latest = max(self.batches, default=self.as_of)
        for earlier in reversed(self.history):
            date = pd.Timestamp(earlier.as_of)
            if earlier.version == self.number and date <= self.ago(1, latest) and len(windows) < 2:
                windows.insert(0, earlier.drifted)
                latest = date
        return windows

    def decays_of_others(self) -> list[Decay]:
        """Return the decays of other champions that earlier runs found, oldest first."""
        return [
            Decay(earlier.as_of, earlier.version, metric, reference)
            for earlier in self.history
            if earlier.version != self.number
            for metric, reference in earlier.decayed.items()
        ]

    def learned_from(self) -> datetime.date | None:
        """Return the start of the champion's training window, or None if it has no dates."""
        start, _, _ = self.card.windows.train.partition("..")
        try:
            return datetime.date.fromisoformat(start)
        except ValueError:  # a split by groups or at random, or no event times
            return None

    def check_versions(self, versions: Iterable[int], where: str) -> list[Finding]:
        """Return findings if there are predictions of unknown versions, or none of the champion."""
        made_by = sorted(set(versions))
        known = self.store.registry.numbers()
        findings = [
            Finding(
                INVESTIGATE,
                f"{where} holds predictions of version {version}, which the registry does not know",
            )
            for version in made_by
            if version not in known
        ]
        if made_by and self.number not in made_by:
            noun = "version" if len(made_by) == 1 else "versions"
            numbers = ", ".join(map(str, made_by))
            findings.append(
                Finding(
                    HEALTHY,
                    f"{where} was made by {noun} {numbers}, not by the champion, "
                    f"version {self.number}: its predictions are not compared",
                )
            )
        return findings

    def ago(self, count: int, moment: pd.Timestamp) -> pd.Timestamp:
        """Return the time `count` periods earlier."""
        return moment - periods(count, self.project.settings.time.period)

    def window(self, start: pd.Timestamp, end: pd.Timestamp) -> Window | None:
        """Return a window, or None if rows have no event time."""
        return Window(start, end) if self.champion.contract.inputs.one("event_time") else None


def try_to_read(reader: Callable[[], Read]) -> tuple[Read | None, list[Finding]]:
    """Return what is read, or a finding if a table is missing or broken.

    Raises Misconfigured and Unreachable: they say nothing about the champion.
    """
    try:
        return reader(), []
    except (Misconfigured, Unreachable):
        raise
    except MlopsError as error:
        return None, [Finding(INVESTIGATE, str(error).removesuffix("."))]
