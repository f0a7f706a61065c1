"""The files of a table are those that its path means, whatever folders and files are called."""

import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

files = platform("data.files")
errors = platform("base.errors")
request = platform("data.request")
settings = platform("base.settings")

ROWS = pd.DataFrame({"loan": ["a", "b"], "amount": [1.5, 2.0]})


def read(root: Path, path: str, **keys: Any) -> pd.DataFrame:
    """Return the rows of a table of files."""
    table = settings.Table(kind="files", origin="masked", path=path, **keys)
    asked = request.TableRequest(make_project(root), "loans", table, None, ("loan",))
    frames = [frame for frame in files.read_pieces(asked) if len(frame)]
    found: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return found


def write(root: Path, *paths: str, rows: pd.DataFrame = ROWS) -> None:
    """Write the rows to files, Parquet or CSV by their names."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if ".csv" in path.lower():
            rows.to_csv(root / path, index=False)
        else:
            rows.to_parquet(root / path)


def refused(root: Path, path: str, **keys: Any) -> str:
    """Return the sentence with which a table is refused."""
    with pytest.raises(errors.MlopsError) as caught:
        read(root, path, **keys)
    return str(caught.value)


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("risk [1]/a.csv", "risk [1]/a.csv"),
        ("risk [1]/a.csv", "risk [1]/*.csv"),
        ("risk/a [1].csv", "risk/a [1].csv"),
        ("Häuser neu/a b.csv", "Häuser neu/*.csv"),
        (unicodedata.normalize("NFD", "Häuser/a.csv"), "Häuser/a.csv"),
        ("risk/2025/12/a.csv", "risk/**/*.csv"),
        ("risk/a.csv", "risk/[a-c].csv"),
    ],
)
def test_a_path_finds_its_file(tmp_path: Path, file: str, path: str) -> None:
    write(tmp_path, file)
    write(tmp_path, "risk 1/a.csv", rows=ROWS.assign(loan="of another folder"))
    pd.testing.assert_frame_equal(read(tmp_path, path), ROWS)


def test_a_project_in_a_folder_with_brackets_is_read(tmp_path: Path) -> None:
    write(tmp_path, "copy [2]/a.csv")
    pd.testing.assert_frame_equal(read(tmp_path / "copy [2]", "*.csv"), ROWS)


@pytest.mark.parametrize("name", ["a.pq", "a.parq", "a.PARQUET", "a.Parquet", "part-00000"])
def test_parquet_is_known_by_its_name_in_any_case_or_by_its_content(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path, name)
    pd.testing.assert_frame_equal(read(tmp_path, name), ROWS)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.bz2", "a.csv.xz", "a.csv.zip", "a.CSV.GZ"])
def test_compressed_csv_is_read(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    pd.testing.assert_frame_equal(read(tmp_path, name), ROWS)
    pd.testing.assert_frame_equal(read(tmp_path, name, columns=("loan",)), ROWS[["loan"]])


def test_every_file_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "risk/2025/a.parquet", "risk/b.parquet")
    assert len(read(tmp_path, "risk/**")) == len(read(tmp_path, "risk")) == 4


def test_a_folder_is_read_without_the_drafts_of_the_job_that_writes_it(tmp_path: Path) -> None:
    write(tmp_path, "risk/a.parquet", "risk/_temporary/0/b.parquet", "risk/.c/d.parquet")
    write(tmp_path, "risk/notes.csv", rows=ROWS.head(1))
    pd.testing.assert_frame_equal(read(tmp_path, "risk"), ROWS)


def test_a_folder_without_parquet_stands_for_its_csv_files(tmp_path: Path) -> None:
    write(tmp_path, "risk/a.csv", "risk/b.csv.gz", "out.csv/part-0.csv", "old/archive/a.csv")
    (tmp_path / "risk/README.txt").write_text("Read me")
    assert len(read(tmp_path, "risk")) == 4
    assert len(read(tmp_path, "*.csv")) == 2
    assert refused(tmp_path, "ol*").startswith("table loans: no file matches ol*")


def test_the_files_of_a_delta_table_are_refused_with_its_kind(tmp_path: Path) -> None:
    write(tmp_path, "lake/loans/a.parquet")
    (tmp_path / "lake/loans/_delta_log").mkdir()
    for path in ("lake/loans", "lake/*"):
        assert refused(tmp_path, path) == (
            "table loans: loans is a Delta table, whose folder also has files of older versions; "
            "set tables.loans.kind to delta, and tables.loans.path to this folder."
        )


def test_a_folder_that_this_user_may_not_list_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user root may list every folder, so the rights are not real ones."""
    (tmp_path / "risk").mkdir()
    rights = platform("data.paths")
    monkeypatch.setattr(rights.os, "access", lambda path, _: path != tmp_path / "risk")
    assert refused(tmp_path, "risk/*.csv") == (
        "table loans: this user may not list the folder risk, so no file matches risk/*.csv; ask "
        "its owner for access, or correct tables.loans.path."
    )


