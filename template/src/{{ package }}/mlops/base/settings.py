"""The settings: every key that an environment may change, with its type, default and meaning."""

import codecs
import datetime
import re
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .people import is_name

Problem = Literal["binary", "multiclass", "regression"]
RiskTier = Literal["low", "medium", "high"]

# The units of numbers; docs/reference/settings.md of the template shows them.
Bytes = int
Hours = float
MetricUnits = float  # the unit of gate.metric, or of the metric that a limit is for
Milliseconds = float
Periods = int  # of time.period
Probability = float
Psi = float  # population stability index
Rows = int
Seconds = float
Share = float  # of a whole; 1 is all of it
Times = float  # how many times as much
Versions = int


# The settings that say where an environment keeps what its commands make. A test or a rehearsal
# must leave all of that alone, so it sets every one of them, by `places_below`.
PLACES = ("tracking_uri", "predictions", "extracts", "reports")


def places_below(folder: Path) -> dict[str, str]:
    """Return a value of each setting in PLACES, so that everything is kept in one folder."""
    places = {name: (folder / name).as_posix() for name in PLACES}
    return places | {"tracking_uri": f"sqlite:///{(folder / 'mlflow.db').as_posix()}"}


class Section(BaseModel):
    """A part of the configuration; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretName(Section):
    """A reference to a secret; its value is looked up where it is used and never logged."""

    secret: str
    """The secret's name: `warehouse` is the variable `MLOPS_SECRET_WAREHOUSE`, for example."""


# Tables

Kind = Literal["files", "delta", "sql", "spark", "synthetic"]
Origin = Literal["synthetic", "masked", "production"]

# The first is the furthest from production.
ORIGINS: tuple[Origin, ...] = ("synthetic", "masked", "production")

REQUIRED_KEY: dict[Kind, str] = {"files": "path", "delta": "path", "sql": "address"}
TABLE_OR: dict[Kind, str] = {"sql": "query", "spark": "path"}  # exactly one of `table` and this key
# Keys that all other kinds would ignore.
KIND_OF_KEY: dict[str, Kind] = {
    "thousands": "files",
    "date_format": "files",
    "zone": "files",
    "control": "files",
    "version": "delta",
}


