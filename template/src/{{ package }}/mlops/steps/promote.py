"""The step `promote`: make a version champion if its evidence and the rules allow it."""

from functools import partial

from ..base.console import Outcome
from ..base.errors import Misconfigured, MlopsError, PersonNeeded, Rejected
from ..base.people import is_actor, is_name, is_same, short_name
from ..base.project import Project
from ..base.settings import ORIGINS
from ..pages import model_card
from ..records.details import Details, GateDetails, PromoteDetails, RollbackDetails, TrainDetails
from ..records.entry import Entry, with_details
from ..records.evidence import GateEvidence, read_evidence
from ..records.lineage import JOB, current_actor
from ..records.registry import CHALLENGER, CHAMPION, Version
from ..records.rules import refuse_unfit
from ..records.store import Store, open_store


def promote(
    project: Project, number: int | None, approved_by: str | None, *, retrained: bool = False
) -> Outcome:
    """Make a version the champion, if the journal's evidence and the rules allow it.

    `retrained` says whether `retrain` does it.
    """
    approver = _read_approver(approved_by)
    refuse_unfit(project, "promote")
    store = open_store(project)
    store.refuse_pause()
    store.refuse_broken()
    registry = store.registry
    version = store.fetch_challenger() if number is None else store.fetch(number)
    _allow(store, version, approver)
    if registry.alias(CHAMPION) != version.number:
        registry.load(version)
    before = store.decide(partial(_promote, store, version, approver, retrained=retrained))
    model_card.write_again(store, version.number, before)
    return Outcome(
        "ok",
        f"{version} is the champion of {project.name}",
        {"version": version.number, "before": before},
        next_command=project.command("score"),
    )


def _read_approver(name: str | None) -> str:
    """Return the name of the approver, "" if none is given; raises Misconfigured for no name."""
    approver = (name or "").strip()
    if approver and not is_name(approver):
        raise Misconfigured(
            "--approved-by is not the name of one person: write 2 to 100 characters, with at least "
            "one letter; use only Latin letters, digits, spaces and . , ' @ + # & _ - \\ (other "
            "characters can look like these), and add nothing such as `via GitHub`."
        )
    return approver


def _allow(store: Store, version: Version, approver: str) -> PromoteDetails:
    """Return what the journal records of the promotion, if everything allows it."""
    store.refuse_pause()
    evidence, details = _verdict(store, version, approver)
    _refuse_lineage(store.project, version)
    _require_approval(store, version, details, evidence.list_checks("insufficient"))
    return details


def _promote(store: Store, version: Version, approver: str, *, retrained: bool) -> int | None:
    """Decide by the journal as it is now, write the entry, and return the champion before."""
    details = _allow(store, version, approver)
    before = store.recorded_champion
    if before == version.number:
        store.registry.move_alias(CHAMPION, version.number)  # somebody may have moved it by hand
        if store.registry.alias(CHALLENGER) == version.number:
            store.registry.move_alias(CHALLENGER, None)
        store.finish()
        return before
    _require_permission(store, version)
    # The alias follows the entry.
    store.record(details.model_copy(update={"retrained": retrained}), subject=str(version.number))
    return before


def _require_permission(store: Store, version: Version) -> None:
    """Fail before the journal is written if this identity must not move the champion's alias.

    It moves the challenger's alias to where it points already. If there is none, it makes the
    version the challenger, which is true until it is promoted.
    """
    registry = store.registry
    number = registry.alias(CHALLENGER) or version.number
    registry.client.set_registered_model_alias(registry.name, CHALLENGER, str(number))


def _verdict(store: Store, version: Version, approver: str) -> tuple[GateEvidence, PromoteDetails]:
    """Return the evidence of the newest verdict on exactly these files in this environment.

    And what the journal would record of a promotion.

    Raises Rejected if the version was rejected, and MlopsError if the verdict is not valid.
    """
    command = store.project.command(f"gate {version.number}")
    entry, details = _newest_verdict(store, version, command)
    text = store.journal.evidence(entry, details.evidence_sha256)
    evidence = read_evidence(text, f"the evidence on {version}")
    if evidence.environment != store.project.env:
        raise MlopsError(
            f"the evidence on {version} is from {evidence.environment}, not from "
            f"{store.project.env}; run {command}."
        )
    if not version.files.has(evidence.digest):
        raise MlopsError(
            f"the files of {version} are not those that the gate judged; find out who changed them "
            f"since the verdict, then run {command}."
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
            f"{version} was rejected by the gate in entry {entry.number} of the journal: "
            f"{evidence.list_checks('rejected')}; read its model card, "
            f"{model_card.place(store.project, version.number)}, and train a new version."
        )
    details_of_promotion = PromoteDetails(
        verdict=details.verdict,
        window=details.window,
        digest=details.digest,
        evidence_sha256=details.evidence_sha256,
        evidence_entry=entry.number,
        approved_by=approver,
    )
    return evidence, details_of_promotion


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
                f"{version} was withdrawn at {entry.time} (reason: {entry.details.reason}) and "
                f"needs a new verdict; run {command}, then promote it again."
            )
    raise MlopsError(
        f"the journal has no verdict on {version} of {version.name}; tags, and verdicts of another "
        f"environment, do not count; run {command}."
    )


