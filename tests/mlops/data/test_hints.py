"""A column that does not fit the schema is reported with the file and the key that would fit it."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from mlops.projects import make_project
from rendering import platform

tables = platform("data.tables")
errors = platform("base.errors")
contract = platform("data.contract")


class Inputs(pa.DataFrameModel):
    """A column of each type that a file may have in another format."""

    loan: str = pa.Field(metadata={"role": "key"})
    amount: float
    count: int
    reviewed: datetime


class Labels(pa.DataFrameModel):
    """The target."""

    loan: str = pa.Field(metadata={"role": "key"})
    defaulted: bool = pa.Field(metadata={"role": "target"})


CONTRACT = contract.read_contract(SimpleNamespace(Inputs=Inputs, Labels=Labels), "binary")
ROW = {"loan": "A7", "amount": "1", "count": "2", "reviewed": "2025-12-24"}


def refused(root: Path, column: str, *values: str, **keys: Any) -> str:
    """Return the remedy with which a CSV file is refused that has these values in a column."""
    lines = [";".join((ROW | {column: value}).values()) for value in values]
    (root / "a.csv").write_text("\n".join([";".join(ROW), *lines]), encoding="utf-8")
    table = {"kind": "files", "origin": "masked", "path": "*.csv", "separator": ";"} | keys
    project = make_project(root, tables={"loans": table})
    found = tables.Tables(project, CONTRACT.text, nullable_times=CONTRACT.nullable_times)
    with pytest.raises(errors.MlopsError) as caught:
        CONTRACT.inputs.clean(found.read("loans"), "here", found.explain)
    message = str(caught.value)
    assert message.startswith(f"here: column {column} is ")
    return message.partition("); ")[2]


EITHER = (
    'tables.loans.thousands to "," or tables.loans.decimal to ",", whichever these numbers mean'
)
OTHER = "table loans: column {} of a.csv has numbers in another format; set {}."


@pytest.mark.parametrize(
    ("values", "keys", "settings"),
    [
        (["1,5", "12,25"], {}, 'tables.loans.decimal to ","'),
        (["1.234,5", "7,0"], {}, 'tables.loans.decimal to "," and tables.loans.thousands to "."'),
        (["1,234.5", "7"], {}, 'tables.loans.thousands to ","'),
        (["1.234,5"], {"decimal": ","}, 'tables.loans.thousands to "."'),
        (["1'234.5"], {}, 'tables.loans.thousands to "\'"'),
        (["1 234,5"], {}, 'tables.loans.decimal to "," and tables.loans.thousands to " "'),
        (["1,234"], {}, EITHER),
    ],
)
def test_the_keys_of_a_number_format_are_named(
    tmp_path: Path, values: list[str], keys: dict[str, str], settings: str
) -> None:
    assert refused(tmp_path, "amount", *values, **keys) == OTHER.format("amount", settings)


def test_text_in_a_column_of_numbers_is_named_with_its_row_and_not_quoted(tmp_path: Path) -> None:
    assert refused(tmp_path, "count", "1", "2", "unknown: Smith") == (
        "table loans: column count of a.csv has text that is no number, first in row 2, counted "
        "from 0; correct the file, or make numbers of it in data.py."
    )


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("31.12.2025", 'date_format to {reviewed: "%d.%m.%Y"}.'),
        ("12/31/2025", 'date_format to {reviewed: "%m/%d/%Y"}.'),
        ("20251231", 'date_format to {reviewed: "%Y%m%d"}.'),
        ("2025-12-31T00:30+01:00", 'zone to the zone in which its days begin, such as "Europe/'),
    ],
)
def test_the_key_of_a_time_is_named(tmp_path: Path, value: str, remedy: str) -> None:
    message = refused(tmp_path, "reviewed", value)
    assert message.startswith("table loans: column reviewed of a.csv has ")
    assert f"; set tables.loans.{remedy}" in message


@pytest.mark.parametrize(
    ("column", "value"), [("reviewed", "soon"), ("count", "1.5"), ("count", "")]
)
def test_what_no_key_helps_with_gets_the_general_remedy(
    tmp_path: Path, column: str, value: str
) -> None:
    assert refused(tmp_path, column, "2", value).startswith(
        "correct the source, or the type in schema.py"
    )


def test_columns_of_other_tables_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("other\n1,5\n", encoding="utf-8")
    table = {"kind": "files", "origin": "masked"}
    named = {name: table | {"path": f"{name}.csv"} for name in ("b", "absent")}
    found = tables.Tables(make_project(tmp_path, tables=named))
    assert found.explain("amount", "float64") == ""
    assert found.explain("loan", "str") == ""
    frame = pd.DataFrame([ROW | {"amount": "1,5"}])
    with pytest.raises(errors.MlopsError, match="correct the source, or the type in schema"):
        CONTRACT.inputs.clean(frame, "here", found.explain)
