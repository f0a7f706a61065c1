"""What the values of a column say: types, missing values, ranges and categories."""

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform

inference = platform("steps.draft.inference")
names = platform("steps.draft.names")

ROWS = 100


def column(values: Any, name: str = "x", **keys: Any) -> Any:
    """Return what is known about a column of these values, repeated."""
    return inference.infer(pd.Series(values, name=name, **keys), name).column


def repeated(*values: Any) -> list[Any]:
    return list(values) * (ROWS // len(values))


@pytest.mark.parametrize(
    ("values", "kind", "missing"),
    [
        (repeated(1, 2, 3, 4, 5), "int64", 0),
        (repeated(1, 2, 3, 4, None), "float64", 0.2),
        (repeated(1.5, 2.5), "float64", 0),
        (repeated(True, False), "bool", 0),
        (repeated(True, None), "float64", 0.5),
        (repeated("a", "b", None, "d"), "str", 0.25),
        (repeated("2026-01-31", "2026-02-28"), "datetime", 0),
        (repeated("2026-01-31 12:00", None), "datetime", 0.5),
        (repeated(datetime.date(2026, 1, 31), None), "datetime", 0.5),
        (repeated(pd.Timestamp("2026-01-31"), pd.NaT), "datetime", 0.5),
        (repeated("1.5", "NA"), "float64", 0.5),
        (repeated("1.5", "-"), "float64", 0.5),
        (repeated("a", "?"), "str", 0.5),
        (repeated("007", "12"), "str", 0),
        (repeated(1, "a"), "str", 0),
    ],
)
def test_the_type_is_one_of_schema_py(values: list[Any], kind: str, missing: float) -> None:
    if values[:2] == [1, "a"]:
        values = list(map(str, values))  # as source.py reads it again
    found = column(values)
    assert (found.type, found.missing) == (kind, pytest.approx(missing))
    assert not found.left_out


def test_whole_numbers_with_missing_values_are_floats_that_know_they_are_whole() -> None:
    found = column(repeated(3, None))
    assert (found.type, found.whole, found.nullable) == ("float64", True, True)
    assert not column(repeated(1.5, None)).whole


def test_the_texts_of_missing_values_are_kept_as_they_are_written() -> None:
    assert column(repeated(" ?", "private")).markers == (" ?",)
    assert column(repeated("NA", "n/a", "4")).markers == ("NA", "n/a")
    assert column(repeated("none", "bank")).markers == ()  # a category, not a gap


@pytest.mark.parametrize(
    ("text", "form"),
    [("31/12/2025", "%d/%m/%Y"), ("12/31/2025", "%m/%d/%Y"), ("31.12.2025", "%d.%m.%Y")],
)
def test_dates_in_another_form_are_converted_by_data_py(text: str, form: str) -> None:
    found = column(repeated(text, None))
    assert (found.conversion, found.date_format) == ("date", form)
    assert found.first == pd.Timestamp("2025-12-31")


def test_dates_that_can_be_read_in_two_ways_are_noted() -> None:
    assert "%m/%d/%Y" in column(repeated("01/02/2025", "03/04/2025")).notes[0]


def test_numbers_are_dates_only_if_the_name_says_so() -> None:
    days = repeated(20251231, 20260101)
    assert column(days, "order_date").type == "datetime"
    assert column(days, "amount").type == "int64"
    assert column(repeated(202511, 202612), "order_month").type == "int64"


def test_times_with_a_zone_are_converted_to_utc() -> None:
    zoned = pd.Series(pd.to_datetime(repeated("2026-01-31T23:00-02:00", None), utc=True), name="t")
    for values in (zoned, pd.Series(repeated("2026-01-31T23:00-02:00", None), name="t")):
        found = inference.infer(values, "t").column
        assert (found.conversion, found.first) == ("zone", pd.Timestamp("2026-02-01 01:00"))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (repeated(None, np.nan), "it has no value"),
        (repeated("NA", "?"), "it has only texts that stand for a missing value"),
        (repeated(1.5, np.inf), "it has 50 infinite values"),
        (repeated("9999-12-31", "2026-01-01"), "some of its dates are before 1678 or after 2261"),
        (repeated(b"a", b"b"), "its values are of the type bytes"),
        (repeated(1, "a"), "its values are of several types"),
        (repeated([1], [2]), "its values are of several types, or of one that schema.py does"),
    ],
)
def test_a_column_that_no_type_fits_is_left_out_with_a_reason(values: Any, reason: str) -> None:
    assert column(values).left_out.startswith(reason)


def test_text_allows_no_other_value_only_if_all_are_few_and_frequent() -> None:
    assert column(repeated("rent", "own")).closed
    assert not column([*repeated("rent", "own"), "castle"]).closed
    assert not column([f"v{number % 50}" for number in range(1000)]).closed
    assert not column(repeated('a "quoted" value', "b")).closed


def test_a_value_that_few_rows_have_is_not_listed() -> None:
    found = column([*repeated("rent", "own"), "Anna Smith"])
    assert [category.value for category in found.categories] == ["own", "rent"] or [
        category.value for category in found.categories
    ] == ["rent", "own"]


def test_a_flag_that_is_seldom_set_allows_both_values() -> None:
    found = column([*[0] * 999, 1])
    assert found.closed
    assert {category.value for category in found.categories} == {0, 1}


def test_names_are_valid_unique_and_in_lower_case() -> None:
    sources = ["Größe", "custID", "cust_id", "class", "1st floor", "", "self", "example", "a(b)"]
    found = names.python_names(sources)
    assert list(found.values()) == [
        *("gr_e", "cust_id", "cust_id_2", "class_", "column_1st_floor", "column"),
        *("self_", "example_", "a_b"),
    ]
    assert all(name.isidentifier() for name in found.values())
