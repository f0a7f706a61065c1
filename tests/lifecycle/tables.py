"""The rows of `synthetic.py`, written to files as another system would deliver them."""

import pandas as pd

from lifecycle.project import Project


def write_tables(project: Project, start: str, end: str, kind: str) -> None:
    """Write a file for each month and table, and let conf/ read these: Parquet, or German CSV."""
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
    from pathlib import Path

    from loan_risk import synthetic

    for month in pd.date_range(start, end, freq="MS", inclusive="left"):
        for name, frame in synthetic.rows(month, 7).items():
            target = Path("data") / name / f"{month:%Y-%m}.{kind}"
            target.parent.mkdir(parents=True, exist_ok=True)
            if kind == "csv":
                frame.to_csv(target, sep=";", decimal=",", encoding="latin-1", index=False)
            else:
                frame.to_parquet(target, index=False)
