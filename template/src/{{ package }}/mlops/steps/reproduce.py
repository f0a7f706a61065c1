"""The command `reproduce`: is a registered version what its code, lock and rows make?

In a git worktree of its commit, with its own lock and its own platform, the estimator is fitted
anew: on the rows that were kept at training, or, without them, on those that the tables give
today. `exact` says that the new estimator, the registered one and the predictions of the first day
agree to the last bit. Whether the tables still hold the same rows is told beside it.
"""

import json
import shutil
import subprocess
import sys
from typing import Any

from filelock import FileLock

from ..base.console import Outcome, Result
from ..base.errors import MlopsError
from ..base.project import Project
from ..records.details import ReproduceDetails
from ..records.extracts import extract_path
from ..records.lineage import uv_program
from ..records.registry import Version, untrusted
from ..records.store import open_store

Facts = dict[str, Any]


def reproduce(project: Project, number: int) -> Outcome:
    """Rebuild a version, and tell whether it is the same."""
    store = open_store(project)
    version = store.registry.fetch(number)
    _refuse(project, version)
    facts = _rebuild(project, version)
    answer, words = _answer(facts)
    facts = {"version": number, "answer": answer, **facts}
    outcome: Result = "ok" if answer == "exact" else "failed"
    store.record(ReproduceDetails(**facts), outcome=outcome, subject=str(number))
    return Outcome(outcome, f"{version} of {project.name}: {answer}; {words}", facts)


def _refuse(project: Project, version: Version) -> None:
    """Raise MlopsError for what cannot be rebuilt, or must not be loaded."""
    told = f"{version} was trained from a dirty tree: no commit holds its code; train a new one."
    MlopsError.when(version.card.lineage.dirty, told)
    trusted = project.settings.trusted_types
    strange = untrusted(version.artifact("model.skops"), version.card.snapshot, trusted)
    told = f"{version} holds types that trusted_types in conf does not name: {', '.join(strange)}."
    MlopsError.when(strange, told)


def _rebuild(project: Project, version: Version) -> Facts:
    """Let the repository's own program fit the version anew; return what it compared."""
    lineage, folder = version.card.lineage, project.path("build/reproduce")
    env, kept = lineage.environment, lineage.data.model_dump()
    job: Facts = {"format": 1, "lineage": lineage.to_json(), "version": version.folder}
    job |= {"kept": {side: extract_path(project, env, data) for side, data in kept.items()}}
    job |= {"root": project.root, "uv": uv_program()}
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        (folder / "job.json").write_text(json.dumps(job, default=str), encoding="utf-8")
        run = (sys.executable, project.path(".mlops/rebuild.py"), folder / "job.json")
        done = subprocess.run(run, stdout=subprocess.PIPE, encoding="utf-8", check=False)
        shutil.rmtree(folder, ignore_errors=True)
    remedy = "run this command in a clone of the repository"
    told = done.stdout.strip() or f"there is nothing here to rebuild {version} with; {remedy}"
    MlopsError.when(done.returncode, f"{told}.")
    return dict(json.loads(done.stdout))


def _answer(facts: Facts) -> tuple[str, str]:
    """Return the answer, and what else there is to know."""
    sides, differs = facts["rows"].values(), facts["differs"]
    trouble = next((side["trouble"] for side in sides if side["trouble"]), "")
    changed = sum(side["changed"] or 0 for side in sides)
    today = f"the tables cannot be read today: {trouble}" if trouble else ""
    today = today or (f"{changed} rows of the tables are others today" if changed else "")
    today = today or "the tables still hold the same rows"
    if any(side["from"] is None for side in sides):
        answer = "data gone" if trouble else f"data changed: {changed} rows"
        return answer, f"no extract with the fingerprint of its rows is left; {today}"
    if facts["difference"]:
        differs.append(f"predictions (by up to {facts['difference']:.3g})")
    return f"differs: {', '.join(differs)}" if differs else "exact", today
