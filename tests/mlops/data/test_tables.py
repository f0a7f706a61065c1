"""Every kind of table is read by name, and only the rows of the window come through."""

import sqlite3
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

tables = platform("data.tables")
errors = platform("base.errors")
settings = platform("base.settings")
windows = platform("base.windows")

ROWS = pd.DataFrame({"loan": range(6), "day": pd.date_range("2025-12-30", periods=6)})
NEW_YEAR = windows.Window(pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-03"))


def tables_of(root: Path, *, rows: int = 65_536, batch: Any = None, **table: Any) -> Any:
    """Return tables of a project that names one table, `loans`."""
    named = {"loans": {"kind": "files", "origin": "masked", "path": "loans.parquet"} | table}
    project = make_project(root, tables=named, scoring={"batch_rows": rows})
    return tables.Tables(project, batch=batch)


def test_every_kind_of_the_settings_has_a_reader() -> None:
    assert set(tables.READERS) == set(get_args(settings.Kind))


def test_an_unknown_table_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match=r"add tables\.reviews, or read one of loans"):
        tables_of(tmp_path).read("reviews")


def test_rows_are_numbered_through_all_pieces(tmp_path: Path) -> None:
    ROWS.set_axis([9] * 6).to_parquet(tmp_path / "loans.parquet")
    found = tables_of(tmp_path, rows=4).read("loans")
    assert list(found.index) == [0, 1, 2, 3, 4, 5]
    assert list(tables_of(tmp_path, rows=4, time="day").read("loans", NEW_YEAR).index) == [2, 3]


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
def test_times_as_text_are_compared_with_the_window(tmp_path: Path, form: str) -> None:
    ROWS.assign(day=ROWS["day"].dt.strftime(form)).to_parquet(tmp_path / "loans.parquet")
    found = tables_of(tmp_path, time="day").read("loans", NEW_YEAR)
    assert list(found["loan"]) == [2, 3]


def test_a_missing_time_is_in_no_window(tmp_path: Path) -> None:
    ROWS.assign(day=ROWS["day"].where(ROWS["loan"] != 2)).to_parquet(tmp_path / "loans.parquet")
    found = tables_of(tmp_path, time="day").read("loans", NEW_YEAR)
    assert list(found["loan"]) == [3]


def test_without_a_time_or_a_window_all_rows_come(tmp_path: Path) -> None:
    ROWS.to_parquet(tmp_path / "loans.parquet")
    assert len(tables_of(tmp_path).read("loans", NEW_YEAR)) == 6
    assert len(tables_of(tmp_path, time="day").read("loans")) == 6


def test_no_row_in_the_window_gives_the_columns(tmp_path: Path) -> None:
    ROWS.to_parquet(tmp_path / "loans.parquet")
    later = windows.Window(pd.Timestamp("2030-01-01"), pd.Timestamp("2030-02-01"))
    found = tables_of(tmp_path, time="day").read("loans", later)
    pd.testing.assert_series_equal(found.dtypes, ROWS.dtypes)
    assert found.empty


@pytest.mark.parametrize(
    "days",
    [
        ROWS["day"].dt.strftime("%d.%m.%Y"),
        ROWS["day"].dt.strftime("%Y-%m-%dT%H:%M+01:00"),
        pd.Series(["soon"] * 6),
    ],
    ids=["German", "a zone", "words"],
)
def test_a_time_that_is_not_plain_is_refused(tmp_path: Path, days: "pd.Series[str]") -> None:
    ROWS.assign(day=days).to_parquet(tmp_path / "loans.parquet")
    with pytest.raises(
        errors.MlopsError, match=r"loans: column day, which tables\.loans\.time names, must"
    ):
        tables_of(tmp_path, time="day").read("loans", NEW_YEAR)


def test_a_time_that_the_table_lacks_is_refused(tmp_path: Path) -> None:
    ROWS.to_parquet(tmp_path / "loans.parquet")
    with pytest.raises(
        errors.MlopsError, match=r"loans has no column noon; correct tables\.loans\.time"
    ):
        tables_of(tmp_path, time="noon").read("loans", NEW_YEAR)


def test_a_batch_is_read_in_place_of_its_table_and_stays_as_it_is(tmp_path: Path) -> None:
    """The file does not exist: nothing but the batch is read."""
    batch = ROWS.head(2).copy()
    found = tables_of(tmp_path, batch={"loans": batch}).read("loans", NEW_YEAR)
    found["loan"] = -1
    pd.testing.assert_frame_equal(batch, ROWS.head(2))


# Databases


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with the rows, in which a day is text: SQLite has no other type."""
    with sqlite3.connect(tmp_path / "bank.db") as connection:
        text = ROWS.assign(day=ROWS["day"].dt.strftime("%Y-%m-%d"))
        text.to_sql("loans", connection, index=False)
    connection.close()
    return tmp_path


def sql(folder: Path, **keys: Any) -> Any:
    """Return the tables of a project whose loans are in the database."""
    table = {"kind": "sql", "path": "", "address": f"sqlite:///{folder}/bank.db"} | keys
    return tables_of(folder, rows=4, **table)


@pytest.mark.parametrize(
    "source",
    [
        {"table": "loans"},
        {"table": "main.loans"},
        {"query": "SELECT * FROM loans;\n"},
        {"query": "SELECT *, ':name' AS text FROM loans"},
    ],
)
def test_a_table_or_a_query_is_read_in_pieces(database: Path, source: dict[str, str]) -> None:
    pieces = list(sql(database, **source).pieces("loans"))
    assert [len(piece) for piece in pieces] == [0, 4, 2]
    assert list(pd.concat(pieces)["loan"]) == list(ROWS["loan"])
    found = sql(database, time="day", **source).read("loans", NEW_YEAR)
    assert list(found["loan"]) == [2, 3]


def test_only_the_named_columns_are_asked_for(database: Path) -> None:
    assert list(sql(database, table="loans", columns=("day",)).read("loans")) == ["day"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"table": "loan"}, "no such table: loan"),
        ({"query": "SELEC 1"}, "syntax error"),
        ({"table": "loans", "columns": ("noon",)}, "no such column: noon"),
    ],
)
def test_what_a_database_refuses_is_one_sentence(
    database: Path, keys: dict[str, Any], words: str
) -> None:
    with pytest.raises(errors.MlopsError) as caught:
        sql(database, **keys).read("loans")
    message = str(caught.value)
    assert message.startswith("table loans: the database reports: ")
    assert words in message
    assert "correct tables.loans" in message
    assert "\n" not in message


@pytest.mark.parametrize("address", ["bank", "oracle://me:s3cret@bank/risk", "http//s3cret@x"])
def test_a_wrong_address_is_refused_without_the_password(tmp_path: Path, address: str) -> None:
    with pytest.raises(errors.Misconfigured) as caught:
        sql(tmp_path, table="loans", address=address).read("loans")
    assert str(caught.value).startswith("table loans: ")
    assert "s3cret" not in str(caught.value)