class Table(Section):
    """Where the rows of one table come from."""

    kind: Kind
    """`files` reads Parquet or CSV, `delta` a Delta table, `sql` a database. `spark` is a Spark
    table, which is scored and monitored in Spark. `synthetic` calls `rows(month, seed)` in
    `synthetic.py`: for each month of a window, or once where a table has no dates."""
    origin: Origin
    """How real the rows are, from `synthetic` (invented) through `masked` to `production`. A table
    of kind `synthetic` has the origin `synthetic`; any other is refused. A version cannot be
    promoted in an environment whose tables are more real than the rows it was trained on."""
    time: str | None = None
    """The column that a window selects by. If it is a date or a timestamp at the source, the source
    does the selection. Rows in which it is missing are refused, or left out and counted if
    `schema.py` declares the column nullable. Without `time` the whole table is read."""
    columns: tuple[str, ...] = ()
    """The columns to read. Empty reads all."""
    path: str = ""
    """Required for `files` and `delta`; for `spark`, instead of `table`. A file, a folder or a
    pattern such as `data/*.parquet`, relative to the project's folder; for `delta` and `spark` the
    folder of the table, or its address such as `abfss://…`."""
    separator: str = Field(default=",", min_length=1)
    """For CSV. Several characters are a regular expression, so put each into brackets: `"[;][;]"`
    for two semicolons."""
    encoding: str = "utf-8"
    """For CSV, such as `cp1252` if the file comes from Windows or Excel, or `utf-16`."""
    decimal: str = Field(default=".", min_length=1, max_length=1)
    """For CSV: the character before the decimals."""
    thousands: str = Field(default="", max_length=1)
    """For CSV: the character between groups of three digits, such as `.` in `1.234,50`."""
    date_format: str | dict[str, str] = ""
    """For `files`: the format of dates that are text, in the codes of Python's strptime, such as
    `"%d.%m.%Y"`. Either one for the column `time` and all columns of times in `schema.py`, or one
    for each column: `{applied_on: "%d.%m.%Y"}`. Dates such as 2026-01-31 need none."""
    zone: str = ""
    """For `files`: the time zone to read times with a zone in, such as `Europe/Berlin`. Times
    without a zone are taken to be of this zone."""
    text: tuple[str, ...] = ()
    """For CSV: further columns to read as text, such as codes with leading zeros. Columns that are
    text in the schema are always read as text."""
    control: str = ""
    """For `files`: the name of the control file next to each file, such as `*.ctl`, where `*` is
    the file's name without its extension. Rows are used only if the control file exists and
    matches."""
    max_late: Hours | None = Field(default=None, ge=0)
    """Needs `control`. How much older than the end of the window that is read the newest delivery
    may be."""
    version: int | None = Field(default=None, ge=0)
    """For `delta`: the version to read. Default: the newest."""
    address: str | SecretName = ""
    """Required for `sql`: the SQLAlchemy URL of the database, as `{secret: name}` if it contains a
    password."""
    table: str = ""
    """For `sql`: the table, with its schema if it needs one. For `spark`: its name in the catalog,
    such as `main.risk.applications`."""
    query: str = ""
    """For `sql`, instead of `table`: a query."""

    @field_validator("separator")
    @classmethod
    def _separates(cls, separator: str) -> str:
        if len(separator) == 1:
            return separator
        try:
            matches_nothing = re.match(separator, "") is not None
        except re.error:
            matches_nothing = True
        if matches_nothing:
            raise ValueError(
                "a separator of several characters is read as a regular expression, and "
                f"{separator} is not a valid one, or matches empty text; to use the characters "
                'themselves, put each of them in brackets, as in "[|][|]" for two bars'
            )
        return separator

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, name: str) -> str:
        try:
            codecs.lookup(name)
        except LookupError:
            raise ValueError(
                f"the encoding {name} is unknown; write one that Python knows, such as utf-8, "
                "cp1252 or utf-16"
            ) from None
        return name

    @field_validator("date_format")
    @classmethod
    def _is_a_format(cls, given: str | dict[str, str]) -> str | dict[str, str]:
        formats = list(given.values()) if isinstance(given, dict) else [given]
        for each in formats:
            if given and not re.search("%[a-zA-Z]", each):
                raise ValueError(
                    f"{each} is not a format of dates; write it in the codes of Python's strptime, "
                    'such as "%d.%m.%Y"'
                )
        return given

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name or "UTC")
        except (LookupError, ValueError, OSError):
            raise ValueError(
                f"the time zone {name} is unknown; write one such as Europe/Berlin or UTC"
            ) from None
        return name

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError(
                f'thousands and decimal are both "{self.decimal}", so 1{self.decimal}234 has two '
                "meanings; change one of them"
            )
        if self.kind == "synthetic" and self.origin != "synthetic":
            raise ValueError(
                f"a table of kind synthetic has invented rows, so its origin cannot be "
                f"{self.origin}; correct kind, or write origin: synthetic"
            )
        required = REQUIRED_KEY.get(self.kind)
        if required and not getattr(self, required):
            raise ValueError(f"a table of kind {self.kind} needs the key {required}; add it")
        other = TABLE_OR.get(self.kind)
        if other and bool(self.table) == bool(getattr(self, other)):
            raise ValueError(
                f"a table of kind {self.kind} needs either `table` or `{other}`, and not both; "
                "add or remove one"
            )
        for key, kind in KIND_OF_KEY.items():
            if self.kind not in (kind, "synthetic") and getattr(self, key) not in ("", None):
                raise ValueError(
                    f"the key {key} is for tables of kind {kind}, not of kind {self.kind}; remove "
                    "it"
                )
        if self.max_late is not None and not self.control:
            raise ValueError(
                "max_late needs the key control, because control files state when rows were "
                "delivered; add control, or remove max_late"
            )
        return self

    def __hash__(self) -> int:
        return hash(self.model_dump_json())  # a dictionary of formats has no hash


