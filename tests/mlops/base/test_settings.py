"""Settings refuse what does not fit together, and derive the rest from problem and risk."""

import ast
from typing import Any

import pydantic
import pytest
from mlops.projects import make_settings
from rendering import PLATFORM, platform

settings = platform("base.settings")

AUC = {"auc": {"min": 0.7}}
MAE = {"mae": {"max": 100.0}}


def refused(**keys: Any) -> str:
    """Return what is wrong with settings."""
    with pytest.raises(pydantic.ValidationError) as caught:
        make_settings(**keys)
    return str(caught.value.errors()[0]["msg"])


def test_every_setting_says_what_it_means() -> None:
    """Each field is followed by a docstring."""
    tree = ast.parse((PLATFORM / "base/settings.py").read_text(encoding="utf-8"))
    silent = [
        f"{section.name}.{ast.unparse(field.target)}"
        for section in tree.body
        if isinstance(section, ast.ClassDef)
        for field, after in zip(section.body, [*section.body[1:], None], strict=True)
        if isinstance(field, ast.AnnAssign)
        and not (
            isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        )
    ]
    assert silent == []


def test_settings_do_not_change() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        make_settings().gate.margin = 1.0


# Tables


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"kind": "files"}, "a table of kind files needs the key path"),
        ({"kind": "delta"}, "a table of kind delta needs the key path"),
        ({"kind": "sql", "table": "loans"}, "a table of kind sql needs the key address"),
        (
            {"kind": "sql", "address": "x"},
            "a table of kind sql needs either `table` or `query`",
        ),
        (
            {"kind": "sql", "address": "x", "table": "loans", "query": "SELECT 1"},
            "needs either `table` or `query`",
        ),
        ({"kind": "spark"}, "a table of kind spark needs either `table` or `path`"),
        (
            {"kind": "spark", "path": "x", "table": "y"},
            "needs either `table` or `path`",
        ),
        (
            {"kind": "delta", "path": "x", "control": "*.ctl"},
            "control is for tables of kind files, not of",
        ),
        (
            {"kind": "files", "path": "x", "version": 0},
            "version is for tables of kind delta, not of kind files",
        ),
        (
            {"kind": "delta", "path": "x", "zone": "UTC"},
            "zone is for tables of kind files, not of kind delta",
        ),
        (
            {"kind": "files", "path": "x", "separator": "||"},
            "regular expression, and || is not a valid one, or matches empty text; to use the",
        ),
        (
            {"kind": "files", "path": "x", "encoding": "latin-77"},
            "the encoding latin-77 is unknown; write one",
        ),
        (
            {"kind": "files", "path": "x", "zone": "Berlin"},
            "the time zone Berlin is unknown; write one such as Europe/Berlin",
        ),
        (
            {"kind": "files", "path": "x", "date_format": "dd.mm.yyyy"},
            "dd.mm.yyyy is not a format of dates; write it in the codes of Python's strptime",
        ),
        (
            {"kind": "files", "path": "x", "date_format": {"day": "german"}},
            "german is not a format of dates",
        ),
        (
            {"kind": "files", "path": "x", "decimal": ",", "thousands": ","},
            'thousands and decimal are both ","',
        ),
        ({"kind": "files", "path": "x", "separator": "||"}, '"[|][|]" for two bars'),
        ({"kind": "files", "path": "x", "separator": "(;"}, '"[|][|]" for two bars'),
        ({"kind": "files", "path": "x", "separator": ""}, "at least 1 character"),
        ({"kind": "files", "path": "x", "decimal": ",,"}, "at most 1 character"),
        ({"kind": "files", "path": "x", "max_late": 1}, "max_late needs the key control"),
        ({"kind": "delta", "path": "x", "version": -1}, "greater than or equal to 0"),
        ({"kind": "excel", "path": "x"}, "Input should be 'files'"),
        (
            {"kind": "synthetic", "origin": "production"},
            "a table of kind synthetic has invented rows, so its origin cannot be production",
        ),
        ({"kind": "synthetic", "origin": "masked"}, "its origin cannot be masked; correct kind"),
    ],
)
def test_a_table_has_the_keys_of_its_kind(table: dict[str, Any], words: str) -> None:
    assert words in refused(tables={"loans": {"origin": "masked"} | table})


