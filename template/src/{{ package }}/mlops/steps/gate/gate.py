"""The step `gate`: every check on a version, the evidence, and the verdict in the journal."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from ...base.console import Outcome, Result, print_step
from ...base.errors import Misconfigured, MlopsError, Unreachable, summarize
from ...base.project import Project, user_module
from ...base.settings import Settings
from ...data.labelled_rows import LabelledRows, PointInTimeData, read_split
from ...data.window_rows import describe_undated
from ...figures.diagnostics import Diagnostics, ErrorCosts, diagnose
from ...pages import model_card
from ...records.details import GateDetails
from ...records.entry import with_details
from ...records.evidence import Check, GateEvidence, Verdict, sha256_of
from ...records.lineage import read_build_facts
from ...records.registry import LoadedVersion, Version
from ...records.rules import refuse_unfit
from ...records.store import ChampionDeleted, Store, open_store
from .. import reasons
from . import checks, comparison
from .as_scored import same_when_scored
from .case import Case, check
from .clean_interpreter import loads_alone

OUTCOMES: dict[Verdict, Result] = {
    "passed": "ok",
    "insufficient": "waiting",
    "rejected": "rejected",
}


@dataclass(frozen=True)
class Examination:
    """What the gate found out about a version."""

    sample: LabelledRows | None
    """The rows of the gate window; None if they could not be read."""
    checks: tuple[Check, ...]
    """All checks, in the order in which they ran."""
    diagnostics: Diagnostics | None = None
    """How the predictions compare with the truth; None if that cannot be computed."""

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the checks."""
        verdicts = {each.verdict for each in self.checks}
        if "rejected" in verdicts:
            return "rejected"
        return "insufficient" if "insufficient" in verdicts else "passed"


def gate(project: Project, number: int | None, digest: str = "") -> Outcome:
    """Judge a version, by default the challenger, on the window held out for it.

    `digest` is the SHA-256 of a version that the journal does not know, such as a copied one.
    """
    if digest and number is None:
        raise Misconfigured(
            "--digest needs the number of the version that it belongs to; run `gate VERSION "
            "--digest SHA256`."
        )
    refuse_unfit(project, "gate")
    store = open_store(project)
    version = store.fetch_challenger() if number is None else store.fetch(number, digest)
    print_step(f"checking {version} of {project.name} on {version.card.windows.gate}")
    with ThreadPoolExecutor() as aside:
        alone = aside.submit(loads_alone, version)
        examined = _examine(store, version)
        examined = replace(examined, checks=(alone.result(), *examined.checks))
    evidence = _evidence(store, version, examined)
    store.decide(partial(_record, store, evidence, _rests_on(store, evidence)))
    model_card.write(store, version)
    return Outcome(
        OUTCOMES[evidence.verdict],
        _message(project, evidence),
        {
            "version": version.number,
            "verdict": evidence.verdict,
            "evidence": evidence.to_json(),
        },
        Check.COLUMNS,
        tuple(each.row for each in examined.checks),
        next_command=project.command("promote") if evidence.verdict == "passed" else "",
    )


def _examine(store: Store, version: Version) -> Examination:
    """Run the checks; a version that does not load, or has no window, is rejected at once."""
    try:
        challenger = store.registry.load(version)
    except MlopsError as error:
        return Examination(None, (check("loads", "rejected", "no", "yes", str(error)),))
    try:
        sample = _read_window(store.project, challenger)
    except Unreachable:  # it says nothing about the version
        raise
    except MlopsError as error:
        return Examination(None, (check("window", "rejected", "no", "yes", str(error)),))
    case = _open_case(store, challenger, sample)
    found = [
        *checks.on_its_own(case),
        same_when_scored(store.project, case),
        *reasons.check_reasons(case),
    ]
    if all(each.figure != "missing" for each in found):
        found += comparison.with_others(case)
    return Examination(sample, tuple(found), _diagnose(case, found))


def _diagnose(case: Case, found: list[Check]) -> Diagnostics | None:
    """Return the diagnostics for the model card, which have no effect on the verdict."""
    if any(each.name == "predictions" and each.verdict == "rejected" for each in found):
        return None
    try:
        figures = case.metrics.all(case.truth, case.prediction)
        return diagnose(case.contract.problem, case.truth, case.prediction, figures)
    except Exception as error:  # noqa: BLE001 - model.metrics can raise anything
        print_step(f"the model card gets no charts: {summarize(error)}")
        return None


