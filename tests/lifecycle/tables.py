"""The rows of `synthetic.py`, written to files as another system would deliver them."""

import hashlib
import re
from pathlib import Path

import pandas as pd
import yaml
from rendering import ROOT

from lifecycle.project import AS_OF, Facts, Project

PAGES = ("read-your-tables", "read-csv-files", "read-a-warehouse")
TEXT = "".join((ROOT / f"docs/how-to/{page}.md").read_text("utf-8") for page in PAGES)
BLOCKS = re.findall(r"^## (.+?)\n+```yaml\n(.+?)^```", TEXT, re.DOTALL | re.MULTILINE)
EVERY = {title: yaml.safe_load(block)["tables"] for title, block in BLOCKS}
"""The tables of each section of these how-tos, by its title."""
*_, SPARK_TITLE = EVERY
SPARK = {"kind": "spark", "origin": "synthetic", "time": "applied_on"}
SPARK_FILES = {name: SPARK | {"path": f"data/{name}"} for name in ("applications", "outcomes")}


def write_tables(project: Project, start: str, end: str, kind: str) -> None:
    """Write a file for each month and table, Parquet or German CSV, and configure the tables."""
    project.call(_write, start, end, kind)
    german = {"separator": ";", "encoding": "latin-1", "decimal": ","} if kind == "csv" else {}
    project.configure(
        tables={
            name: {
                "kind": "files",
                "origin": "synthetic",
                "path": f"data/{name}/*.{kind}",
                "time": "applied_on",
                **german,
            }
            for name in ("applications", "outcomes")
        }
    )


def _write(start: str, end: str, kind: str) -> None:
    from loan_risk import synthetic

    for month in pd.date_range(start, end, freq="MS", inclusive="left"):
        for name, frame in synthetic.rows(month, 7).items():
            target = Path("data") / name / f"{month:%Y-%m}.{kind}"
            target.parent.mkdir(parents=True, exist_ok=True)
            if kind == "csv":
                frame.to_csv(target, sep=";", decimal=",", encoding="latin-1", index=False)
            else:
                frame.to_parquet(target, index=False)


def write_everywhere(start: str, end: str, address: str) -> None:
    """Write the same rows as Parquet, as CSV of a sourcing job, to a lake and to a database.

    Runs in a project: `project.call(write_everywhere, …)`.
    """
    import sqlalchemy as sa
    from deltalake import write_deltalake
    from loan_risk import synthetic

    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS risk CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA risk"))
    for month in pd.date_range(start, end, freq="MS", inclusive="left"):
        for name, frame in synthetic.rows(month, 7).items():
            target = Path("data") / name / f"{month:%Y-%m}"
            target.parent.mkdir(parents=True, exist_ok=True)
            frame.to_parquet(f"{target}.parquet", index=False)
            deliver(Path(f"{target}.csv"), frame)
            frame["reported"] = f"{month:%Y-%m}"
            write_deltalake(f"data/lake/{name}", frame, mode="append", partition_by=["reported"])
            frame.to_sql(name, engine, schema="risk", if_exists="append", index=False)


def deliver(file: Path, frame: pd.DataFrame, **stated: object) -> None:
    """Write a CSV file and its control file, as a job of a German bank does."""
    frame.to_csv(file, sep="|", decimal=",", encoding="latin-1", index=False)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    after = pd.Timestamp(file.stem) + pd.DateOffset(months=1, hours=4)
    facts = {"rows": len(frame), "sha256": digest, "delivered": f"{after:%Y-%m-%dT%H:%M}"}
    lines = (f"{key}={value}\n" for key, value in (facts | stated).items())
    file.with_suffix(".ctl").write_text("".join(lines))


def seen(side: str = "train", rows: int = 65_536, sets: tuple[str, ...] = ()) -> Facts:
    """Return the number and the fingerprint of the rows that a command reads in a window."""
    from loan_risk import data, schema
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.data.contract import read_contract
    from loan_risk.mlops.data.fingerprints import fingerprint
    from loan_risk.mlops.data.labelled_rows import PointInTimeData, read_split

    project = open_project("dev", (f"scoring.batch_rows={rows}", *sets))
    contract = read_contract(schema, project.settings.problem)
    as_of, time = pd.Timestamp(AS_OF), project.settings.time
    sample = read_split(PointInTimeData(project, data, contract, as_of, time), side)
    return {"rows": len(sample.frame), "data": fingerprint(sample.frame)}