def test_a_synthetic_table_may_keep_the_keys_of_another_kind() -> None:
    """So that dev and prod differ in one key."""
    table = {"kind": "synthetic", "origin": "synthetic", "control": "*.ctl", "version": 3}
    assert make_settings(tables={"loans": table}).tables["loans"].version == 3


def test_the_origin_is_the_least_real_one() -> None:
    origins = ("production", "masked")
    tables = {o: {"kind": "files", "path": "x", "origin": o} for o in origins}
    assert make_settings(tables=tables).origin == "masked"


def test_the_first_table_is_scored_unless_another_one_is_named() -> None:
    tables = {name: {"kind": "synthetic", "origin": "synthetic"} for name in ("b", "a")}
    assert make_settings(tables=tables).streamed_table == "b"
    assert make_settings(tables=tables, scoring={"table": "a"}).streamed_table == "a"
    message = refused(tables=tables, scoring={"table": "c"})
    assert (
        "scoring.table is c, which is not one of the tables in conf/; set it to one of b, a"
        in message
    )


def test_there_is_a_table() -> None:
    assert "at least 1 item" in refused(tables={})


# Time


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ({"split": "random"}, "the split random needs a reason"),
        ({"split": "group"}, "the split group needs a reason"),
        (
            {"embargo": 1, "label_horizon": 2},
            "embargo (1) must not be shorter than label_horizon (2)",
        ),
        ({"train": 0}, "greater than or equal to 1"),
        ({"label_horizon": -1}, "greater than or equal to 0"),
        ({"period": "quarter"}, "'day', 'week' or 'month'"),
    ],
)
def test_misleading_windows_are_refused(time: dict[str, Any], words: str) -> None:
    assert words in refused(time=time)


def test_an_embargo_as_long_as_the_horizon_is_enough() -> None:
    assert make_settings(time={"embargo": 2, "label_horizon": 2}).time.embargo == 2


def test_a_high_risk_model_is_split_by_time() -> None:
    time = {"split": "random", "reason": "a test"}
    assert "but at risk_tier high it must be time" in refused(risk_tier="high", time=time)
    assert make_settings(risk_tier="medium", time=time).time.split == "random"


# Gate


@pytest.mark.parametrize(
    ("problem", "metric"), [("binary", "auc"), ("multiclass", "accuracy"), ("regression", "r2")]
)
def test_the_metric_is_the_usual_one_of_the_problem(problem: str, metric: str) -> None:
    assert (
        f"gate.thresholds has no bound for {metric}, the metric that the gate compares"
        in refused(problem=problem, gate={"thresholds": {"other": {"min": 0}}})
    )
    found = make_settings(problem=problem, gate={"thresholds": {metric: {"min": 0}}})
    assert found.metric == metric


def test_the_sign_is_that_of_the_metrics_bound() -> None:
    assert make_settings(gate={"thresholds": AUC}).sign == 1
    lower_is_better = make_settings(gate={"thresholds": AUC | MAE, "metric": "mae"})
    assert (lower_is_better.metric, lower_is_better.sign) == ("mae", -1)


@pytest.mark.parametrize("limit", [{}, {"min": 0.0, "max": 1.0}])
def test_a_limit_has_one_direction(limit: dict[str, float]) -> None:
    assert "a metric needs either `min` (higher is better) or `max`" in refused(
        gate={"thresholds": {"auc": limit}}
    )


