"""The drafted synthetic.py: rows like those of the table, but none of them, and nothing private."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import ROOT, platform

synthetic_file = platform("steps.draft.synthetic_file")
records = platform("steps.draft.profile")
splitting = platform("steps.draft.splitting")
settings = platform("base.settings")

MARCH = pd.Timestamp("2025-03-01")
APRIL = pd.Timestamp("2025-04-01")
MONTHS = splitting.SplitPlan("time", "", "month", 9, 3, 0, MARCH.date(), 150)
UNDATED = splitting.SplitPlan("random", "no dates", "month", 7, 3, 0, None, 150)


def column(name: str, kind: str = "str", role: str = "feature", **facts: Any) -> Any:
    """Return what is known about a column with 1,000 rows; its name in the table is `Name`."""
    rows = {"rows": 1_000, "distinct": 1_000}
    return records.Column(name, name.capitalize(), kind, role, **rows | facts)


def shares(**categories: float) -> tuple[Any, ...]:
    return tuple(records.Category(value, share) for value, share in categories.items())


KEY = column("loan_id", role="key")
TIME = column("applied", "datetime", "event_time", whole=True)
TIME = replace(TIME, first=pd.Timestamp("2024-03-01"), last=pd.Timestamp("2025-02-28"))
PAID = replace(TIME, name="paid", source="Paid", role="excluded", conversion="date")
PAID = replace(
    PAID,
    date_format="%d/%m/%Y",
    first=TIME.first + pd.Timedelta(days=30),
    last=TIME.last + pd.Timedelta(days=60),
)
CUSTOMER = column("customer", role="group", distinct=200)
EMAIL = column("email", role="personal")
BIRTHDAY = column("birthday", "datetime", "personal")
TERM = column("term", "int64", whole=True, quantiles=(6, 9, 12, 15, 18, 20, 24, 30, 36, 42, 60))
INCOME = column("income", "float64", missing=0.2, separation=0.3)
INCOME = replace(INCOME, quantiles=tuple(1000.37 + 211.11 * step for step in range(11)))
SPAN = column("span", "float64", quantiles=tuple(step / 20 for step in range(11)))
REGION = column("region", categories=shares(north=0.5, south=0.3, east=0.1), separation=0.2)
OWNER = column(
    "owner", "bool", categories=(records.Category(True, 0.7), records.Category(False, 0.3))
)
RATE = column(
    "rate", "int64", whole=True, categories=(records.Category(4, 0.6), records.Category(2, 0.4))
)
BAD = column("bad", "int64", "target", categories=shares(good=0.8, bad=0.2), closed=True)
ALL = (KEY, TIME, PAID, CUSTOMER, EMAIL, BIRTHDAY, TERM, INCOME, SPAN, REGION, OWNER, RATE, BAD)


def write(*columns: Any, plan: Any = MONTHS, problem: str = "binary", **options: Any) -> str:
    """Return the drafted file of a table with these columns."""
    table = settings.Table(kind="files", origin="production", path="loans.csv")
    profile = records.TableProfile("loans", table, problem, 1_000, True, columns)
    chosen = {"outcome": "bad", "key_of": (), "select": False} | options
    return str(synthetic_file.write_synthetic(profile, plan, **chosen))


def run(text: str, month: pd.Timestamp = MARCH, seed: int = 7) -> pd.DataFrame:
    """Return the rows that a drafted file invents."""
    module: dict[str, Any] = {}
    exec(text, module)  # noqa: S102 - the draft
    frame: pd.DataFrame = module["rows"](month, seed)["loans"]
    return frame


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """The invented rows of one month."""
    return run(write(*ALL))


def test_rows_have_all_columns_by_their_names_in_the_table(rows: pd.DataFrame) -> None:
    made = records.Column("row_number", "", "int64", "key", 1_000)
    assert set(rows) == {each.source for each in ALL}
    assert set(run(write(made, TERM, BAD))) == {"Term", "Bad"}


def test_numbers_and_categories_are_distributed_as_in_the_table(rows: pd.DataFrame) -> None:
    assert rows["Term"].dtype == "int64"
    assert rows["Term"].between(6, 60).all()
    assert rows["Term"].median() == pytest.approx(20, abs=2)
    assert rows["Span"].dtype == "float64"
    assert rows["Region"].value_counts(normalize=True)["north"] == pytest.approx(0.5, abs=0.08)
    assert set(rows["Region"]) == {"north", "south", "east", "other"}
    assert rows["Owner"].dtype == "bool"
    assert set(rows["Rate"]) == {2, 4}
    assert rows["Income"].isna().mean() == pytest.approx(0.2, abs=0.05)
    assert rows["Bad"].value_counts(normalize=True)["bad"] == pytest.approx(0.2, abs=0.01)


def test_times_are_in_the_month_and_others_as_long_after_them_as_in_the_table(
    rows: pd.DataFrame,
) -> None:
    assert rows["Applied"].is_monotonic_increasing
    assert set(rows["Applied"].dt.to_period("M").astype(str)) == {"2025-03"}
    assert rows["Applied"].max() == pd.Timestamp("2025-03-31")
    later = pd.to_datetime(rows["Paid"], format="%d/%m/%Y") - rows["Applied"]
    assert later.dt.days.between(30, 60).all()


def test_keys_are_unique_over_all_months_and_customers_return(rows: pd.DataFrame) -> None:
    text = write(*ALL)
    both = pd.concat([rows, run(text, APRIL)])
    assert both["Loan_id"].is_unique
    assert both["Customer"].nunique() < len(both)
    whole = replace(KEY, type="int64")
    numbers = pd.concat([run(write(whole, TIME, TERM, BAD), month) for month in (MARCH, APRIL)])
    assert numbers["Loan_id"].is_unique


def test_of_a_panel_an_identifier_is_unique_in_each_month() -> None:
    made = records.Column("row_key", "", "str", "key", 1_000)
    panel = run(write(made, TIME, CUSTOMER, TERM, BAD, key_of=("customer", "applied")))
    assert panel["Customer"].is_unique


def test_the_same_month_and_seed_give_the_same_rows(rows: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(run(write(*ALL)), rows)
    assert not run(write(*ALL), seed=8).equals(rows)


def test_the_target_follows_from_several_features(rows: pd.DataFrame) -> None:
    bad = rows["Bad"] == "bad"
    assert rows["Term"].corr(bad) > 0.1
    assert rows["Span"].corr(bad) > 0.1
    score = rows["Term"].rank() + rows["Income"].fillna(2000).rank() + rows["Span"].rank()
    assert score[bad].median() > score.quantile(0.7)


@pytest.mark.parametrize("problem", ["multiclass", "regression"])
def test_other_targets_have_the_distribution_of_the_table(problem: str) -> None:
    grade = replace(BAD, type="str", categories=shares(a=0.5, b=0.3, c=0.2))
    amount = replace(BAD, type="float64", categories=(), quantiles=INCOME.quantiles)
    target = grade if problem == "multiclass" else amount
    found = run(write(TERM, SPAN, target, plan=UNDATED, problem=problem, outcome=None))["Bad"]
    if problem == "multiclass":
        assert found.value_counts(normalize=True).round(2).to_dict() == {
            "a": 0.5,
            "b": 0.3,
            "c": 0.2,
        }
    else:
        assert found.median() == pytest.approx(np.median(INCOME.quantiles), rel=0.05)


def test_flags_with_missing_values_are_1_and_0() -> None:
    flags = (records.Category(True, 0.7), records.Category(False, 0.3))
    flag = column("flag", "float64", missing=0.1, categories=flags, closed=True)
    assert set(run(write(TERM, flag, BAD, plan=UNDATED))["Flag"].dropna()) == {0.0, 1.0}


# Rounding

LONG_TAIL = (1.37, 2.0, 3.0, 4.0, 5.0, 8.0, 13.0, 17.0, 40.0, 90.0, 123_456.78)


def test_the_least_and_the_greatest_value_are_not_those_of_a_row() -> None:
    amounts = column("amount", "float64", quantiles=LONG_TAIL)
    rounded = synthetic_file.round_quantiles(amounts)
    assert rounded == (1.38, 2, 4, 8, 17, 90, 120_000)


def test_quantiles_stay_in_order_and_inside_the_limits_of_the_schema() -> None:
    shares_of_one = tuple(min(1.0, step / 7.3) for step in range(11))
    rounded = synthetic_file.round_quantiles(column("x", "float64", quantiles=shares_of_one))
    assert list(rounded) == sorted(rounded)
    assert rounded[0] == 0
    assert rounded[-1] == 1


def test_a_value_of_many_rows_stays_as_it_is() -> None:
    year = column("year", "int64", whole=True, quantiles=(2019,) * 5 + (2020,) * 6)
    assert synthetic_file.round_quantiles(year) == (2019, 2019, 2019, 2020, 2020, 2020, 2020)


# How many rows


@pytest.mark.parametrize("share", [0.3, 0.02])
def test_there_are_enough_rows_of_the_rarest_class_for_the_drafted_gate(share: float) -> None:
    bad = replace(BAD, categories=shares(good=1 - share, bad=share))
    undated = run(write(TERM, SPAN, bad, plan=UNDATED))
    assert (undated["Bad"] == "bad").sum() * 0.3 > 140
    month = run(write(KEY, TIME, TERM, bad))
    assert (month["Bad"] == "bad").sum() * 3 > 140


def test_a_wide_table_has_few_rows() -> None:
    wide = [replace(SPAN, name=f"s{number}", source=f"s{number}") for number in range(300)]
    rare = replace(BAD, categories=shares(good=0.9999, bad=0.0001))
    assert run(write(*wide, rare, plan=UNDATED)).size < 12_000_000


def test_a_table_whose_rows_are_numbered_begins_with_a_fixed_month() -> None:
    made = records.Column("row_number", "", "int64", "key", 1_000)
    assert 'FIRST_MONTH = pd.Timestamp("2024-01-01")' in write(made, TIME, TERM, BAD, select=True)
    assert "FIRST_MONTH" not in write(KEY, TIME, TERM, BAD, select=True)


# How it reads


@pytest.mark.parametrize(
    "text",
    [
        write(*ALL),
        write(TERM, BAD, plan=UNDATED),
        write(REGION, OWNER, BAD, plan=UNDATED),
        write(SPAN, replace(INCOME, role="target", missing=0), plan=UNDATED, problem="regression"),
        write(
            replace(KEY, source='a "key"\\'), replace(TERM, source="naïve {x}"), BAD, plan=UNDATED
        ),
    ],
    ids=["dated", "numbers", "categories", "regression", "strange names"],
)
def test_the_file_passes_the_checks_of_the_project(text: str, tmp_path: Path) -> None:
    path = tmp_path / "synthetic.py"
    path.write_text(text, encoding="utf-8")
    rules = ROOT / "template/.mlops/ruff.toml"
    for command in (["check", "--no-cache"], ["format", "--no-cache", "--diff"]):
        done = subprocess.run(
            ["ruff", *command, "--config", rules, path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
