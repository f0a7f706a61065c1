"""The step `promote`: make a version champion if its evidence and the rules allow it."""

from ..base.console import Outcome
from ..base.errors import MlopsError, PersonNeeded, Rejected
from ..base.project import Project
from ..base.settings import ORIGINS
from ..pages import model_card
from ..records.details import GateDetails, PromoteDetails, RollbackDetails
from ..records.entry import Entry
from ..records.evidence import read_evidence, sha256_of
from ..records.registry import CHALLENGER, CHAMPION, Version
from ..records.store import Store, open_store


def promote(project: Project, number: int | None, approved_by: str | None) -> Outcome:
    """Make a version the champion, if the journal's evidence and the rules allow it."""
    store = open_store(project)
    store.refuse_pause()
    store.refuse_broken()
    registry = store.registry
    version = store.fetch_challenger() if number is None else store.fetch(number)
    approver = (approved_by or "").strip()
    details = _verdict(store, version, approver)
    _refuse_lineage(project, version)
    _require_approval(project, version, details)
    before = store.recorded_champion
    if before != version.number:
        registry.load(version)
        # permission probe: fail before writing the journal
        registry.move_alias(CHAMPION, before or version.number)
        store.record(details, subject=str(version.number))
    registry.move_alias(CHAMPION, version.number)
    if registry.alias(CHALLENGER) == version.number:
        registry.client.delete_registered_model_alias(project.name, CHALLENGER)
    model_card.write_again(store, version.number, before)
    message = f"{version} is the champion of {project.name}; next: {project.command('score')}"
    return Outcome("ok", message, {"version": version.number, "before": before})


def _verdict(store: Store, version: Version, approver: str) -> PromoteDetails:
    """Return the newest verdict on exactly these files in this environment.

    Raises Rejected if the version was rejected, and MlopsError if the verdict is not valid.
    """
    command = store.project.command(f"gate {version.number}")
    entry, details = _newest_verdict(store, version, command)
    text = store.journal.evidence(entry)
    if sha256_of(text) != details.evidence_sha256:
        raise MlopsError(f"the evidence on {version} was changed after the verdict; run {command}.")
    evidence = read_evidence(text, f"the evidence on {version}")
    if evidence.environment != store.project.env or not version.files.has(evidence.digest):
        raise MlopsError(
            f"the evidence on {version} is about other files or another environment, "
            f"{evidence.environment}; run {command}."
        )
    champion = store.recorded_champion
    if evidence.champion is None and champion not in (None, version.number):
        raise MlopsError(
            f"{version} was judged when there was no champion, and now version {champion} is the "
            f"champion; run {command} again."
        )
    if champion not in (evidence.champion, version.number):
        raise MlopsError(
            f"{version} was judged against version {evidence.champion}, but the champion is "
            f"{champion}; run {command} again."
        )
    if evidence.code.dirty and not store.project.settings.allow_dirty:
        raise MlopsError(
            f"{version} was judged by code with uncommitted changes; commit, then run {command}."
        )
    if evidence.verdict == "rejected":
        raise Rejected(
            f"{version} was rejected by the gate in entry {entry.number} of the journal; train a "
            "new version."
        )
    return PromoteDetails(
        verdict=details.verdict,
        window=details.window,
        digest=details.digest,
        evidence_sha256=details.evidence_sha256,
        evidence_entry=entry.number,
        approved_by=approver,
    )


def _newest_verdict(store: Store, version: Version, command: str) -> tuple[Entry, GateDetails]:
    """Return the newest entry of the gate on a version, and its details.

    Raises MlopsError if there is none, or if the version was withdrawn since.
    """
    for entry in reversed(store.entries):
        if entry.subject != str(version.number):
            continue
        if isinstance(entry.details, GateDetails):
            return entry, entry.details
        if isinstance(entry.details, RollbackDetails):
            raise MlopsError(
                f"{version} was withdrawn on {entry.time} ({entry.details.reason}); run {command} "
                "again first."
            )
    raise MlopsError(
        f"{version.name} has no verdict on {version}: tags, and verdicts of another environment, "
        f"do not count; run {command}."
    )


def _refuse_lineage(project: Project, version: Version) -> None:
    """Raise MlopsError for uncommitted code, and for rows further from production than here."""
    lineage = version.card.lineage
    settings = project.settings
    if lineage.dirty and not settings.allow_dirty:
        raise MlopsError(
            f"{version} was trained with uncommitted changes, which {project.env} does not allow; "
            "commit, then train and gate again."
        )
    if ORIGINS.index(lineage.origin) < ORIGINS.index(settings.origin):
        raise MlopsError(
            f"{version} was trained on {lineage.origin} rows, but the tables of {project.env} are "
            f"{settings.origin}; train and gate a version on those."
        )


def _require_approval(project: Project, version: Version, details: PromoteDetails) -> None:
    """Require a second person if the environment demands it or the verdict is `insufficient`."""
    approver = details.approved_by
    trainer = version.card.lineage.actor
    insufficient = details.verdict == "insufficient"
    if not approver and (insufficient or project.settings.needs_approval):
        cause = "the gate could not judge it" if insufficient else f"{project.env} requires it"
        command = project.command(f"promote {version.number} --approved-by NAME")
        raise PersonNeeded(
            f"{version} of {project.name} waits for approval ({cause}); somebody other than "
            f"{trainer} must run {command}."
        )
    own = trainer.casefold()
    if approver and approver.casefold() in (own, own.partition("@")[0]):
        command = project.command(f"promote {version.number} --approved-by NAME")
        raise PersonNeeded(
            f"{approver} trained {version}; another person must approve it with {command}."
        )
