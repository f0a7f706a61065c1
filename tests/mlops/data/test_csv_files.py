"""CSV as countries and programs write it is read, or refused with the line and the key to set."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from mlops.projects import make_project
from rendering import ROOT, platform

tables = platform("data.tables")
errors = platform("base.errors")
csv_files = platform("data.csv_files")

HEADER = "loan;amount;note"


def read(root: Path, content: str | bytes, **keys: Any) -> pd.DataFrame:
    """Return the rows of a CSV file; its separator is a semicolon."""
    encoded = content if isinstance(content, bytes) else content.encode()
    (root / "a.csv").write_bytes(encoded)
    table = {"kind": "files", "origin": "masked", "path": "a.csv", "separator": ";"} | keys
    project = make_project(root, tables={"loans": table}, scoring={"batch_rows": 2})
    found: pd.DataFrame = tables.Tables(project, ("loan",)).read("loans")
    return found


def refused(root: Path, content: str | bytes, **keys: Any) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(errors.MlopsError) as caught:
        read(root, content, **keys)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Lines


@pytest.mark.parametrize("columns", [(), ("loan", "note")])
@pytest.mark.parametrize("header", [HEADER, f"{HEADER};"])
def test_a_separator_at_the_end_of_each_line_shifts_nothing(
    tmp_path: Path, header: str, columns: tuple[str, ...]
) -> None:
    found = read(tmp_path, f"{header}\n1;2;x;\n4;5;y;\n7;8;;\n", columns=columns)
    assert list(found["loan"]) == ["1", "4", "7"]
    assert list(found["note"].fillna("")) == ["x", "y", ""]


def test_separators_at_the_end_of_some_lines_are_refused(tmp_path: Path) -> None:
    assert "a.csv, line 3 ends with more separators than the lines before it" in refused(
        tmp_path, f"{HEADER}\n1;2;x\n4;5;y;\n", columns=()
    )


RAGGED = {
    "too many in all": ("1;2;x;9\n4;5;y;9\n7;8;z;9", 2, "4 fields"),
    "too many in the first": ("1;2;x;9\n4;5;y\n7;8;z", 2, "4 fields"),
    "too many later": ("1;2;x\n4;5;y\n7;1;8;z", 4, "4 fields"),
    "too few": ("1;2;x\n4;5;y\n7;8", 4, "2 fields"),
    "too few after a line break in quotes": ('1;2;"x\ny"\n4;5;y\n7', 5, "1 field"),
    "cut off": ("1;2;x\n4;5;y\n7;", 4, "2 fields"),
}


@pytest.mark.parametrize("columns", [(), ("loan", "amount")])
@pytest.mark.parametrize(("lines", "line", "fields"), RAGGED.values(), ids=RAGGED)
def test_a_line_with_more_or_fewer_fields_than_the_first_is_refused_with_its_number(
    tmp_path: Path, columns: tuple[str, ...], lines: str, line: int, fields: str
) -> None:
    """Values would be read as those of other columns, or as missing, without a word."""
    message = refused(tmp_path, f"{HEADER}\n{lines}\n", columns=columns)
    assert message.startswith(
        f"table loans: a.csv, line {line} has {fields}, but the first line names 3 columns, so "
        "values would be read as those of other columns or as missing; look there for "
    )
    assert message.endswith(", and correct the file.")


def test_a_last_value_that_is_missing_is_no_short_line(tmp_path: Path) -> None:
    found = read(tmp_path, f'{HEADER}\n1;2;\n\n4;5;""\n7;8;z\n')
    assert list(found["note"].fillna("")) == ["", "", "z"]


def test_line_breaks_and_separators_in_quotes_are_text(tmp_path: Path) -> None:
    assert list(read(tmp_path, f'{HEADER}\n1;2;"a;b\nc"\n')["note"]) == ["a;b\nc"]


def test_a_file_of_a_german_excel_is_read_with_the_keys_of_the_page(tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/read-csv-files.md").read_text("utf-8")
    [block] = re.findall(
        r"A German Excel needs.*?^```yaml\n(.+?)^```", page, re.DOTALL | re.MULTILINE
    )
    keys = yaml.safe_load(block)
    assert keys.pop("path") == "data/applications/*.csv"
    content = "loan;day;amount\r\nÄ1;31.12.2025;1.234,50\r\n".encode("cp1252")
    found = read(tmp_path, content, time="day", **keys)
    assert found.to_dict("records") == [
        {"loan": "Ä1", "day": pd.Timestamp("2025-12-31"), "amount": 1234.5}
    ]


def test_a_line_above_the_header_is_refused(tmp_path: Path) -> None:
    assert "line 2 has 3 fields, but the first line names 1 column" in refused(
        tmp_path, f"Report of today\n{HEADER}\n1;2;x\n"
    )


# The first line


@pytest.mark.parametrize(("separator", "other"), [(",", ";"), (";", ","), (";", "\t"), (",", "|")])
def test_another_separator_is_named(tmp_path: Path, separator: str, other: str) -> None:
    content = f"{HEADER}\n1;2;x\n".replace(";", other)
    shown = '"\\t"' if other == "\t" else f'"{other}"'
    assert refused(tmp_path, content, separator=separator) == (
        f'table loans: a.csv: the first line is a single column with the separator "{separator}", '
        f"but has {shown} in it; set tables.loans.separator to {shown}."
    )


def test_the_line_that_excel_reads_the_separator_from_is_refused(tmp_path: Path) -> None:
    assert "a.csv: the first line is a note for Excel" in refused(
        tmp_path, f"sep=;\n{HEADER}\n1;2;x"
    )


def test_a_name_that_occurs_twice_is_refused_unless_it_is_not_read(tmp_path: Path) -> None:
    content = "loan;amount;amount\n1;2;3\n"
    assert "the first line names column amount 2 times" in refused(tmp_path, content)
    assert list(read(tmp_path, content, columns=("loan",))["loan"]) == ["1"]


@pytest.mark.parametrize(
    ("line", "keys"),
    [("Smith;Smith;1", {}), ("Smith;1;2", {"decimal": ","}), ("Smith;1;2", {"thousands": ","})],
)
def test_a_first_line_that_is_a_row_is_not_quoted(
    tmp_path: Path, line: str, keys: dict[str, str]
) -> None:
    """No message may have a value of a row, and nothing says that this line is a header."""
    other = line.replace("Smith", "1.5")
    (tmp_path / "b.csv").write_text(f"{other}\n{other}\n")
    message = refused(tmp_path, f"{line}\n{other}\n{other}\n", path="*.csv", **keys)
    assert "Smith" not in message
    assert "first line" in message or "its column number 1 has numbers with a point" in message


def test_a_separator_of_several_characters_is_a_pattern(tmp_path: Path) -> None:
    content = f"{HEADER}\n1;2;x\n".replace(";", "||")
    assert list(read(tmp_path, content, separator="[|][|]")["note"]) == ["x"]
    more = f"{content}1||2||x||9\n"
    message = refused(tmp_path, more, separator="[|][|]")
    assert re.search("Expected 3 fields in line 3, saw 4|has lines with more fields", message)


# Encodings

UMLAUT = f"{HEADER}\n1;2;x\n4;5;Häuser\n"


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "cp1252"),
        ("cp1252", "latin-1"),
    ],
)
def test_an_encoding_is_read(tmp_path: Path, written: str, read_as: str) -> None:
    found = read(tmp_path, UMLAUT.encode(written), encoding=read_as)
    assert list(found) == ["loan", "amount", "note"]
    assert list(found["note"]) == ["x", "Häuser"]


WRONG = {
    "Windows": (
        "cp1252",
        "utf-8",
        ", line 3 is not utf-8; set tables.loans.encoding to the right one, such as cp1252",
    ),
    "UTF-16": (
        "utf-16",
        "utf-8",
        " is UTF-16, by its first bytes, and not utf-8; set tables.loans.encoding to utf-16.",
    ),
    "UTF-16 without a mark": ("utf-16-le", "utf-8", " has bytes that are zero, so it is neither"),
    "UTF-8 with a mark": (
        "utf-8-sig",
        "latin-1",
        " is UTF-8, by its first bytes, and not latin-1; set tables.loans.encoding to utf-8.",
    ),
    "UTF-8": (
        "utf-8",
        "cp1252",
        " is UTF-8, so letters such as ä would be misread in cp1252; set tables.loans.encoding",
    ),
    "not UTF-16": ("utf-8", "utf-16", " is not utf-16; set tables.loans.encoding to utf-8"),
}


@pytest.mark.parametrize(("written", "read_as", "words"), WRONG.values(), ids=WRONG)
def test_another_encoding_is_refused_with_the_key(
    tmp_path: Path, written: str, read_as: str, words: str
) -> None:
    message = refused(tmp_path, UMLAUT.encode(written), encoding=read_as)
    assert message.startswith(f"table loans: a.csv{words}")
    assert "user" not in message


def test_a_letter_at_the_end_of_the_sample_is_not_taken_for_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "SAMPLE", len(UMLAUT.encode()) - len("user\n") - 2)
    assert "is UTF-8" in refused(tmp_path, UMLAUT.replace("x", "ö").encode(), encoding="cp1252")


# Numbers

NUMBERS = {
    "German": ({"decimal": ",", "thousands": "."}, ["1.234,5", "-12.345.678", "7", "0,5"]),
    "English": ({"thousands": ","}, ['"1,234.5"', '"-12,345,678"', "7", "0.5"]),
    "Swiss": ({"thousands": "'"}, ["1'234.5", "-12'345'678", "7", "0.5"]),
}


@pytest.mark.parametrize(("keys", "amounts"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_with_groups_of_three_digits_are_read(
    tmp_path: Path, keys: dict[str, str], amounts: list[str]
) -> None:
    lines = "\n".join(f"{number};{amount};x" for number, amount in enumerate(amounts))
    found = read(tmp_path, f"{HEADER}\n{lines}\n", **keys)
    assert list(found["amount"].astype(float)) == [1234.5, -12345678, 7, 0.5]


@pytest.mark.parametrize("text", ["31.12.2025", "1.23.456", "DE.123", "12.34,5"])
def test_text_with_the_character_of_thousands_stays_text(tmp_path: Path, text: str) -> None:
    """By itself, pandas reads 31.12.2025 as 31122025, and 1.23.456 as 123456."""
    found = read(tmp_path, f"{HEADER}\n1;2;{text}\n", decimal=",", thousands=".")
    assert list(found["note"]) == [text]


@pytest.mark.parametrize("keys", [{"decimal": ","}, {"decimal": ",", "thousands": "."}])
def test_points_where_conf_has_a_decimal_comma_are_refused(
    tmp_path: Path, keys: dict[str, str]
) -> None:
    """1.5 would be read as text, and later as 1.5; a German 1.234 as well."""
    message = refused(tmp_path, f"{HEADER}\n1;1.5;x\n4;7;y\n", **keys)
    assert message.startswith(
        "table loans: a.csv: column amount has numbers with a point, but tables.loans.decimal is "
        '","; '
    )
    assert list(read(tmp_path, f"{HEADER}\n1;1.5;x\n", text=("amount",), **keys)["amount"]) == [
        "1.5"
    ]
