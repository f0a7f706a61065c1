"""What the journal's entries say of each command, beyond what all entries have in common."""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from ..base.record import Record
from ..figures.decision import Decision
from .evidence import Verdict
from .monitoring import MonitoringSummary

Resources = dict[str, float]  # wall_seconds, cpu_seconds, peak_memory_mb, rows_per_second


class Details(Record):
    """The details of an entry. `COMMAND` is the command that writes them."""

    COMMAND: ClassVar[str]

    resources: Resources = Field(default={})  # what the command had used when it wrote the entry


class TrainDetails(Details):
    """A version was trained and registered."""

    COMMAND = "train"

    snapshot: str  # name of the package with the user's modules
    commit: str
    dirty: bool


class GateDetails(Details):
    """A version was judged."""

    COMMAND = "gate"

    verdict: Verdict
    window: str
    digest: str  # SHA-256 over the files of the version
    evidence_sha256: str  # of the evidence that is stored with the entry


class PromoteDetails(Details):
    """A version became the champion, by the verdict that is repeated here."""

    COMMAND = "promote"

    verdict: Verdict
    window: str
    digest: str
    evidence_sha256: str
    evidence_entry: int  # number of the gate's entry
    approved_by: str  # empty where no approval was needed


class RollbackDetails(Details):
    """The champion was withdrawn, and the one before it is the champion again."""

    COMMAND = "rollback"

    back_to: int
    reason: str
    batches: tuple[str, ...]  # of the withdrawn version: 2026-01-01/0003; the oldest have no date


class PauseDetails(Details):
    """Promotion and scoring stop."""

    COMMAND = "pause"

    reason: str


class ResumeDetails(Details):
    """A pause ends."""

    COMMAND = "resume"


class ScoreDetails(Details):
    """A batch was published."""

    COMMAND = "score"

    batch: str  # number within the date: 0003
    date: str  # ISO date
    version: int
    rows: int
    rows_per_second: int


class ShadowDetails(Details):
    """The challenger predicted the rows of a published batch, or could not."""

    COMMAND = "shadow"

    missing: str = ""  # why there is nothing in the shadow; the rest is empty then
    batch: str = ""
    date: str = ""
    version: int | None = None
    rows: int = 0
    difference: dict[str, float] = Field(
        default={}
    )  # mean absolute difference; share of other decisions
    psi: dict[str, float] = Field(
        default={}
    )  # between the champion's and the challenger's predictions


class MonitorDetails(Details, MonitoringSummary):
    """The champion was monitored: what later monitorings and `retrain` need of it."""

    COMMAND = "monitor"

    run: str = ""  # the MLflow run that keeps report and page
    alerted: str = ""  # the state that the addresses in alerts know

    def summary(self) -> MonitoringSummary:
        """Return the part that reports repeat."""
        names = MonitoringSummary.model_fields
        return MonitoringSummary(**{name: getattr(self, name) for name in names})


class RetrainDetails(Details):
    """A retraining was tried; written however it ended."""

    COMMAND = "retrain"

    decision: Decision
    reasons: tuple[str, ...]
    as_of: str
    version: int | None = None  # None where it failed before there was one
    message: str
    alerted: str = ""  # the state that the addresses in alerts know


class RebuiltSide(Record):
    """Where the rows of one window came from when a version was rebuilt."""

    model_config = ConfigDict(
        validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    source: Literal["extract", "tables"] | None = Field(alias="from")  # None: the rows are gone
    changed: int | None  # rows of today's tables that differ; None where they cannot be read
    trouble: str  # why today's tables cannot be read


class ReproduceDetails(Details):
    """A version was rebuilt from its commit, lockfile and rows."""

    COMMAND = "reproduce"

    version: int
    answer: str  # exact, differs: …, data changed: …, data gone
    commit: str
    dirty: bool
    template: str
    lock_sha256: str
    configuration: str
    rows: dict[str, RebuiltSide]  # train, gate
    difference: float | None  # the largest of all predictions; None where nothing was refitted
    differs: tuple[str, ...]


KINDS: dict[str, type[Details]] = {
    kind.COMMAND: kind
    for kind in (
        TrainDetails,
        GateDetails,
        PromoteDetails,
        RollbackDetails,
        PauseDetails,
        ResumeDetails,
        ScoreDetails,
        ShadowDetails,
        MonitorDetails,
        RetrainDetails,
        ReproduceDetails,
    )
}
