"""Refit a version: the part of `reproduce` that runs in the version's own commit and lock.

`python -m <package>.mlops.refit JOB` reads a small JSON job and prints a JSON answer. Only these
two formats are a contract between versions of the platform: everything else is the code that
trained the version, so it may change freely.
"""

import contextlib
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from .base.project import open_project, user_module
from .data.contract import read_contract
from .data.fingerprints import fingerprint, row_hashes
from .data.labelled_rows import PointInTimeData, read_split
from .records import lineage
from .records.registry import largest_difference
from .records.scorer import predict_frame
from .records.snapshot import read_sources, take_snapshot
from .steps.train.estimator import fit

Facts = dict[str, Any]
Side = Literal["train", "gate"]

SIDES: tuple[Side, Side] = ("train", "gate")
SAME = {"lock": "lock_sha256", "configuration": "configuration", "template": "template"}


def refit(job: Facts) -> Facts:
    """Fit the estimator anew; return how far it is from the registered one, and what differs.

    The facts of the code, and for each side where its rows come from, stand beside it. Without
    rows on a side there is nothing to compare.
    """
    card = json.loads(Path(job["version"], "artifacts/card.json").read_text(encoding="utf-8"))
    time = {key: value for key, value in card["time"].items() if key != "as_of"}
    given = {"model": card["model"], "tables": card["tables"], "time": time}  # --set may count
    words = tuple(f"{key}={json.dumps(value)}" for key, value in given.items())
    project = open_project(card["lineage"]["environment"], words)
    package = take_snapshot(project)
    schema, data, model = (user_module(n, package) for n in ("schema", "data", "model"))
    contract = read_contract(schema, project.settings.problem)
    here = replace(project, root=Path(job["root"]))  # the worktree has no data
    as_of, settings = pd.Timestamp(card["time"]["as_of"]), project.settings
    source = PointInTimeData(here, data, contract, as_of, settings.time)
    sides = {side: find_rows(source, card, job, side) for side in SIDES}
    train, gate = (side.pop("frame") for side in sides.values())
    difference = None
    if train is not None and gate is not None:
        with threadpool_limits(card["lineage"]["threads"]):  # a sum depends on how it is split
            estimator = fit(project, model, contract, train)
            difference = compare(estimator, card, job, gate[contract.features])
    facts = asdict(lineage.read_build_facts(project))
    facts["configuration"] = lineage.configuration_hash(project)
    differs = [name for name, key in SAME.items() if facts[key] != card["lineage"][key]]
    logged = Path(job["version"], "code", card["snapshot"])
    if read_sources(package) != read_sources(logged):
        differs.append("snapshot")
    return facts | {"rows": sides, "difference": difference, "differs": differs}


def find_rows(source: PointInTimeData, card: Facts, job: Facts, side: Side) -> Facts:
    """Return the `frame` of a side, and how many rows of today's tables are others."""
    wanted, today = card["lineage"]["data"][side], None
    facts: Facts = {"from": None, "frame": None, "changed": None, "trouble": ""}
    with np.load(Path(job["version"], "artifacts/seen.npz")) as seen:
        known = seen[side]
    try:
        today = read_split(source, side).frame
        now = row_hashes(today)
        facts["changed"] = max(len(np.setdiff1d(known, now)), len(np.setdiff1d(now, known)))
    except Exception as error:  # noqa: BLE001 - whatever the code of then meets today
        facts["trouble"] = " ".join(str(error).split()).removesuffix(".")
    kept = read_extract(Path(job["kept"][side]))
    for origin, frame in (("extract", kept), ("tables", today)):
        if facts["from"] is None and frame is not None and fingerprint(frame) == wanted:
            facts |= {"from": origin, "frame": frame}
    return facts


def read_extract(path: Path) -> pd.DataFrame | None:
    """Return the rows that were kept, None where they are missing or cut."""
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError):
        return None


def compare(estimator: Any, card: Any, job: Facts, rows: pd.DataFrame) -> float:
    """Return how far the new predictions lie from those of the first day, and of the version.

    Numbers count alone; decisions and labels follow from them.
    """
    import mlflow

    files = Path(job["version"], "artifacts")
    registered = mlflow.pyfunc.load_model(job["version"], suppress_warnings=True).predict(rows)
    first_day = pd.read_parquet(files / "golden_predictions.parquet")
    golden = pd.read_parquet(files / "golden_rows.parquet")
    distances = []
    for part, then in ((golden, first_day), (rows, registered)):
        now = predict_frame(estimator, card, part)
        numbers = (frame.select_dtypes("float64") for frame in (then, now))
        distances.append(float(largest_difference(*numbers)))
    return max(distances)


if __name__ == "__main__":
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with contextlib.redirect_stdout(sys.stderr):  # stdout is for the answer alone
        answer = refit(job)
    print(json.dumps(answer))
