"""Rows of synthetic.py: which months of it are read, and in place of which tables."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from mlops.projects import make_project
from rendering import platform

synthetic = platform("data.synthetic")
request = platform("data.request")
errors = platform("base.errors")
windows = platform("base.windows")

MARCH = windows.Window(pd.Timestamp("2025-03-01"), pd.Timestamp("2025-04-01"))


def rows(month: pd.Timestamp, seed: int) -> dict[str, pd.DataFrame]:
    """Return one row for each month, as a user's synthetic.py could."""
    assert seed == 7
    return {"loans": pd.DataFrame({"month": [f"{month:%Y-%m}"]})}


def invented(monkeypatch: pytest.MonkeyPatch, **names: Any) -> None:
    """Let the project's synthetic.py have these names."""
    module = SimpleNamespace(rows=rows, **names)
    monkeypatch.setattr(synthetic, "user_module", lambda _: module)


def read(root: Path, window: Any, **table: Any) -> list[str]:
    """Return the months that are read of the table `loans`."""
    project = make_project(root)
    settings = project.settings.tables["loans"].model_copy(update=table)
    pieces = synthetic.read_pieces(request.TableRequest(project, "loans", settings, window))
    return [month for piece in pieces for month in piece["month"]]


def test_a_window_has_the_months_that_it_touches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented(monkeypatch)
    across = windows.Window(pd.Timestamp("2025-03-31"), pd.Timestamp("2025-04-02"))
    assert read(tmp_path, MARCH) == ["2025-03"]
    assert read(tmp_path, across, time="applied_on") == ["2025-03", "2025-04"]


def test_a_table_without_dates_has_the_rows_of_one_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented(monkeypatch)
    assert len(read(tmp_path, None)) == 1


def test_a_table_with_a_time_is_never_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented(monkeypatch)
    with pytest.raises(errors.Misconfigured, match=r"either remove tables\.loans\.time"):
        read(tmp_path, None, time="applied_on")


def test_a_table_that_data_py_selects_from_begins_with_its_first_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the number of a row is the same in every window."""
    invented(monkeypatch, FIRST_MONTH=pd.Timestamp("2025-01-01"))
    assert read(tmp_path, MARCH) == ["2025-01", "2025-02", "2025-03"]
    assert read(tmp_path, MARCH, time="applied_on") == ["2025-03"]


FILES = {"kind": "files", "origin": "production", "path": "data/loans.csv"}


def test_only_tables_that_synthetic_py_returns_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was left from the example must not get in the way of other tables."""
    invented(monkeypatch)
    monkeypatch.setattr(synthetic, "PACKAGE_ROOT", tmp_path)
    project = make_project(tmp_path, tables={"loans": FILES, "rates": FILES})
    assert synthetic.list_overrides(project) == ()
    (tmp_path / "synthetic.py").touch()
    (override,) = synthetic.list_overrides(project)
    key, _, value = override.partition("=")
    assert key == "tables"
    assert json.loads(value) == {"loans": {"kind": "synthetic", "origin": "synthetic"}}
    others = make_project(tmp_path, tables={"rates": FILES})
    assert synthetic.list_overrides(others) == ()
