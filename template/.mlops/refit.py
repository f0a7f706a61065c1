"""Refit a version whose own platform has no `mlops/refit.py` yet.

rebuild.py runs this program in the environment of the version's commit. The job that it reads and
the answer that it prints are those of `records/refit.py` in today's platform. The modules that it
imports are those of the last flat layout of `mlops/`, which cannot change any more.
"""

import contextlib
import json
import sys
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

Facts = dict[str, Any]  # a JSON object

FORMAT = 1  # of the job and of the answer


def main(file: Path) -> None:
    """Do the job in a file and print the answer; exit with a sentence where that fails."""
    job = json.loads(file.read_text(encoding="utf-8"))
    if job["format"] != FORMAT:
        sys.exit(
            f"the job {file.name} has format {job['format']}, and .mlops/refit.py reads format "
            f"{FORMAT}, so the version cannot be rebuilt any more; train a new one."
        )
    errors = platform("errors")
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for the answer alone
            answer = refit(job)
    except errors.MlopsError as error:
        sys.exit(str(error))
    print(json.dumps(answer))


def platform(name: str) -> Any:
    """Import one of the modules of the platform at the version's commit."""
    package = next(Path("src").glob("*/mlops")).parent.name
    return import_module(f"{package}.mlops.{name}")


def refit(job: Facts) -> Facts:
    """Fit the estimator of a version again, and compare it with the registered one."""
    card = json.loads(Path(job["version"], "artifacts/card.json").read_text(encoding="utf-8"))
    project = open_as_trained(card)
    snapshot = platform("snapshot")
    package = snapshot.take_snapshot(project)
    user_module = platform("project").user_module
    schema = user_module("schema", package)
    contract = platform("contract").read_contract(schema, project.settings.problem)
    source = platform("samples").Source(
        replace(project, root=Path(job["root"])),  # the worktree has no data
        user_module("data", package),
        contract,
        pd.Timestamp(card["time"]["as_of"]),
        project.settings.time,
    )
    train_rows, train = find_rows(source, card, job, "train")
    gate_rows, gate = find_rows(source, card, job, "gate")
    difference = None
    if train_rows is not None and gate_rows is not None:
        with threadpool_limits(card["lineage"]["threads"]):  # the order of sums depends on them
            model = user_module("model", package)
            estimator = platform("training").fit(project, model, contract, train_rows)
            difference = compare(estimator, card, job, gate_rows[contract.features])
    lineage = platform("lineage")
    build = asdict(lineage.read_build_facts(project))
    configuration = lineage.configuration_hash(project)
    logged_sources = snapshot.read_sources(Path(job["version"], "code", card["snapshot"]))
    same = {
        "lock": build["lock_sha256"] == card["lineage"]["lock_sha256"],
        "configuration": configuration == card["lineage"]["configuration"],
        "template": build["template"] == card["lineage"]["template"],
        "snapshot": snapshot.read_sources(package) == logged_sources,
    }
    return {
        "format": FORMAT,
        "commit": build["commit"],
        "dirty": build["dirty"],
        "template": build["template"],
        "lock_sha256": build["lock_sha256"],
        "configuration": configuration,
        "rows": {"train": train, "gate": gate},
        "difference": difference,
        "differs": [name for name, is_same in same.items() if not is_same],
    }


def open_as_trained(card: Facts) -> Any:
    """Open the project of this commit with the settings of a card, which `--set` may have made."""
    settings = {
        "model": card["model"],
        "tables": card["tables"],
        "time": {key: value for key, value in card["time"].items() if key != "as_of"},
    }
    overrides = tuple(f"{key}={json.dumps(value)}" for key, value in settings.items())
    return platform("project").open_project(card["lineage"]["environment"], overrides)


def find_rows(source: Any, card: Facts, job: Facts, side: str) -> tuple[pd.DataFrame | None, Facts]:
    """Return the rows of a window as they were at training, and where they came from."""
    samples = platform("samples")
    with np.load(Path(job["version"], "artifacts/seen.npz")) as seen:
        trained = seen[side]
    today = None
    facts: Facts = {"source": None, "changed": None, "trouble": ""}
    try:
        today = samples.read_part(source, side).frame
    except Exception as error:  # noqa: BLE001 - code of that day can meet anything in today's rows
        facts["trouble"] = " ".join(str(error).split()).removesuffix(".")
    if today is not None:
        now = samples.row_hashes(today)
        facts["changed"] = max(len(np.setdiff1d(trained, now)), len(np.setdiff1d(now, trained)))
    expected = card["lineage"]["data"][side]
    kept = read_extract(Path(job["kept"][side]))
    if kept is not None and samples.fingerprint(kept) == expected:
        return kept, facts | {"source": "extract"}
    if today is not None and samples.fingerprint(today) == expected:
        return today, facts | {"source": "tables"}
    return None, facts


def read_extract(path: Path) -> pd.DataFrame | None:
    """Return the rows that were kept, None where they are missing or cut."""
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError):
        return None


def compare(estimator: Any, card: Facts, job: Facts, rows: pd.DataFrame) -> float:
    """Return the largest difference of the new predictions to those of the version.

    These are its predictions of `rows`, and those of its golden rows on its first day. Only numbers
    are compared: decisions and labels follow from them.
    """
    import mlflow

    artifacts = Path(job["version"], "artifacts")
    registered = mlflow.pyfunc.load_model(job["version"], suppress_warnings=True).predict(rows)
    golden_rows = pd.read_parquet(artifacts / "golden_rows.parquet")
    golden_predictions = pd.read_parquet(artifacts / "golden_predictions.parquet")
    predict_frame = platform("scorer").predict_frame
    largest_difference = platform("registry").largest_difference
    differences = []
    for part, before in ((golden_rows, golden_predictions), (rows, registered)):
        now = predict_frame(estimator, card, part)
        difference = largest_difference(
            before.select_dtypes("float64"), now.select_dtypes("float64")
        )
        differences.append(float(difference))
    return max(differences)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
