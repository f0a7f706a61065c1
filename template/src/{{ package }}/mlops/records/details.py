"""The command-specific part of a journal entry: one class per command."""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from ..base.record import PlainText, Record
from ..figures.decision import Decision
from .evidence import Verdict
from .monitoring import MonitoringSummary

Resources = dict[str, int | float]
"""wall_seconds, cpu_seconds, peak_memory_mb, rows_per_second; some may be absent."""


class Details(Record):
    """The details of an entry."""

    COMMAND: ClassVar[str]
    """`Entry.command` of the entries that have these details."""

    resources: Resources = Field(default={})
    """What the command had used when it wrote the entry."""

    def describe(self, subject: str) -> str:
        """Return what happened, as a sentence without a full stop; `subject` is the entry's."""
        raise NotImplementedError


class TrainDetails(Details):
    """A version was trained and registered."""

    COMMAND = "train"

    snapshot: str
    """Name of the package with the user's modules: `loan_risk_1a2b3c4d`."""
    commit: str
    """Full hash of the commit whose code trained the version."""
    dirty: bool
    """Whether the code had changes that were not committed."""
    digest: str = ""
    """SHA-256 over the files of the version; empty in entries of formats 1 and 2."""
    estimator: str = ""
    """Class of the estimator, the last step of a pipeline: `HistGradientBoostingClassifier`; empty
    if not known, as in entries that are older than this field."""

    def describe(self, subject: str) -> str:
        """Return the version, its commit and its estimator."""
        changes = ", with changes that were not committed" if self.dirty else ""
        estimator = f": {self.estimator}" if self.estimator else ""
        return f"version {subject} was trained at commit {self.commit[:8]}{changes}{estimator}"


class GateDetails(Details):
    """A version was judged."""

    COMMAND = "gate"

    verdict: Verdict
    """The worst verdict of the checks."""
    window: str
    """The version's gate window, in the form of `VersionCard.windows`."""
    digest: str
    """SHA-256 over the files of the version."""
    evidence_sha256: str
    """SHA-256 of the evidence, a `GateEvidence` that is stored with the entry."""
    metric: str = ""
    """The gate's metric: `auc`; empty in entries that are older than this field."""
    figure: float | None = None
    """The metric on the gate window, to four places; None if it was not computed."""
    interval: tuple[float, float] | None = None
    """Ends of its 95% interval; None if it is not known."""

    def describe(self, subject: str) -> str:
        """Return the verdict and the metric."""
        ended = {
            "passed": "passed the gate",
            "rejected": "was rejected",
            "insufficient": "could not be judged",
        }
        figure = f": {self.metric} {self.figure:.4f}" if self.figure is not None else ""
        return f"version {subject} {ended[self.verdict]}{figure}"


class PromoteDetails(Details):
    """A version became the champion."""

    COMMAND = "promote"

    verdict: Verdict
    """The gate's verdict, which allowed the promotion; the next three fields repeat its entry."""
    window: str
    """The version's gate window, in the form of `VersionCard.windows`."""
    digest: str
    """SHA-256 over the files of the version."""
    evidence_sha256: str
    """SHA-256 of the gate's evidence."""
    evidence_entry: int
    """Number of the gate's entry."""
    approved_by: PlainText
    """Name given with `--approved-by`, whether an approval was required or not; may be empty."""
    retrained: bool = False
    """Whether `retrain` promoted it; False if not known, as in entries of format 1 and 2."""

    def describe(self, subject: str) -> str:
        """Return the version and who approved it."""
        approval = f"approved by {self.approved_by}" if self.approved_by else "without an approval"
        return (
            f"version {subject} became the champion, {approval}, on the verdict of entry "
            f"{self.evidence_entry}"
        )


