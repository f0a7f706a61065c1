"""The card of a version: all that is known about it, in one JSON file next to its estimator."""

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from pydantic import Field, JsonValue

from ..base.record import Facts, Lift, Record, StoredRecord
from ..base.settings import Origin, Period, Problem, RiskTier, Split, Time
from ..figures.delivery import UsualDelivery
from ..figures.diagnostics import Target
from ..figures.profile import ColumnProfile

Part = TypeVar("Part")


class Sides(Record, Generic[Part]):
    """One value for the training window and one for the gate window."""

    train: Part
    """The value for the training window."""
    gate: Part
    """The value for the gate window."""


class CardTime(Record):
    """The time settings that a version was trained with, and its reference date."""

    # Not base.settings.Time: a rule added to the settings later must not make a card unreadable.

    split: Split
    """How train and gate rows were separated."""
    reason: str
    """Why the split does not follow time; empty if it does."""
    period: Period
    """The unit of the lengths below."""
    train: int
    """Length of the training window, in periods."""
    gate: int
    """Length of the gate window, in periods."""
    label_horizon: int
    """How many periods it takes until a label is known."""
    embargo: int | None
    """Gap between the two windows, in periods; None means `label_horizon`."""
    as_of: str
    """The reference date, `2026-01-01`."""

    def settings(self) -> Time:
        """Return the settings by which the windows of the version are computed again."""
        # without validation: a rule that a later version adds must not refuse an old card
        return Time.model_construct(**self.model_dump(exclude={"as_of"}))


class CardModel(Record):
    """What the estimator was built from."""

    seed: int
    """Seed of everything random."""
    params: dict[str, JsonValue]
    """What `build(params)` in `model.py` was called with, apart from the seed."""
    cutoff: float
    """Binary only: `decision` is true if the score is at least this."""


class EstimatorFacts(Record):
    """The estimator as it was fitted; of a pipeline, its last step."""

    name: str
    """Name of its class: `HistGradientBoostingClassifier`."""
    package: str
    """Name of the package that the class is from: `sklearn`."""
    steps: tuple[str, ...]
    """Names of the classes of a pipeline's earlier steps; empty without a pipeline."""
    params: dict[str, str]
    """Its own parameters, those with a default value included; only the class of what is no plain
    value."""


class Column(Record):
    """A column of `schema.py`."""

    name: str
    """The column's name."""
    role: str
    """`feature`, or the role in schema.py: `key`, `target`."""
    type: str
    """The type as schema.py declares it: `int`, `str`."""
    nullable: bool
    """Whether values may be missing."""


class Lineage(Record):
    """Where a version comes from: code, environment, rows and person."""

    commit: str
    """Full hash of the commit whose code trained the version."""
    dirty: bool
    """Whether the code had changes that were not committed."""
    template: str
    """Version of the template that rendered the platform."""
    lock_sha256: str
    """SHA-256 of uv.lock."""
    actor: str
    """Who trained the version, as in `Entry.actor`."""
    actor_source: str
    """How the actor is known, as in `Entry.actor_source`."""
    environment: str
    """The environment that trained the version: dev, test or prod."""
    origin: Origin
    """The origin furthest from production among those of the tables."""
    configuration: str
    """SHA-256 of the settings that shape a model."""
    data: Sides[str]
    """Fingerprint of the rows of each window."""
    tables: dict[str, dict[str, int]] = Field(default={})
    """What was read of each Delta table: `{"applications": {"delta_version": 12}}`."""
    packages: dict[str, str]
    """Version of each package on which loading the estimator depends, by name."""
    python: str = ""
    """Version of the interpreter, `3.12.4`; empty on the oldest cards."""
    threads: dict[str, int] = Field(default={})
    """Size of each thread pool, on which the order of sums depends: `{"blas": 2, "openmp": 2}`."""


class ColumnsTogether(Record):
    """Columns that carry much of the same information, and their importance together."""

    columns: tuple[str, ...]
    """Two or more columns."""
    fall: float
    """How much skill the model loses when all of them are permuted alike."""
    error: float | None
    """The standard error of `fall`; None if there are too few rows."""


class Profiles(Record):
    """How columns were distributed when the version was made."""

    inputs: dict[str, ColumnProfile] = Field(default={})
    """The features in the training window, by column."""
    predictions: dict[str, ColumnProfile] = Field(default={})
    """The predictions of the gate window, by column. Predictions of training rows would look
    better than they are."""