# Time

Period = Literal["day", "week", "month"]
Split = Literal["time", "group", "random"]


class Time(Section):
    """How time is cut into windows; the lengths are numbers of periods."""

    split: Split = "time"
    """How training and gate rows are separated. If the risk tier is high, only `time` is
    allowed."""
    reason: str = ""
    """Why the split does not follow time; required if `split` is not `time`. Each version's card
    shows it."""
    period: Period = "month"
    """The unit of all lengths, as in the calendar. A week begins on Monday."""
    train: Periods = Field(default=12, ge=1)
    """Length of the training window."""
    gate: Periods = Field(default=3, ge=1)
    """Length of the gate window."""
    label_horizon: Periods = Field(default=0, ge=0)
    """How long it takes until a label is known."""
    embargo: Periods | None = None
    """Gap between training and gate window. At least as long as the label horizon. Default: the
    label horizon."""

    @model_validator(mode="after")
    def _is_honest(self) -> Self:
        if self.split != "time" and not self.reason:
            raise ValueError(
                f"the split {self.split} needs a reason, which the model card shows; set "
                "time.reason"
            )
        if self.embargo is not None and self.embargo < self.label_horizon:
            raise ValueError(
                f"embargo ({self.embargo}) must not be shorter than label_horizon "
                f"({self.label_horizon}); lengthen time.embargo, or remove it to use the horizon"
            )
        return self


# Model and gate

DEFAULT_METRIC: dict[Problem, str] = {"binary": "auc", "multiclass": "accuracy", "regression": "r2"}
DEFAULT_MARGIN = 0.01  # of AUC
MARGIN_OF_LEAD = 0.05  # in other metrics: about what 0.01 is of the lead of an AUC of 0.7
DEFAULT_SLICE_GAP: dict[RiskTier, float | None] = {"low": None, "medium": 0.10, "high": 0.05}


class Model(Section):
    """What the estimator is built from, and where a score becomes a decision."""

    seed: int = 7
    """Seed of everything random. `build` gets it as `params["seed"]`."""
    params: dict[str, Any] = Field(default={})  # the user's estimator decides their types
    """Passed to `build(params)` in `model.py`."""
    cutoff: Probability = Field(default=0.5, gt=0, lt=1)
    """Binary only: `decision` is true if the score is at least this."""


class Limit(Section):
    """The bounds of one metric, in its unit; each metric has either `min` or `max`."""

    min: MetricUnits | None = None
    """The least allowed value. Implies that higher is better. Each metric has either `min` or
    `max`. The gate passes a version only if the lower 95% bound of its figure is allowed, too; if
    only the figure is, the verdict is `insufficient`."""
    max: MetricUnits | None = None
    """The greatest allowed value. Implies that lower is better. The upper 95% bound counts."""
    suspicious_above: MetricUnits = float("inf")
    """A value above this is too good to be true, and is rejected."""
    suspicious_below: MetricUnits = float("-inf")
    """The same for metrics where lower is better: a value below this is rejected."""
    margin: MetricUnits | None = Field(default=None, ge=0)
    """How much worse than the champion a challenger may be in this metric, as far as its 95% bound
    says, and than in the gate window a champion in use. Default: that of `gate.margin` for
    `gate.metric`. In any other metric, a challenger is rejected if it is worse beyond chance, by
    more than 5% of the champion's lift over a constant prediction."""

    @model_validator(mode="after")
    def _has_one_direction(self) -> Self:
        if (self.min is None) == (self.max is None):
            raise ValueError(
                "a metric needs either `min` (higher is better) or `max` (lower is better), but "
                "not both; add or remove one"
            )
        return self

    def allows(self, value: float) -> bool:
        """Return whether a value is within the bound."""
        if self.min is not None:
            return value >= self.min
        return self.max is not None and value <= self.max

    @property
    def sign(self) -> Literal[1, -1]:
        """1 if higher values are better, -1 if lower ones are."""
        return -1 if self.min is None else 1

    def suspects(self, value: float) -> bool:
        """Return whether a value is too good to be true."""
        return not self.suspicious_below <= value <= self.suspicious_above


