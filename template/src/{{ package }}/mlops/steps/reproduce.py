"""The command `reproduce`: do code, lockfile and rows give the registered version again?

The estimator is fitted again in a git worktree of the version's commit, with that commit's lockfile
and platform, on the rows that were kept at training or else on those that the tables have today.
`exact` means that the new estimator, the registered one and the predictions made at training agree
to the last bit. The answer also says whether the tables still have the same rows.
"""

import json
import shutil
import subprocess
import sys

from ..base.console import Outcome, Result
from ..base.errors import MlopsError
from ..base.project import Project
from ..records.card import Sides
from ..records.details import RebuiltSide, ReproduceDetails
from ..records.erasures import last_erasures
from ..records.lineage import extract_path, uv_program
from ..records.locks import hold
from ..records.refit import RefitAnswer, RefitJob
from ..records.registry import Version
from ..records.store import Store, open_store
from ..records.trusted_types import untrusted


def reproduce(project: Project, number: int) -> Outcome:
    """Rebuild a version, and say whether it is the same.

    Raises MlopsError if it cannot be rebuilt.
    """
    store = open_store(project)
    version = store.fetch(number)
    _refuse(project, version)
    answer = _rebuild(project, version)
    details = _details(number, answer, _erased_on(store, version))
    outcome: Result = "ok" if details.answer == "exact" else "failed"
    store.record(details, outcome=outcome, subject=str(number))
    message = (
        f"{version} of {project.name}: {details.answer}; {_explain_rows(answer, details.erased)}"
    )
    return Outcome(outcome, message, details.model_dump(mode="json", exclude={"resources"}))


def _refuse(project: Project, version: Version) -> None:
    """Raise MlopsError for a version that cannot be rebuilt, or must not be loaded."""
    if version.card.lineage.dirty:
        raise MlopsError(
            f"{version} was trained with uncommitted changes, so no commit contains its code; "
            "commit, then train a new version."
        )
    if not version.card.tables:
        raise MlopsError(
            f"{version} cannot be rebuilt: it was trained with an older template, which did not "
            "keep the settings of its tables; train a new version with "
            f"{project.command('train')}."
        )
    trusted = project.settings.trusted_types
    strange = untrusted(version.artifact("model.skops"), version.card.snapshot, trusted)
    if strange:
        raise MlopsError(
            f"{version} contains types that are not trusted: {', '.join(strange)}; if you trust "
            "them, add them to trusted_types in conf/."
        )


def _rebuild(project: Project, version: Version) -> RefitAnswer:
    """Have the repository's own program fit the version again; return its answer."""
    program = project.path(".mlops/rebuild.py")
    if not program.is_file():
        raise MlopsError(
            f"{version} cannot be rebuilt here, because .mlops/rebuild.py is missing; run this "
            "command in a clone of the repository, or, if this is one, restore the file with git."
        )
    lineage = version.card.lineage
    job = RefitJob(
        format=RefitJob.FORMAT,
        root=str(project.root),
        version=str(version.folder),
        kept=Sides[str](
            train=str(extract_path(project, lineage.environment, lineage.data.train)),
            gate=str(extract_path(project, lineage.environment, lineage.data.gate)),
        ),
    )
    folder = project.path("build/reproduce")
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder.with_name(f"{folder.name}.lock")
    with hold(lock, f"a version of {project.name} is being rebuilt by", 0):
        file = folder / "job.json"
        file.write_text(json.dumps(job.to_json()), encoding="utf-8")
        command = [sys.executable, str(program), str(file)]
        command += ["--commit", lineage.commit, "--uv", uv_program(), "--python", lineage.python]
        done = subprocess.run(
            command, cwd=project.root, stdout=subprocess.PIPE, encoding="utf-8", check=False
        )
        shutil.rmtree(folder, ignore_errors=True)
    if done.returncode:
        message = done.stdout.strip()
        raise MlopsError(message or f"the rebuild of {version} failed; read its error above.")
    return RefitAnswer.read_text(done.stdout, f"the answer of the rebuild of {version}")


def _erased_on(store: Store, version: Version) -> str:
    """Return the day on which rows of the version's extracts were erased; empty if they were not.

    Only the environment that trained a version keeps its extracts, and records their erasure.
    """
    lineage = version.card.lineage
    if lineage.environment != store.project.env:
        return ""
    erasures = last_erasures(store.entries)
    rows = (lineage.data.train, lineage.data.gate)
    names = [extract_path(store.project, lineage.environment, each).name for each in rows]
    return max((erasures[name].date for name in names if name in erasures), default="")


def _details(number: int, answer: RefitAnswer, erased: str = "") -> ReproduceDetails:
    """Return the details of the journal's entry, with the answer in words.

    `erased` is the day on which rows of the extracts were erased, if they were.
    """
    differs = answer.differs
    sides = {"train": answer.rows.train, "gate": answer.rows.gate}
    incomplete = any(side.source is None for side in sides.values())
    if incomplete:
        readable = not any(side.trouble for side in sides.values())
        verdict = f"data changed: {_changed(answer)} rows" if readable else "data gone"
    else:
        if answer.difference:
            differs = (*differs, f"predictions (by up to {answer.difference:.3g})")
        verdict = f"differs: {', '.join(differs)}" if differs else "exact"
    return ReproduceDetails(
        version=number,
        answer=verdict,
        commit=answer.commit,
        dirty=answer.dirty,
        template=answer.template,
        lock_sha256=answer.lock_sha256,
        configuration=answer.configuration,
        rows={name: RebuiltSide(**side.model_dump()) for name, side in sides.items()},
        difference=answer.difference,
        differs=differs,
        erased=erased if incomplete else "",
    )


def _explain_rows(answer: RefitAnswer, erased: str = "") -> str:
    """Return a text that says whether the tables, or an extract, still have the rows."""
    sides = (answer.rows.train, answer.rows.gate)
    troubles = [side.trouble for side in sides if side.trouble]
    if troubles:
        today = f"the tables cannot be read today: {troubles[0]}"
    elif _changed(answer):
        today = f"{_changed(answer)} rows of the tables have changed since"
    else:
        today = "the tables still hold the same rows"
    if erased:
        return f"rows of its extract were erased on {erased}; {today}"
    if any(side.source is None for side in sides):
        return f"no extract with the fingerprint of its rows is left; {today}"
    return today


def _changed(answer: RefitAnswer) -> int:
    """Return how many rows of today's tables differ; unreadable tables count as 0."""
    return sum(side.changed or 0 for side in (answer.rows.train, answer.rows.gate))
