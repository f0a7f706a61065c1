"""A command reads one version of a Delta table, whoever writes meanwhile."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from deltalake import DeltaTable, write_deltalake
from mlops.projects import make_project
from rendering import platform

delta = platform("data.delta")
tables = platform("data.tables")
errors = platform("base.errors")
windows = platform("base.windows")

ROWS = pd.DataFrame({"loan": range(4), "day": pd.date_range("2025-12-31", periods=4, unit="us")})
NEW_YEAR = windows.Window(pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-03"))


@pytest.fixture(autouse=True)
def new_command() -> None:
    """Forget the opened tables, as a new command does."""
    delta._open.cache_clear()


def project_of(root: Path, **keys: Any) -> Any:
    """Return a project whose loans are a Delta table, with two rows in a piece."""
    table = {"kind": "delta", "origin": "masked", "path": "lake/loans"} | keys
    return make_project(root, tables={"loans": table}, scoring={"batch_rows": 2})


def read(project: Any, window: object = None) -> pd.DataFrame:
    """Return the rows of the loans."""
    frame: pd.DataFrame = tables.Tables(project).read("loans", window)
    return frame


def test_a_row_that_is_written_meanwhile_is_not_seen(tmp_path: Path) -> None:
    project = project_of(tmp_path)
    write_deltalake(tmp_path / "lake/loans", ROWS)
    assert len(read(project)) == 4
    write_deltalake(tmp_path / "lake/loans", ROWS, mode="append")
    assert len(read(project)) == 4
    assert delta.versions(project) == {"loans": {"delta_version": 0}}
    new_version = DeltaTable(tmp_path / "lake/loans").version()
    delta._open.cache_clear()
    assert len(read(project)) == 8
    assert delta.versions(project) == {"loans": {"delta_version": new_version}}


def test_an_older_version_can_be_read_again(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "lake/loans", ROWS)
    write_deltalake(tmp_path / "lake/loans", ROWS, mode="overwrite")
    DeltaTable(tmp_path / "lake/loans").delete("loan > 0")
    assert list(read(project_of(tmp_path))["loan"]) == [0]
    assert list(read(project_of(tmp_path, version=0))["loan"]) == [0, 1, 2, 3]


def test_times_with_a_zone_are_read_in_utc(tmp_path: Path) -> None:
    """Spark writes them so; Berlin is an hour ahead of UTC."""
    berlin = ROWS["day"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    write_deltalake(tmp_path / "lake/loans", ROWS.assign(day=berlin))
    found = read(project_of(tmp_path, time="day"), NEW_YEAR)
    assert list(found["day"]) == [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02")]
    assert found["day"].dt.tz is None


def test_pieces_hold_the_rows_of_the_window(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "lake/loans", ROWS)
    table = tables.Tables(project_of(tmp_path, time="day"))
    assert max(len(piece) for piece in table.pieces("loans")) <= 2
    assert list(read(project_of(tmp_path, time="day"), NEW_YEAR)["loan"]) == [1, 2]


@pytest.mark.parametrize("keys", [{}, {"version": 7}], ids=["no table", "no such version"])
def test_what_cannot_be_opened_is_refused_with_its_path(
    tmp_path: Path, keys: dict[str, int]
) -> None:
    if keys:
        write_deltalake(tmp_path / "lake/loans", ROWS)
    with pytest.raises(errors.MlopsError) as caught:
        read(project_of(tmp_path, **keys))
    assert str(caught.value).startswith("table loans: the Delta table ")
    assert "lake/loans cannot be read (" in str(caught.value)
    assert str(caught.value).endswith("correct tables.loans in conf/, or the table.")


def test_other_kinds_have_no_version(tmp_path: Path) -> None:
    assert delta.versions(make_project(tmp_path)) == {}
