"""Rows are the same rows in any order, and other rows as soon as one value differs."""

from typing import Any

import pandas as pd
import pytest
from rendering import platform

fingerprints = platform("data.fingerprints")
labelled_rows = platform("data.labelled_rows")

ROWS = pd.DataFrame(
    {
        "key": ["a", "b", "c"],
        "amount": [1.0, float("nan"), 3.0],
        "day": [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02"), pd.NaT],
        "flag": [True, False, True],
    }
)


def test_neither_the_order_of_rows_nor_of_columns_nor_the_index_counts() -> None:
    turned = ROWS.iloc[::-1, ::-1].set_axis([7, 7, 7])
    assert fingerprints.fingerprint(turned) == fingerprints.fingerprint(ROWS)


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (0, "key", "A"),
        (0, "amount", 1.0000000000000002),  # the next number that there is
        (0, "amount", float("nan")),
        (1, "amount", 0.0),
        (0, "day", pd.Timestamp("2026-01-01 00:00:00.000001")),
        (0, "flag", False),
    ],
)
def test_every_value_counts(row: int, column: str, value: Any) -> None:
    changed = ROWS.astype({"day": "datetime64[us]"})
    before = fingerprints.fingerprint(changed)
    changed.loc[row, column] = value
    assert fingerprints.fingerprint(changed) != before


def test_a_row_that_occurs_twice_counts_twice() -> None:
    assert fingerprints.fingerprint(pd.concat([ROWS, ROWS])) != fingerprints.fingerprint(ROWS)


def test_values_do_not_change_places_between_columns() -> None:
    swapped = ROWS.rename(columns={"key": "k"}).assign(other=["x", "y", "z"])
    turned = swapped.rename(columns={"k": "other", "other": "k"})
    assert fingerprints.fingerprint(turned) != fingerprints.fingerprint(swapped)


def test_a_hash_is_of_the_named_columns_only() -> None:
    changed = ROWS.assign(amount=0.0)
    assert list(fingerprints.hashes(changed, ["key"])) == list(fingerprints.hashes(ROWS, ["key"]))
    assert list(fingerprints.hashes(changed, ["amount"])) != list(
        fingerprints.hashes(ROWS, ["amount"])
    )


def test_the_fingerprint_of_no_rows_is_one_as_well() -> None:
    assert len(fingerprints.fingerprint(ROWS.head(0))) == 64


def test_labelled_rows_are_hashed_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = labelled_rows.LabelledRows(raw=ROWS, frame=ROWS, all_inputs=ROWS, window="all rows")
    assert rows.fingerprint == fingerprints.fingerprint(ROWS)
    monkeypatch.setattr(labelled_rows, "row_hashes", None)
    assert list(rows.row_hashes) == list(fingerprints.row_hashes(ROWS))
    assert rows.fingerprint == fingerprints.fingerprint(ROWS)
