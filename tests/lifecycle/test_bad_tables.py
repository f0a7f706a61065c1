"""A table that differs from conf/ ends the command with one sentence, before a row is used."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from lifecycle.mistakes import Change, Mistake, both, expect, slow, table, write
from lifecycle.project import AS_OF, Project
from lifecycle.tables import deliver

FILES = {"kind": "files", "origin": "synthetic", "time": "applied_on"}
JOB = FILES | {
    "path": "data/*.csv",
    "control": "*.ctl",
    "separator": "|",
    "encoding": "latin-1",
    "decimal": ",",
}
DATABASE = {"kind": "sql", "origin": "synthetic", "table": "applications", "time": "applied_on"}
LAKE = {"kind": "delta", "origin": "synthetic", "path": "data/lake"}
ADDRESS = "postgresql+psycopg://reader:s3cret@127.0.0.1:1/risk"


def delivery(*months: str, **stated: object) -> Change:
    """Deliver the applications of some months; `stated` changes the last control file."""

    def change(project: Project) -> None:
        project.call(deliver_months, months, stated)

    return change


def deliver_months(months: list[str], stated: dict[str, object]) -> None:
    """Write the files of months, in a project."""
    from loan_risk import synthetic

    Path("data").mkdir(exist_ok=True)
    for month in months:
        frame = synthetic.rows(pd.Timestamp(month), 7)["applications"]
        deliver(Path(f"data/{month}.csv"), frame, **(stated if month == months[-1] else {}))


def parquet(*months: str, lost: str) -> Change:
    """Write the applications of some months; the last file lacks a column."""
    return lambda project: project.call(write_parquet, months, lost)


def write_parquet(months: list[str], lost: str) -> None:
    """Write the files of months, in a project."""
    from loan_risk import synthetic

    Path("data").mkdir(exist_ok=True)
    for month in months:
        frame = synthetic.rows(pd.Timestamp(month), 7)["applications"]
        frame = frame.drop(columns=lost if month == months[-1] else [])
        frame.to_parquet(f"data/{month}.parquet")


CONTROL = [
    Mistake(
        "a missing file with a control file",
        both(
            delivery("2025-11", "2025-12"),
            table(**JOB),
            lambda project: project.path("data/2025-12.csv").unlink(),
        ),
        ("table applications", "2025-12.ctl is there", "2025-12.csv", "ask whoever delivers"),
    ),
    Mistake(
        "a control file that states another number of rows",
        both(delivery("2025-11", "2025-12", rows=661), table(**JOB)),
        ("table applications", "2025-12.csv", "2025-12.ctl", "660 rows", "states 661", "deliver"),
    ),
    Mistake(
        "a control file that states another checksum",
        both(delivery("2025-12", sha256="00"), table(**JOB)),
        ("table applications", "2025-12.csv", "2025-12.ctl", "sha256", "deliver"),
    ),
    Mistake(
        "a missing control file",
        both(
            delivery("2025-12"),
            table(**JOB),
            lambda project: project.path("data/2025-12.ctl").unlink(),
        ),
        ("table applications", "control file 2025-12.ctl", "No such file"),
    ),
    Mistake(
        "a control file that states nothing",
        both(delivery("2025-12"), table(**JOB), write("data/2025-12.ctl", "done\n")),
        ("table applications", "2025-12.ctl", "does not state rows, sha256"),
    ),
    Mistake(
        "a control file whose rows are not a number",
        both(delivery("2025-12", rows="many"), table(**JOB)),
        ("table applications", "control file 2025-12.ctl", "cannot be read", "correct"),
    ),
    Mistake(
        "a late delivery",
        both(delivery("2025-02", "2025-03"), table(**JOB, max_late=24)),
        ("table applications is late", "2025-04-01 04:00", "2025-06-30", "max_late"),
        command=("train", "--as-of", "2026-04-01"),
    ),
    Mistake(
        "a delivery without its time",
        both(delivery("2025-12", delivered=""), table(**JOB, max_late=24)),
        ("table applications", "no control file states", "delivered", "max_late"),
    ),
]

PLACES = [
    Mistake(
        "a column that a later file lacks",
        both(parquet("2024-08", "2024-09", lost="income"), table(**FILES, path="data/*.parquet")),
        (
            "table applications",
            "2024-09.parquet does not have all",
            "(missing: income)",
            "deliver",
        ),
    ),
    Mistake(
        "a column that no file has",
        both(parquet("2024-09", lost="income"), table(**FILES, path="data/*.parquet")),
        ("data.inputs: column income is missing", "data.py"),
    ),
    Mistake(
        "a folder of Spark without parts",
        both(write("data/a.parquet/_SUCCESS", ""), table(**FILES, path="data/*.parquet")),
        ("table applications", "no file matches data/*.parquet"),
    ),
    Mistake(
        "a broken Parquet file",
        both(write("data/a.parquet", "PAR1 no PAR1"), table(**FILES, path="data/a.parquet")),
        ("table applications", "a.parquet cannot be read"),
    ),
    Mistake(
        "a folder that is not a Delta table",
        both(write("data/lake/a.txt", "x"), table(**LAKE)),
        ("table applications", "the Delta table", "data/lake cannot be read"),
    ),
    Mistake(
        "a missing extra",
        both(
            # found before the real one, as none is found without the extra
            write("src/deltalake.py", "raise ModuleNotFoundError('no', name='deltalake')"),
            table(**LAKE),
        ),
        ("deltalake is not installed", "loan-risk[mlops,delta]", "pyproject.toml", "uv sync"),
        code=2,
    ),
    Mistake(
        "a database that does not answer",
        table(**DATABASE, address=ADDRESS),
        ("table applications", "127.0.0.1", "refused", "tables.applications"),
        code=5,
    ),
    Mistake(
        "a missing driver",
        table(**DATABASE, address="oracle+oracledb://reader:s3cret@127.0.0.1/risk"),
        ("table applications", "oracledb", "uv add"),
        code=2,
    ),
    Mistake(
        "an address that is not a URL",
        table(**DATABASE, address="reader:s3cret@127.0.0.1:port"),
        ("table applications", "postgresql+psycopg://user:…@host/database"),
        code=2,
    ),
    Mistake(
        "an address whose port is not a number",
        table(**DATABASE, address="postgresql+psycopg://reader:s3cret@127.0.0.1:s3cret/risk"),
        ("table applications", "postgresql+psycopg://user:…@host/database"),
        code=2,
    ),
    Mistake(
        "an address in a missing secret",
        table(**DATABASE, address={"secret": "warehouse"}),
        ("secret warehouse", "MLOPS_SECRET_WAREHOUSE"),
        code=2,
    ),
]

COMBINATIONS = [
    Mistake("sql without an address", table(**DATABASE), ("needs the key address",), code=2),
    Mistake("delta without a path", table(**LAKE | {"path": ""}), ("needs the key path",), code=2),
    Mistake(
        "sql with a table and a query",
        table(**DATABASE, address=ADDRESS, query="SELECT 1"),
        ("either `table` or `query`",),
        code=2,
    ),
    Mistake(
        "a control file of a Delta table",
        table(**LAKE, control="*.ctl"),
        ("control is for tables of kind files", "delta"),
        code=2,
    ),
    Mistake(
        "a version of files",
        table(**FILES, path="x.csv", version=3),
        ("version is for tables of kind delta", "files"),
        code=2,
    ),
    Mistake(
        "a limit without a control file",
        table(**FILES, path="x.csv", max_late=3),
        ("max_late needs the key control",),
        code=2,
    ),
]


def quick(mistakes: list[Mistake], count: int) -> list[object]:
    """Run the first ones in all tests, the others in the full tests only."""
    return [*mistakes[:count], *map(slow, mistakes[count:])]


@pytest.mark.parametrize(
    "mistake", [*quick(CONTROL, 2), *quick(PLACES, 4), *quick(COMBINATIONS, 1)], ids=str
)
def test_a_wrong_table_is_reported(born: Project, mistake: Mistake) -> None:
    expect(born, mistake)
    said = born.folder.with_name("stderr").read_text("utf-8")
    assert "s3cret" not in said


@pytest.fixture
def bank(postgres: str) -> Callable[[str], str]:
    """Return the database's address with a password, which must be the right one."""
    import sqlalchemy as sa

    engine = sa.create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        hba = Path(str(connection.execute(sa.text("SHOW hba_file")).scalar()))
        rule = "local all reader scram-sha-256\n"
        if rule not in hba.read_text():
            hba.write_text(rule + hba.read_text())
            connection.execute(sa.text("CREATE ROLE reader LOGIN PASSWORD 'right-s3cret'"))
            connection.execute(sa.text("SELECT pg_reload_conf()"))
            connection.execute(sa.text("CREATE TABLE public.dates (purpose text, day date)"))
            connection.execute(sa.text("GRANT SELECT ON public.dates TO reader"))
    engine.dispose()
    return lambda password: postgres.replace("postgres:s3cret", f"reader:{password}", 1)


