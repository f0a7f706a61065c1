"""The step `gate`: every check on a version, the evidence, and the verdict in the journal."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, astuple
from typing import Any

import pandas as pd

from ...base.console import Outcome, step
from ...base.errors import MlopsError, Unreachable
from ...base.project import Project, user_module
from ...base.settings import Time
from ...data.fingerprints import fingerprint
from ...data.labelled_rows import LabelledRows, Source, read_part
from ...pages import model_card
from ...records.lineage import read_build_facts
from ...records.registry import LoadedVersion, Version
from ...records.store import Store, open_store
from .. import reasons
from . import checks, comparison
from .checks import Case, Check

Facts = dict[str, Any]  # as JSON holds them

OUTCOMES = {"passed": "ok", "insufficient": "waiting", "rejected": "rejected"}  # the worst last


def gate(project: Project, number: int | None) -> Outcome:
    """Judge a version, by default the challenger, on the window held out for it."""
    store = open_store(project)
    registry = store.registry
    version = registry.fetch_challenger() if number is None else registry.fetch(number)
    step(f"checking {version} of {project.name} on {version.card['windows']['gate']}")
    with ThreadPoolExecutor() as aside:
        alone = aside.submit(checks.stands_alone, version)
        sample, found = _examine(store, version)
        found.insert(0, alone.result())
    verdict = [word for word in OUTCOMES if any(check.verdict == word for check in found)][-1]
    evidence = _evidence(store, version, sample, found) | {"verdict": verdict}
    _write_down(store, version, evidence)
    model_card.write(store, version)
    facts = {"version": version.number, "verdict": verdict, "evidence": evidence}
    message = _message(project, version, found, verdict)
    columns = ("check", "verdict", "figure", "limit", "why")
    return Outcome(OUTCOMES[verdict], message, facts, columns, tuple(map(astuple, found)))


def _examine(store: Store, version: Version) -> tuple[LabelledRows | None, list[Check]]:
    """Run the checks; a version that does not load, or has no window, is rejected at once."""
    missing = "loads"
    try:
        challenger = store.registry.load(version)
        missing = "window"
        sample = _fresh_sample(store.project, challenger)
    except Unreachable:  # no verdict on the version
        raise
    except MlopsError as error:
        return None, [Check(missing, "rejected", "no", "yes", str(error))]
    case = _case(store, challenger, sample)
    found = [*checks.of_itself(case), *reasons.check(case)]
    if all(check.figure != "missing" for check in found):
        found += comparison.with_others(case)
    return sample, found


def _fresh_sample(project: Project, challenger: LoadedVersion) -> LabelledRows:
    """Read the gate rows anew: today's data.py, the version's own schema and time settings."""
    recorded = dict(challenger.version.card["time"])
    as_of, data = pd.Timestamp(recorded.pop("as_of")), user_module("data")
    return read_part(Source(project, data, challenger.contract, as_of, Time(**recorded)), "gate")


def _case(store: Store, challenger: LoadedVersion, sample: LabelledRows) -> Case:
    number, champion, trouble = store.champion(), None, ""
    if number is not None and number != challenger.version.number:
        try:
            champion = store.registry.load(store.registry.fetch(number))
        except MlopsError as error:
            trouble = str(error)
    return Case(store.project.settings, store.entries, sample, challenger, champion, trouble)


def _evidence(
    store: Store, version: Version, sample: LabelledRows | None, found: list[Check]
) -> Facts:
    """Return all that a verdict rests on, for the one who promotes and the one who audits."""
    return {
        "model": version.name,
        "version": version.number,
        "digest": version.digest(),
        "environment": store.project.env,
        "champion": next(reversed(store.champions), None),
        "window": version.card["windows"]["gate"],
        "as_of": version.card["time"]["as_of"],
        "rows": len(sample.frame) if sample else 0,
        "data": fingerprint(sample.frame) if sample else "",
        "code": asdict(read_build_facts(store.project)),
        "checks": [asdict(check) for check in found],
    }


def _write_down(store: Store, version: Version, evidence: Facts) -> None:
    text, verdict = json.dumps(evidence, indent=2), evidence["verdict"]
    details = {key: evidence[key] for key in ("verdict", "window", "digest")}
    details["evidence_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    how = {"outcome": OUTCOMES[verdict], "subject": str(version.number)}
    store.record("gate", text, **how, as_of=evidence["as_of"], details=details)


def _message(project: Project, version: Version, found: list[Check], verdict: str) -> str:
    if verdict == "passed":
        return f"{version} passed the gate; next: {project.command('promote')}"
    names = ", ".join(check.name for check in found if check.verdict == verdict)
    if verdict == "rejected":
        return f"{version} is rejected by: {names}"
    command = project.command(f"promote {version.number} --approved-by NAME")
    return f"{version} cannot be judged by: {names}; a person may promote it: {command}"