def _lift_from_1(facts: Facts) -> Facts:
    """Add what format 1 lacked, and drop its profile.

    The oldest profiles held only quantiles of the score, which nothing reads any more.
    """
    lifted: Facts = {"risk_tier": None, "tables": {}, **facts}
    profile = lifted.get("profile")
    if isinstance(profile, dict) and "predictions" not in profile:
        lifted["profile"] = {}
    figures = lifted.get("figures")
    if isinstance(figures, dict):
        lifted["figures"] = {name: _finite(value) for name, value in figures.items()}
    return lifted


def _finite(value: JsonValue) -> JsonValue:
    """Replace NaN by None: format 1 wrote NaN for a metric that cannot be computed."""
    return None if isinstance(value, float) and not isfinite(value) else value


class VersionCard(StoredRecord):
    """All that is known about a version."""

    FORMAT: ClassVar[int] = 2
    LIFTS: ClassVar[Mapping[int, Lift]] = {1: _lift_from_1}

    name: str
    """Name of the registered model."""
    problem: Problem
    """What is predicted: one of two classes, one of several, or a number."""
    features: tuple[str, ...]
    """The columns that the model sees, in its order."""
    classes: tuple[str, ...]
    """The classes of a multiclass model, in the order of its columns; empty for others."""
    cutoff: float
    """Binary only: `decision` is true if the score is at least this."""
    risk_tier: RiskTier | None
    """How strict the gate and the promotion were; None on cards that did not say."""
    tables: dict[str, dict[str, JsonValue]]
    """The settings of each table as conf had them, by name."""
    model: CardModel
    """What the estimator was built from."""
    snapshot: str
    """Name of the package with the user's modules: `loan_risk_1a2b3c4d`."""
    trusted_types: tuple[str, ...]
    """All types that loading the estimator must trust, beyond those that skops trusts anyway. The
    setting of the same name lists only those that nothing else vouches for."""
    time: CardTime
    """The time settings and the reference date."""
    windows: Sides[str]
    """What the rows are called: their window, `2025-01-01..2026-01-01` with the end excluded;
    `all rows` without event times; or, if the split does not follow time, `gate rows 1a2b3c4d5e6f`
    with a hash of them."""
    rows: Sides[int]
    """Number of labelled rows."""
    coverage: Sides[float]
    """Share of the window's rows that have a label, 0 to 1."""
    undated: dict[str, int] | None = None
    """Rows that were left out because their time is missing, which schema.py allows, by table and
    column: `{"applications.applied_on": 14}`. None on cards that did not count them."""
    delivery: UsualDelivery | None = None
    """What is usual for the rows of a period, labelled or not. None without event times, and on
    cards that did not learn it."""
    gate_events: int
    """Labelled gate rows of the rarest class; for a regression, all labelled gate rows."""
    lineage: Lineage
    """Where the version comes from."""
    figures: dict[str, float | None] = Field(default={})
    """Metrics of the gate window by name, each in its unit; None if one cannot be computed."""
    constant_figures: dict[str, float | None] = Field(default={})
    """The same metrics of a prediction that is the mean for every row; empty on cards that did not
    measure them."""
    train_figures: dict[str, float | None] = Field(default={})
    """The same metrics of rows that the estimator learned from; empty on cards that did not
    measure them."""
    train_figures_rows: int = 0
    """Number of these rows, which are drawn at random if there are many."""
    target: Sides[Target] | None = None
    """The target of the labelled rows; None on cards that did not describe it."""
    columns: tuple[Column, ...] = ()
    """The columns of schema.py: those of Inputs, then the target; empty on cards that did not list
    them."""
    estimator: EstimatorFacts | None = None
    """The estimator; None on cards that did not describe it."""
    importance: dict[str, float] = Field(default={})
    """How much skill the model loses when a column is permuted, by column. Skill is the gate's
    metric with the sign that makes higher better."""
    importance_errors: dict[str, float | None] = Field(default={})
    """The standard error of each; None if there are too few rows, empty on cards that did not
    measure it."""
    importance_together: tuple[ColumnsTogether, ...] = ()
    """The same of columns that carry much of the same information, permuted together; empty on
    cards that did not measure it."""
    profile: Profiles = Profiles()
    """How inputs and predictions were distributed."""


def read_card(path: Path, where: str) -> VersionCard:
    """Return the card in a file; raises MlopsError if it cannot be read."""
    return VersionCard.read_text(path.read_text(encoding="utf-8"), where)