@pytest.mark.parametrize(
    ("password", "keys", "words"),
    [
        ("wrong-s3cret", {}, ("password authentication failed", "reader")),
        ("right-s3cret", {"table": "absent.nothing"}, ("nothing", "does not exist")),
        slow("right-s3cret", {"table": "dates", "time": "noon"}, ("noon", "not exist")),
        slow("right-s3cret", {"table": "dates", "time": "purpose"}, ("text", "date")),
        slow("right-s3cret", {"table": "", "query": "SELEC"}, ("syntax error",)),
    ],
    ids=["password", "table", "column", "no time", "query"],
)
def test_a_refusal_of_a_database_is_reported_without_the_password(
    born: Project,
    bank: Callable[[str], str],
    password: str,
    keys: dict[str, str],
    words: tuple[str, ...],
) -> None:
    change, code = table(**DATABASE | keys, address=bank(password)), 1 if keys else 5
    expect(born, Mistake("refused", change, ("table applications", *words), code=code))
    assert "s3cret" not in born.folder.with_name("stderr").read_text("utf-8")


# Control files in use


def test_a_wrong_delivery_is_not_scored(live: Project) -> None:
    both(delivery("2025-11", "2025-12", rows=1), table(**JOB))(live)
    answer = live.run("score", "--as-of", AS_OF, code=1)
    assert "2025-12.csv has 660 rows, but its control file 2025-12.ctl states 1" in answer.said
    assert live.batches() == []


