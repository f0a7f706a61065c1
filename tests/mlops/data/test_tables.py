"""Every kind of table is read by name, and only the rows of the window come through."""

import sqlite3
from collections.abc import Callable
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


def tables_of(
    root: Path, *, rows: int = 65_536, batch: Any = None, nullable: Any = None, **table: Any
) -> Any:
    """Return tables of a project that names one table, `loans`."""
    named = {"loans": {"kind": "files", "origin": "masked", "path": "loans.parquet"} | table}
    project = make_project(root, tables=named, scoring={"batch_rows": rows})
    held = NEW_YEAR if batch else None
    return tables.Tables(project, (), batch, held, nullable or {"day": False})


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


# Rows without a time, which are in no window

UNDATED = ROWS.assign(day=ROWS["day"].where(~ROWS["loan"].isin([2, 4])))


def as_csv(folder: Path) -> dict[str, Any]:
    UNDATED.to_csv(folder / "loans.csv", index=False)
    return {"path": "loans.csv"}


def as_parquet(folder: Path) -> dict[str, Any]:
    UNDATED.to_parquet(folder / "loans.parquet", row_group_size=2)
    return {}


def as_text(folder: Path) -> dict[str, Any]:
    days = UNDATED["day"].dt.strftime("%Y-%m-%d")
    UNDATED.assign(day=days).to_parquet(folder / "loans.parquet", row_group_size=2)
    return {}


def as_delta(folder: Path) -> dict[str, Any]:
    from deltalake import write_deltalake

    days = UNDATED["day"].astype("datetime64[us]")
    write_deltalake(folder / "lake", UNDATED.assign(day=days))
    return {"kind": "delta", "path": "lake"}


def as_database(folder: Path) -> dict[str, Any]:
    text = UNDATED.assign(day=UNDATED["day"].dt.strftime("%Y-%m-%d"))
    text.loc[4, "day"] = ""
    with sqlite3.connect(folder / "bank.db") as connection:
        text.to_sql("loans", connection, index=False)
    connection.close()
    address = f"sqlite:///{folder}/bank.db"
    return {"kind": "sql", "path": "", "table": "loans", "address": address}


IN_THE_FILE = "row 2 of loans.{}, row 4 of loans.{}, counted from 0"
Write = Callable[[Path], dict[str, Any]]
PLACES: dict[Write, str] = {
    as_csv: IN_THE_FILE.replace("{}", "csv"),
    as_parquet: IN_THE_FILE.replace("{}", "parquet"),
    as_text: IN_THE_FILE.replace("{}", "parquet"),
    as_delta: "day IS NULL",
    as_database: "day IS NULL",
}
every_kind = pytest.mark.parametrize("write", PLACES)


@every_kind
@pytest.mark.parametrize("rows", [1, 100])
def test_rows_without_a_time_are_refused_and_counted(
    tmp_path: Path, write: Write, rows: int
) -> None:
    found = tables_of(tmp_path, rows=rows, time="day", **write(tmp_path))
    with pytest.raises(errors.MlopsError) as caught:
        found.read("loans", NEW_YEAR)
    footer = ", in which a footer counts as a row," if write is as_csv else ","
    assert str(caught.value) == (
        f"table loans: day is missing in 2 rows ({PLACES[write]}), and no window contains a row "
        f"without it; correct the source{footer} or declare day nullable in schema.py to leave "
        "such rows out."
    )


@every_kind
def test_rows_without_a_time_are_left_out_and_counted_if_the_schema_allows_them(
    tmp_path: Path, write: Write
) -> None:
    nullable = {"day": True}
    found = tables_of(tmp_path, rows=1, time="day", nullable=nullable, **write(tmp_path))
    assert list(found.read("loans", NEW_YEAR)["loan"]) == [3]
    assert found.undated == {"loans.day": 2}
    assert len(found.read("loans")) == 6  # without a window, a row needs no time


def test_a_time_that_the_schema_does_not_have_must_not_be_missing_either(tmp_path: Path) -> None:
    found = tables_of(tmp_path, time="day", nullable={"other": True}, **as_parquet(tmp_path))
    words = r"correct the source, or remove tables\.loans\.time, and select the rows in data\.py"
    with pytest.raises(errors.MlopsError, match=words):
        found.read("loans", NEW_YEAR)


def test_a_footer_of_a_csv_file_is_refused_with_its_position(tmp_path: Path) -> None:
    lines = ["loan,day", "1,2026-01-01", "TOTAL 2,"]
    (tmp_path / "loans.csv").write_text("\n".join(lines), encoding="utf-8")
    found = tables_of(tmp_path, path="loans.csv", time="day")
    words = r"in 1 row \(row 1 of loans\.csv, counted from 0\).* a footer counts as a row"
    with pytest.raises(errors.MlopsError, match=words):
        found.read("loans", NEW_YEAR)


def test_positions_are_those_in_the_file_even_if_row_groups_before_them_are_not_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "loans").mkdir()
    ROWS.to_parquet(tmp_path / "loans/a.parquet", row_group_size=2)
    last = ROWS.assign(day=ROWS["day"].where(ROWS["loan"] != 5))
    last.to_parquet(tmp_path / "loans/b.parquet", row_group_size=2)
    later = windows.Window(pd.Timestamp("2026-01-03"), pd.Timestamp("2026-02-01"))
    found = tables_of(tmp_path, path="loans/*.parquet", time="day")
    with pytest.raises(errors.MlopsError, match=r"in 1 row \(row 5 of b\.parquet, counted"):
        found.read("loans", later)


