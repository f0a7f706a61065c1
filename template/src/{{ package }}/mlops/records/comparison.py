"""Records of a comparison of two versions, which `compare` prints and its page shows.

In all of them, `first` and `second` are the versions in the order in which they were given.
"""

from collections.abc import Iterator
from typing import Generic, Literal, TypeVar

from ..base.record import Record
from ..figures.agreement import Agreement

Value = TypeVar("Value")


class Pair(Record, Generic[Value]):
    """One value for each of the two versions."""

    first: Value
    """The value for the first version."""
    second: Value
    """The value for the second version."""

    def __iter__(self) -> Iterator[Value]:  # type: ignore[override] # pydantic's yields fields
        """Yield both values."""
        yield self.first
        yield self.second

    @property
    def differs(self) -> bool:
        """Whether the two values differ."""
        return self.first != self.second


class ComparedVersion(Record):
    """What a version is."""

    number: int
    """Its number."""
    state: str
    """`champion`, `challenger`, `replaced`, `withdrawn`, or its newest verdict; `none` without."""
    estimator: str
    """Class of its estimator; empty if it does not load here and its card does not say."""
    as_of: str
    """Its reference date, `2026-01-01`."""
    trained_at: str
    """When it was trained, in UTC to the second; empty if no `train` of this journal made it."""
    actor: str
    """Who trained it."""
    environment: str
    """The environment that trained it."""
    commit: str
    """Full hash of the commit whose code trained it."""
    dirty: bool
    """Whether there were changes that were not committed."""
    digest: str
    """SHA-256 over its files."""


class Difference(Record):
    """One thing in which the versions differ."""

    name: str
    """What differs: `time.train`, `numpy`."""
    first: str
    """Its value in the first version; empty if it has none."""
    second: str
    """Its value in the second version; empty if it has none."""


class ModuleChange(Record):
    """A module of the user that differs. The versions carry a copy of each."""

    path: str
    """Its path in the package: `features.py`."""
    added: int
    """Number of lines that only the second version has."""
    removed: int
    """Number of lines that only the first version has."""
    diff: str
    """The difference, in the unified format; its end may be cut."""


class FileChange(Record):
    """A file that differs between the two commits."""

    path: str
    """Its path in the project."""
    added: int | None
    """Number of added lines; None if it is not text."""
    removed: int | None
    """Number of removed lines; None if it is not text."""


class CodeChanges(Record):
    """What differs in the code."""

    modules: tuple[ModuleChange, ...]
    """The user's modules, compared in the files of the versions."""
    files: tuple[FileChange, ...]
    """All files of the project, compared in git, the largest changes first."""
    trouble: str
    """Why git cannot compare them; empty if it can."""

    @property
    def differ(self) -> bool:
        """Whether anything differs."""
        return bool(self.modules or self.files)


class Figure(Record):
    """One metric of a version."""

    value: float | None
    """The metric; None if it is not known."""
    interval: tuple[float, float] | None = None
    """Ends of its 95% interval; None if it is not known."""
    verdict: str = ""
    """Verdict of the gate on it; empty if there is none."""


class Measure(Record):
    """One metric of both versions."""

    metric: str
    """Name of the metric."""
    first: Figure
    """Of the first version."""
    second: Figure
    """Of the second version."""


class WindowFacts(Record):
    """The labelled rows of one window."""

    window: str
    """What they are called, in the form of `VersionCard.windows`."""
    rows: int
    """Number of rows."""
    coverage: float
    """Share of the window's rows that have a label, 0 to 1."""
    fingerprint: str
    """SHA-256 of the rows."""


class WindowPair(Record):
    """The rows that the versions were trained or judged on."""

    side: Literal["training", "gate"]
    """Which rows."""
    first: WindowFacts
    """Those of the first version."""
    second: WindowFacts
    """Those of the second version."""
    shared: int | None
    """Number of the second version's rows that the first one had, too, with the same values; None
    if one of them did not keep the hashes of its rows."""


class ComparedColumn(Record):
    """A column that one or both of the models see."""

    name: str
    """Its name."""
    seen: Pair[bool]
    """Whether each version sees it."""
    importance: Pair[float | None]
    """How much skill each version loses when it is permuted; None if that is not known."""


class Advantage(Record):
    """How much better the second version is in the gate's metric, on the same rows."""

    metric: str
    """Name of the metric."""
    better: Literal["higher", "lower"]
    """Which values are better."""
    difference: float
    """Its value for the second version minus that for the first one."""
    interval: tuple[float, float] | None
    """Ends of its 95% interval; None if that cannot be computed."""


class SameRows(Record):
    """The predictions of both versions for the same rows: those of the newer gate window."""

    version: int
    """The version whose gate window it is."""
    window: str
    """What the rows are called, in the form of `VersionCard.windows`."""
    source: Literal["extract", "tables"]
    """`extract` for the rows that were kept at training, `tables` for those of today's tables."""
    changed: bool
    """Whether the tables' rows are others than at training."""
    erased: str
    """The day on which rows of the extract were erased; empty if they were not."""
    seen: Pair[int]
    """How many of the rows each version was trained on."""
    measures: tuple[Measure, ...]
    """The metrics of both versions on these rows, by the metrics of today's project."""
    advantage: Advantage | None
    """The difference in the gate's metric; None if it cannot be computed."""
    agreement: Agreement
    """How far the predictions agree."""


class Comparison(Record):
    """All that differs between two versions."""

    project: str
    """Name of the project."""
    env: str
    """The environment."""
    problem: str
    """binary, multiclass or regression."""
    first: ComparedVersion
    """The first version."""
    second: ComparedVersion
    """The second version."""
    measures: tuple[Measure, ...]
    """The metrics of each version on its own gate window."""
    same_rows: SameRows | None
    """Their predictions for the same rows; None if they cannot be compared."""
    trouble: str
    """Why they cannot be compared; empty if they can."""
    code: CodeChanges
    """What differs in the code."""
    settings: tuple[Difference, ...]
    """The settings that shape a model."""
    params: tuple[Difference, ...]
    """The parameters: those in conf, the seed, and the estimator's own."""
    columns: tuple[ComparedColumn, ...]
    """The columns that one or both of the models see, the most important first."""
    rows: tuple[WindowPair, ...]
    """The rows of training and of gate."""
    packages: tuple[Difference, ...]
    """Python, the template and the locked packages."""
