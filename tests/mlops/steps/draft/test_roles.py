"""The roles of a proposal, with evidence that shows no value of a key or a personal column."""

from dataclasses import astuple
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rendering import platform

inference = platform("steps.draft.inference")
roles = platform("steps.draft.roles")
target_module = platform("steps.draft.target")
separation = platform("steps.draft.separation")
errors = platform("base.errors")

ROWS = 400
RANDOM = np.random.default_rng(3)
TARGET = pd.Series(RANDOM.integers(0, 2, ROWS), name="y")


def assign(**columns: Any) -> dict[str, Any]:
    """Return the columns of a table, with their roles, by name; its target is `y`."""
    frame = pd.DataFrame({**columns, "noise": RANDOM.normal(size=ROWS).round(2), "y": TARGET})
    inferred = inference.infer_columns(frame)
    target = target_module.find_target(inferred, "y", "binary")
    assignment = roles.assign_roles(inferred, target, "binary")
    return {each.name: each for each in roles.ordered(assignment, target.column, frame)}


DAYS = pd.date_range("2025-01-01", periods=3)


def dates(start: str, ends: str = "2025-12-31") -> pd.Series:
    days = pd.date_range(start, ends)
    return pd.Series(RANDOM.choice(days, ROWS))


def test_a_unique_identifier_is_the_key_and_its_values_are_hidden() -> None:
    found = assign(loan_no=[f"L-{number}" for number in range(5_000, 5_000 + ROWS)])["loan_no"]
    assert found.role == "key"
    assert "L-5000" not in str(astuple(found))


def test_another_identifier_is_excluded_and_its_values_are_hidden() -> None:
    numbers = np.arange(7_000, 7_000 + ROWS)
    found = assign(loan_id=numbers, contract_id=numbers[::-1])
    assert found["contract_id"].role == "excluded"
    assert found["contract_id"].quantiles == ()


def test_amounts_that_are_all_different_are_no_key() -> None:
    amounts = RANDOM.permutation(10_000)[:ROWS]
    found = assign(amount=amounts)
    assert found["amount"].role == "feature"
    assert found["row_number"].role == "key"


def test_a_panel_gets_a_key_of_identifier_and_time() -> None:
    months = pd.date_range("2025-01-01", periods=4, freq="MS")
    found = assign(account_id=np.repeat(np.arange(100), 4), month=np.tile(months, 100))
    expected = {"row_key": "key", "account_id": "group", "month": "event_time"}
    assert {name: found[name].role for name in expected} == expected


def test_the_event_time_is_the_date_that_is_known_first() -> None:
    found = assign(closed_on=dates("2025-06-01"), applied_on=dates("2025-01-01"))
    assert found["applied_on"].role == "event_time"
    assert found["closed_on"].role == "excluded"


def test_a_date_after_the_event_may_be_the_label_time() -> None:
    applied = dates("2025-01-01")
    found = assign(applied_on=applied, reviewed_on=applied + pd.Timedelta(days=90))
    assert "label_time" in found["reviewed_on"].notes[0]


@pytest.mark.parametrize(
    "values",
    [
        [f"person{number}@bank.example" for number in range(ROWS)],
        [f"DE89 3704 0044 0532 {number:04d} 00" for number in range(ROWS)],
        [f"+31 20 123 {number:04d}" for number in range(ROWS)],
    ],
    ids=["e-mail", "IBAN", "phone"],
)
def test_personal_values_are_found_under_any_name_and_hidden(values: list[str]) -> None:
    found = assign(contact_point=values)["contact_point"]
    assert found.role == "personal"
    assert not {*values} & {*map(str, astuple(found))}
    assert (found.categories, found.quantiles) == ((), ())


