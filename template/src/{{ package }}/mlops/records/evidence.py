"""The evidence of a verdict: each check of the gate, and what the verdict rests on."""

import hashlib
import json
from collections.abc import Mapping
from typing import ClassVar, Literal

from ..base.record import Lift, Record, StoredRecord
from ..figures.diagnostics import Diagnostics, ErrorCosts
from .lineage import BuildFacts

CheckVerdict = Literal["passed", "rejected", "insufficient", "noted"]
Verdict = Literal["passed", "rejected", "insufficient"]


class Check(Record):
    """One check of the gate."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("check", "verdict", "figure", "limit", "why")
    """The header of a table of checks."""

    name: str
    """What is checked: `events`, `auc`, `slice region=north`."""
    verdict: CheckVerdict
    """How it ended; `noted` has no effect on the verdict of the version."""
    figure: str = ""
    """What was measured, as it is displayed: `0.7694`, `gap at least +0.012`."""
    limit: str = ""
    """What it was compared with, as it is displayed: `>= 0.7`."""
    reason: str = ""
    """What the figure says, or what is wrong; may be empty in evidence of older templates."""
    interval: str = ""
    """95% interval of a metric, as it is displayed: `0.7369 to 0.8019`."""
    setting: str = ""
    """The key in conf/ that has the limit: `gate.thresholds.auc.min`; empty if none has, and in
    evidence that is older than this field."""

    @property
    def ends(self) -> tuple[float, float] | None:
        """Ends of the interval; None without one."""
        low, _, high = self.interval.partition(" to ")
        return (float(low), float(high)) if high else None

    @property
    def row(self) -> tuple[str, ...]:
        """The check in a table of checks."""
        return (self.name, self.verdict, self.figure, self.limit, self.reason)

    def __str__(self) -> str:
        """Return the check with its figure and limit: for messages."""
        if self.setting and self.limit:
            return f"{self.name} ({self.figure}, but {self.setting} requires {self.limit})"
        return f"{self.name} ({self.figure}: {self.reason or f'{self.limit} is required'})"


class GateEvidence(StoredRecord):
    """What a verdict rests on, for the person who promotes and the person who audits."""

    FORMAT: ClassVar[int] = 2
    # format 2 differs only in that it states its number
    LIFTS: ClassVar[Mapping[int, Lift]] = {1: lambda facts: facts}

    model: str
    """Name of the registered model."""
    version: int
    """The version that was judged."""
    digest: str
    """SHA-256 over the files of the version."""
    environment: str
    """The environment that judged: dev, test or prod."""
    champion: int | None
    """The version that was the champion at that time; None if there was none."""
    window: str
    """The version's gate window, in the form of `VersionCard.windows`."""
    as_of: str
    """The reference date of the version, `2026-01-01`."""
    rows: int
    """Number of labelled rows in the window; 0 if it could not be read."""
    data: str
    """Fingerprint of these rows; empty if the window could not be read."""
    code: BuildFacts
    """Where the code that judged comes from."""
    checks: tuple[Check, ...]
    """All checks, in the order in which they ran."""
    verdict: Verdict
    """The worst verdict of the checks."""
    diagnostics: Diagnostics | None = None
    """How the predictions for these rows compare with the truth; None if they have a fault, and in
    evidence that is older than this field."""
    costs: ErrorCosts | None = None
    """What wrong decisions cost by the settings of that time; None if they did not say."""

    def list_checks(self, verdict: CheckVerdict) -> str:
        """Return the checks that ended like this, each with its figure, limit and setting."""
        return ", ".join(str(check) for check in self.checks if check.verdict == verdict)

    def to_text(self) -> str:
        """Return the text that is stored; the journal keeps its SHA-256."""
        return json.dumps(self.to_json(), indent=2)


def sha256_of(text: str) -> str:
    """Return the SHA-256 of the text of evidence."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_evidence(text: str, where: str) -> GateEvidence:
    """Return the evidence in a text; raises MlopsError if it cannot be read."""
    return GateEvidence.read_text(text, where)
