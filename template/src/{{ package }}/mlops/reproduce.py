"""The command `reproduce`: is a registered version what its code, lock and rows make?

In a git worktree of its commit, with its own lock and its own platform, the estimator is fitted
anew: on the rows that were kept at training, or, without them, on those that the tables give
today. `exact` says that the new estimator, the registered one and the predictions of the first day
agree to the last bit. Whether the tables still hold the same rows is told beside it.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from .console import Outcome, step
from .errors import MlopsError
from .extracts import extract_path
from .journal import Event
from .lineage import uv_program
from .project import PACKAGE, PREFIX, Project
from .registry import Version, largest_difference, untrusted
from .snapshot import read_sources
from .store import open_store

Facts = dict[str, Any]

SAME = {"lock": "lock_sha256", "configuration": "configuration", "template": "template"}


def reproduce(project: Project, number: int) -> Outcome:
    """Rebuild a version, and tell whether it is the same."""
    store = open_store(project)
    version = store.registry.fetch(number)
    within, folder = _refuse(project, version), project.path("build/reproduce")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        _remove(project, folder)  # what a killed run left
        try:
            facts = _rebuild(project, version, folder, within)
        finally:
            _remove(project, folder)
    answer, words = _answer(facts)
    facts = {"version": number, "answer": answer, **facts}
    outcome = "ok" if answer == "exact" else "failed"
    store.journal.append(Event("reproduce", outcome, str(number), details=facts))
    return Outcome(outcome, f"{version} of {project.name}: {answer}; {words}", facts)


def _refuse(project: Project, version: Version) -> str:
    """Raise MlopsError for what cannot be rebuilt; return the project's place in its commit."""
    lineage, commit = version.card["lineage"], version.card["lineage"]["commit"]
    told = f"{version} was trained from a dirty tree: no commit holds its code; train a new one."
    MlopsError.when(lineage["dirty"], told)
    trusted = project.settings.trusted_types
    strange = untrusted(version.artifact("model.skops"), version.card["snapshot"], trusted)
    told = f"{version} holds types that trusted_types in conf does not name: {', '.join(strange)}."
    MlopsError.when(strange, told)
    remedy = "run this command in a clone of the repository"
    told = f"there is no git history here to rebuild {version} from; {remedy}."
    within = _run(told, project.root, "git", "rev-parse", "--show-prefix").strip()
    remedy = "fetch it, in a shallow clone by `git fetch --unshallow`"
    told = f"commit {commit[:12]}, which {version} was made from, is not in this clone; {remedy}."
    _run(told, project.root, "git", "cat-file", "commit", commit)
    return within


def _rebuild(project: Project, version: Version, folder: Path, within: str) -> Facts:
    """Fit the version anew in `folder`; return the facts of the comparison."""
    lineage, root, uv = version.card["lineage"], folder / "code" / within, uv_program()
    step(f"checking out commit {lineage['commit'][:12]} and installing its lock")
    add = ("git", "worktree", "add", "--quiet", "--detach", folder / "code", lineage["commit"])
    _run("the commit cannot be checked out: {why}", project.root, *add)
    python = ("--python", lineage["python"].rpartition(".")[0])
    sync = (uv, "sync", "--quiet", "--frozen", "--no-dev", *python)
    _run("the lock of then cannot be installed: {why}", root, *sync)
    step("fitting on its rows")
    kept = {
        side: extract_path(project, lineage["environment"], fingerprint)
        for side, fingerprint in lineage["data"].items()
    }
    job = {"card": version.card, "package": PACKAGE, "version": version.folder, "output": folder}
    job |= {"kept": kept, "root": project.root}
    (folder / "job.json").write_text(json.dumps(job, default=str), encoding="utf-8")
    program = project.path(".mlops/refit.py")
    run = (uv, "run", "--no-sync", "python", "-I", program, folder / "job.json")
    _run("the code of then does not train today: {why}", root, *run)
    facts: Facts = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    facts["differs"] = [name for name, key in SAME.items() if facts[key] != lineage[key]]
    name, made = version.card["snapshot"], root / "build/snapshots"
    if read_sources(made / name) != read_sources(version.folder / "code" / name):
        facts["differs"].append("snapshot")
    return facts | {"difference": _difference(version, folder)}


def _difference(version: Version, folder: Path) -> float | None:
    """Return how far the new predictions lie from those of then; None without new ones."""
    new = {path.stem: _scores(path) for path in folder.glob("*.parquet")}
    if not new:
        return None
    golden = _scores(version.artifact("golden_predictions.parquet"))
    pairs = ((golden, new["golden"]), (new["registered"], new["gate"]))
    return max(largest_difference(*pair) for pair in pairs)


def _scores(path: Path) -> pd.DataFrame:
    """Read the numbers of a prediction; decisions and labels follow from them."""
    return pd.read_parquet(path).select_dtypes("float64")


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
        return answer, f"the extract of the rows was not kept; {today}"
    if facts["difference"]:
        differs.append(f"predictions (by up to {facts['difference']:.3g})")
    return f"differs: {', '.join(differs)}" if differs else "exact", today


def _remove(project: Project, folder: Path) -> None:
    """Take the worktree away, and what git knows of it."""
    remove = ["git", "worktree", "remove", "--force", "--force", str(folder / "code")]
    subprocess.run(remove, cwd=project.root, capture_output=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)


def _run(told: str, where: Path, *command: str | Path) -> str:
    """Run a command that knows nothing of today's environment; raise what is `told` otherwise."""
    env = os.environ | {"UV_PROJECT_ENVIRONMENT": ".venv"}
    for name in [*env]:
        if name == "VIRTUAL_ENV" or (name.startswith(PREFIX) and "SECRET" not in name):
            del env[name]
    try:
        done = subprocess.run(
            command, cwd=where, env=env, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise MlopsError(told.format(why=error)) from None
    why = done.stderr.strip().split("\n")[-1]
    MlopsError.when(done.returncode, told.format(why=why))
    return done.stdout