class RollbackDetails(Details):
    """The champion was withdrawn, and the one before it is the champion again."""

    COMMAND = "rollback"

    back_to: int
    """The version that is the champion again."""
    reason: PlainText
    """Why, as given with `--reason`."""
    batches: tuple[str, ...]
    """Batches of the withdrawn version: `2026-01-01/0003`. Entries of format 1 may have no date
    here: `0003`."""

    def describe(self, subject: str) -> str:
        """Return both versions and the reason."""
        return (
            f"version {subject} was withdrawn, and version {self.back_to} became the champion "
            f"again: {self.reason}"
        )


class PauseDetails(Details):
    """Promotion and scoring stop."""

    COMMAND = "pause"

    reason: PlainText
    """Why, in the words of the person who paused."""

    def describe(self, subject: str) -> str:
        """Return the reason."""
        del subject
        return f"paused: {self.reason}"


class ResumeDetails(Details):
    """A pause ends."""

    COMMAND = "resume"

    def describe(self, subject: str) -> str:
        """Return that the pause ended."""
        del subject
        return "the pause ended"


class ScoreDetails(Details):
    """A batch was published."""

    COMMAND = "score"

    batch: str
    """Number of the batch within its date, four digits: `0003`."""
    date: str
    """The scoring date, `2026-01-01`."""
    version: int
    """The version that predicted."""
    rows: int
    """Number of predictions."""
    rows_per_second: int
    """Speed of reading, predicting and writing the rows; `resources` repeats it."""
    sha256: str = ""
    """SHA-256 of the batch's Parquet file; empty in entries of formats 1 and 2."""
    undated: dict[str, int] | None = None
    """Rows that were left out because their time is missing, which schema.py allows, by table and
    column: `{"applications.applied_on": 14}`. None in entries that did not count them."""

    def describe(self, subject: str) -> str:
        """Return the batch and the version that predicted it."""
        del subject
        return (
            f"version {self.version} predicted {_counted(self.rows, 'row')} in batch "
            f"{self.date}/{self.batch}"
        )


class ShadowDetails(Details):
    """The challenger predicted the rows of a published batch, or failed to; `score` writes it."""

    COMMAND = "shadow"

    missing: PlainText = ""
    """Why the challenger predicted nothing; the other fields are empty then."""
    batch: str = ""
    """Number of the champion's batch within its date, four digits: `0003`."""
    date: str = ""
    """The scoring date, `2026-01-01`."""
    version: int | None = None
    """The challenger."""
    rows: int = 0
    """Number of predictions."""
    difference: dict[str, float] = Field(default={})
    """How the challenger's predictions differ from the champion's, by column: mean absolute
    difference of numbers; share of rows with a different decision or label, 0 to 1."""
    psi: dict[str, float] = Field(default={})
    """Population stability index between the champion's and the challenger's numbers, by column."""
    sha256: str = ""
    """SHA-256 of the batch's Parquet file; empty if not known, as in entries that are older than
    this field."""

    def describe(self, subject: str) -> str:
        """Return the challenger and the batch, or why it predicted nothing."""
        del subject
        if self.missing:
            return f"the challenger predicted nothing in the shadow: {self.missing}"
        return (
            f"version {self.version} predicted {_counted(self.rows, 'row')} of batch "
            f"{self.date}/{self.batch} in the shadow"
        )


class MonitorDetails(Details, MonitoringSummary):
    """The champion was monitored; later runs and `retrain` read this."""

    COMMAND = "monitor"

    run: str = ""
    """Identifier of the MLflow run that holds the report and its page."""
    alerted: str = ""
    """The last state that was sent to the addresses in alerts: a decision, empty if healthy."""

    def summary(self) -> MonitoringSummary:
        """Return the part that reports repeat."""
        names = MonitoringSummary.model_fields
        return MonitoringSummary(**{name: getattr(self, name) for name in names})

    def describe(self, subject: str) -> str:
        """Return the decision and its reasons."""
        del subject
        reasons = f": {'; '.join(self.reasons)}" if self.reasons else ""
        return f"monitored version {self.version}, {self.decision}{reasons}"