@pytest.mark.full
def test_no_version_is_judged_on_a_wrong_delivery(live: Project) -> None:
    both(delivery("2025-11", "2025-12", rows=1), table(**JOB))(live)
    answer = live.run("gate", "1", code=3)
    assert answer.checks["window"]["verdict"] == "rejected"
    assert "its control file 2025-12.ctl states 1" in str(answer.checks["window"])


@pytest.mark.full
def test_monitoring_reports_a_wrong_delivery(scored: Project) -> None:
    both(delivery("2025-12", rows=1), table(**JOB))(scored)
    facts = scored.run("monitor", "--as-of", AS_OF).facts
    assert facts["decision"] == "investigate"
    assert any("its control file 2025-12.ctl states 1" in reason for reason in facts["reasons"])


def test_a_punctual_delivery_is_scored_and_compared_with_its_control_file_once(
    live: Project,
) -> None:
    both(delivery("2025-11", "2025-12"), table(**JOB, max_late=0))(live)
    assert live.call(checksums, AS_OF) == {"rows": 660, "checksums": 2}


def checksums(as_of: str) -> dict[str, int]:
    """Score in small pieces, and count how often a checksum was computed."""
    import hashlib

    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.steps.score.score import score

    counted: list[object] = []
    real = hashlib.file_digest

    def count(*arguments: object) -> object:
        if "data" in Path(str(getattr(arguments[0], "name", ""))).parts:  # not a version or a batch
            counted.append(arguments)
        return real(*arguments)  # type: ignore[arg-type]

    hashlib.file_digest = count  # type: ignore[assignment]
    outcome = score(open_project("dev", ("scoring.batch_rows=100",)), as_of)
    return {"rows": outcome.facts["rows"], "checksums": len(counted)}


@pytest.mark.parametrize("form", ["{0}|{1}|{2}", "{0}; {1}; job=A7; {2}\r\n"])
@pytest.mark.full
def test_a_control_file_may_be_written_on_one_line(live: Project, form: str) -> None:
    both(delivery("2025-12"), table(**JOB))(live)
    file = live.path("data/2025-12.ctl")
    rows, digest, _ = file.read_text().splitlines()
    file.write_text(form.format(rows.upper(), digest, "delivered=2026-01-01 04:00"))
    live.run("score", "--as-of", AS_OF, "--set", "tables.applications.max_late=1")
    assert len(live.batches()) == 1
