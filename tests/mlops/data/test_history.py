"""The code of the page on history and lookups finds the same values in training and in scoring."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import yaml
from mlops.projects import make_project
from rendering import ROOT, platform

contract = platform("data.contract")
errors = platform("base.errors")
tables = platform("data.tables")
windows = platform("base.windows")

PAGE = (ROOT / "docs/how-to/history-and-lookups.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
YEAR = windows.Window(pd.Timestamp("2025-01-01"), pd.Timestamp("2026-01-01"))
DECEMBER = windows.Window(pd.Timestamp("2025-12-01"), pd.Timestamp("2026-01-01"))
MONTHS = pd.date_range("2024-06-01", "2025-12-01", freq="MS")
BATCH_ROWS = 3

Answer = pd.DataFrame


def blocks(section: str, language: str) -> list[str]:
    """Return the blocks of a section in a language."""
    return re.findall(rf"^```{language}\n(.+?)^```", SECTIONS[section], re.DOTALL | re.MULTILINE)


def run(block: str) -> dict[str, Any]:
    """Run a block, and return its names."""
    names: dict[str, Any] = {"__name__": "a_module_of_the_page"}
    exec(block, names)  # noqa: S102 - our own page
    return names


def write_accounts(folder: Path) -> None:
    """Write a file for each month; the balance says the account and the month."""
    (folder / "accounts").mkdir()
    for number, month in enumerate(MONTHS):
        rows = {
            "account_id": range(8),
            "month": month,
            "balance": [100.0 * a + number for a in range(8)],
        }
        pd.DataFrame(rows).to_parquet(folder / f"accounts/{month:%Y-%m}.parquet")


def write_applications(folder: Path) -> None:
    """Write an application of each of four customers in each month."""
    (folder / "applications").mkdir()
    for month in MONTHS:
        rows = {
            "application_id": [f"{month:%Y-%m}-{number}" for number in range(4)],
            "applied_on": month + pd.Timedelta(days=9),
            "customer_id": [f"C{number}" for number in range(4)],
            "amount": 1000.0,
        }
        pd.DataFrame(rows).to_parquet(folder / f"applications/{month:%Y-%m}.parquet")
    changes = {
        "customer_id": ["C0", "C1", "C0", "C0"],
        "valid_from": ["2020-01-01", "2020-01-01", "2025-12-10", "2025-12-11"],
        "segment": ["private", "private", "premium", "too late"],
    }
    pd.DataFrame(changes).to_csv(folder / "segments.csv", index=False)
    (folder / "ratings").mkdir()
    ratings = {
        "customer_id": ["C0", "C0", "C1"],
        "rated_on": pd.to_datetime(["2025-01-01", "2025-12-01", "2025-12-01"]),
        "delivered_on": pd.to_datetime(["2025-01-05", "2025-12-11", "2025-12-10"]),
        "rating": [1.0, 2.0, 3.0],
    }
    pd.DataFrame(ratings).to_parquet(folder / "ratings/all.parquet")


def project_of(root: Path, section: str) -> Any:
    """Return a project whose tables are those of a section."""
    [block] = blocks(section, "yaml")
    return make_project(root, tables=yaml.safe_load(block)["tables"])


def in_training(root: Path, section: str) -> Answer:
    """Read a year at once, and return the rows of December."""
    made: pd.DataFrame = run(blocks(section, "python")[0])["inputs"](
        tables.Tables(project_of(root, section)), YEAR
    )
    time = "month" if "month" in made else "applied_on"
    in_december: pd.Series[bool] = DECEMBER.contains(made[time])
    return made[in_december]


def in_scoring(root: Path, section: str) -> Answer:
    """Read December in batches, as `score` does."""
    project = project_of(root, section)
    inputs = run(blocks(section, "python")[0])["inputs"]
    name = project.settings.streamed_table
    whole = tables.Tables(project).read(name, DECEMBER)
    batches: list[pd.DataFrame] = [
        whole[start : start + BATCH_ROWS] for start in range(0, len(whole), BATCH_ROWS)
    ]
    made: pd.DataFrame = pd.concat(
        [inputs(tables.Tables(project, (), {name: batch}, DECEMBER), DECEMBER) for batch in batches]
    )
    return made


CASES: dict[str, tuple[Callable[[Path], None], str, str, list[Any]]] = {
    "Lags": (write_accounts, "account_id", "balance_lag_2", [100.0 * a + 16 for a in range(8)]),
    "Slowly changing reference data": (
        write_applications,
        "customer_id",
        "segment",
        ["premium", "private", None, None],
    ),
    "Point-in-time joins with `known_at`": (
        write_applications,
        "customer_id",
        "rating",
        [1.0, 3.0, None, None],
    ),
}


@pytest.mark.parametrize("section", CASES)
def test_the_values_are_right_and_the_same_in_a_batch(tmp_path: Path, section: str) -> None:
    write, key, name, expected = CASES[section]
    (tmp_path / "data").mkdir()
    write(tmp_path / "data")
    trained = in_training(tmp_path, section).sort_values(key, ignore_index=True)
    scored = in_scoring(tmp_path, section).sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(scored, trained)
    found = [None if pd.isna(value) else value for value in trained[name]]
    assert found == expected


def test_every_block_of_the_page_is_run_here() -> None:
    assert [*SECTIONS] == [*CASES, "What is checked"]
    assert PAGE.count("```python") == len(CASES) + 1  # and the schema below
    assert PAGE.count("```yaml") == len(CASES)


def test_the_schema_of_the_page_accepts_the_rows_and_has_the_role(tmp_path: Path) -> None:
    section = "Point-in-time joins with `known_at`"
    (tmp_path / "data").mkdir()
    write_applications(tmp_path / "data")
    schema = run(blocks(section, "python")[1])
    labels = SimpleNamespace(Inputs=schema["Inputs"])
    read = contract._read_schema(labels, "Inputs", "key")
    assert read.one("known_at") == "delivered_on"
    rows = read.clean(in_scoring(tmp_path, section).reset_index(drop=True), "here")
    assert (rows["delivered_on"].isna() | (rows["delivered_on"] <= rows["applied_on"])).all()


def test_lags_that_are_read_from_the_scored_table_are_refused(tmp_path: Path) -> None:
    """Without the refusal, each lag would be empty when scoring."""
    (tmp_path / "data").mkdir()
    write_accounts(tmp_path / "data")
    project = project_of(tmp_path, "Lags")
    wrong = blocks("Lags", "python")[0].replace('"accounts_history", longer', '"accounts", longer')
    batch = tables.Tables(project).read("accounts", DECEMBER)
    source = tables.Tables(project, (), {"accounts": batch}, DECEMBER)
    with pytest.raises(errors.Misconfigured, match=r"window 2025-10-01\.\.2026-01-01 of table acc"):
        run(wrong)["inputs"](source, DECEMBER)
