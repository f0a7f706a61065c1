"""Rules of `steps/reproduce.py`: the answer in a word, and what it says of the rows."""

from typing import Any

import pytest
from rendering import platform

reproduce = platform("steps.reproduce")
refit = platform("records.refit")


def side(source: str | None, changed: int | None = 0, trouble: str = "") -> Any:
    return refit.RefitSide(source=source, changed=changed, trouble=trouble)


def answer(train: Any, gate: Any, difference: float | None = 0.0, *differs: str) -> Any:
    return refit.RefitAnswer(
        format=1,
        commit="6d730e3",
        dirty=False,
        template="v0.1.0",
        lock_sha256="69b89b7c",
        configuration="386221e5",
        rows=platform("records.card").Sides[refit.RefitSide](train=train, gate=gate),
        difference=difference,
        differs=differs,
    )


HERE = side("extract")
UNREADABLE = side("extract", None, "no file at data")
CASES = {
    "all the same": (answer(HERE, HERE), "exact", "the tables still hold the same rows"),
    "changed tables do not matter where the rows were kept": (
        answer(side("extract", 3), side("extract", 1)),
        "exact",
        "4 rows of the tables have changed since",
    ),
    "unreadable tables do not matter where the rows were kept": (
        answer(UNREADABLE, UNREADABLE),
        "exact",
        "the tables cannot be read today: no file at data",
    ),
    "other predictions": (
        answer(HERE, side("tables"), 0.0123),
        "differs: predictions (by up to 0.0123)",
        "the tables still hold the same rows",
    ),
    "another lock, and other predictions": (
        answer(HERE, HERE, 2e-17, "lock"),
        "differs: lock, predictions (by up to 2e-17)",
        "the tables still hold the same rows",
    ),
    "rows that were not kept have changed": (
        answer(side(None, 3), side("tables"), None),
        "data changed: 3 rows",
        (
            "no extract with the fingerprint of its rows is left; "
            "3 rows of the tables have changed since"
        ),
    ),
    "rows that were not kept cannot be read": (
        answer(side(None, None, "no file at data"), HERE, None),
        "data gone",
        (
            "no extract with the fingerprint of its rows is left; "
            "the tables cannot be read today: no file at data"
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_answer_follows_from_rows_and_differences(name: str) -> None:
    given, verdict, explanation = CASES[name]
    assert reproduce._details(7, given).answer == verdict
    assert reproduce._explain_rows(given) == explanation


def test_the_journal_gets_where_the_rows_came_from_by_the_keys_of_its_format() -> None:
    details = reproduce._details(7, answer(side("extract", 3), side("tables"), 0.5, "lock"))
    facts = details.to_json()
    assert facts["version"] == 7
    assert facts["rows"] == {
        "train": {"from": "extract", "changed": 3, "trouble": ""},
        "gate": {"from": "tables", "changed": 0, "trouble": ""},
    }
    assert facts["differs"] == ["lock", "predictions (by up to 0.5)"]
