"""PSI of each input by the platform's own functions, and by nothing else of `monitor`.

Runs in a project that has a champion, on a file with the rows of a period.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
from loan_risk.mlops.base.project import open_project, user_module
from loan_risk.mlops.base.settings import Time
from loan_risk.mlops.data import tables
from loan_risk.mlops.data.labelled_rows import PointInTimeData, read_split
from loan_risk.mlops.figures import drift, profile
from loan_risk.mlops.records.registry import LoadedVersion
from loan_risk.mlops.records.store import open_store


def index(period: str) -> None:
    """Count and compare; print the seconds from reading to verdicts."""
    card = champion().version.card
    setting = f"tables.applications={{kind: files, path: {period}}}"
    start = time.perf_counter()
    counts = dict[str, profile.Floats]()
    for rows in tables.Tables(open_project("dev", (setting,))).pieces("applications"):
        for name, column in card["profile"]["inputs"].items():
            counts[name] = counts.get(name, 0) + profile.count(column, rows[name])
    for name, column in card["profile"]["inputs"].items():
        drift.compare(name, column, counts[name], 0.1, len(counts))
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start}))


def write(period: str) -> None:
    """Write the rows of then and now, as they are and with bins in place of values."""
    card = champion().version.card
    sides = {"then": learned_from(champion()), "now": pd.read_parquet(period)}
    for name, rows in sides.items():
        frame = rows[card["features"]].reset_index(drop=True)
        frame.to_parquet(f"build/{name}.parquet")
        bins = {each: binned(card["profile"]["inputs"][each], frame[each]) for each in frame}
        pd.DataFrame(bins).to_parquet(f"build/{name}_binned.parquet")


def champion() -> LoadedVersion:
    """Return the champion's card and contract."""
    return LoadedVersion(None, open_store(open_project("dev")).fetch_champion())


def learned_from(champion: LoadedVersion) -> pd.DataFrame:
    """Return the rows that the champion's profile describes, labelled or not."""
    recorded = dict(champion.version.card["time"])
    as_of, data = pd.Timestamp(recorded.pop("as_of")), user_module("data")
    source = PointInTimeData(open_project("dev"), data, champion.contract, as_of, Time(**recorded))
    rows: pd.DataFrame = read_split(source, "train").all_inputs
    return rows


def binned(column: profile.Column, values: pd.Series) -> pd.Series:
    """Return the bin of each value by a name."""
    names = pd.Series("other", index=values.index)
    if column["type"] == "number":
        names = pd.Series(np.searchsorted(profile.edges(column), values)).map("part {}".format)
    heavy = values.isin(column["values"]).to_numpy()
    return names.mask(heavy, values.astype("str")).mask(values.isna(), "missing")


if __name__ == "__main__":
    {"index": index, "write": write}[sys.argv[1]](sys.argv[2])
