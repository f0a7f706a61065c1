"""Tables on Spark give the same predictions and figures as one machine, and short errors."""

import json
import os
from typing import Any

import pandas as pd
import pytest

from lifecycle import tables
from lifecycle.mistakes import Mistake, both, expect, inputs, slow, table, write
from lifecycle.project import AS_OF, Facts, Project
from lifecycle.tables import EVERY, SPARK, SPARK_FILES
from lifecycle.tables import SPARK_TITLE as PAGE

NAMED = tuple(  # in a catalog, as the page shows it
    f"tables.{name}={json.dumps(keys | {'path': ''})}" for name, keys in EVERY[PAGE].items()
)
TIMES = ("timestamp_ntz", "timestamp", "date", "string")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark with two workers, in another time zone than that of the rows."""
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--master local[2] pyspark-shell")
    monkeypatch.setenv("TZ", "America/New_York")


@pytest.mark.full
@pytest.mark.usefixtures("elsewhere")
def test_spark_gives_the_results_of_one_machine(live: Project) -> None:
    """With pieces of any size, paths or names, and any type of time."""
    tables.write_tables(live, "2024-09-01", "2026-01-01", "parquet")
    live.run("score", "--as-of", AS_OF)
    monitored = live.run("monitor", "--as-of", AS_OF).facts
    rows = live.call(tables.seen)
    assert rows["rows"] > 1000

    live.configure(tables=SPARK_FILES)
    live.run("score", "--as-of", AS_OF, "--set", "scoring.batch_rows=100")
    assert batch(live, 1).equals(batch(live, 0))
    there = live.call(find_there)
    assert there["rows"] == [rows] * len(TIMES)
    assert any(column["psi"] > 0 for column in monitored["columns"])
    for fact in ("columns", "rows", "freshness"):
        assert there["monitored"][fact] == monitored[fact]


def batch(project: Project, number: int) -> pd.DataFrame:
    """Return predictions in the order of their keys; those of Spark come in any order."""
    frame = pd.read_parquet(project.batches()[number] / "part.parquet")
    frame = frame.drop(columns=["batch", "predicted_at"])
    return frame.sort_values("application_id", ignore_index=True)


def find_there() -> Facts:
    """Read and monitor tables of a running Spark, whose times have several types."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.steps.monitor.monitor import monitor

    spark, rows = start(), []
    for kind in TIMES:
        for name in SPARK_FILES:
            frame = spark.read.parquet(f"data/{name}")
            frame = frame.withColumn("applied_on", frame["applied_on"].cast(kind))
            frame.createOrReplaceTempView(name)
        rows.append(tables.seen("train", 1000, NAMED))
    sets = (*NAMED, "scoring.batch_rows=100")
    return {"rows": rows, "monitored": monitor(open_project("dev", sets), AS_OF).facts}


def start() -> Any:
    """Start the Spark that a job finds on a cluster."""
    from loan_risk.mlops.data import spark

    session = spark._start("applications")
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


# What is refused

LOCAL = "tables.outcomes={kind: files, path: data/outcomes/*.parquet}"
REFUSED = {
    "a path that does not exist": (
        ("tables.applications.path=data/nowhere",),
        "table applications: Spark reports: [PATH_NOT_FOUND]",
    ),
    "a table that does not exist": (
        ("tables.applications={path: '', table: risk.nowhere}",),
        "table applications: Spark reports: [TABLE_OR_VIEW_NOT_FOUND]",
    ),
    "a time that is not a column": (
        ("tables.applications.time=noon",),
        "with name `noon` cannot be resolved",
    ),
    "a time that is not a time": (("tables.applications.time=purpose",), "CAST_INVALID_INPUT"),
    "a column that does not exist": (("tables.applications.columns=[noon]",), "`noon`"),
    "a broken file": (("tables.applications.path=data/broken",), "correct tables.applications"),
    "a column of the wrong type": (
        ("tables.applications={path: '', table: mistyped}", LOCAL),
        "table applications: column amount is str and cannot become float without loss",
    ),
    "a table that workers cannot look up": (
        (),
        "table outcomes cannot be read by Spark's workers; create a view in Spark that",
    ),
    "no rows": (("tables.applications={path: '', table: none}", LOCAL), "has no rows"),
}


@pytest.mark.full
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.wide
def test_what_spark_cannot_score_is_reported_in_one_sentence(live: Project) -> None:
    tables.write_tables(live, "2025-12-01", "2026-01-01", "parquet")
    live.configure(tables=SPARK_FILES)
    live.write("data/broken/part.parquet", "PAR1 no PAR1")
    inputs('tables.read("outcomes", window)')(live)
    said = live.call(refusals)
    for name, (_, words) in REFUSED.items():
        assert words in said[name], f"{name}: {said[name]}"
        assert "\n" not in said[name]
    assert live.batches() == []


def refusals() -> dict[str, str]:
    """Return the message for each mistake."""
    from loan_risk.mlops.base.errors import MlopsError
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.steps.score.score import score

    frame = start().read.parquet("data/applications")
    frame.where("false").createTempView("none")
    frame.withColumn("amount", frame["purpose"]).createTempView("mistyped")
    said = {}
    for name, (sets, _) in REFUSED.items():
        try:
            said[name] = score(open_project("dev", sets), AS_OF).message
        except MlopsError as error:
            said[name] = str(error)
    return said


@pytest.mark.parametrize(
    "mistake",
    [
        Mistake(
            "a missing extra",
            both(
                # as if it were not installed; pandera may have imported it already
                write("src/loan_risk/__init__.py", "import sys\n\nsys.modules['pyspark'] = None\n"),
                table(**SPARK, table="risk.applications"),
            ),
            ("pyspark is not installed", "loan-risk[mlops,spark]", "pyproject.toml", "uv sync"),
            code=2,
        ),
        slow(
            Mistake(
                "neither table nor path",
                table(**SPARK),
                ("either `table` or `path`",),
                code=2,
            )
        ),
    ],
    ids=str,
)
def test_a_wrong_table_is_reported(born: Project, mistake: Mistake) -> None:
    expect(born, mistake)


def test_a_missing_java_is_reported(born: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", os.devnull)
    change = table(**SPARK, path="data/applications")
    words = ("table applications", "Spark does not answer", "Java 17", "configuration")
    expect(born, Mistake("no Java", change, words, code=5))