@pytest.mark.parametrize(
    ("limit", "value", "allowed"),
    [
        ({"min": 0.7}, 0.7, True),
        ({"min": 0.7}, 0.69, False),
        ({"max": 0.2}, 0.2, True),
        ({"max": 0.2}, 0.21, False),
        ({"max": 0.0}, 0.1, False),
        ({"min": 0.7}, float("nan"), False),
        ({"max": 0.2}, float("nan"), False),
    ],
)
def test_a_bound_allows_its_own_value_and_no_missing_one(
    limit: dict[str, float], value: float, *, allowed: bool
) -> None:
    assert settings.Limit(**limit).allows(value) is allowed


def test_a_value_is_suspicious_beyond_its_bounds_and_when_it_is_none() -> None:
    limit = settings.Limit(min=0.7, suspicious_above=0.9, suspicious_below=0.1)
    assert [limit.suspects(value) for value in (0.05, 0.1, 0.9, 0.95)] == [True, False, False, True]
    assert limit.suspects(float("nan"))
    assert not settings.Limit(min=0.7).suspects(1e300)


@pytest.mark.parametrize(("tier", "gap"), [("low", None), ("medium", 0.1), ("high", 0.05)])
def test_the_gap_of_a_slice_depends_on_the_risk_unless_it_is_given(
    tier: str, gap: float | None
) -> None:
    assert make_settings(risk_tier=tier).slice_gap == gap
    given = make_settings(risk_tier=tier, gate={"thresholds": AUC, "slice_gap": 0.0})
    assert given.slice_gap == 0.0


# Promotion


@pytest.mark.parametrize(
    ("env", "tier", "promotion", "needed"),
    [
        ("dev", "high", None, False),
        ("test", "high", None, False),
        ("prod", "low", None, False),
        ("prod", "medium", None, True),
        ("prod", "high", None, True),
        ("prod", "high", "automatic", False),
        ("dev", "low", "approval", True),
    ],
)
def test_a_person_approves_in_prod_unless_the_risk_is_low(
    env: str, tier: str, promotion: str | None, *, needed: bool
) -> None:
    assert make_settings(env=env, risk_tier=tier, promotion=promotion).needs_approval is needed


def test_approvers_are_names_that_can_be_written_in_one_way_only() -> None:
    assert make_settings(approvers=["Ann Other", "bob@bank.example"]).approvers
    for name in ("-", "\N{CYRILLIC SMALL LETTER A}nna", "anna\n", "a" * 101, "anna via GitHub"):
        message = refused(approvers=["Ann Other", name])
        assert "name 2 of approvers is not the name of one person" in message
        assert name not in message or name == "-"


def test_a_dirty_tree_is_for_dev_only() -> None:
    assert make_settings(allow_dirty=True).allow_dirty
    assert (
        "allow_dirty can be true in dev only; remove it from conf/base.yml and conf/prod.yml"
        in refused(env="prod", allow_dirty=True)
    )


@pytest.mark.parametrize(
    ("gate", "metric", "lead", "margin"),
    [
        ({"metric": "auc"}, "auc", 0.25, 0.01),
        ({"metric": "auc", "margin": 0.02}, "auc", 0.25, 0.02),
        ({"metric": "brier"}, "brier", 0.0004, 0.00002),  # 1% of defaults; 0.01 was all of it
        ({"metric": "brier", "margin": 0.0001}, "brier", 0.0004, 0.0001),
        ({"metric": "auc", "margin": 0.02}, "brier", 0.02, 0.001),
        ({"metric": "auc"}, "brier", -0.02, 0.0),
        ({"metric": "auc"}, "brier", None, None),
    ],
)
def test_a_margin_is_in_the_unit_of_its_metric(
    gate: dict[str, Any], metric: str, lead: float | None, margin: float | None
) -> None:
    limits = {"auc": {"min": 0.7}, "brier": {"max": 0.2}}
    assert make_settings(gate=gate | {"thresholds": limits}).margin(metric, lead) == margin
