"""The PSI of each input by the platform's own functions, without the rest of `monitor`.

Runs in a project that has a champion, on a file with the rows of a period.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
from loan_risk.mlops.base.project import open_project, user_module
from loan_risk.mlops.data import tables
from loan_risk.mlops.data.labelled_rows import PointInTimeData, read_split
from loan_risk.mlops.figures import drift, profile
from loan_risk.mlops.records.registry import Version
from loan_risk.mlops.records.store import open_store


def index(period: str) -> None:
    """Count and compare; print the seconds from reading to verdicts."""
    profiles = champion().card.profile.inputs
    setting = f"tables.applications={{kind: files, path: {period}}}"
    start = time.perf_counter()
    counts = dict[str, profile.Floats]()
    for rows in tables.Tables(open_project("dev", (setting,))).pieces("applications"):
        for name, column in profiles.items():
            counts[name] = counts.get(name, 0) + profile.tally(column, rows[name])
    family = drift.Family(len(counts))
    for name, column in profiles.items():
        drift.compare(drift.Column("input", name, column), counts[name], family)
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start}))


def write(period: str) -> None:
    """Write the rows of then and now, as they are and with bins in place of values."""
    card = champion().card
    sides = {"then": learned_from(champion()), "now": pd.read_parquet(period)}
    for name, rows in sides.items():
        frame = rows[list(card.features)].reset_index(drop=True)
        frame.to_parquet(f"build/{name}.parquet")
        profiles = card.profile.inputs
        bins = {each: binned(profiles[each], frame[each]) for each in frame}
        pd.DataFrame(bins).to_parquet(f"build/{name}_binned.parquet")


def champion() -> Version:
    """Return the champion's card and contract."""
    return open_store(open_project("dev")).fetch_champion()


def learned_from(champion: Version) -> pd.DataFrame:
    """Return the rows that the champion's profile describes, labelled or not."""
    time_settings = champion.card.time
    as_of = pd.Timestamp(time_settings.as_of)
    data = user_module("data")
    project = open_project("dev")
    source = PointInTimeData(project, data, champion.contract, as_of, time_settings.settings())
    rows: pd.DataFrame = read_split(source, "train").all_inputs
    return rows


def binned(column: profile.ColumnProfile, values: pd.Series) -> pd.Series:
    """Return a name for the bin of each value."""
    names = pd.Series("other", index=values.index)
    if column.type == "number":
        names = pd.Series(np.searchsorted(profile.edges(column), values)).map("part {}".format)
    heavy = values.isin(list(column.values)).to_numpy()
    return names.mask(heavy, values.astype("str")).mask(values.isna(), "missing")


if __name__ == "__main__":
    {"index": index, "write": write}[sys.argv[1]](sys.argv[2])
