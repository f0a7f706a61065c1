"""The model card: what a version is, what it was judged by and who answers for it, on one page.

Each step that changes what the card says writes it again, in markdown and HTML, from the version's
own card, the gate's evidence and the journal. No figure is computed here. The text is in
`card_parts.html`, which both forms show.
"""

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from ..base.console import print_step
from ..base.errors import summarize
from ..base.project import Project
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
from ..records.evidence import Check, read_evidence
from ..records.registry import Version
from ..records.store import Store
from .templates import fill, save

Cell = str | float  # a float is a share, which is drawn as a bar
Rows = list[tuple[Cell, ...]]

DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
TEAMS_WORDS = "docs/model-card.md"
ABOUT_VERSION = (TrainDetails, GateDetails, PromoteDetails, RollbackDetails, ReproduceDetails)


@dataclass(frozen=True)
class Judgement:
    """The rows of the card's tables."""

    figures: Rows
    """Metric, verdict, figure, limit, interval."""
    groups: Rows
    """Protected group, verdict, figure, limit, reason."""
    checks: Rows
    """Check, verdict, figure, limit, reason."""
    importance: Rows
    """Column, fall, share of the largest fall."""
    tables: Rows
    """Table, kind, origin, path."""
    journal: Rows
    """Entry, step, outcome, time, actor, remark."""


@dataclass(frozen=True)
class TeamsWords:
    """The part of the card that only the team can write."""

    md: Markup
    """As markdown."""
    html: Markup
    """As HTML."""
    place: str
    """The file that it comes from."""


def write(store: Store, version: Version) -> None:
    """Write the card of a version, and log it with the version's run if that is known."""
    from mlflow.exceptions import MlflowException

    project = store.project
    client = store.registry.client
    facts = describe(store, version)
    for kind in ("md", "html"):
        path = _path(project, version.number, kind)
        _keep_card_of_another_store(path, version.digest)
        save(fill(f"card.{kind}", **facts), path)
        with contextlib.suppress(MlflowException):  # a copied version has its run elsewhere
            run = client.get_model_version(version.name, str(version.number)).run_id
            client.log_artifact(run, str(path), "model_card")
    print_step(f"model card: {project.shown(path)}")


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
    checks = _last_checks(store, entries, version)
    in_use = version.number == store.recorded_champion
    promotions = [details for _, details in with_details(entries, PromoteDetails)]
    return {
        "version": version,
        "card": version.card,
        "settings": store.project.settings,
        "state": "champion" if in_use else last_state(entries),
        "approved_by": promotions[-1].approved_by if in_use else "",
        "failed": [check for check in checks if check.verdict in ("rejected", "insufficient")],
        "rows": _judgement(version.card, checks, entries),
        "words": _teams_words(store.project),
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


def _last_checks(store: Store, entries: list[Entry], version: Version) -> tuple[Check, ...]:
    """Return the checks of the newest verdict; none if the version was not judged."""
    gates = list(with_details(entries, GateDetails))
    if not gates:
        return ()
    entry, details = gates[-1]
    text = store.journal.evidence(entry, details.evidence_sha256)
    return read_evidence(text, f"the evidence on {version}").checks


def _judgement(card: VersionCard, checks: tuple[Check, ...], entries: list[Entry]) -> Judgement:
    figures: Rows = []
    groups: Rows = []
    others: Rows = []
    for check in checks:
        row = (check.name, check.verdict, check.figure, check.limit)
        if check.name in card.figures:
            figures.append((*row, check.interval or check.reason))
        elif check.name.startswith("slice "):
            groups.append((check.name.removeprefix("slice "), *row[1:], check.reason))
        else:
            others.append((*row, check.reason))
    bounded = {row[0] for row in figures}
    for name, value in card.figures.items():
        if name not in bounded:
            shown = "n/a" if value is None else f"{value:.4f}"
            figures.append((name, "noted", shown, "", ""))
    return Judgement(
        figures=figures,
        groups=groups,
        checks=others,
        importance=_importance(card),
        tables=[_table(name, settings) for name, settings in card.tables.items()],
        journal=[_journal_row(entry) for entry in entries],
    )


def _importance(card: VersionCard) -> Rows:
    """Return the columns, the most important first."""
    falls = sorted(card.importance.items(), key=lambda item: -item[1])
    most = max((fall for _, fall in falls), default=0.0)
    if most <= 0:
        most = 1.0
    return [(name, f"{fall:.4f}", max(fall / most, 0.0)) for name, fall in falls]


def _table(name: str, settings: Mapping[str, object]) -> tuple[str, ...]:
    return (name, *(str(settings.get(key) or "") for key in ("kind", "origin", "path")))


def _journal_row(entry: Entry) -> tuple[str, ...]:
    """Return who did what, with the verdict, approval, reason or answer of it."""
    return (
        str(entry.number),
        entry.command,
        entry.outcome,
        entry.time,
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


def _teams_words(project: Project) -> TeamsWords:
    from markdown_it import MarkdownIt

    path = project.path(TEAMS_WORDS)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    text = re.sub(r"^(?=#)", "#", re.sub(r"\A# .*\n+", "", text), flags=re.MULTILINE)
    plain = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return TeamsWords(
        md=Markup(text.rstrip()),  # noqa: S704 - the card is markdown, too
        html=Markup(plain.render(text)),  # noqa: S704 - rendered without any markup of its own
        place=TEAMS_WORDS,
    )