class Costs(Section):
    """What a wrong decision costs, in a unit of the team's choice; either both or none."""

    false_positive: float | None = Field(default=None, ge=0)
    """Binary only. What a positive decision for a row of class 0 costs, in a unit of your choice.
    With it, the model card shows the costs of all errors at `model.cutoff`, and what it would cost
    to decide without the model. No check depends on it."""
    false_negative: float | None = Field(default=None, ge=0)
    """The same for a negative decision for a row of class 1. Set both or neither."""

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        if (self.false_positive is None) != (self.false_negative is None):
            raise ValueError(
                "the costs of both kinds of errors are needed to compare them; set false_positive "
                "and false_negative, or neither"
            )
        return self


class Calibration(Section):
    """How far the level of the predictions may be from the truth."""

    required: bool = True
    """Whether a version whose predictions have the wrong level is rejected. `false` only notes it,
    for scores that only rank, and that nobody reads as probabilities."""
    tolerance: Share = Field(default=0.25, gt=0)
    """How far the observed rate of all rows may be from the mean probability, as a share of that
    probability, or of 1 minus it if that is smaller: 0.25 allows an observed rate from 7.5% to
    12.5% if the model predicts 10%. Multiclass: the rate of each class. Regression: how far the
    mean of the target may be from the mean prediction, as a share of the target's standard
    deviation. A difference that chance may explain is never rejected."""
    band_tolerance: Share = Field(default=0.5, gt=0)
    """The same for each of ten bands of rows with similar predictions. In a band whose mean
    probability is below that of all rows, it is a share of the latter."""


class Gate(Section):
    """What a challenger must show before it may be promoted."""

    metric: str = ""
    """The metric that compares challenger and champion. It needs a threshold. Default: `auc`,
    `accuracy` or `r2`, by problem."""
    thresholds: dict[str, Limit] = Field(default={})
    """The bounds of each metric."""
    comparison: Literal["auto", "noninferior", "superior"] = "auto"
    """What a challenger must be, compared with the champion. `auto` is `noninferior` if only the
    data is new, and `superior` if the code is new."""
    margin: MetricUnits | None = Field(default=None, ge=0)
    """How much of `gate.metric` a non-inferior challenger may lose. Default: 0.01 in `auc`; in any
    other metric, 5% of the champion's lift over a constant prediction."""
    min_events: Rows = Field(default=100, ge=1)
    """The smallest number of matured rows of the rarest class that the gate accepts as evidence; in
    a regression, of all matured rows. With fewer, the verdict is `insufficient`."""
    attempts: Versions = Field(default=10, ge=1)
    """How many versions may be tried on one gate window. Another `--as-of` is another window."""
    dominance: Share = Field(default=0.9, gt=0)
    """The largest share of the variance of the predictions that one column may account for. Columns
    that carry the same information (a rank correlation above 0.8) count as one. 1 or more accepts
    every column."""
    latency_ratio: Times = Field(default=3.0, gt=0)
    """How many times longer than the champion the prediction of a single row may take."""
    latency_ms: Milliseconds = Field(default=100.0, gt=0)
    """How long the prediction of a single row may take, however fast the champion is. Applies where
    the model does not serve online (`serving.online`)."""
    slice_gap: MetricUnits | None = Field(default=None, ge=0)
    """How much worse a protected group may do than all rows in `gate.metric`. The unit is the
    metric's own for metrics on a fixed scale, such as `auc`, `accuracy`, `brier` or `r2`. For
    others, such as `mae` or `log_loss`, it is a share of the metric of all rows: 0.10 allows 10%.
    Default: 0.10 at medium risk, 0.05 at high risk; at low risk the gap is only reported."""
    calibration: Calibration = Calibration()
    """How far the level of the predictions may be from the truth."""
    costs: Costs = Costs()
    """What a wrong decision costs."""


# Operation


