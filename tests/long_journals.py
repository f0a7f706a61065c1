"""Long journals, written to MLflow's tables without MLflow, which takes half a minute per 1,000."""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

RUN = (
    "INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage,"
    " artifact_uri, experiment_id) VALUES (?, ?, 'unknown', 'FINISHED', ?, ?, 'active', ?, ?)"
)
TAG = "INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?)"
HEAD = "INSERT INTO registered_model_tags (name, key, value) VALUES (?, 'mlops_journal_head', ?)"
START = 1_700_000_000_000  # milliseconds; the first entry's time


def write_entries(database: Path, count: int, *, files: bool = True, model: str = "") -> None:
    """Fill the empty journal of a model with entries of `score`, one for each batch.

    `files` also writes each entry's file, which must then be on this machine.
    """
    model = model or "dev.loan-risk"
    with closing(sqlite3.connect(database)) as opened:
        find = "SELECT experiment_id, artifact_location FROM experiments WHERE name = ?"
        experiment, location = opened.execute(find, (f"{model}.journal",)).fetchone()
        digest = "0" * 64
        for number in range(1, count + 1):
            text = json.dumps(_entry(number, digest), sort_keys=True)
            digest = hashlib.sha256(text.encode()).hexdigest()
            run_id, time = f"{number:032x}", START + number
            folder, name = f"{location}/{run_id}/artifacts", f"{number} score"
            opened.execute(RUN, (run_id, name, time, time, folder, experiment))
            opened.execute(TAG, (run_id, "mlflow.runName", name))
            opened.execute(TAG, (run_id, "mlops_journal_entry_1", text))
            if files:
                file = Path(folder.removeprefix("file://"), "entry.json")
                file.parent.mkdir(parents=True)
                file.write_text(text, encoding="utf-8")
        opened.execute(HEAD, (model, f"{count}:{digest}"))
        opened.commit()


def _entry(number: int, previous: str) -> dict[str, Any]:
    return {
        "format": 2,
        "number": number,
        "time": "2026-01-01T04:00:00+00:00",
        "environment": "dev",
        "command": "score",
        "outcome": "ok",
        "subject": "2026-01-01",
        "as_of": "2026-01-01",
        "details": {
            "batch": f"{number:04}",
            "date": "2026-01-01",
            "version": 1,
            "rows": 1000,
            "rows_per_second": 20_000,
            "resources": {"wall_seconds": 1.5, "cpu_seconds": 1.2, "peak_memory_mb": 300},
        },
        "actor": "operator@build-host",
        "actor_source": "login",
        "previous": previous,
    }
