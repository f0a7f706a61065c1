"""Refit a version whose own platform has no `mlops/refit.py` yet.

rebuild.py runs this program in the environment of the version's commit. The names that it takes
from the platform are those of the last flat layout of `mlops/`, which never change any more.
"""

import contextlib
import importlib
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

Facts = dict[str, Any]

SAME = {"lock": "lock_sha256", "configuration": "configuration", "template": "template"}


class Platform:
    """The platform's modules as they were."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getattr__(self, name: str) -> Any:
        return importlib.import_module(f"{self._package}.mlops.{name}")


def refit(job: Facts) -> Facts:
    """Fit the estimator anew; return how far it is from the registered one, and what differs.

    The facts of the code, and for each side where its rows come from, stand beside it. Without
    rows on a side there is nothing to compare.
    """
    card, old = read_card(job), Platform(next(Path("src").glob("*/mlops")).parent.name)
    time = {key: value for key, value in card["time"].items() if key != "as_of"}
    given = {"model": card["model"], "tables": card["tables"], "time": time}  # --set may count
    words = tuple(f"{key}={json.dumps(value)}" for key, value in given.items())
    project = old.project.open_project(card["lineage"]["environment"], words)
    package = old.snapshot.take_snapshot(project)
    schema, data, model = (old.project.user_module(n, package) for n in ("schema", "data", "model"))
    contract = old.contract.read_contract(schema, project.settings.problem)
    here = replace(project, root=Path(job["root"]))  # the worktree has no data
    as_of, settings = pd.Timestamp(card["time"]["as_of"]), project.settings
    source = old.samples.Source(here, data, contract, as_of, settings.time)
    sides = {side: find_rows(old, source, job, side) for side in ("train", "gate")}
    train, gate = (side.pop("frame") for side in sides.values())
    difference = None
    if train is not None and gate is not None:
        with threadpool_limits(card["lineage"]["threads"]):  # a sum depends on how it is split
            estimator = old.training.fit(project, model, contract, train)
            difference = compare(old, estimator, job, gate[contract.features])
    facts = asdict(old.lineage.read_build_facts(project))
    facts["configuration"] = old.lineage.configuration_hash(project)
    differs = [name for name, key in SAME.items() if facts[key] != card["lineage"][key]]
    logged = Path(job["version"], "code", card["snapshot"])
    if old.snapshot.read_sources(package) != old.snapshot.read_sources(logged):
        differs.append("snapshot")
    return facts | {"rows": sides, "difference": difference, "differs": differs}


def read_card(job: Facts) -> Facts:
    """Return the card of the version."""
    return dict(json.loads(Path(job["version"], "artifacts/card.json").read_text("utf-8")))


def find_rows(old: Platform, source: Any, job: Facts, side: str) -> Facts:
    """Return the `frame` of a side, and how many rows of today's tables are others."""
    wanted, today = read_card(job)["lineage"]["data"][side], None
    facts: Facts = {"from": None, "frame": None, "changed": None, "trouble": ""}
    with np.load(Path(job["version"], "artifacts/seen.npz")) as seen:
        known = seen[side]
    try:
        today = old.samples.read_part(source, side).frame
        now = old.samples.row_hashes(today)
        facts["changed"] = max(len(np.setdiff1d(known, now)), len(np.setdiff1d(now, known)))
    except Exception as error:  # noqa: BLE001 - whatever the code of then meets today
        facts["trouble"] = " ".join(str(error).split()).removesuffix(".")
    kept = read_extract(Path(job["kept"][side]))
    for origin, frame in (("extract", kept), ("tables", today)):
        if facts["from"] is None and frame is not None and old.samples.fingerprint(frame) == wanted:
            facts |= {"from": origin, "frame": frame}
    return facts


def read_extract(path: Path) -> pd.DataFrame | None:
    """Return the rows that were kept, None where they are missing or cut."""
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError):
        return None


def compare(old: Platform, estimator: Any, job: Facts, rows: pd.DataFrame) -> float:
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
        now = old.scorer.predict_frame(estimator, read_card(job), part)
        numbers = (frame.select_dtypes("float64") for frame in (then, now))
        distances.append(float(old.registry.largest_difference(*numbers)))
    return max(distances)


if __name__ == "__main__":
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with contextlib.redirect_stdout(sys.stderr):  # stdout is for the answer alone
        answer = refit(job)
    print(json.dumps(answer))