class Scoring(Section):
    """How a batch is read, checked and published."""

    table: str = ""
    """The table whose rows are scored. Other tables are only looked up. Default: the first
    table."""
    batch_rows: Rows = Field(default=65_536, ge=1)
    """Rows held in memory at once."""
    max_psi: Psi = Field(default=0.5, gt=0)
    """How far the distribution of the predictions may be from that of the gate window, as a
    population stability index (PSI)."""
    reasons: bool = False
    """Whether `score` writes `reason_1` to `reason_3` next to each prediction: the features that
    moved it most, by `explain` in `model.py`. At high risk it always does, and the gate rejects a
    version without `explain`."""
    shadow: bool = False
    """Whether the challenger scores the rows of each published batch in the shadow."""


class Monitoring(Section):
    """When a champion counts as drifted, stale or incompletely delivered."""

    max_psi: Psi = Field(default=0.1, gt=0)
    """The least population stability index (PSI, a measure of how far a distribution has moved)
    that counts as drift. With few rows chance alone exceeds it, so the limit rises
    automatically."""
    max_tails: Share = Field(default=0.03, gt=0, le=1)
    """How much the share of a number's rows beyond the 1% and 99% quantiles of the training may
    grow before it counts as drift. It is 2% in training."""
    max_out_of_range: Share = Field(default=0.01, gt=0, le=1)
    """How large the share of a number's rows beyond the smallest and largest number of the training
    may be before it counts as drift."""
    max_decision_change: Share = Field(default=0.05, gt=0, le=1)
    """How far the share of positive decisions, or of a predicted class, may be from that of the
    gate window before it counts as drift."""
    max_domain_auc: Probability = Field(default=0.65, gt=0.5, le=1)
    """How well a classifier may tell the rows of the period from those of the training, as an AUC,
    before all inputs together count as drifted. It finds what no column shows on its own, such as a
    correlation that has changed. 1 turns it off."""
    calendar: tuple[str, ...] = ()
    """Inputs that follow the calendar, such as a year or a week's number, and therefore always
    differ from the training. They are compared, but never count as drifted."""
    max_drifted: Share = Field(default=0.3, gt=0, le=1)
    """If a larger share of inputs has drifted in the newest scored period and in at least one of
    the two before it, the decision is `retrain`."""
    max_age: Periods = Field(default=12, ge=1)
    """How long a champion may stay in use after labels for a whole gate window of its own are due.
    It is stale when it is older than label horizon + gate window + this, counted from the reference
    date of its training."""
    min_rows: Share = Field(default=0.5, ge=0, le=1)
    """The smallest number of rows that a period may have, as a share of those that a period had in
    training. With fewer, somebody should check whether the delivery is complete. A day may have as
    few rows as the quiet days of the training, such as Sundays. Lower it if your business has a
    quiet season."""


class Retraining(Section):
    """When `retrain` may try again."""

    cooldown: Periods = Field(default=1, ge=0)
    """The cool-down: how long `retrain` waits after an attempt before it makes the next one. It
    also applies while the successor of a decayed champion has not made up for the decay."""


class Serving(Section):
    """The limits of a request, and how often the server checks the registry."""

    online: bool = False
    """Whether clients wait for predictions of single rows. The answer `serving: online` makes it
    `true`. Then the gate compares their latency with the champion's, however short it is."""
    max_rows: Rows = Field(default=1000, ge=1)
    """The most rows in one request."""
    max_bytes: Bytes = Field(default=5_000_000, ge=1)
    """The greatest length of a request's body."""
    timeout: Seconds = Field(default=10.0, gt=0)
    """The time in which a request must have arrived in full, and in which its answer must have been
    read; then the connection is closed."""
    hosts: tuple[str, ...] = ()
    """The names under which clients may address the server, as `risk.bank.example`; addresses such
    as 10.1.2.3 are always allowed. Without any: all names, but only `localhost` if the server
    listens on this machine alone."""
    refresh: Seconds = Field(default=10.0, gt=0)
    """The time between two checks of the registry, and between two writes of the predictions."""
    shadow: bool = False
    """Whether the challenger scores, in the shadow, the rows that `serve` has answered."""


