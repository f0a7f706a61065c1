"""The settings: every key that an environment may change, its type and its default."""

import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Problem = Literal["binary", "multiclass", "regression"]
Period = Literal["day", "week", "month"]
Split = Literal["time", "group", "random"]
RiskTier = Literal["low", "medium", "high"]
Kind = Literal["files", "delta", "sql", "spark", "synthetic"]

PRIMARY = {"binary": "auc", "multiclass": "accuracy", "regression": "r2"}
SLICE_GAPS = {"low": None, "medium": 0.10, "high": 0.05}
Origin = Literal["synthetic", "masked", "production"]

ORIGINS: tuple[Origin, ...] = ("synthetic", "masked", "production")  # from least to most real
NEEDED = {"files": "path", "delta": "path", "sql": "address"}
OTHERS = {"sql": "query", "spark": "path"}  # in place of table
GUARDS = {"control": "files", "version": "delta"}  # nobody shall rely on one that is not read


class Section(BaseModel):
    """A part of the configuration; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretName(Section):
    """A reference to a secret; its value is looked up where it is used and never logged."""

    secret: str


class Table(Section):
    """Where the rows of one name come from."""

    kind: Kind
    origin: Origin
    time: str | None = None
    columns: tuple[str, ...] = ()
    path: str = ""
    separator: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    text: tuple[str, ...] = ()
    control: str = ""
    max_late: float | None = Field(default=None, ge=0)
    version: int | None = Field(default=None, ge=0)
    address: str | SecretName = ""
    table: str = ""
    query: str = ""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed = NEEDED.get(self.kind, "kind")
        if not getattr(self, needed):
            raise ValueError(f"a table of kind {self.kind} needs {needed}")
        for kind, other in OTHERS.items():
            if self.kind == kind and bool(self.table) == bool(getattr(self, other)):
                raise ValueError(f"a table of kind {kind} needs either table or {other}")
        for guard, kind in GUARDS.items():
            if self.kind not in (kind, "synthetic") and getattr(self, guard) not in ("", None):
                raise ValueError(f"{guard} is for kind {kind}, not for {self.kind}; remove it")
        if self.max_late is not None and not self.control:
            raise ValueError("max_late needs control, whose files state when rows were delivered")
        return self


class Time(Section):
    """How time is cut into windows; the figures are numbers of periods."""

    split: Split = "time"
    reason: str = ""
    period: Period = "month"
    train: int = Field(default=12, ge=1)
    gate: int = Field(default=3, ge=1)
    label_horizon: int = Field(default=0, ge=0)
    embargo: int | None = None

    @model_validator(mode="after")
    def _honest(self) -> Self:
        if self.split != "time" and not self.reason:
            raise ValueError(f"split: {self.split} needs a reason, which the model card shows")
        if self.embargo is not None and self.embargo < self.label_horizon:
            raise ValueError("embargo must not be shorter than label_horizon")
        return self


class Model(Section):
    """What the estimator is built from, and where a score becomes a decision."""

    seed: int = 7
    params: dict[str, Any] = Field(default={})
    cutoff: float = Field(default=0.5, gt=0, lt=1)


class Limit(Section):
    """Bounds of one metric; `min` says that higher is better, `max` that lower is."""

    min: float | None = None
    max: float | None = None
    suspicious_above: float = float("inf")
    suspicious_below: float = float("-inf")

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.min is None) == (self.max is None):
            raise ValueError("give either min (higher is better) or max (lower is better)")
        return self

    def allows(self, value: float) -> bool:
        """Tell whether a figure keeps the bound."""
        return value >= self.min if self.min is not None else value <= (self.max or 0.0)

    def suspects(self, value: float) -> bool:
        """Tell whether a figure is too good to be true."""
        return not self.suspicious_below <= value <= self.suspicious_above


class Gate(Section):
    """What a challenger must show before it may be promoted."""

    metric: str = ""
    thresholds: dict[str, Limit] = Field(default={})
    comparison: Literal["auto", "noninferior", "superior"] = "auto"
    margin: float = Field(default=0.01, ge=0)
    min_events: int = Field(default=100, ge=1)
    attempts: int = Field(default=10, ge=1)
    dominance: float = Field(default=0.9, gt=0)
    latency_ratio: float = Field(default=3.0, gt=0)
    slice_gap: float | None = Field(default=None, ge=0)


class Scoring(Section):
    """How a batch is read, checked and published."""

    table: str = ""
    batch_rows: int = Field(default=65_536, ge=1)
    max_psi: float = Field(default=0.5, gt=0)
    reasons: bool = False
    shadow: bool = False


class Monitoring(Section):
    """When a champion is looked at, and when it is retrained."""

    max_psi: float = Field(default=0.1, gt=0)
    max_drifted: float = Field(default=0.3, gt=0, le=1)
    max_age: int = Field(default=12, ge=1)
    min_rows: float = Field(default=0.5, ge=0, le=1)


class Retraining(Section):
    """When `retrain` may try again."""

    cooldown: int = Field(default=1, ge=0)


class Serving(Section):
    """How much a request may ask, and how often a server looks at the registry, in seconds."""

    max_rows: int = Field(default=1000, ge=1)
    max_bytes: int = Field(default=5_000_000, ge=1)
    refresh: float = Field(default=10.0, gt=0)
    shadow: bool = False


class Settings(Section):
    """The merged configuration of one environment."""

    env: Literal["dev", "test", "prod"]
    as_of: datetime.date | None = None
    project_name: str
    problem: Problem
    description: str = ""
    team: str = ""
    risk_tier: RiskTier = "medium"
    tables: dict[str, Table] = Field(min_length=1)
    time: Time = Time()
    model: Model = Model()
    gate: Gate = Gate()
    scoring: Scoring = Scoring()
    monitoring: Monitoring = Monitoring()
    retraining: Retraining = Retraining()
    alerts: tuple[SecretName, ...] = ()
    serving: Serving = Serving()
    schedules: dict[str, Any] = Field(default={})
    deployment: dict[str, Any] = Field(default={})
    predictions: str = "predictions"
    extracts: str = "extracts"
    reports: str = "build/monitor"
    tracking_uri: str | SecretName = "sqlite:///mlflow.db"
    registered_model: str = ""
    experiments: str = ""
    promotion: Literal["automatic", "approval"] | None = None
    allow_dirty: bool = False
    trusted_types: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _rules_across_sections(self) -> Self:
        if self.allow_dirty and self.env != "dev":
            raise ValueError(f"allow_dirty is for dev only: remove it for {self.env}")
        if self.time.split != "time" and self.risk_tier == "high":
            raise ValueError("a high-risk model needs time.split: time")
        if self.streamed_table not in self.tables:
            raise ValueError(f"scoring.table is {self.scoring.table}, which tables do not name")
        if self.metric not in self.gate.thresholds:
            raise ValueError(f"gate.thresholds must bound the gate's own metric, {self.metric}")
        return self

    @property
    def metric(self) -> str:
        """The metric that compares challenger and champion."""
        return self.gate.metric or PRIMARY[self.problem]

    @property
    def sign(self) -> int:
        """1 where more of that metric is better, -1 where less is."""
        return 1 if self.gate.thresholds[self.metric].min is not None else -1

    @property
    def streamed_table(self) -> str:
        """The table whose rows are scored; the others are looked up."""
        return self.scoring.table or next(iter(self.tables))

    @property
    def origin(self) -> Origin:
        """The least real origin among the tables."""
        return min((table.origin for table in self.tables.values()), key=ORIGINS.index)

    @property
    def needs_approval(self) -> bool:
        """Whether a person must approve each promotion here."""
        by_risk = self.env == "prod" and self.risk_tier != "low"
        return by_risk if self.promotion is None else self.promotion == "approval"

    @property
    def slice_gap(self) -> float | None:
        """How far a protected group may lie behind all rows; None only reports."""
        return SLICE_GAPS[self.risk_tier] if self.gate.slice_gap is None else self.gate.slice_gap
