"""Rules of `serving/model.py`: requests that arrive together are predicted together."""

import asyncio
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

LOAN: dict[str, Any] = {"amount": 9000.0, "months": 48, "purpose": "car"}
DEAR = LOAN | {"amount": 2e6}


def predict(rows: pd.DataFrame) -> pd.DataFrame:
    assert rows["amount"].max() < 1e6, "too high"
    return pd.DataFrame({"score": rows["amount"] / 1e6})


def ask(model: Any, *requests: list[dict[str, Any]]) -> list[Any]:
    """Return what each of several simultaneous requests gets, be it an error."""

    async def all_together() -> list[Any]:
        calls = [model.predict(rows) for rows in requests]
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(all_together())


def test_each_request_gets_the_predictions_of_its_rows_in_order(
    make_model: Callable[..., Any],
) -> None:
    sizes = []

    def counting(rows: pd.DataFrame) -> pd.DataFrame:
        sizes.append(len(rows))
        return predict(rows)

    requests = [[LOAN | {"amount": 1000.0 * (3 * n + k)} for k in range(n + 1)] for n in range(3)]
    answers = ask(make_model(predict=counting), *requests)
    expected = [[{"score": row["amount"] / 1e6} for row in rows] for rows in requests]
    assert answers == expected
    assert sizes == [6]


def test_a_request_that_fails_leaves_the_others_their_answers(
    make_model: Callable[..., Any],
) -> None:
    good, bad, other = ask(make_model(predict=predict), [LOAN], [DEAR], [LOAN, LOAN])
    assert good == [{"score": 0.009}]
    assert isinstance(bad, AssertionError)
    assert other == [{"score": 0.009}] * 2


def test_a_later_request_does_not_get_an_earlier_failure(make_model: Callable[..., Any]) -> None:
    model = make_model(predict=predict)
    with pytest.raises(AssertionError, match="too high"):
        asyncio.run(model.predict([DEAR]))
    assert asyncio.run(model.predict([LOAN])) == [{"score": 0.009}]


def test_the_fields_of_a_prediction_are_those_of_the_golden_ones(
    make_model: Callable[..., Any],
) -> None:
    assert [field.name for field in make_model().prediction_fields] == ["score", "decision"]