class Retention(Section):
    """How many periods before the reference date `erase --expired` keeps; None keeps everything."""

    extracts: Periods | None = Field(default=None, ge=1)
    """How long rows that versions were trained and judged on are kept, counted from the reference
    date of the newest version that uses them."""
    predictions: Periods | None = Field(default=None, ge=1)
    """How long a batch is kept, counted from its scoring date. At least `time.label_horizon` +
    `time.gate` + 1, because `monitor` reads that many periods."""
    requests: Periods | None = Field(default=None, ge=1)
    """How long the answers of `serve` are kept, counted from their day. At least as many periods as
    for `retention.predictions`."""


class Settings(Section):
    """The merged configuration of one environment."""

    env: Literal["dev", "test", "prod"]
    """The environment, by the option `--env`."""
    as_of: datetime.date | None = None
    """The reference date: commands use only what happened before 00:00 on this date, and `erase
    --expired` counts the age of rows from it. It must be the first day of a period: the first of a
    month, a Monday, or any day, as `time.period` says. Only `conf/dev.yml` may set it, since it
    does not advance. `--as-of` overrides it. Default: the end of the last complete period."""

    # The next five are from .copier-answers.yml.
    project_name: str
    """The name of the program, of the distribution and of the registered model."""
    problem: Problem
    """What is predicted: one of two classes, one of several, or a number."""
    description: str = ""
    """What the model is for, in a sentence."""
    team: str = ""
    """Who owns the model: a name and an e-mail address, such as `Risk <risk@bank.example>`."""
    risk_tier: RiskTier = "medium"
    """How strict the gate and the promotion are."""

    tables: dict[str, Table] = Field(min_length=1)
    """Where rows come from; `data.py` reads a table by its name."""
    time: Time = Time()
    """How time is cut into windows."""
    model: Model = Model()
    """What the estimator is built from."""
    gate: Gate = Gate()
    """What a challenger must show."""
    scoring: Scoring = Scoring()
    """How a batch is scored."""
    monitoring: Monitoring = Monitoring()
    """When a champion needs attention."""
    retraining: Retraining = Retraining()
    """When `retrain` may try again."""
    serving: Serving = Serving()
    """The limits of `serve`."""
    retention: Retention = Retention()
    """How long rows about people are kept."""
    alerts: tuple[SecretName, ...] = ()
    """Where each change of state is reported, once: `[{secret: team-channel}]`. The secret contains
    an address for Apprise, the notification library, such as `msteams://…` or `mailtos://…`."""

    promotion: Literal["automatic", "approval"] | None = None
    """Whether a person must approve each promotion. Default: `approval` in prod unless the risk
    tier is low, else `automatic`."""
    approvers: tuple[str, ...] = ()
    """The names of those who may approve, such as `[anna@bank.example]`, written as their pipeline
    or they themselves give them; case, accents and punctuation do not matter. Empty allows anybody
    but the trainer. At high risk, an approval in prod needs the list."""
    allow_dirty: bool = False
    """Whether a version trained with uncommitted changes may be promoted. `conf/dev.yml` sets it to
    `true`; test and prod refuse that, and decide nothing in a tree that is not clean."""
    trusted_types: tuple[str, ...] = ()
    """Types that a stored model may contain in addition to those of scikit-learn, NumPy and the
    project, and the vetted ones of LightGBM, XGBoost and CatBoost. `train` prints the line to
    add."""

    tracking_uri: str | SecretName = "sqlite:///mlflow.db"
    """MLflow's store: a database or a tracking server. In prod, most commands refuse a local file
    unless the risk is low."""
    registered_model: str = ""
    """The name in the registry. Unity Catalog requires `catalog.schema.model`. Default:
    `<env>.<project_name>`."""
    experiments: str = ""
    """The folder that precedes the names of MLflow's experiments. Databricks requires a workspace
    folder, such as `/Shared/loan-risk`."""
    predictions: str = "predictions"
    """Folder of the predictions table."""
    extracts: str = "extracts"
    """Folder of the extracts: copies of the rows that versions were trained and judged on.
    `reproduce` needs them once the tables have changed."""
    reports: str = "build/monitor"
    """Folder of the reports of `monitor` and of the model card of each version,
    `card-<env>-<version>.html` and `.md`, which `gate`, `promote` and `rollback` rewrite; also of
    the pages of `compare`, `compare-<env>-<version>-<version>.html`."""

    # The scripts that build a release check the values of these two.
    schedules: dict[str, Any] = Field(default={})
    """Which command runs when: `{every: month, day: 2, at: "06:00", zone: Europe/Berlin}` for any
    of `score`, `monitor`, `retrain` and `train`."""
    deployment: dict[str, Any] = Field(default={})
    """What the system on which the model runs needs to know about this environment."""

    @model_validator(mode="after")
    def _agrees_across_sections(self) -> Self:
        if self.allow_dirty and self.env != "dev":
            raise ValueError(
                "allow_dirty can be true in dev only; remove it from conf/base.yml and "
                f"conf/{self.env}.yml"
            )
        for number, name in enumerate(self.approvers, 1):
            if not is_name(name):
                raise ValueError(
                    f"name {number} of approvers is not the name of one person: write 2 to 100 "
                    "characters, with at least one letter; use only Latin letters, digits, spaces "
                    "and . , ' @ + # & _ - \\ (other characters can look like these), and add "
                    "nothing such as `via GitHub`"
                )
        if self.time.split != "time" and self.risk_tier == "high":
            raise ValueError(
                f"time.split is {self.time.split}, but at risk_tier high it must be time; set "
                "time.split to time"
            )
        if self.streamed_table not in self.tables:
            raise ValueError(
                f"scoring.table is {self.scoring.table}, which is not one of the tables in conf/; "
                f"set it to one of {', '.join(self.tables)}"
            )
        monitored = self.time.label_horizon + self.time.gate + 1
        for key in ("predictions", "requests"):
            kept = getattr(self.retention, key)
            if kept is not None and kept < monitored:
                raise ValueError(
                    f"retention.{key} is {kept}, but monitor reads the predictions of {monitored} "
                    "periods (time.label_horizon + time.gate + 1); set it to at least "
                    f"{monitored}"
                )
        if self.metric not in self.gate.thresholds:
            raise ValueError(
                f"gate.thresholds has no bound for {self.metric}, the metric that the gate "
                f"compares; add gate.thresholds.{self.metric}, or set gate.metric to a metric that "
                "has one"
            )
        return self

    @property
    def metric(self) -> str:
        """The metric that compares challenger and champion."""
        return self.gate.metric or DEFAULT_METRIC[self.problem]

    @property
    def sign(self) -> int:
        """1 if higher values of that metric are better, -1 if lower ones are."""
        return self.gate.thresholds[self.metric].sign

    def margin(self, metric: str, lead: float | None) -> float | None:
        """Return how much of a metric may be lost; None if neither conf/ nor `lead` says it.

        `lead` is by how much the champion is better than a constant prediction.
        """
        stated = self.gate.thresholds[metric].margin
        if stated is None and metric == self.metric:
            stated = self.gate.margin
            if stated is None and metric == "auc":
                return DEFAULT_MARGIN
        if stated is not None or lead is None:
            return stated
        return float(f"{MARGIN_OF_LEAD * max(lead, 0.0):.2g}")

    @property
    def streamed_table(self) -> str:
        """The table whose rows are scored; the others are looked up."""
        return self.scoring.table or next(iter(self.tables))

    @property
    def origin(self) -> Origin:
        """The origin furthest from production among the tables."""
        return min((table.origin for table in self.tables.values()), key=ORIGINS.index)

    @property
    def needs_approval(self) -> bool:
        """Whether a person must approve each promotion here."""
        if self.promotion is None:
            return self.env == "prod" and self.risk_tier != "low"
        return self.promotion == "approval"

    @property
    def slice_gap(self) -> float | None:
        """How much worse a protected group may do than all rows; None only reports."""
        if self.gate.slice_gap is None:
            return DEFAULT_SLICE_GAP[self.risk_tier]
        return self.gate.slice_gap
