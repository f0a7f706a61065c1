"""The evidence of a verdict: each check of the gate, and what the verdict rests on."""

import hashlib
import json
from typing import ClassVar, Literal

from ..base.record import Lift, Record, StoredRecord
from .lineage import BuildFacts

CheckVerdict = Literal["passed", "rejected", "insufficient", "noted"]
Verdict = Literal["passed", "rejected", "insufficient"]


class Check(Record):
    """One check of the gate; `noted` decides nothing."""

    name: str
    verdict: CheckVerdict
    figure: str = ""  # what was measured, as it is shown
    limit: str = ""  # what it must keep, as it is shown
    reason: str = ""
    interval: str = ""  # 95% interval of a metric, as it is shown: 0.7369 to 0.8019


class GateEvidence(StoredRecord):
    """What a verdict rests on, for the person who promotes and the person who audits."""

    FORMAT: ClassVar[int] = 2
    LIFTS: ClassVar[dict[int, Lift]] = {1: lambda facts: facts}  # 2 only states its number

    model: str  # name of the registered model
    version: int
    digest: str  # SHA-256 over the files of the version
    environment: str
    champion: int | None  # the version that was the champion at that time
    window: str
    as_of: str  # ISO date
    rows: int  # labelled rows of the window
    data: str  # fingerprint of these rows; empty where there was no window
    code: BuildFacts  # of the code that judged
    checks: tuple[Check, ...]
    verdict: Verdict

    def to_text(self) -> str:
        """Return the text that is stored, over which the journal keeps a SHA-256."""
        return json.dumps(self.to_json(), indent=2)


def sha256_of(text: str) -> str:
    """Return the SHA-256 of an evidence's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_evidence(text: str, where: str) -> GateEvidence:
    """Return the evidence in a text; raises MlopsError where it cannot be read."""
    return GateEvidence.read_text(text, where)
