"""What the gate's checks examine."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from ...base.project import user_module
from ...base.settings import Settings
from ...data.contract import Contract
from ...data.labelled_rows import LabelledRows
from ...figures.metrics import Metrics
from ...records.card import VersionCard
from ...records.entry import Entry
from ...records.evidence import Check, CheckVerdict
from ...records.registry import LoadedVersion


@dataclass(frozen=True)
class Case:
    """A version that loads, the rows of its gate window, and the champion if there is another."""

    settings: Settings
    entries: list[Entry]
    sample: LabelledRows
    challenger: LoadedVersion
    champion: LoadedVersion | None
    is_champion: bool  # the version is the champion itself
    champion_error: str  # why the champion does not load; empty where it does, or is not there

    @cached_property
    def metrics(self) -> Metrics:
        """The figures of today's project, the same for both versions."""
        return Metrics(self.settings, user_module("model"))

    @property
    def contract(self) -> Contract:
        """The contract of the version's own schema."""
        return self.challenger.contract

    @property
    def card(self) -> VersionCard:
        """The version's card."""
        return self.challenger.version.card

    @property
    def truth(self) -> pd.Series:
        """The target of the fresh rows."""
        return self.sample.frame[self.contract.target]

    @cached_property
    def prediction(self) -> pd.DataFrame:
        """The version's prediction of the fresh rows."""
        return self.challenger.predict(self.sample.frame)


def passed_if(condition: object) -> CheckVerdict:
    """Return the verdict of a check that can only pass or reject."""
    return "passed" if condition else "rejected"


def check(
    name: str, verdict: CheckVerdict, figure: str = "", limit: str = "", reason: str = ""
) -> Check:
    """Return a check: a shorter way to write it."""
    return Check(name=name, verdict=verdict, figure=figure, limit=limit, reason=reason)
