"""The step `gate`: every check on a version, the evidence, and the verdict in the journal."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, astuple
from typing import Any

import pandas as pd

from . import checks, comparison
from .checks import Case, Check
from .console import Outcome, step
from .contract import read_contract
from .errors import MlopsError
from .journal import Event
from .lineage import fingerprint, read_build_facts
from .metrics import Metrics
from .project import Project, user_module
from .registry import Scorer, Version
from .samples import Sample, Source, read_part
from .settings import Time
from .store import Store, open_store

ORDER = ("passed", "insufficient", "rejected")
OUTCOMES = {"passed": "ok", "insufficient": "waiting", "rejected": "rejected"}


def gate(project: Project, number: int | None) -> Outcome:
    """Judge a version, by default the challenger, on the window held out for it."""
    store = open_store(project)
    version = store.registry.fetch(store.registry.wanted(number))
    step(f"checking {version} of {project.name} on {version.card['windows']['gate']}")
    with ThreadPoolExecutor() as aside:
        alone = aside.submit(checks.stands_alone, version)
        sample, found = _examine(store, version)
        found.insert(0, alone.result())
    verdict = max((check.verdict for check in found if check.verdict in ORDER), key=ORDER.index)
    champion = next(reversed(store.champions), None)
    evidence = _evidence(project, version, sample, found)
    evidence |= {"verdict": verdict, "champion": champion}
    _write_down(store, version, evidence)
    return Outcome(
        OUTCOMES[verdict],
        _message(project, version, found, verdict),
        {"version": version.number, "verdict": verdict, "evidence": evidence},
        ("check", "verdict", "figure", "limit", "why"),
        tuple(astuple(check) for check in found),
    )


def _examine(store: Store, version: Version) -> tuple[Sample | None, list[Check]]:
    """Run the checks; a version that does not load, or has no window, is rejected at once."""
    missing = "loads"
    try:
        challenger = store.registry.load(version)
        missing = "window"
        sample = _fresh_sample(store.project, challenger)
    except MlopsError as error:
        return None, [Check(missing, "rejected", "no", "yes", str(error))]
    case = _case(store, challenger, sample)
    found = list(checks.of_itself(case))
    if all(check.figure != "missing" for check in found):
        found += comparison.with_others(case)
    return sample, found


def _fresh_sample(project: Project, challenger: Scorer) -> Sample:
    """Read the gate rows anew: today's data.py, the version's own schema and time settings."""
    recorded = dict(challenger.version.card["time"])
    as_of, contract = pd.Timestamp(recorded.pop("as_of")), challenger.contract()
    return read_part(
        Source(project, user_module("data"), contract, as_of, Time(**recorded)), "gate"
    )


def _case(store: Store, challenger: Scorer, sample: Sample) -> Case:
    settings, number = store.project.settings, store.champion()
    champion, trouble = None, ""
    if number is not None and number != challenger.version.number:
        try:
            champion = store.registry.load(store.registry.fetch(number))
        except MlopsError as error:
            trouble = str(error)
    return Case(
        settings=settings,
        contract=challenger.contract(),
        today=read_contract(user_module("schema"), settings.problem),
        metrics=Metrics(settings.problem, user_module("model")),
        sample=sample,
        challenger=challenger,
        champion=champion,
        trouble=trouble,
        entries=store.entries,
    )


def _evidence(
    project: Project, version: Version, sample: Sample | None, found: list[Check]
) -> dict[str, Any]:
    return {
        "model": version.name,
        "version": version.number,
        "digest": version.digest(),
        "environment": project.env,
        "window": version.card["windows"]["gate"],
        "as_of": version.card["time"]["as_of"],
        "rows": len(sample.frame) if sample else 0,
        "data": fingerprint(sample.frame) if sample else "",
        "code": asdict(read_build_facts(project)),
        "checks": [asdict(check) for check in found],
    }


def _write_down(store: Store, version: Version, evidence: dict[str, Any]) -> None:
    text, verdict = json.dumps(evidence, indent=2), evidence["verdict"]
    details = {key: evidence[key] for key in ("verdict", "window", "digest")}
    details["evidence_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    subject, as_of = str(version.number), evidence["as_of"]
    store.journal.append(Event("gate", OUTCOMES[verdict], subject, as_of, details), text)


def _message(project: Project, version: Version, found: list[Check], verdict: str) -> str:
    if verdict == "passed":
        return f"{version} passed the gate; next: {project.command('promote')}"
    names = ", ".join(check.name for check in found if check.verdict == verdict)
    if verdict == "rejected":
        return f"{version} is rejected by: {names}"
    command = project.command(f"promote {version.number} --approved-by NAME")
    return f"{version} cannot be judged by: {names}; a person may promote it: {command}"