def test_no_row_is_lost_between_reading_and_selecting() -> None:
    counted = tables.WindowRows(NEW_YEAR)
    selected = counted.select(UNDATED, UNDATED["day"])
    assert list(selected["loan"]) == [3]
    assert (counted.read, counted.kept, counted.outside, counted.undated) == (6, 1, 3, 2)
    counted.check()
    counted.read += 1
    with pytest.raises(RuntimeError, match="of 7 rows that were read, 6 are accounted for"):
        counted.check()


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


WITH_ZONE = "has times with a time zone; set tables.loans.zone to the zone in which its days begin"
DAYS = ROWS["day"]
NOT_PLAIN = {
    "German": (DAYS.dt.strftime("%d.%m.%Y"), 'set tables.loans.date_format to "%d.%m.%Y".'),
    "American": (DAYS.dt.strftime("%m/%d/%Y"), 'set tables.loans.date_format to "%m/%d/%Y".'),
    "with a footer": (DAYS.dt.strftime("%m/%d/%Y").where(DAYS.index < 5, "Total"), "%m/%d/%Y"),
    "either": (
        pd.Series(["01/02/2026"] * 6),
        'date_format to "%m/%d/%Y" or "%d/%m/%Y", whichever it is.',
    ),
    "with a time": (DAYS.dt.strftime("%d.%m.%Y %H:%M"), 'date_format to "%d.%m.%Y %H:%M".'),
    "a zone as text": (DAYS.dt.strftime("%Y-%m-%dT%H:%M+01:00"), WITH_ZONE),
    "a zone": (DAYS.dt.tz_localize("Europe/Berlin"), WITH_ZONE),
    "a word": (
        pd.Series(["2026-01-01", None, "soon", *["2026-01-01"] * 3]),
        "2026-01-31 12:00 (row 2 of loans.parquet, counted from 0, has none); correct the table",
    ),
}


@pytest.mark.parametrize(("days", "words"), NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_a_time_that_is_not_plain_is_refused_with_the_key_that_reads_it(
    tmp_path: Path, days: "pd.Series[str]", words: str
) -> None:
    ROWS.assign(day=days).to_parquet(tmp_path / "loans.parquet")
    with pytest.raises(errors.MlopsError) as caught:
        tables_of(tmp_path, time="day").read("loans", NEW_YEAR)
    where = "table loans: column day, which tables.loans.time names, "
    assert str(caught.value).startswith(where)
    assert words in str(caught.value)


def test_a_time_that_the_table_lacks_is_refused(tmp_path: Path) -> None:
    ROWS.to_parquet(tmp_path / "loans.parquet")
    with pytest.raises(
        errors.MlopsError, match=r"loans has no column noon; correct tables\.loans\.time"
    ):
        tables_of(tmp_path, time="noon").read("loans", NEW_YEAR)


def test_a_time_of_almost_the_same_name_is_named(tmp_path: Path) -> None:
    ROWS.rename(columns={"day": " Day"}).to_parquet(tmp_path / "loans.parquet")
    with pytest.raises(errors.MlopsError, match=r'no column day, but " Day"; correct'):
        tables_of(tmp_path, time="day").read("loans", NEW_YEAR)


def test_a_time_that_is_not_among_the_columns_to_read_is_refused(tmp_path: Path) -> None:
    ROWS.to_parquet(tmp_path / "loans.parquet")
    with pytest.raises(errors.Misconfigured, match=r"^tables\.loans\.columns does not list day, "):
        tables_of(tmp_path, time="day", columns=["loan"]).read("loans", NEW_YEAR)


def test_a_batch_is_read_in_place_of_its_table_and_stays_as_it_is(tmp_path: Path) -> None:
    """The file does not exist: nothing but the batch is read."""
    batch = ROWS.head(2).copy()
    found = tables_of(tmp_path, batch={"loans": batch}).read("loans", NEW_YEAR)
    found["loan"] = -1
    pd.testing.assert_frame_equal(batch, ROWS.head(2))


@pytest.mark.parametrize("days", [("2025-12-01", "2026-01-03"), ("2026-01-01", "2026-01-04"), None])
def test_a_window_that_is_wider_than_the_batch_is_refused_with_the_remedy(
    tmp_path: Path, days: tuple[str, str] | None
) -> None:
    """A lag would be computed from the rows of the batch, and be empty."""
    wider = days and windows.Window(*map(pd.Timestamp, days))
    found = tables_of(tmp_path, batch={"loans": ROWS[2:4]}, time="day")
    with pytest.raises(errors.Misconfigured) as caught:
        found.read("loans", wider)
    asked = f"the window {wider}" if wider else "all rows"
    assert str(caught.value) == (
        f"data.py reads {asked} of table loans, but while scoring it gets the rows of "
        "2026-01-01..2026-01-03 only, in batches; read other rows under a second name: in "
        "conf/base.yml, add tables.loans_history with the same settings as tables.loans, and read "
        "loans_history in data.py."
    )


def test_a_window_within_the_batch_selects_its_rows(tmp_path: Path) -> None:
    second = windows.Window(pd.Timestamp("2026-01-02"), NEW_YEAR.end)
    found = tables_of(tmp_path, batch={"loans": ROWS[2:4]}, time="day")
    assert list(found.read("loans", second)["loan"]) == [3]
    assert list(found.read("loans", NEW_YEAR)["loan"]) == [2, 3]
    without_time = tables_of(tmp_path, batch={"loans": ROWS[2:4]})
    assert list(without_time.read("loans")["loan"]) == [2, 3]


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
