"""Times in files are read in the format and the zone that conf states, or refused."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

tables = platform("data.tables")
errors = platform("base.errors")
windows = platform("base.windows")

DECEMBER = windows.Window(pd.Timestamp("2025-12-01"), pd.Timestamp("2026-01-01"))
TIMES = {"day": False, "reviewed": True}  # the columns of times in the schema


def tables_of(root: Path, path: str, **keys: Any) -> Any:
    """Return tables of a project that names one table, `loans`."""
    table = {"kind": "files", "origin": "masked", "path": path, "time": "day"} | keys
    project = make_project(root, tables={"loans": table}, scoring={"batch_rows": 2})
    return tables.Tables(project, (), nullable_times=TIMES)


def write(root: Path, name: str, rows: pd.DataFrame) -> None:
    """Write the rows to a file, Parquet or CSV by its name."""
    if name.endswith(".csv"):
        rows.to_csv(root / name, index=False)
    else:
        rows.to_parquet(root / name, row_group_size=1)


both_formats = pytest.mark.parametrize("name", ["a.csv", "a.parquet"])


@both_formats
@pytest.mark.parametrize(
    ("form", "days"),
    [
        ("%d.%m.%Y", ["30.11.2025", "01.12.2025", "31.12.2025"]),
        ("%m/%d/%Y", ["11/30/2025", "12/01/2025", "12/31/2025"]),
        ("%d.%m.%Y %H:%M", ["30.11.2025 00:00", "01.12.2025 00:00", "31.12.2025 00:00"]),
        ("%Y%m%d", [20251130, 20251201, 20251231]),
    ],
)
def test_dates_are_read_in_the_format_of_conf(
    tmp_path: Path, name: str, form: str, days: list[object]
) -> None:
    """The schema's other column of times is read in it as well, and may be missing."""
    rows = pd.DataFrame({"loan": [1, 2, 3], "day": days, "reviewed": [None, days[1], None]})
    rows = rows.convert_dtypes()  # a missing number makes no fractions of the others
    write(tmp_path, name, rows)
    found = tables_of(tmp_path, name, date_format=form).read("loans", DECEMBER)
    assert list(found["loan"]) == [2, 3]
    assert list(found["day"]) == [pd.Timestamp("2025-12-01"), pd.Timestamp("2025-12-31")]
    assert list(found["reviewed"].isna()) == [False, True]


@both_formats
def test_each_column_may_have_a_format(tmp_path: Path, name: str) -> None:
    rows = pd.DataFrame({"day": ["2025-12-24"], "reviewed": ["24.12.2025"], "note": ["24.12.2025"]})
    write(tmp_path, name, rows)
    found = tables_of(tmp_path, name, date_format={"reviewed": "%d.%m.%Y"}).read("loans", DECEMBER)
    assert found["reviewed"][0] == pd.Timestamp("2025-12-24")
    assert found["note"][0] == "24.12.2025"


@both_formats
def test_a_date_of_another_format_is_refused_with_its_place_and_the_key(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path, name, pd.DataFrame({"day": ["24.12.2025", "2025-12-24", "Total"]}))
    with pytest.raises(errors.MlopsError) as caught:
        tables_of(tmp_path, name, date_format="%d.%m.%Y").read("loans", DECEMBER)
    assert str(caught.value) == (
        f"table loans: day is not a date of the format %d.%m.%Y in 1 row (row 1 of {name}, counted "
        "from 0); correct tables.loans.date_format, or the file."
    )


# Zones

MIDNIGHT = pd.DataFrame(
    {  # the first is in November and the last in January, by the clocks of Berlin
        "loan": [1, 2, 3, 4],
        "day": pd.to_datetime(
            ["2025-11-30 22:59", "2025-11-30 23:00", "2025-12-31 22:59", "2025-12-31 23:00"],
            utc=True,
        ),
    }
)


@both_formats
@pytest.mark.parametrize("written", ["UTC", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize(("zone", "loans"), [("Europe/Berlin", [2, 3]), ("UTC", [3, 4])])
def test_a_day_begins_in_the_zone_of_conf(
    tmp_path: Path, name: str, written: str, zone: str, loans: list[int]
) -> None:
    """Row groups of one row each: none of the month is left out."""
    write(tmp_path, name, MIDNIGHT.assign(day=MIDNIGHT["day"].dt.tz_convert(written)))
    found = tables_of(tmp_path, name, zone=zone).read("loans", DECEMBER)
    assert list(found["loan"]) == loans
    assert found["day"].dt.tz is None


@both_formats
def test_files_with_and_without_a_zone_are_read_by_the_same_clock(
    tmp_path: Path, name: str
) -> None:
    local = MIDNIGHT.assign(day=MIDNIGHT["day"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None))
    write(tmp_path, name, MIDNIGHT)
    write(tmp_path, f"b{Path(name).suffix}", local.assign(loan=local["loan"] + 10))
    found = tables_of(tmp_path, f"*{Path(name).suffix}", zone="Europe/Berlin")
    assert list(found.read("loans", DECEMBER)["loan"]) == [2, 3, 12, 13]


def test_text_of_summer_and_winter_is_read_in_one_zone(tmp_path: Path) -> None:
    text = ["2025-07-01T00:30+02:00", "2025-12-01T00:30+01:00", "2025-12-01 00:30", None]
    write(tmp_path, "a.csv", pd.DataFrame({"reviewed": text, "loan": 1}))
    keys = {"zone": "Europe/Berlin", "time": None}
    found = tables_of(tmp_path, "a.csv", **keys).read("loans")
    days = ["2025-07-01 00:30", "2025-12-01 00:30", "2025-12-01 00:30", None]
    assert list(pd.to_datetime(found["reviewed"]).fillna(pd.Timestamp(0))) == list(
        pd.to_datetime(pd.Series(days)).fillna(pd.Timestamp(0))
    )
