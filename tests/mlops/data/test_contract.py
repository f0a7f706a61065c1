"""The contract takes what a reader can bring for a column without loss, and refuses the rest."""

from datetime import datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from rendering import platform

contract = platform("data.contract")
errors = platform("base.errors")


class Inputs(pa.DataFrameModel):
    """A column of each type and of most roles."""

    loan: str = pa.Field(metadata={"role": "key"})
    applied_on: datetime = pa.Field(metadata={"role": "event_time"})
    customer: int = pa.Field(metadata={"role": "group"})
    amount: float = pa.Field(gt=0)
    income: float = pa.Field(nullable=True)
    purpose: str = pa.Field(nullable=True)
    known: bool


class Labels(pa.DataFrameModel):
    """The target."""

    loan: str = pa.Field(metadata={"role": "key"})
    defaulted: int = pa.Field(metadata={"role": "target"})


READ = contract.read_contract(SimpleNamespace(Inputs=Inputs, Labels=Labels), "binary")
TIMES = [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02 12:00")]
ROWS = pd.DataFrame(
    {
        "loan": ["a", "b"],
        "applied_on": TIMES,
        "customer": [1, 2],
        "amount": [1.5, 2.0],
        "income": [1.0, None],
        "purpose": ["car", None],
        "known": [True, False],
    }
)


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the cleaned rows."""
    cleaned: pd.DataFrame = READ.inputs.clean(frame, "here")
    return cleaned


def test_roles_and_types_are_those_of_the_schema() -> None:
    assert (READ.keys, READ.target) == (["loan"], "defaulted")
    assert READ.features == ["amount", "income", "purpose", "known"]
    assert set(READ.text) == {"loan", "purpose"}
    assert READ.inputs.types == {
        "loan": "str",
        "applied_on": "datetime",
        "customer": "int64",
        "amount": "float64",
        "income": "float64",
        "purpose": "str",
        "known": "bool",
    }


# What rows become


@pytest.mark.parametrize("pandas_type", ["object", "string", "str"])
def test_text_is_the_same_whatever_type_a_reader_gives_it(pandas_type: str) -> None:
    typed = ROWS.astype({"loan": pandas_type, "purpose": pandas_type})
    pd.testing.assert_frame_equal(clean(typed), clean(ROWS))


SAME = {
    "whole numbers for floats": ("amount", pd.Series([1, 2]), [1.0, 2.0]),
    "floats for whole numbers": ("customer", pd.Series([1.0, 2.0]), [1, 2]),
    "numbers as text": ("customer", pd.Series(["1", "2"]), [1, 2]),
    "numbers as objects": ("amount", pd.Series([1.5, 2], dtype="object"), [1.5, 2.0]),
    "no value at all": ("income", pd.Series([None, None], dtype="object"), [None, None]),
    "no text at all": ("purpose", pd.Series([np.nan, np.nan]), [None, None]),
    "0 and 1 for flags": ("known", pd.Series([1, 0]), [True, False]),
    "flags for a nullable number": ("income", pd.Series([True, False]), [1.0, 0.0]),
    "flags of which some are missing": ("income", pd.Series([True, None]), [1.0, None]),
    "nullable flags": ("income", pd.Series([True, None], dtype="boolean"), [1.0, None]),
    "nullable whole numbers": ("income", pd.Series([3, None], dtype="Int64"), [3.0, None]),
    "times as text": ("applied_on", pd.Series(["2026-01-01", "2026-01-02T12:00"]), TIMES),
    "times in seconds": ("applied_on", pd.Series(TIMES).astype("datetime64[s]"), TIMES),
}


@pytest.mark.parametrize(("column", "values", "expected"), SAME.values(), ids=SAME)
def test_what_can_be_cast_without_loss_gets_the_type_of_the_schema(
    column: str, values: Any, expected: list[object]
) -> None:
    cleaned = clean(ROWS.assign(**{column: values}))
    pd.testing.assert_series_equal(cleaned.dtypes, clean(ROWS).dtypes)
    plain = cleaned[column].astype("object")
    assert list(plain.where(plain.notna(), None)) == expected


LOST = {
    "a fraction for a whole number": ("customer", [1, 2.5], "int", "row 1", "float"),
    "a missing value for a whole number": ("customer", [1, None], "int", "row 1", "no value"),
    "a number for text": ("purpose", ["car", 3], "str", "row 1", "int"),
    "a flag for a number": ("amount", [True, False], "float", "row 0", "bool"),
    "a word for a number": ("amount", ["1", "many"], "float", "row 1", "str"),
    "a number for a time": ("applied_on", [20260101, 20260102], "datetime", "row 0", "int"),
    "a word for a time": ("applied_on", ["2026-01-01", "soon"], "datetime", "row 1", "str"),
    "two for a flag": ("known", [0, 2], "bool", "row 1", "int"),
    "a missing flag": ("known", [True, None], "bool", "row 1", "no value"),
    "a number beyond 64 bits": ("customer", [1, 2**63], "int", "row 1", "int"),
}


@pytest.mark.parametrize(("column", "values", "kind", "row", "found"), LOST.values(), ids=LOST)
def test_what_would_lose_something_is_refused_with_its_place_and_type(
    column: str, values: list[object], kind: str, row: str, found: str
) -> None:
    with pytest.raises(errors.MlopsError) as caught:
        clean(ROWS.assign(**{column: pd.Series(values)}))
    message = str(caught.value)
    assert message.startswith(f"here: column {column} is ")
    assert f"cannot become {kind} without loss ({row}, counted from 0, has " in message
    assert f"{found});" in message
    assert "schema.py" in message


def test_a_time_with_a_zone_is_refused_because_it_is_ambiguous() -> None:
    with pytest.raises(errors.MlopsError, match=r"row 1, counted from 0, has a value"):
        clean(ROWS.assign(applied_on=["2026-01-01", "2026-01-02T00:00+02:00"]))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(
        errors.MlopsError,
        match=r"^here: column income is missing; data.py must return it",
    ):
        clean(ROWS.drop(columns="income"))


def test_columns_that_the_schema_does_not_know_are_dropped_and_the_order_is_its_own() -> None:
    cleaned = clean(ROWS.iloc[:, ::-1].assign(extra=1).set_axis(["x", "y"]))
    assert list(cleaned) == list(READ.inputs.types)
    assert list(cleaned.index) == ["x", "y"]


def test_an_infinite_value_is_refused() -> None:
    with pytest.raises(errors.MlopsError, match="column income is infinite"):
        clean(ROWS.assign(income=[1.0, float("-inf")]))


def test_a_broken_check_is_reported_with_its_place_and_how_often() -> None:
    with pytest.raises(errors.MlopsError) as caught:
        clean(ROWS.assign(amount=[1.0, -2.0]).set_axis(["x", "y"]))
    assert (
        "column amount fails the check greater_than(0) of schema.Inputs in 1 of 2 rows, the first "
        "in row 1 (counted from 0)"
    ) in str(caught.value)


@pytest.mark.parametrize("setting", [{"enabled": False}, {"depth": "SCHEMA_ONLY"}], ids=str)
def test_no_setting_of_pandera_skips_a_check(setting: dict[str, Any]) -> None:
    """Its variables, such as PANDERA_VALIDATION_ENABLED, give the same settings."""
    from pandera.config import config_context

    given = {f"validation_{name}": value for name, value in setting.items()}
    with (
        config_context(**given),
        pytest.raises(errors.MlopsError, match="column amount fails the check greater_than"),
    ):
        clean(ROWS.assign(amount=[1.0, -2.0]))


def test_the_failures_of_other_columns_are_not_counted() -> None:
    class Inputs(pa.DataFrameModel):
        loan: str = pa.Field(metadata={"role": "key"})
        amount: float = pa.Field(gt=0)
        income: float = pa.Field(gt=0)

    read = contract.read_contract(SimpleNamespace(Inputs=Inputs, Labels=Labels), "binary")
    rows = pd.DataFrame({"loan": ["a", "b"], "amount": [1.0, -1.0], "income": [-1.0, -1.0]})
    with pytest.raises(errors.MlopsError, match=r"column amount fails .* in 1 of 2 rows"):
        read.inputs.clean(rows, "here")


def read_inputs(model: Any) -> Any:
    """Return the inputs of a contract with this class."""
    module = SimpleNamespace(Inputs=model, Labels=Labels)
    return contract.read_contract(module, "binary").inputs


def failure(model: Any) -> str:
    """Return what is wrong with two rows, of which the second one asks for too much."""
    rows = pd.DataFrame({"loan": ["a", "a"], "amount": [1.0, 9.0], "income": [2.0, 3.0]})
    with pytest.raises(errors.MlopsError) as caught:
        read_inputs(model).clean(rows, "here")
    return str(caught.value)


REMEDY = "; correct the source, or the check in schema.py."


class Loans(pa.DataFrameModel):
    """Loans, without a check."""

    loan: str = pa.Field(metadata={"role": "key"})
    amount: float
    income: float


def test_a_check_of_whole_rows_is_not_reported_as_a_fault_of_the_first_column() -> None:
    class Inputs(Loans):
        @pa.dataframe_check
        @classmethod
        def affordable(cls, rows: pd.DataFrame) -> "pd.Series[bool]":
            return rows["amount"] < 2 * rows["income"]

    assert failure(Inputs) == (
        "here: the check affordable of schema.Inputs, which is about whole rows, fails in 1 of 2 "
        f"rows, the first in row 1 (counted from 0){REMEDY}"
    )


def test_a_check_of_the_whole_frame_names_no_row() -> None:
    class Inputs(Loans):
        @pa.dataframe_check
        @classmethod
        def enough(cls, rows: pd.DataFrame) -> bool:
            return len(rows) > 100

    assert failure(Inputs) == (
        "here: the check enough of schema.Inputs, which is about all rows together, fails for "
        f"these 2 rows{REMEDY}"
    )


def test_a_check_of_a_whole_column_names_no_row() -> None:
    class Inputs(Loans):
        @pa.check("amount")
        @classmethod
        def large(cls, amounts: "pd.Series[float]") -> bool:
            return bool(amounts.mean() > 100)

    assert failure(Inputs) == (
        "here: column amount fails the check large of schema.Inputs, which is about all rows "
        f"together, of which there are 2{REMEDY}"
    )


def test_columns_that_must_differ_together_are_named() -> None:
    class Inputs(Loans):
        class Config:
            unique = ("loan",)

    assert failure(Inputs) == (
        "here: rows have the same loan, which the check multiple_fields_uniqueness of "
        f"schema.Inputs forbids, in 2 of 2 rows, the first in row 0 (counted from 0){REMEDY}"
    )


def test_a_check_that_raises_an_error_is_reported_without_its_text() -> None:
    class Inputs(Loans):
        @pa.dataframe_check
        @classmethod
        def broken(cls, rows: pd.DataFrame) -> bool:
            raise ValueError(rows["loan"][0])

    assert failure(Inputs) == (
        "here: the check broken of schema.Inputs raises ValueError; correct it in schema.py."
    )


IBAN = "DE89370400440532013000"


@pytest.mark.parametrize("column", list(READ.inputs.types))
def test_no_message_quotes_a_value_of_a_row(column: str) -> None:
    """A delivery whose columns are shifted has account numbers anywhere."""
    with pytest.raises(errors.MlopsError) as caught:
        clean(ROWS.drop(columns=column).assign(**{column: pd.Series([IBAN, 4], dtype=object)}))
    assert IBAN not in str(caught.value)
    assert column in str(caught.value)


def test_a_key_that_breaks_a_check_is_not_quoted() -> None:
    class Inputs(pa.DataFrameModel):
        iban: str = pa.Field(str_length={"max_value": 5}, metadata={"role": "key"})
        amount: float

    class Labels(pa.DataFrameModel):
        iban: str = pa.Field(metadata={"role": "key"})
        defaulted: int = pa.Field(metadata={"role": "target"})

    module = ModuleType("schema")
    module.Inputs, module.Labels = Inputs, Labels  # type: ignore[attr-defined]
    inputs = contract.read_contract(module, "binary").inputs
    with pytest.raises(errors.MlopsError) as caught:
        inputs.clean(pd.DataFrame({"iban": ["a", IBAN], "amount": [1.0, 2.0]}), "here")
    assert "column iban fails the check str_length" in str(caught.value)
    assert "first in row 1" in str(caught.value)
    assert IBAN not in str(caught.value)
    with pytest.raises(errors.MlopsError) as caught:
        contract.refuse_duplicates(pd.DataFrame({"iban": [IBAN, IBAN]}), ["iban"], "here")
    assert IBAN not in str(caught.value)


def test_no_rows_are_clean() -> None:
    assert clean(ROWS.head(0)).dtypes.equals(clean(ROWS).dtypes)


def test_keys_may_not_occur_twice() -> None:
    contract.refuse_duplicates(ROWS, ["loan"], "here")
    doubled = pd.concat([ROWS, ROWS.head(1)])
    contract.refuse_duplicates(doubled.assign(n=range(3)), ["loan", "n"], "here")
    with pytest.raises(errors.MlopsError, match=r"^here: 1 row repeats the key \(loan\) of an"):
        contract.refuse_duplicates(doubled, ["loan"], "here")


# What a schema must state


class Key(pa.DataFrameModel):
    """Only a key."""

    loan: str = pa.Field(metadata={"role": "key"})


class IntegerKey(pa.DataFrameModel):
    """A key of another type, and a feature."""

    loan: int = pa.Field(metadata={"role": "key"})
    amount: float


class TakenKey(pa.DataFrameModel):
    """A key that is called like a column of the predictions."""

    score: str = pa.Field(metadata={"role": "key"})
    amount: float


class TakenLabels(pa.DataFrameModel):
    """Its labels."""

    score: str = pa.Field(metadata={"role": "key"})
    defaulted: int = pa.Field(metadata={"role": "target"})


class TwoTargets(pa.DataFrameModel):
    """Two columns to predict."""

    loan: str = pa.Field(metadata={"role": "key"})
    defaulted: int = pa.Field(metadata={"role": "target"})
    late: int = pa.Field(metadata={"role": "target"})


class TargetInInputs(pa.DataFrameModel):
    """The model would see what it predicts."""

    loan: str = pa.Field(metadata={"role": "key"})
    defaulted: int


class UnknownRole(pa.DataFrameModel):
    """A role that does not exist."""

    loan: str = pa.Field(metadata={"role": "key"})
    amount: float = pa.Field(metadata={"role": "secret"})


class TimeAsText(pa.DataFrameModel):
    """A time of the wrong type."""

    loan: str = pa.Field(metadata={"role": "key"})
    day: str = pa.Field(metadata={"role": "event_time"})


class SmallInteger(pa.DataFrameModel):
    """A type that no signature has."""

    loan: str = pa.Field(metadata={"role": "key"})
    amount: np.int8


WRONG = {
    "no class": (SimpleNamespace(Inputs=Inputs), "class Labels is missing"),
    "no key": (
        SimpleNamespace(Inputs=Labels, Labels=Labels),
        "target, which is not allowed in Inputs; use one of key",
    ),
    "no target": (
        SimpleNamespace(Inputs=Inputs, Labels=Key),
        "no column of Labels has the role target",
    ),
    "two targets": (
        SimpleNamespace(Inputs=Inputs, Labels=TwoTargets),
        "defaulted and late have the role target, which only one column may have",
    ),
    "no feature": (SimpleNamespace(Inputs=Key, Labels=Labels), "there is no feature"),
    "other keys": (SimpleNamespace(Inputs=TakenKey, Labels=Labels), "give both the same key"),
    "other types of keys": (
        SimpleNamespace(Inputs=IntegerKey, Labels=Labels),
        "key loan has different types",
    ),
    "a key of the predictions": (
        SimpleNamespace(Inputs=TakenKey, Labels=TakenLabels),
        "the key score has the same name as another column of the predictions",
    ),
    "the target as a feature": (
        SimpleNamespace(Inputs=TargetInInputs, Labels=Labels),
        "Inputs contains the target defaulted",
    ),
    "an unknown role": (SimpleNamespace(Inputs=UnknownRole, Labels=Labels), "amount has the role"),
    "a time as text": (SimpleNamespace(Inputs=TimeAsText, Labels=Labels), "give it the type datet"),
    "an unknown type": (SimpleNamespace(Inputs=SmallInteger, Labels=Labels), "has the type int8"),
}


@pytest.mark.parametrize(("schema", "words"), WRONG.values(), ids=WRONG)
def test_a_schema_that_does_not_fit_is_refused(schema: Any, words: str) -> None:
    with pytest.raises(errors.Misconfigured, match=rf"^schema\.py: .*{words}"):
        contract.read_contract(schema, "binary")


def test_a_role_that_must_be_there_once_is_asked_for_with_the_reason() -> None:
    assert READ.inputs.one("protected") is None
    assert READ.inputs.need("group", "time.split: group") == "customer"
    with pytest.raises(errors.Misconfigured, match="needs a column of Labels with"):
        READ.labels.need("event_time", "time.split: time")


# Rows that must not disappear


def test_a_time_may_be_missing_only_if_every_class_that_has_it_says_so() -> None:
    class WithTime(Labels):
        """Labels that repeat the time of the event."""

        applied_on: datetime = pa.Field(nullable=True)
        known_on: datetime = pa.Field(nullable=True, metadata={"role": "label_time"})

    read = contract.read_contract(SimpleNamespace(Inputs=Inputs, Labels=WithTime), "binary")
    assert read.nullable_times == {"applied_on": False, "known_on": True}


def test_a_schema_that_drops_rows_is_refused() -> None:
    class Dropping(Inputs):
        """Inputs that lose the rows that they do not accept."""

        class Config:
            """Pandera's own setting."""

            drop_invalid_rows = True

    read = contract.read_contract(SimpleNamespace(Inputs=Dropping, Labels=Labels), "binary")
    assert len(read.inputs.clean(ROWS, "here")) == 2
    with pytest.raises(errors.MlopsError) as caught:
        read.inputs.clean(ROWS.assign(amount=[1.5, -1.0]), "here")
    assert str(caught.value) == (
        "here: schema.Inputs drops rows, and 1 of 2 would be lost unnoticed; remove "
        "drop_invalid_rows, or the parser that drops them, from schema.py, and leave rows out in "
        "data.py."
    )


# What to declare instead


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (pd.Int64Dtype, "Int64, .* float with pa.Field.nullable=True.: it holds whole numbers"),
        (pd.UInt8Dtype, "UInt8, .* float with pa.Field.nullable=True."),
        (np.int32, "int32, .* use int"),
        (pd.BooleanDtype, "boolean, .* true becomes 1 and false 0"),
        (pd.Float64Dtype, "Float64, .* use float"),
        (pd.CategoricalDtype, "category, .* use str"),
        (complex, "complex128, .* use int, float, bool, str or datetime"),
    ],
)
def test_a_type_that_is_not_supported_names_the_one_to_use(kind: Any, words: str) -> None:
    class Inputs(pa.DataFrameModel):
        loan: str = pa.Field(metadata={"role": "key"})
        debts: kind

    module = SimpleNamespace(Inputs=Inputs, Labels=Labels)
    with pytest.raises(errors.Misconfigured, match=f"Inputs.debts has the type {words}"):
        contract.read_contract(module, "binary")


@pytest.mark.parametrize("column", ["customer", "known"])
def test_a_missing_value_names_the_type_that_can_hold_it(column: str) -> None:
    values = pd.Series([1, None], dtype=object)
    with pytest.raises(errors.MlopsError, match=r"float with pa.Field\(nullable=True\) if values"):
        clean(ROWS.assign(**{column: values}))