class RetrainDetails(Details):
    """One attempt to retrain, successful or not."""

    COMMAND = "retrain"

    decision: Decision
    """The decision of `monitor`, or `retrain` if there was no champion."""
    reasons: tuple[PlainText, ...]
    """The reasons of the decision, the most serious first."""
    as_of: str
    """The reference date, `2026-01-01`."""
    version: int | None = None
    """The new version; None if the attempt failed before it was registered."""
    message: PlainText
    """How the attempt ended, in a sentence."""
    alerted: str = ""
    """The last state that was sent to the addresses in alerts: outcome and version."""

    def describe(self, subject: str) -> str:
        """Return how the attempt ended."""
        del subject
        return self.message


class RebuiltSide(Record):
    """Where the rows of one window came from when a version was rebuilt."""

    model_config = ConfigDict(
        validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    source: Literal["extract", "tables"] | None = Field(alias="from")
    """`extract` for the kept copy, `tables` for today's tables; None if the rows are gone."""
    changed: int | None
    """How many rows of today's tables differ; None if the tables cannot be read."""
    trouble: str
    """Why today's tables cannot be read; empty if they can."""


class ReproduceDetails(Details):
    """A version was rebuilt from its commit, lockfile and rows."""

    COMMAND = "reproduce"

    version: int
    """The version that was rebuilt."""
    answer: str
    """`exact`, `differs: …`, `data changed: …` or `data gone`."""
    commit: str
    """Full hash of the commit that was checked out."""
    dirty: bool
    """Whether that checkout had changes that were not committed."""
    template: str
    """Version of the template in that checkout."""
    lock_sha256: str
    """SHA-256 of uv.lock in that checkout."""
    configuration: str
    """SHA-256 of the settings that shape a model, in that checkout."""
    rows: dict[str, RebuiltSide]
    """Where the rows came from, by window: `train` and `gate`."""
    difference: float | None
    """Largest difference of a prediction, as `registry.largest_difference` measures it; None if
    nothing was refitted."""
    differs: tuple[str, ...]
    """What differs from the version's card: lock, configuration, template, snapshot."""
    erased: str = ""
    """The day on which `erase` removed rows of its extracts, `2026-01-01`; empty if it did not, and
    in entries written before format 3."""

    def describe(self, subject: str) -> str:
        """Return the version and the answer."""
        del subject
        return f"rebuilding version {self.version}: {self.answer}"


class ErasedFile(Record):
    """A file whose rows were erased, in part or all of them."""

    kind: Literal["extract", "prediction", "request"]
    """`extract` for rows of training or gate, `prediction` for a batch, `request` for what `serve`
    has answered."""
    name: str
    """Where it is below the environment's folder: `1a2b3c4d5e6f7a8b.parquet` of the extracts; of
    the predictions `date=2026-01-01/batch-0003`, `_shadow/date=2026-01-01/batch-0003`, the day
    `online/date=2026-01-01` or one of its files."""
    rows: int
    """Number of rows that were erased."""
    sha256: str
    """SHA-256 of the Parquet file without these rows; empty if nothing is left of it."""


class EraseDetails(Details):
    """Rows were erased from extracts, predictions and requests; no value of a key is here."""

    COMMAND = "erase"

    reason: Literal["expired", "keys"]
    """`expired` for rows that are past their retention, `keys` for those of given persons."""
    files: tuple[ErasedFile, ...]
    """What was erased."""
    versions: tuple[int, ...]
    """The versions whose extracts are no longer complete: `reproduce` needs the tables for them."""

    def describe(self, subject: str) -> str:
        """Return how many rows were erased, and why."""
        del subject
        count = sum(file.rows for file in self.files)
        rows = _counted(count, "row")
        files = _counted(len(self.files), "file")
        if self.reason == "keys":
            return f"erased {rows} of given keys from {files}"
        expired = "was past its retention" if count == 1 else "were past their retention"
        return f"erased {rows} that {expired} from {files}"


def _counted(count: int, noun: str) -> str:
    """Return a number with its noun: `1 row`, `1,660 rows`."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


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
        EraseDetails,
    )
}