def _read_window(project: Project, challenger: LoadedVersion) -> LabelledRows:
    """Read the gate's rows with today's data.py but the version's own schema and time settings."""
    time = challenger.version.card.time
    source = PointInTimeData(
        project,
        user_module("data"),
        challenger.contract,
        pd.Timestamp(time.as_of),
        time.settings(),
    )
    rows = read_split(source, "gate")
    for sentence in describe_undated(rows.undated):
        print_step(sentence)
    return rows


def _open_case(store: Store, challenger: LoadedVersion, sample: LabelledRows) -> Case:
    settings = store.project.settings
    champion = None
    champion_error = ""
    number: int | None = None
    try:
        number = store.champion()
    except ChampionDeleted as error:
        champion_error = str(error)
    is_champion = number == challenger.version.number
    if number is not None and not is_champion:
        try:
            champion = store.registry.load(store.fetch(number))
        except MlopsError as error:
            champion_error = str(error)
    return Case(
        settings=settings,
        entries=store.entries,
        sample=sample,
        challenger=challenger,
        champion=champion,
        is_champion=is_champion,
        champion_error=champion_error,
    )


def _evidence(store: Store, version: Version, examined: Examination) -> GateEvidence:
    sample = examined.sample
    return GateEvidence(
        format=GateEvidence.FORMAT,
        model=version.name,
        version=version.number,
        digest=version.digest,
        environment=store.project.env,
        champion=store.recorded_champion,
        window=version.card.windows.gate,
        as_of=version.card.time.as_of,
        rows=len(sample.frame) if sample else 0,
        data=sample.fingerprint if sample else "",
        code=read_build_facts(store.project),
        checks=examined.checks,
        verdict=examined.verdict,
        diagnostics=examined.diagnostics,
        costs=_error_costs(store.project.settings),
    )


def _error_costs(settings: Settings) -> ErrorCosts | None:
    """Return what wrong decisions cost; None if the settings do not say, or without decisions."""
    costs = settings.gate.costs
    if settings.problem != "binary" or costs.false_positive is None or costs.false_negative is None:
        return None
    return ErrorCosts(false_positive=costs.false_positive, false_negative=costs.false_negative)


def _rests_on(store: Store, evidence: GateEvidence) -> tuple[int | None, set[str]]:
    """Return what the verdict takes from the journal: champion, and versions judged on the window.

    The version itself does not count among the latter.
    """
    judged = with_details(store.entries, GateDetails)
    subjects = {entry.subject for entry, details in judged if details.window == evidence.window}
    return store.recorded_champion, subjects - {str(evidence.version)}


def _record(store: Store, evidence: GateEvidence, rests_on: tuple[int | None, set[str]]) -> None:
    """Write the entry, unless what the verdict rests on has changed while it was computed.

    Raises MlopsError if it has.
    """
    if _rests_on(store, evidence) != rests_on:
        command = store.project.command(f"gate {evidence.version}")
        raise MlopsError(
            f"while version {evidence.version} was judged, the champion changed, or another "
            f"version was judged on the same window; run {command} again."
        )
    text = evidence.to_text()
    metric = store.project.settings.metric
    figure, interval = measured(metric, evidence.checks)
    details = GateDetails(
        verdict=evidence.verdict,
        window=evidence.window,
        digest=evidence.digest,
        evidence_sha256=sha256_of(text),
        metric=metric,
        figure=figure,
        interval=interval,
    )
    store.record(
        details,
        outcome=OUTCOMES[evidence.verdict],
        subject=str(evidence.version),
        as_of=evidence.as_of,
        evidence=text,
    )


def measured(
    metric: str, found: tuple[Check, ...]
) -> tuple[float | None, tuple[float, float] | None]:
    """Return the figure of a metric and its 95% interval, as its check displays them.

    Both are None if there is no such check, or if nothing computes the metric.
    """
    shown = next((each for each in found if each.name == metric), None)
    if shown is None or shown.figure == "missing":
        return None, None
    return float(shown.figure), shown.ends


def _message(project: Project, evidence: GateEvidence) -> str:
    version = f"version {evidence.version}"
    if evidence.verdict == "passed":
        return f"{version} passed the gate"
    checks = evidence.list_checks(evidence.verdict)
    card = model_card.place(project, evidence.version)
    if evidence.verdict == "rejected":
        return f"{version} is rejected by: {checks}; its model card: {card}"
    command = project.command(f"promote {evidence.version} --approved-by NAME")
    return (
        f"{version} cannot be judged by: {checks}; a person may promote it with {command}; its "
        f"model card: {card}"
    )
