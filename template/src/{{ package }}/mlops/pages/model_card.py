"""The model card: what a version is, what it was judged by and who answers for it, on one page.

Each step that changes what the card says writes it again, in markdown and HTML, from the version's
own card, the gate's evidence and the journal. No figure is computed here. The text is in
`card_parts.html`, which both forms show; only the HTML form draws the charts.
"""

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..base.console import print_step
from ..base.errors import summarize
from ..base.project import Project
from ..figures.decision import INTERVAL
from ..records.card import VersionCard
from ..records.details import (
    Details,
    GateDetails,
    PromoteDetails,
    ReproduceDetails,
    RollbackDetails,
    TrainDetails,
)
from ..records.entry import Entry, with_details
from ..records.evidence import Check, GateEvidence, read_evidence
from ..records.registry import Version
from ..records.store import Store
from .card_charts import draw
from .charts import Bar, bars_from_zero
from .teams_words import read_words
from .templates import bound, fill, moment, save, share

Cell = str | Bar
Rows = list[tuple[Cell, ...]]

DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
KINDS = ("md", "html")
GROUP = "slice "  # begins the name of a check of a protected group
ABOUT_VERSION = (TrainDetails, GateDetails, PromoteDetails, RollbackDetails, ReproduceDetails)


@dataclass(frozen=True)
class Judgement:
    """The rows of the card's tables."""

    figures: Rows
    """Metric, verdict, figure, limit, figure of training rows, interval."""
    groups: Rows
    """Protected group, verdict, figure, limit, reason."""
    checks: Rows
    """Check, verdict, figure, limit, reason."""
    importance: Rows
    """Column or columns, bar, fall, standard error; the most important first."""
    columns: Rows
    """Column, role, type, whether it may be missing, share missing in training."""
    tables: Rows
    """Table, kind, origin, path."""
    journal: Rows
    """Entry, step, outcome, time, actor, remark."""


def write(store: Store, version: Version) -> None:
    """Write the card of a version, and log it with the version's run if that is known."""
    page = _save(store, version)
    _log(store, version)
    print_step(f"model card: {store.project.shown(page)}")


def write_for_approval(store: Store, version: Version) -> str:
    """Write the card of a version again, and return where the approver finds it on this machine.

    No hash covers a card that was written before; this one is made from evidence that has the hash
    in the journal. A store that does not take a copy must not keep anybody from reading it.
    """
    page = _save(store, version)
    try:
        _log(store, version)
    except Exception as error:  # noqa: BLE001 - of a store
        print_step(f"MLflow did not store the model card: {summarize(error)}")
    return str(store.project.shown(page))


def _save(store: Store, version: Version) -> Path:
    """Write both forms of the card, and return the path of the page in HTML."""
    facts = describe(store, version)
    for kind in KINDS:
        path = _path(store.project, version.number, kind)
        _keep_card_of_another_store(path, version.digest)
        save(fill(f"card.{kind}", **facts), path)
    return _path(store.project, version.number, "html")


def _log(store: Store, version: Version) -> None:
    """Store both forms of the card with the version's run in MLflow."""
    from mlflow.exceptions import MlflowException

    client = store.registry.client
    for kind in KINDS:
        path = _path(store.project, version.number, kind)
        with contextlib.suppress(MlflowException):  # a copied version has its run elsewhere
            run = client.get_model_version(version.name, str(version.number)).run_id
            if run:  # a version can be registered without one
                client.log_artifact(run, str(path), "model_card")


def place(project: Project, number: int) -> str:
    """Return where a person finds the card of a version: on this machine, or else in MLflow."""
    path = _path(project, number, "html")
    return str(project.shown(path) if path.is_file() else f"model_card/{path.name} in MLflow")


def _path(project: Project, number: int, kind: str) -> Path:
    folder = project.path(project.settings.reports)
    return folder / f"card-{project.env}-{number}.{kind}"


