"""A model learns from rows that it is not judged on, and only labels count that are known."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from mlops.projects import make_project
from rendering import platform

contract = platform("data.contract")
errors = platform("base.errors")
labelled_rows = platform("data.labelled_rows")
settings = platform("base.settings")
windows = platform("base.windows")

AS_OF = pd.Timestamp("2026-01-01")
TIME = {"train": 3, "gate": 1, "label_horizon": 1}


class Inputs(pa.DataFrameModel):
    """Loans, one or several of a customer."""

    loan: int = pa.Field(metadata={"role": "key"})
    applied_on: datetime = pa.Field(metadata={"role": "event_time"})
    customer: int = pa.Field(metadata={"role": "group"})
    amount: float


class Labels(pa.DataFrameModel):
    """Whether they defaulted."""

    loan: int = pa.Field(metadata={"role": "key"})
    known_on: datetime = pa.Field(metadata={"role": "label_time"})
    defaulted: float = pa.Field(nullable=True, metadata={"role": "target"})


CONTRACT = contract.read_contract(SimpleNamespace(Inputs=Inputs, Labels=Labels), "binary")


def make_loans(count: int = 365) -> pd.DataFrame:
    """Return one loan a day in 2025, whose outcome is known 31 days later."""
    days = pd.Series(pd.date_range("2025-01-01", periods=count))
    return pd.DataFrame(
        {
            "loan": range(count),
            "applied_on": days,
            "customer": np.arange(count) // 3,
            "amount": 1.5,
            "known_on": days + pd.Timedelta(days=31),
            "defaulted": np.arange(count) % 2.0,
        }
    )


def source_of(root: Path, loans: pd.DataFrame, *, as_of: pd.Timestamp = AS_OF, **time: Any) -> Any:
    """Return the data of a project whose tables hold these loans, whatever the window."""
    data = SimpleNamespace(
        inputs=lambda *_: loans.drop(columns=["known_on", "defaulted"]),
        labels=lambda *_: loans[["loan", "known_on", "defaulted"]],
    )
    settings_of_time = settings.Time(**TIME | time)
    return labelled_rows.PointInTimeData(
        make_project(root), data, CONTRACT, as_of, settings_of_time
    )


def refused(source: Any, split: str) -> str:
    """Return the sentence with which a split is refused."""
    with pytest.raises(errors.MlopsError) as caught:
        labelled_rows.read_split(source, split)
    return str(caught.value)


# By time


def test_a_split_holds_the_rows_of_its_window_only(tmp_path: Path) -> None:
    source = source_of(tmp_path, make_loans())
    train = labelled_rows.read_split(source, "train")
    gate = labelled_rows.read_split(source, "gate")
    assert train.window == "2025-07-01..2025-10-01"
    assert gate.window == "2025-11-01..2025-12-01"
    assert train.frame["applied_on"].min() == pd.Timestamp("2025-07-01")
    assert train.frame["applied_on"].max() == pd.Timestamp("2025-09-30")
    assert list(gate.frame["applied_on"]) == list(pd.date_range("2025-11-01", "2025-11-30"))
    assert list(gate.frame) == ["loan", "applied_on", "customer", "amount", "defaulted"]


def test_a_label_that_is_not_known_on_the_date_is_left_out_and_lowers_the_coverage(
    tmp_path: Path,
) -> None:
    """A label of 1 January is known at its midnight; those of later days are not."""
    loans = make_loans()
    november = loans["applied_on"].dt.month == 11
    loans.loc[november, "known_on"] = AS_OF + pd.Timedelta(seconds=1)
    loans.loc[november & (loans["applied_on"].dt.day <= 3), "known_on"] = AS_OF
    gate = labelled_rows.read_split(source_of(tmp_path, loans), "gate")
    assert list(gate.frame["applied_on"].dt.day) == [1, 2, 3]
    assert len(gate.all_inputs) == 30
    assert gate.coverage == pytest.approx(0.1)
    assert gate.raw.index.equals(gate.frame.index)


def test_a_label_that_never_comes_is_not_a_zero(tmp_path: Path) -> None:
    loans = make_loans()
    loans.loc[loans["applied_on"].dt.day == 7, "defaulted"] = None
    gate = labelled_rows.read_split(source_of(tmp_path, loans), "gate")
    assert 7 not in list(gate.frame["applied_on"].dt.day)
    assert gate.coverage == pytest.approx(29 / 30)


def test_rows_without_a_time_are_counted_where_the_schema_allows_them(tmp_path: Path) -> None:
    """The tables here have no time in conf/, so the rows are selected by schema.py alone."""

    class Undated(Inputs):
        """Loans, some of which have no date."""

        applied_on: datetime = pa.Field(nullable=True, metadata={"role": "event_time"})

    class Unreviewed(Labels):
        """Labels, some of which have no date."""

        known_on: datetime = pa.Field(nullable=True, metadata={"role": "label_time"})

    read = contract.read_contract(SimpleNamespace(Inputs=Undated, Labels=Unreviewed), "binary")
    loans = make_loans()
    loans.loc[loans["applied_on"].dt.day == 3, ["applied_on"]] = None
    loans.loc[loans["applied_on"].dt.day == 7, ["known_on"]] = None
    loans.loc[loans["applied_on"].dt.day == 9, ["known_on", "defaulted"]] = None  # never a label
    strict = source_of(tmp_path, loans)
    assert "column applied_on fails the check not_nullable" in refused(strict, "gate")
    source = replace(strict, contract=read)
    gate = labelled_rows.read_split(source, "gate")
    assert sorted({*range(1, 31)} - {*gate.frame["applied_on"].dt.day}) == [3, 7, 9]
    train = labelled_rows.read_split(source, "train")  # of the same tables
    assert gate.undated == train.undated == {"Inputs.applied_on": 12, "Labels.known_on": 12}
    assert len(gate.all_inputs) == 29


def test_rows_before_the_time_of_the_tables_are_refused_with_their_window(tmp_path: Path) -> None:
    source = source_of(tmp_path, make_loans(), as_of=pd.Timestamp("2027-01-01"))
    assert refused(source, "gate") == (
        "gate window 2026-11-01..2026-12-01: data.inputs returned no row whose event is in this "
        "window; check its filters, the dates of the table, and the reference date: rows are "
        "needed from 2026-07-01 on, 6 months before the reference date (time.train 3, embargo 1, "
        "time.gate 1, time.label_horizon 1)."
    )


@pytest.mark.parametrize(("split", "reason"), [("time", ""), ("random", "it is a test")])
def test_a_training_window_that_begins_before_the_rows_do_is_described(
    tmp_path: Path, split: str, reason: str
) -> None:
    """A label horizon of a year takes two years: soon, most of the window is before the data."""
    source = source_of(tmp_path, make_loans(), train=12, split=split, reason=reason)
    rows = labelled_rows.read_split(source, "train")
    first = rows.all_inputs["applied_on"].min()
    (sentence,) = labelled_rows.describe_short_history(source, rows)
    assert sentence == (
        f"the training window 2024-10-01..2025-10-01 has no rows before {first:%Y-%m-%d}, which "
        "leaves 3 of its 12 months empty; provide older rows, or shorten time.train"
    )
    whole = source_of(tmp_path, make_loans())
    assert labelled_rows.describe_short_history(whole, rows) == []


def test_a_weekend_before_the_first_row_is_not_described(tmp_path: Path) -> None:
    loans = make_loans().iloc[2:]
    source = source_of(tmp_path, loans, period="day", train=300, gate=31, label_horizon=0)
    source = replace(source, as_of=pd.Timestamp("2025-11-28"))
    rows = labelled_rows.read_split(source, "train")
    assert rows.window == "2025-01-01..2025-10-28"
    assert labelled_rows.describe_short_history(source, rows) == []


def test_tables_without_rows_and_labels_that_have_not_matured_are_refused(tmp_path: Path) -> None:
    assert "data.inputs returned no rows" in refused(source_of(tmp_path, make_loans(0)), "train")
    young = make_loans().assign(known_on=pd.Timestamp("2027-01-01"))
    assert "no row has a label that is known as of 2026-01-01" in refused(
        source_of(tmp_path, young), "train"
    )


@pytest.mark.parametrize("name", ["inputs", "labels"])
def test_a_key_that_occurs_twice_is_refused(tmp_path: Path, name: str) -> None:
    source = source_of(tmp_path, make_loans())
    once = getattr(source.data, name)
    setattr(source.data, name, lambda *_: pd.concat([once(*_)] * 2))
    assert "the key (loan) of an earlier row (row " in refused(source, "gate")


@pytest.mark.parametrize("name", ["inputs", "labels"])
def test_a_column_that_the_users_function_does_not_find_is_named(tmp_path: Path, name: str) -> None:
    source = source_of(tmp_path, make_loans())
    setattr(source.data, name, lambda *_: make_loans()["absent"])
    message = refused(source, "gate")
    assert message.startswith(f"data.{name}: column absent is missing; correct data.py")


@pytest.mark.parametrize("name", ["inputs", "labels"])
def test_a_column_that_schema_py_alone_names_is_named(tmp_path: Path, name: str) -> None:
    """As in the example, which selects `list(Inputs.to_schema().columns)`."""
    column = f"measurement_{1}"  # no line of this file names it
    schema = getattr(CONTRACT, name)
    extended = replace(schema, types={**schema.types, column: "float64"})
    source = source_of(tmp_path, make_loans())
    setattr(source.data, name, lambda *_: make_loans()[["amount", column]])
    source = replace(source, contract=replace(CONTRACT, **{name: extended}))
    assert refused(source, "gate").startswith(f"data.{name}: column {column} is missing; ")


# By a hash


@pytest.mark.parametrize("split", ["random", "group"])
def test_a_row_is_in_one_split_and_stays_there_when_others_come(tmp_path: Path, split: str) -> None:
    how: dict[str, Any] = {"split": split, "reason": "a test", "train": 11, "gate": 1, "embargo": 1}
    fewer = make_loans().query("loan % 5 > 0")
    found = {}
    for name, loans in (("all", make_loans()), ("fewer", fewer)):
        source = source_of(tmp_path, loans, **how)
        sides = (labelled_rows.read_split(source, side).frame for side in ("train", "gate"))
        found[name] = [set(frame["loan"]) for frame in sides]
    train, gate = found["all"]
    assert not train & gate
    assert {*found["fewer"][0]} == train & {*fewer["loan"]}
    assert {*found["fewer"][1]} == gate & {*fewer["loan"]}


def test_a_group_is_never_in_both_splits(tmp_path: Path) -> None:
    source = source_of(tmp_path, make_loans(), split="group", reason="a test", train=5, gate=5)
    train = labelled_rows.read_split(source, "train").all_inputs
    gate = labelled_rows.read_split(source, "gate").all_inputs
    assert not set(train["customer"]) & set(gate["customer"])
    assert min(train["customer"].nunique(), gate["customer"].nunique()) > 10


def test_the_shares_are_those_of_the_windows(tmp_path: Path) -> None:
    """Of 20,000 keys a quarter is the gate's; four standard errors are 1.2 percentage points."""
    loans = make_loans(20_000).assign(applied_on=pd.Timestamp("2025-11-15"))
    loans["known_on"] = AS_OF
    source = source_of(tmp_path, loans, split="random", reason="a test")
    gate = labelled_rows.read_split(source, "gate")
    assert len(gate.frame) / len(loans) == pytest.approx(0.25, abs=0.012)


def test_a_split_without_rows_is_refused(tmp_path: Path) -> None:
    loans = make_loans().tail(150).head(1)
    source = source_of(tmp_path, loans, split="random", reason="a test")
    messages = []
    for split in ("train", "gate"):
        try:
            labelled_rows.read_split(source, split)
        except errors.MlopsError as error:
            messages.append(str(error))
    [message] = messages
    assert "time.split: random` leaves no" in message


# Events


@pytest.mark.parametrize(
    ("problem", "truth", "events"),
    [
        ("binary", [0, 0, 0, 1], 1),
        ("binary", [1, 1, 1, 0], 1),
        ("binary", [0, 0], 0),
        ("binary", [], 0),
        ("multiclass", ["a", "b", "b", "c", "c"], 1),
        ("multiclass", [], 0),
        ("regression", [1.0, 1.0], 2),
        ("regression", [], 0),
    ],
)
def test_events_are_rows_of_the_rarest_class(
    problem: str, truth: list[object], events: int
) -> None:
    named = SimpleNamespace(problem=problem)
    assert labelled_rows.count_events(named, pd.Series(truth, dtype="object")) == events
