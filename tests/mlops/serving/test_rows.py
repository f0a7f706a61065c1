"""Rules of `serving/rows.py`: what a body may contain, and the frame that comes of it."""

import json
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError
from rendering import platform

rows = platform("serving.rows")
MlopsError = platform("base.errors").MlopsError

LOAN = {"amount": 9000.0, "months": 48, "purpose": "car"}


def body(*sent: dict[str, Any]) -> bytes:
    return json.dumps({"rows": sent}).encode()


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"months": ...}, "months", "required"),
        ({"months": 1.5}, "months", "integer"),
        ({"months": True}, "months", "integer"),
        ({"months": 0}, "months", "greater than or equal to 1"),
        ({"months": 481}, "months", "less than or equal to 480"),
        ({"months": None}, "months", "integer"),
        ({"amount": "9000"}, "amount", "number"),
        ({"amount": 0}, "amount", "greater than 0"),
        ({"amount": float("inf")}, "amount", "finite"),
        ({"purpose": 3}, "purpose", "string"),
        ({"loan_id": 7}, "loan_id", "string"),
        ({"loan_id": "A" * 1001}, "loan_id", "at most 1000 characters"),
    ],
)
def test_a_wrong_value_is_refused_with_its_row_and_field(
    contract: Any, change: dict[str, Any], field: str, message: str
) -> None:
    wrong = {key: value for key, value in (LOAN | change).items() if value is not ...}
    with pytest.raises(ValidationError) as caught:
        rows.RowParser(contract).parse(body(LOAN, wrong))
    error = caught.value.errors()[0]
    assert error["loc"] == ("rows", 1, field)
    assert message in error["msg"]


def test_rows_beyond_the_limit_are_one_error_even_if_each_of_them_is_wrong(contract: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        rows.RowParser(contract, max_rows=3).parse(body(*[{}] * 10_000))
    [error] = caught.value.errors()
    assert (error["type"], error["loc"]) == ("too_long", ("rows",))


@pytest.mark.parametrize("sent", [b"", b"[", b"{}", b'{"rows": []}', b'{"rows": 3}', b"\xff"])
def test_what_is_not_a_body_of_rows_is_refused(contract: Any, sent: bytes) -> None:
    with pytest.raises(ValidationError):
        rows.RowParser(contract).parse(sent)


def test_integers_beyond_64_bits_are_refused_where_the_schema_has_no_limit_of_its_own() -> None:
    adapter = rows.TypeAdapter(rows._value_type("int64"))
    assert adapter.validate_python(2**63 - 1) == 2**63 - 1
    assert adapter.validate_python(-(2**63)) == -(2**63)
    for value in (2**63, -(2**63) - 1):
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_keys_are_optional_and_unknown_fields_are_ignored(contract: Any) -> None:
    parsed = rows.RowParser(contract).parse(body(LOAN | {"loan_id": "A1", "new_column": 1}, LOAN))
    assert parsed == [LOAN | {"loan_id": "A1"}, LOAN]


def test_a_nullable_number_may_be_missing_and_becomes_nan(contract: Any) -> None:
    parser = rows.RowParser(contract)
    frame = parser.frame(parser.parse(body(LOAN | {"amount": None})))
    assert frame["amount"].isna().tolist() == [True]
    assert frame["amount"].dtype == "float64"


def test_the_frame_is_what_the_contract_makes_of_the_rows(contract: Any) -> None:
    parser = rows.RowParser(contract)
    sent = [LOAN, LOAN | {"amount": None, "months": 480, "purpose": "e\u0301"}]
    raw = pd.DataFrame([row | {"loan_id": "A1"} for row in sent])
    expected = contract.inputs.clean(raw, "the rows")[contract.features]
    pd.testing.assert_frame_equal(parser.frame(parser.parse(body(*sent))), expected)


def test_limits_are_checked_while_parsing_and_other_checks_are_left_to_pandera(
    contract: Any, listed_contract: Any
) -> None:
    assert rows.RowParser(contract).complete
    parser = rows.RowParser(listed_contract)
    assert not parser.complete
    parsed = parser.parse(body(LOAN | {"purpose": "boat"}))
    with pytest.raises(MlopsError, match="the request: column purpose"):
        parser.frame(parsed)


def test_the_json_schema_shows_fields_with_types_and_limits(contract: Any) -> None:
    schema = rows.RowParser(contract).json_schema()
    row = schema["properties"]["rows"]["items"]
    assert row["properties"]["months"]["minimum"] == 1
    assert row["properties"]["amount"]["anyOf"][0]["exclusiveMinimum"] == 0
    assert row["required"] == ["amount", "months", "purpose"]
    assert "$defs" not in schema