def _keep_card_of_another_store(path: Path, digest: str) -> None:
    """Rename an existing card if it describes another version, which has the same number."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return
    described = DIGEST.search(text)  # cards of older templates have none
    if described is None or described.group() == digest:
        return
    kept = path.with_stem(f"{path.stem}-{described.group()[:8]}")
    path.replace(kept)
    print_step(f"{path.name} described a version of another store; it is {kept.name} now")


def write_again(store: Store, *numbers: int | None) -> None:
    """Write the cards of some versions after the champion has changed.

    The change is done by then, so a card that cannot be written must not fail the command.
    """
    for number in dict.fromkeys(numbers):
        if number is None:
            continue
        try:
            write(store, store.fetch(number))
        except Exception as error:  # noqa: BLE001 - of a store, of a disk
            print_step(f"the model card of version {number} was not written: {summarize(error)}")


def describe(store: Store, version: Version) -> dict[str, object]:
    """Return what both forms of the card show, by the names that the templates use."""
    subject = str(version.number)
    entries = [e for e in store.entries if e.subject == subject and _is_about_version(e.details)]
    evidence = _last_evidence(store, entries, version)
    checks = evidence.checks if evidence else ()
    diagnostics = evidence.diagnostics if evidence else None
    card = version.card
    in_use = version.number == store.recorded_champion
    promotions = [details for _, details in with_details(entries, PromoteDetails)]
    return {
        "version": version,
        "card": card,
        "evidence": evidence,
        "diagnostics": diagnostics,
        "charts": draw(card.problem, diagnostics, card.cutoff) if diagnostics else [],
        "settings": store.project.settings,
        "state": "champion" if in_use else last_state(entries),
        "approved_by": promotions[-1].approved_by if in_use else "",
        "failed": [check for check in checks if check.verdict in ("rejected", "insufficient")],
        "rows": _judgement(card, evidence, entries),
        "words": read_words(store.project),
    }


def last_state(entries: Iterable[Entry]) -> str:
    """Return the last state of a version that is not in use, from the entries about it.

    It is the gate's verdict, `replaced`, `withdrawn`, or `none`.
    """
    state = "none"
    for entry in entries:
        if isinstance(entry.details, GateDetails):
            state = entry.details.verdict
        elif isinstance(entry.details, PromoteDetails):
            state = "replaced"
        elif isinstance(entry.details, RollbackDetails):
            state = "withdrawn"
    return state


def _is_about_version(details: Details) -> bool:
    return isinstance(details, ABOUT_VERSION)


def _last_evidence(store: Store, entries: list[Entry], version: Version) -> GateEvidence | None:
    """Return the evidence of the newest verdict; None if the version was not judged."""
    gates = list(with_details(entries, GateDetails))
    if not gates:
        return None
    entry, details = gates[-1]
    text = store.journal.evidence(entry, details.evidence_sha256)
    return read_evidence(text, f"the evidence on {version}")


def _judgement(card: VersionCard, evidence: GateEvidence | None, entries: list[Entry]) -> Judgement:
    checks = evidence.checks if evidence else ()
    return Judgement(
        figures=_figures(card, evidence),
        groups=[_group(check) for check in checks if check.name.startswith(GROUP)],
        checks=[
            (
                check.name,
                check.verdict,
                check.figure,
                bound(check.limit),
                check.reason,
            )
            for check in checks
            if check.name not in card.figures and not check.name.startswith(GROUP)
        ],
        importance=_importance(card),
        columns=_columns(card),
        tables=[_table(name, settings) for name, settings in card.tables.items()],
        journal=[_journal_row(entry) for entry in entries],
    )


def _figures(card: VersionCard, evidence: GateEvidence | None) -> Rows:
    """Return the metrics, those with a limit first."""
    checks = evidence.checks if evidence else ()
    bounded: Rows = [
        (
            check.name,
            check.verdict,
            check.figure,
            bound(check.limit),
            _metric(card.train_figures.get(check.name)),
            _interval(check),
        )
        for check in checks
        if check.name in card.figures
    ]
    named = {row[0] for row in bounded}
    diagnostics = evidence.diagnostics if evidence else None
    others: Rows = [
        (name, "noted", _metric(value), "", _metric(card.train_figures.get(name)), "")
        for name, value in (diagnostics.figures if diagnostics else card.figures).items()
        if name not in named
    ]
    return bounded + others


def _interval(check: Check) -> str:
    """Return the interval of a metric, or why there is no metric.

    Evidence that is older than the field has the interval in its reason.
    """
    is_in_reason = check.figure == "missing" or check.reason.startswith(INTERVAL)
    return check.interval or (check.reason if is_in_reason else "")


def _metric(figure: float | None) -> str:
    return "n/a" if figure is None else f"{figure:.4f}"


def _group(check: Check) -> tuple[str, ...]:
    name = check.name.removeprefix(GROUP)
    return name, check.verdict, check.figure, bound(check.limit), check.reason


def _importance(card: VersionCard) -> Rows:
    """Return the columns, alone and with those like them, the most important first."""
    together = {" + ".join(each.columns): each for each in card.importance_together}
    alone_and_together = card.importance | {name: each.fall for name, each in together.items()}
    errors = {name: card.importance_errors.get(name) for name in card.importance}
    errors |= {name: each.error for name, each in together.items()}
    falls = dict(sorted(alone_and_together.items(), key=lambda item: -item[1]))
    drawn = bars_from_zero(falls, errors)
    return [
        (
            name,
            drawn[name],
            f"{fall:.4f}",
            "n/a" if errors[name] is None else f"±{errors[name]:.4f}",
        )
        for name, fall in falls.items()
    ]


def _columns(card: VersionCard) -> Rows:
    """Return the features in the model's order, then the columns that it does not see."""
    profiles = card.profile.inputs
    known = {column.name: column for column in card.columns}
    others = [name for name in known if name not in card.features]
    rows: Rows = []
    for name in (*card.features, *others):
        column = known.get(name)
        profile = profiles.get(name)
        missing = share(profile.missing) if profile else "n/a"
        if column is None:
            rows.append((name, "feature", "n/a", "n/a", missing))
            continue
        role = column.role.replace("_", " ")
        rows.append((name, role, column.type, "yes" if column.nullable else "no", missing))
    return rows


def _table(name: str, settings: Mapping[str, object]) -> tuple[str, ...]:
    return (name, *(str(settings.get(key) or "n/a") for key in ("kind", "origin", "path")))


def _journal_row(entry: Entry) -> tuple[str, ...]:
    """Return who did what, with the verdict, approval, reason or answer of it."""
    return (
        str(entry.number),
        entry.command,
        entry.outcome,
        moment(entry.time),
        entry.actor,
        _remark(entry.details),
    )


def _remark(details: Details) -> str:
    if isinstance(details, GateDetails):
        return details.verdict
    if isinstance(details, PromoteDetails):
        approved = f"; approved by {details.approved_by}" if details.approved_by else ""
        return f"{details.verdict}{approved}"
    if isinstance(details, RollbackDetails):
        return details.reason
    if isinstance(details, ReproduceDetails):
        return details.answer
    return ""