def test_names_of_people_are_personal_and_sex_is_protected() -> None:
    found = assign(
        last_name=[f"Smith{number}" for number in range(ROWS)],
        sex=np.tile(["f", "m"], ROWS // 2),
        birth_date=dates("1960-01-01", "2000-01-01"),
    )
    expected = {"last_name": "personal", "sex": "protected", "birth_date": "personal"}
    assert {name: found[name].role for name in expected} == expected
    assert found["birth_date"].first is None


def test_free_text_is_excluded_and_its_values_are_hidden() -> None:
    found = assign(remark=[f"called customer {number} twice" for number in range(ROWS)])["remark"]
    assert (found.role, found.categories) == ("excluded", ())


def test_a_column_that_knows_the_answer_is_excluded() -> None:
    found = assign(status=np.where(TARGET == 1, "charged off", "paid"))["status"]
    assert (found.role, round(found.separation, 2)) == ("excluded", 1.0)


def test_a_date_that_only_one_class_has_separates_the_target() -> None:
    found = assign(written_off=dates("2025-01-01").where(TARGET == 1))
    assert found["written_off"].separation > roles.LEAK


def test_constant_and_equal_columns_are_left_out() -> None:
    amount = RANDOM.normal(size=ROWS)
    found = assign(country=["NL"] * ROWS, amount=amount, copied=amount)
    assert found["country"].left_out == "it is the same in all rows"
    assert found["copied"].left_out == "it is equal to amount in all rows"


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_separation_is_1_for_the_target_itself_and_0_for_an_identifier(problem: str) -> None:
    truth = {
        "binary": TARGET,
        "multiclass": pd.Series(RANDOM.integers(0, 3, ROWS)).astype("str"),
        "regression": pd.Series(RANDOM.normal(size=ROWS)),
    }[problem]
    assert separation.separation(truth, truth, problem) > 0.95
    identifier = pd.Series(RANDOM.permutation(ROWS))
    assert separation.separation(identifier, truth, problem) < 0.3


# The target


def find(values: Any, problem: str) -> Any:
    inferred = inference.infer_columns(pd.DataFrame({"y": values}))
    return target_module.find_target(inferred, "y", problem)


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        (["good", "bad", "good"], "bad"),
        (["no", "yes", "yes"], "yes"),
        (["red", "blue", "red"], "blue"),
        ([1, 2, 1], 2),
        ([True, False, False], True),
        ([0, 1, 0], None),
        ([0.0, 1.0, None], None),
    ],
)
def test_the_outcome_of_two_becomes_1(values: list[Any], outcome: Any) -> None:
    found = find(values * 20, "binary")
    assert found.outcome == outcome
    assert set(found.truth.dropna()) == {0, 1}


@pytest.mark.parametrize(
    ("values", "problem", "text"),
    [
        (["a", "b", "c"], "binary", "has 3 different values"),
        ([1.5, 2.5, 3.5], "multiclass", "numbers with fractions"),
        (["a", "b"], "multiclass", "problem=binary"),
        (["a", "b", "c"], "regression", "problem=multiclass"),
        ([0, 1], "regression", "problem=binary"),
        (["a", "a"], "binary", "the same in all rows"),
        ([None, None], "binary", "it has no value"),
        (["score", "b", "c"], "multiclass", "a column of the predictions"),
        (DAYS, "binary", "name another column, or add one with two values to the table.$"),
        (DAYS, "multiclass", "so it needs classes; name another column.$"),
        (DAYS, "regression", "so it needs numbers; name another column.$"),
        ([1.5, 2.5, 3.5], "binary", "problem=regression"),
        ([1, 2, 3], "binary", "problem=multiclass"),
        (
            [1.5, float("inf"), 3.5],
            "regression",
            "have to return as missing; name another column.$",
        ),
    ],
)
def test_a_target_that_does_not_fit_the_problem_is_refused(
    values: list[Any], problem: str, text: str
) -> None:
    with pytest.raises(errors.Misconfigured, match=text):
        find([*values] * 20, problem)


def test_a_target_that_is_no_column_is_refused_with_the_columns() -> None:
    inferred = inference.infer_columns(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
    with pytest.raises(errors.Misconfigured, match=r"no column y, .* columns: a, b"):
        target_module.find_target(inferred, "y", "binary")