def _refuse_lineage(project: Project, version: Version) -> None:
    """Raise MlopsError for uncommitted code, and for rows further from production than here.

    A table of kind synthetic is synthetic, whatever an older version recorded as its origin.
    """
    lineage = version.card.lineage
    settings = project.settings
    kinds = {table.get("kind") for table in version.card.tables.values()}
    origin = "synthetic" if "synthetic" in kinds else lineage.origin
    if lineage.dirty and not settings.allow_dirty:
        raise MlopsError(
            f"{version} was trained with uncommitted changes, which {project.env} does not allow; "
            "commit, then train and gate again."
        )
    if ORIGINS.index(origin) < ORIGINS.index(settings.origin):
        raise MlopsError(
            f"{version} was trained on {origin} rows, but the tables of {project.env} have "
            f"{settings.origin} rows; train and gate a version on those."
        )


def _require_approval(
    store: Store, version: Version, details: PromoteDetails, unjudged: str = ""
) -> None:
    """Require a second person if the environment demands it or the verdict is `insufficient`.

    Beyond dev, a version that `train` did not make here needs one as well: who trained it, from
    which code and on which rows is then only what its files say. Who had the gate judge it has
    vouched for them, and approves it as little as its trainer. `unjudged` lists the checks that
    could not judge the version.

    Raises PersonNeeded if the right person must act, and Misconfigured without the list of
    approvers that high risk needs.
    """
    project = store.project
    approver = details.approved_by
    trainer = version.card.lineage.actor
    recorded = _actors(store, version, TrainDetails)
    vouchers = [] if recorded else _actors(store, version, GateDetails)
    trainers = {trainer, *recorded}
    insufficient = details.verdict == "insufficient"
    is_copy = not recorded and project.env != "dev"
    required = insufficient or is_copy or project.settings.needs_approval
    command = project.command(f"promote {version.number} --approved-by NAME")
    if required and not approver:
        cause = f"{project.env} requires it"
        if insufficient:
            cause = f"the gate could not judge it by: {unjudged}"
        elif is_copy:
            cause = f"it was not trained in {project.env}, so only its own files say how"
        others = " or ".join(dict.fromkeys([trainer, *vouchers]))
        card = model_card.write_for_approval(store, version)
        raise PersonNeeded(
            f"{version} of {project.name} waits for approval ({cause}); somebody other than "
            f"{others} must read its model card, {card}, and run {command}."
        )
    if approver and any(is_actor(approver, each) for each in trainers):
        raise PersonNeeded(
            f"{approver} trained {version}; another person must approve it with {command}"
            + ("." if required else ", or leave out --approved-by: no approval is required.")
        )
    if approver and any(is_actor(approver, each) for each in vouchers):
        raise PersonNeeded(
            f"{approver} had the gate judge {version}, which was not trained in {project.env}; "
            f"another person must approve it with {command}"
            + ("." if required else ", or leave out --approved-by: no approval is required.")
        )
    if required:
        _require_listed(project, approver)
        _require_second_login(project, version, trainers, vouchers, command)


def _actors(store: Store, version: Version, kind: type[Details]) -> list[str]:
    """Return who wrote the entries of one kind about a version."""
    entries = [entry for entry in store.entries if entry.subject == str(version.number)]
    return [entry.actor for entry, _ in with_details(entries, kind)]


def _require_listed(project: Project, approver: str) -> None:
    """Refuse an approver who is not on the list in conf/; at high risk, prod needs the list."""
    settings = project.settings
    if not settings.approvers and project.env == "prod" and settings.risk_tier == "high":
        raise Misconfigured(
            "conf/prod.yml has no approvers, and at high risk only people on that list may "
            "approve; add their names, and have the change reviewed."
        )
    if settings.approvers and not any(is_same(approver, name) for name in settings.approvers):
        raise PersonNeeded(
            f"{approver} is not one of the approvers that conf/ lists for {project.env}; one of "
            "them must approve."
        )


def _require_second_login(
    project: Project, version: Version, trainers: set[str], vouchers: list[str], command: str
) -> None:
    """Refuse an approval in test or prod under a login that trained the version or vouched for it.

    The user of a job on Databricks or in Kubernetes is not a person's login: there the pipeline
    that starts the job asks for the approval. In dev, one person may do everything.
    """
    actor = current_actor()
    if project.env == "dev" or actor["actor_source"].endswith(JOB):
        return
    login = _login_of(actor["actor"])
    if any(is_same(login, _login_of(trainer)) for trainer in trainers):
        raise PersonNeeded(
            f"{login} trained {version} and is also running this command; another person must run "
            f"{command} under their own login."
        )
    if any(is_same(login, _login_of(voucher)) for voucher in vouchers):
        raise PersonNeeded(
            f"{login} had the gate judge {version}, which was not trained in {project.env}, and is "
            f"also running this command; another person must run {command} under their own login."
        )


def _login_of(actor: str) -> str:
    """Return the login in `Entry.actor`, without its machine and domain: people have several."""
    return short_name(actor.rpartition(", ")[2].rpartition("@")[0])
