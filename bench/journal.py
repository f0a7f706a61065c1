"""How long a journal takes to read: for the first time on a machine, later, and all of it again.

All figures are seconds of the processor, which do not depend on what else the machine does.
"""

import json
import shutil
import sys
from pathlib import Path
from statistics import median

from long_journals import write_entries

from .scratch import PROGRAM, Scratch

HEADER = [
    *("entries", "first reading, s", "next process, s", "second reading, s"),
    *("comparison with the store, s", "all of `status`, s", "more than for 1 entry, s"),
]
LENGTHS = (1, 1000, 10_000)
READ = """
import json, sys, time
from loan_risk.mlops.base.console import collect_garbage_rarely
from loan_risk.mlops.base.project import open_project
from loan_risk.mlops.records.store import open_store

collect_garbage_rarely()
project = open_project("dev", tuple(sys.argv[1:]))
seconds = []
for work in ("entries", "entries", "problems"):
    journal = open_store(project).journal
    start = time.process_time()
    getattr(journal, work)()
    seconds.append(time.process_time() - start)
print(json.dumps(seconds))
"""


def read(scratch: Scratch, repeat: int) -> list[list[str]]:
    """Return a row for each length of a journal in a local store."""
    rows: list[list[str]] = []
    floor = 0.0
    for length in LENGTHS:
        uri = f"tracking_uri=sqlite:///build/{length}/mlflow.db"
        folder = scratch.project / "build" / str(length)
        folder.mkdir(parents=True)
        scratch.python("-c", PROGRAM, "status", "--set", uri)
        write_entries(folder / "mlflow.db", length)
        rounds = []
        for number in range(1, repeat + 1):
            sys.stderr.write(f"· round {number} of {repeat}: read {length:,} entries\n")
            rounds.append(_round(scratch, uri))
        first, later, again, compared, status = (median(side) for side in zip(*rounds, strict=True))
        floor = floor or status
        seconds = (first, later, again, compared, status, status - floor)
        rows.append([f"{length:,}", *(f"{each:.2f}" for each in seconds)])
    return rows


def _round(scratch: Scratch, uri: str) -> tuple[float, ...]:
    """Return the processor's seconds of each reading, and those of the whole of `status`."""
    shutil.rmtree(Path(scratch.project, "build/journal"), ignore_errors=True)
    first, *_ = json.loads(scratch.python("-c", READ, uri).printed)
    later, again, compared = json.loads(scratch.python("-c", READ, uri).printed)
    status = json.loads(scratch.python("-c", PROGRAM, "status", "--json", "--set", uri).printed)
    return first, later, again, compared, status["resources"]["cpu_seconds"]
