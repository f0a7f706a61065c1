"""Which table `draft` reads, and with which settings."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

source = platform("steps.draft.source")
errors = platform("base.errors")

ROWS = pd.DataFrame(
    {
        "code": [f"{number:03d}" for number in range(40)],
        "amount": [number + 0.5 for number in range(40)],
        "city": ["Köln", "Zürich"] * 20,
    }
)

Read = Callable[[str], Any]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Return a function that reads a table in a project of `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    return lambda given: source.read_source(make_project(tmp_path), given)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ({}, {}),
        ({"sep": ";", "decimal": ","}, {"separator": ";", "decimal": ","}),
        ({"sep": "\t"}, {"separator": "\t"}),
        ({"sep": "|", "encoding": "latin-1"}, {"separator": "|", "encoding": "latin-1"}),
        ({"encoding": "utf-8-sig"}, {}),
    ],
)
def test_the_dialect_of_a_csv_file_is_found_out(
    tmp_path: Path, read: Read, written: dict[str, str], found: dict[str, str]
) -> None:
    ROWS.to_csv(tmp_path / "Loans 2025.csv", index=False, **written)  # type: ignore[call-overload]
    rows = read("Loans 2025.csv")
    assert rows.name == "loans_2025"
    settings = rows.table.model_dump(exclude_defaults=True)
    assert settings == {"kind": "files", "origin": "production", "path": "Loans 2025.csv", **found}
    pd.testing.assert_frame_equal(rows.frame, ROWS)


def test_parquet_compressed_csv_and_patterns_are_read(tmp_path: Path, read: Read) -> None:
    ROWS.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(ROWS.to_csv(index=False).encode()))
    (tmp_path / "parts").mkdir()
    for part in ("1", "2"):
        ROWS.to_csv(tmp_path / f"parts/{part}.csv", index=False)
    assert len(read("a.parquet").frame) == len(read("b.csv.gz").frame) == 40
    assert (read("parts/*.csv").name, len(read("parts/*.csv").frame)) == ("parts", 80)


def test_a_column_without_a_name_is_read_like_any_other(tmp_path: Path, read: Read) -> None:
    """Pandas and R write the number of a row so."""
    ROWS.to_csv(tmp_path / "a.csv")
    assert list(read("a.csv").frame) == ["Unnamed: 0", *ROWS]


def test_numbers_and_text_in_one_column_are_read_as_text(tmp_path: Path, read: Read) -> None:
    mixed = ROWS.assign(code=["1"] * 39 + ["x"])
    mixed.to_csv(tmp_path / "a.csv", index=False)
    assert set(read("a.csv").frame["code"]) == {"1", "x"}


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("absent.csv", None, "neither a table of conf/ .* nor a file"),
        ("loans.xlsx", "x", "a .xlsx file"),
        ("a.csv", "1,2\n3,4\n", "the first line has only numbers"),
        (
            "a.csv",
            "a,b\n" + "1,2\n" * 30 + "1,2,3\n",
            "row 32, not counting empty lines, has 3 fields",
        ),
        ("a.csv", "a,b\n1,2\n", "has 1 rows"),
        ("loans", None, "kind synthetic"),
    ],
)
def test_what_is_no_table_is_refused(
    tmp_path: Path, read: Read, name: str, content: str | None, text: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(errors.MlopsError, match=text):
        read(name)
