"""The input of the gate's checks."""

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
    """The settings of the environment that judges."""
    entries: list[Entry]
    """The journal's entries, oldest first."""
    sample: LabelledRows
    """The rows of the version's gate window."""
    challenger: LoadedVersion
    """The version that is judged."""
    champion: LoadedVersion | None
    """The champion; None if there is none, if it does not load, or if it is judged itself."""
    is_champion: bool
    """Whether the version that is judged is the champion itself."""
    champion_error: str
    """Why the champion does not load; empty if it loads, or if there is none."""

    @cached_property
    def metrics(self) -> Metrics:
        """The metrics of today's project, used for both versions."""
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
        """The target of the sample."""
        return self.sample.frame[self.contract.target]

    @property
    def clusters(self) -> pd.Series | None:
        """The group of each row, such as its customer; None if schema.py names no group."""
        group = self.contract.inputs.one("group")
        return self.sample.frame[group] if group else None

    @cached_property
    def prediction(self) -> pd.DataFrame:
        """The version's prediction of the sample."""
        return self.challenger.predict(self.sample.frame)


def passed_if(condition: object) -> CheckVerdict:
    """Return the verdict of a check that can only pass or reject."""
    return "passed" if condition else "rejected"


def check(  # noqa: PLR0913 - the fields of a check
    name: str,
    verdict: CheckVerdict,
    figure: str = "",
    limit: str = "",
    reason: str = "",
    *,
    setting: str = "",
) -> Check:
    """Return a check; a shorter way to write one."""
    return Check(
        name=name, verdict=verdict, figure=figure, limit=limit, reason=reason, setting=setting
    )
