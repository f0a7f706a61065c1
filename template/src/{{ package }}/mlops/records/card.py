"""The card of a version: all that is known about it, in one JSON file next to its estimator."""

from math import isfinite
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from pydantic import Field, JsonValue

from ..base.record import Facts, Lift, Record, StoredRecord
from ..base.settings import Origin, Period, Problem, RiskTier, Split, Time
from ..figures.profile import ColumnProfile

Part = TypeVar("Part")


class Sides(Record, Generic[Part]):
    """One value for the training window and one for the gate window."""

    train: Part
    gate: Part


class CardTime(Record):
    """The time settings that a version was trained with, and its reference date.

    They are a copy of `base.settings.Time`, not that class itself: a rule that a later setting
    adds must not make an old card unreadable.
    """

    split: Split
    reason: str
    period: Period
    train: int  # periods
    gate: int  # periods
    label_horizon: int  # periods
    embargo: int | None  # periods; None is as long as label_horizon
    as_of: str  # ISO date

    def settings(self) -> Time:
        """Return the settings by which the windows of the version are computed again."""
        # without validation: a rule that a later version adds must not refuse an old card
        return Time.model_construct(**self.model_dump(exclude={"as_of"}))


class CardModel(Record):
    """What the estimator was built from."""

    seed: int
    params: dict[str, JsonValue]
    cutoff: float


class Lineage(Record):
    """Where a version comes from: code, environment, rows and person."""

    commit: str
    dirty: bool  # the tree had changes that were not committed
    template: str  # version of the template
    lock_sha256: str
    actor: str
    actor_source: str  # how the actor is known
    environment: str
    origin: Origin  # the least real origin among the tables
    configuration: str  # SHA-256 of the settings that shape a model
    data: Sides[str]  # fingerprint of the rows
    tables: dict[str, dict[str, int]] = Field(default={})  # version of each Delta table
    packages: dict[str, str]  # version of each package that decides whether the estimator loads
    python: str = ""  # version of the interpreter
    threads: dict[str, int] = Field(
        default={}
    )  # size of each thread pool: the order of sums depends on it


class Profiles(Record):
    """How columns were distributed when the version was made."""

    inputs: dict[str, ColumnProfile] = Field(default={})  # of the training window
    predictions: dict[str, ColumnProfile] = Field(
        default={}
    )  # of the gate window: held-out rows only


class VersionCard(StoredRecord):
    """All that is known about a version."""

    FORMAT: ClassVar[int] = 2
    LIFTS: ClassVar[dict[int, Lift]] = {}  # completed below

    name: str  # of the registered model
    problem: Problem
    features: tuple[str, ...]
    classes: tuple[str, ...]  # of a multiclass model, in the order of its columns
    cutoff: float  # from which score on a decision is true
    risk_tier: RiskTier | None  # None where the version's template did not write it
    tables: dict[str, dict[str, JsonValue]]  # the settings of each table, as conf had them
    model: CardModel
    snapshot: str  # name of the package with the user's modules
    trusted_types: tuple[str, ...]  # types that loading the estimator must trust
    time: CardTime
    windows: Sides[str]
    rows: Sides[int]
    coverage: Sides[float]  # share of matured rows whose label has come
    gate_events: int  # matured rows of the rarest class; of a regression, all
    lineage: Lineage
    figures: dict[str, float | None] = Field(
        default={}
    )  # held-out metrics; None where one cannot be computed
    importance: dict[str, float] = Field(
        default={}
    )  # fall of the gate's metric when a column is permuted
    profile: Profiles = Profiles()


def _lift_from_1(facts: Facts) -> Facts:
    """Add what the first cards lacked, and drop the first kind of profile.

    That one had quantiles of the score alone, which nothing reads any more.
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
    """Return None for NaN, which the first cards wrote for a metric that cannot be computed."""
    return None if isinstance(value, float) and not isfinite(value) else value


VersionCard.LIFTS = {1: _lift_from_1}


def read_card(path: Path, where: str) -> VersionCard:
    """Return the card in a file; raises MlopsError where it cannot be read."""
    return VersionCard.read_text(path.read_text(encoding="utf-8"), where)
