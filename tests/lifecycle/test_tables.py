"""Tables of every kind return the same rows, and report in one sentence what is wrong."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lifecycle import behind
from lifecycle.challengers import LENIENT
from lifecycle.conftest import At
from lifecycle.mistakes import TRAIN
from lifecycle.project import AS_OF, Facts, Project, copy_project
from lifecycle.tables import EVERY, seen, write_everywhere

PARQUET, CSV, DELTA, SQL, SPARK = EVERY
KINDS = {title: tables for title, tables in EVERY.items() if title != SPARK}  # see test_spark.py
UNREACHABLE = "postgresql+psycopg://reader:s3cret@127.0.0.1:1/risk"


@pytest.fixture(scope="module")
def delivered(shelf: At, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the same rows in files, a lake and a database, to read only."""
    folder = tmp_path_factory.mktemp("delivered") / "loan-risk"
    project = copy_project(shelf("born"), folder)
    project.edit("synthetic.py", '"home": ', '"Häuser|""neu""": ')  # hard to quote
    project.configure(time={"train": 2})
    project.call(write_everywhere, "2025-02-01", "2026-01-01", postgres)
    return project


@pytest.fixture
def source(
    delivered: Project, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A copy of it; a test may change anything but the database."""
    monkeypatch.setenv("MLOPS_SECRET_WAREHOUSE", postgres)
    return copy_project(delivered, tmp_path / "loan-risk")


def change(project: Project, kind: str, **keys: Any) -> None:
    """Configure the tables of a kind as the page does, with some keys of applications changed."""
    tables = KINDS[kind] | {"applications": KINDS[kind]["applications"] | keys}
    project.configure(tables=tables)


def test_the_page_shows_every_kind() -> None:
    kinds = [tables["applications"]["kind"] for tables in EVERY.values()]
    assert kinds == ["files", "files", "delta", "sql", "spark"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_returns_the_rows_of_the_synthetic_tables(source: Project, kind: str) -> None:
    """Quoted separators, latin-1 and decimal commas included; in pieces or as a whole."""
    expected = source.call(seen)
    source.configure(tables=KINDS[kind])
    assert expected["rows"] > 800
    assert source.call(seen, "train", 1000) == expected


@pytest.mark.full
def test_training_and_scoring_give_the_same_results_for_every_kind(source: Project) -> None:
    found = []
    for tables in KINDS.values():
        source.configure(tables=tables)
        number = source.run(*TRAIN).facts["version"]
        card = source.call(behind.card, "dev.loan-risk", number)
        found.append((card["lineage"]["data"], card["rows"]))
        assert card["lineage"]["tables"] == (
            {name: {"delta_version": 10} for name in tables}
            if tables["applications"]["kind"] == "delta"
            else {}
        )
    assert found[1:] == found[:-1]
    source.run("gate", *LENIENT)
    source.run("promote")
    batches = []
    for tables in KINDS.values():
        source.configure(tables=tables)
        source.run("score", "--as-of", AS_OF, "--set", "scoring.batch_rows=100")
        frame = pd.read_parquet(source.batches()[-1] / "part.parquet")
        batches.append(frame.drop(columns=["batch", "predicted_at"]).sort_values("application_id"))
    for batch in batches[1:]:
        pd.testing.assert_frame_equal(
            batch.reset_index(drop=True), batches[0].reset_index(drop=True)
        )


# What is read, and where the window is selected


def test_a_file_is_read_no_further_than_the_window(source: Project) -> None:
    """Row groups outside are broken here, so reading one of them would fail."""
    change(source, PARQUET)
    for file in source.path("data/applications").glob("2025-0[23].parquet"):
        content = bytearray(file.read_bytes())
        content[4:2000] = bytes(1996)
        file.write_bytes(content)
    assert source.call(seen, "gate")["rows"] > 1000
    answer = source.run(*TRAIN, code=1)
    assert "table applications: 2025-0" in answer.said
    assert "cannot be read" in answer.said


@pytest.mark.full
def test_a_folder_of_parts_is_read_like_a_file(source: Project) -> None:
    """Spark writes each table as such a folder."""
    change(source, PARQUET)
    expected = source.call(seen)
    for path in source.path("data/applications").glob("*.parquet"):
        frame = pd.read_parquet(path)
        path.unlink()
        path.mkdir()
        (path / "_SUCCESS").touch()
        for number, part in enumerate((frame[:300], frame[300:])):
            part.to_parquet(path / f"part-{number:05d}.snappy.parquet")
    assert source.call(seen) == expected


def test_a_lake_is_read_no_further_than_the_window(source: Project) -> None:
    change(source, DELTA)
    for file in source.path("data/lake/applications/reported=2025-03").glob("*.parquet"):
        file.unlink()
    assert source.call(seen, "gate")["rows"] > 1000
    answer = source.run(*TRAIN, code=1)
    assert "table applications cannot be read" in answer.said


def test_a_database_selects_the_window_and_streams_the_rows(source: Project) -> None:
    change(source, SQL, columns=["application_id", "applied_on"])
    asked = source.call(statements, "applications", "2025-12-01", "2026-01-01")
    assert asked["rows"] == [0, *[100] * 6, 60]
    undated, statement = asked["statements"]
    assert undated == "SELECT count(*) AS count_1 FROM risk.applications WHERE applied_on IS NULL"
    question, _, window = statement.partition(" WHERE ")
    assert question == "SELECT application_id, applied_on FROM risk.applications"
    assert window == "applied_on >= %(applied_on_1)s::DATE AND applied_on < %(applied_on_2)s::DATE"
    assert asked["cursors"] == ["Cursor", "ServerCursor"]
    assert asked["columns"] == ["application_id", "applied_on"]


def statements(name: str, start: str, end: str) -> Facts:
    """Read a window and return what the driver was asked, and how."""
    import sqlalchemy as sa
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.base.windows import Window
    from loan_risk.mlops.data.tables import Tables

    asked: list[str] = []
    cursors: list[str] = []

    def listen(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        if "risk." in statement:
            asked.append(" ".join(statement.split()))
            cursors.append(type(cursor).__name__)

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    window = Window(pd.Timestamp(start), pd.Timestamp(end))
    tables = Tables(open_project("dev", ("scoring.batch_rows=100",)))
    frames = list(tables.pieces(name, window))
    sizes, columns = [len(frame) for frame in frames], list(frames[0].columns)
    return {"statements": asked, "cursors": cursors, "rows": sizes, "columns": columns}


@pytest.mark.full
@pytest.mark.parametrize("kind", [PARQUET, CSV, DELTA])
def test_only_the_named_columns_are_read(source: Project, kind: str) -> None:
    change(source, kind, columns=["application_id", "applied_on"])
    assert source.call(columns_of, "applications") == ["application_id", "applied_on"]


def columns_of(name: str) -> list[str]:
    """Return the columns of a table, read as a whole."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.data.tables import Tables

    return list(Tables(open_project("dev")).read(name).columns)


@pytest.mark.full
def test_a_time_with_a_zone_is_read_as_utc(source: Project) -> None:
    """Spark writes its times into a lake with a zone."""
    source.call(in_utc)
    expected = source.call(seen)
    change(source, DELTA, path="data/lake/spark")
    assert source.call(seen) == expected


def in_utc() -> None:
    """Copy the applications' Delta table with times that have a zone."""
    from deltalake import DeltaTable, write_deltalake

    frame = DeltaTable("data/lake/applications").to_pandas()
    zoned = frame["applied_on"].dt.tz_localize("UTC")
    write_deltalake("data/lake/spark", frame.assign(applied_on=zoned))


@pytest.mark.full
def test_a_version_of_a_lake_can_be_read_again(source: Project) -> None:
    change(source, DELTA)
    expected = source.call(seen, "gate")
    source.call(forget_december)
    assert source.call(seen, "gate")["rows"] < expected["rows"]
    change(source, DELTA, version=10)
    assert source.call(seen, "gate") == expected


def forget_december() -> None:
    """Delete rows of the gate window from the applications' Delta table."""
    from deltalake import DeltaTable

    DeltaTable("data/lake/applications").delete("reported = '2025-08'")