# Partitions


def test_the_names_of_folders_are_columns(tmp_path: Path) -> None:
    write(tmp_path, "loans/month=2025-01/city=K%C3%B6ln/part.parquet")
    write(tmp_path, "loans/month=2025-02/city=__HIVE_DEFAULT_PARTITION__/part.parquet")
    for path in ("loans", "loans/month=*/*/*.parquet"):
        found = read(tmp_path, path)
        assert list(found["month"]) == ["2025-01", "2025-01", "2025-02", "2025-02"]
        assert list(found["city"].fillna("")) == ["Köln", "Köln", "", ""]
    [chosen] = {*read(tmp_path, "loans/month=2025-02/*/part.parquet")["month"]}
    assert chosen == "2025-02"


@pytest.mark.parametrize("end", ["parquet", "csv"])
def test_a_column_of_a_partition_can_be_selected(tmp_path: Path, end: str) -> None:
    write(tmp_path, f"loans/month=2025-01/part.{end}")
    found = read(tmp_path, "loans", columns=("month", "amount"))
    assert list(found) == ["month", "amount"]
    assert list(read(tmp_path, "loans", columns=("amount",))) == ["amount"]


def test_a_column_in_the_file_is_not_replaced(tmp_path: Path) -> None:
    write(tmp_path, "loans/amount=9/part.parquet")
    assert list(read(tmp_path, "loans")["amount"]) == [1.5, 2.0]


def test_a_message_names_the_partition_of_a_file(tmp_path: Path) -> None:
    write(tmp_path, "loans/month=2025-01/part.parquet")
    write(tmp_path, "loans/month=2025-02/part.parquet", rows=ROWS[["loan"]])
    assert "month=2025-02/part.parquet does not have all columns" in refused(tmp_path, "loans")


# What is neither Parquet nor CSV


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", b"PK\x03\x04 [Content_Types].xml"),
        ("a.csv", b"PK\x03\x04 [Content_Types].xml"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ],
)
def test_a_workbook_is_refused_with_the_way_to_csv(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    assert refused(tmp_path, name) == (
        f"table loans: {name} is an Excel workbook, which is not read; in Excel, save its sheet as "
        "`CSV UTF-8`, and set tables.loans.path to that file."
    )


@pytest.mark.parametrize(
    ("name", "content"), [("a.json", "[1]"), ("a.csv", '[\n {"loan": 1}]'), ("a", '{"loan": 1}')]
)
def test_json_is_refused_with_the_way_to_parquet(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert f"table loans: {name} is JSON, which is not read" in refused(tmp_path, name)


def test_columns_that_a_file_does_not_have_once_are_named(tmp_path: Path) -> None:
    write(tmp_path, "a.parquet", "a.csv")
    for name in ("a.parquet", "a.csv"):
        assert refused(tmp_path, name, columns=("loan", "noon")) == (
            f"table loans: {name} has no column noon, which tables.loans.columns lists; correct "
            "that list, or ask whoever delivers the table for the column."
        )
