"""The command `compare`: what differs between two versions, and what follows for predictions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...base.console import Outcome, print_step
from ...base.errors import Misconfigured, MlopsError, Unreachable
from ...base.project import Project
from ...pages import comparison as page
from ...pages.model_card import last_state
from ...records.comparison import (
    ComparedVersion,
    Comparison,
    Difference,
    Figure,
    Pair,
    SameRows,
)
from ...records.details import GateDetails, TrainDetails
from ...records.entry import Entry, with_details
from ...records.evidence import Check, read_evidence
from ...records.registry import CHALLENGER, CHAMPION, LoadedVersion, Version
from ...records.scorer import Estimator
from ...records.store import Store, open_store
from ..train.run_params import estimator_name, run_params
from . import differences
from .code import compare_code
from .same_rows import compare_on_same_rows, erased_on, newer_of

SHOWN = 8  # rows of the terminal's table for each part; the page has all
NOTHING = "none"

Row = tuple[str, str, str]


@dataclass(frozen=True)
class Known:
    """A version with what is known about it besides its files."""

    version: Version
    """The version."""
    entries: list[Entry]
    """The journal's entries about it, oldest first."""
    loaded: LoadedVersion | None
    """The version with its model; None if it does not load here."""
    trouble: str
    """Why it does not load; empty if it does."""


def compare(project: Project, first: int | None, second: int | None) -> Outcome:
    """Compare two versions, by default the champion with the challenger.

    Writes the page with all that differs. Raises MlopsError for a version that cannot be read.
    """
    store = open_store(project)
    numbers = choose(store, first, second)
    versions = [store.fetch(number) for number in numbers]
    print_step(f"comparing {versions[0]} with {versions[1]} of {project.name}")
    comparison = describe(store, *(_know(store, version) for version in versions))
    name = f"compare-{project.env}-{numbers[0]}-{numbers[1]}.html"
    path = project.path(project.settings.reports) / name
    page.write(comparison, path)
    shown = project.shown(path)
    return Outcome(
        "ok",
        f"{summarize(comparison)}; page: {shown}",
        {**comparison.to_json(), "page": str(shown)},
        ("what", f"version {numbers[0]}", f"version {numbers[1]}"),
        tuple(_table(comparison)),
    )


def choose(store: Store, first: int | None, second: int | None) -> tuple[int, int]:
    """Return the numbers of the versions to compare.

    One number is compared with the champion; without any, the challenger is. Raises Misconfigured
    if both are the same.
    """
    project = store.project
    example = project.command("compare 1 2")
    if first is not None and second is not None:
        if first == second:
            raise Misconfigured(
                f"compare needs two different versions, but version {first} was given twice; give "
                f"the number of another one, as in {example}."
            )
        return first, second
    champion = store.champion()
    if champion is None:
        raise MlopsError(
            f"{project.name} has no champion to compare with; give two versions, as in {example}."
        )
    challenger = store.registry.alias(CHALLENGER) if first is None else first
    if challenger is None:
        raise MlopsError(
            f"{project.name} has no challenger to compare with its champion, version {champion}; "
            f"give a version, or two, as in {example}."
        )
    if challenger == champion:
        raise Misconfigured(
            f"compare needs two versions, and version {champion} is the champion itself; give the "
            f"number of another one, as in {example}."
        )
    return champion, challenger


def _know(store: Store, version: Version) -> Known:
    """Return what is known about a version; one that does not load here is still compared."""
    entries = [entry for entry in store.entries if entry.subject == str(version.number)]
    try:
        return Known(version, entries, store.registry.load(version), "")
    except MlopsError as error:
        return Known(version, entries, None, str(error))


def describe(store: Store, first: Known, second: Known) -> Comparison:
    """Return all that differs between two versions."""
    project = store.project
    cards = (first.version.card, second.version.card)
    same_rows, trouble = _same_rows(store, first, second)
    checks = Pair[tuple[Check, ...]](
        first=_last_checks(store, first), second=_last_checks(store, second)
    )
    overrides = Pair[tuple[str, ...]](first=_overrides(first), second=_overrides(second))
    return Comparison(
        project=project.settings.project_name,
        env=project.env,
        problem=first.version.card.problem,
        first=_describe_version(store, first),
        second=_describe_version(store, second),
        measures=differences.compare_figures(*cards, checks),
        same_rows=same_rows,
        trouble=trouble,
        code=compare_code(project, first.version, second.version),
        settings=differences.compare_settings(first.version, second.version, overrides),
        params=differences.compare_params(_params(first), _params(second)),
        columns=differences.compare_columns(*cards),
        rows=differences.compare_rows(first.version, second.version),
        packages=differences.compare_packages(first.version, second.version),
    )


def _same_rows(store: Store, first: Known, second: Known) -> tuple[SameRows | None, str]:
    """Return how both predict the same rows, or why that is not known."""
    if first.loaded is None or second.loaded is None:
        return None, first.trouble or second.trouble
    try:
        return compare_on_same_rows(store, first.loaded, second.loaded), ""
    except Unreachable:  # it says nothing about the versions
        raise
    except MlopsError as error:
        newer = newer_of(first.version, second.version)
        erased = erased_on(store, newer.card)
        if erased:
            return None, f"rows of the extract of {newer} were erased on {erased}; {error}"
        return None, str(error)


def _describe_version(store: Store, known: Known) -> ComparedVersion:
    card = known.version.card
    trained = next(with_details(reversed(known.entries), TrainDetails), None)
    return ComparedVersion(
        number=known.version.number,
        state=_state(store, known),
        estimator=_estimator_name(known),
        as_of=card.time.as_of,
        trained_at=trained[0].time if trained else "",
        actor=card.lineage.actor,
        environment=card.lineage.environment,
        commit=card.lineage.commit,
        dirty=card.lineage.dirty,
        digest=known.version.digest,
    )


def _state(store: Store, known: Known) -> str:
    number = known.version.number
    if number == store.recorded_champion:
        return CHAMPION
    state = last_state(known.entries)
    is_challenger = number == store.registry.alias(CHALLENGER)
    return f"{CHALLENGER}, {state}" if is_challenger and state != "none" else state


def _estimator(loaded: LoadedVersion) -> Estimator:
    """Return the estimator of a version, which its scorer has loaded."""
    scorer: Any = loaded.model.unwrap_python_model()  # type: ignore[no-untyped-call]
    return scorer.model


def _estimator_name(known: Known) -> str:
    """Return the class of the estimator; empty if it does not load and its card does not say."""
    if known.loaded is not None:
        return estimator_name(_estimator(known.loaded))
    described = known.version.card.estimator
    return described.name if described else ""


def _params(known: Known) -> dict[str, object]:
    """Return the parameters of a version; without its estimator, those that its card has."""
    model = known.version.card.model
    if known.loaded is None:
        described = known.version.card.estimator
        own = described.params if described else {}
        named = {f"estimator.{name}": value for name, value in own.items()}
        return {**model.params, "seed": model.seed, **named}
    params = run_params(model, _estimator(known.loaded))
    return {name: str(value) for name, value in params.items()}


def _overrides(known: Known) -> tuple[str, ...]:
    trained = next(with_details(reversed(known.entries), TrainDetails), None)
    return trained[0].overrides or () if trained else ()


def _last_checks(store: Store, known: Known) -> tuple[Check, ...]:
    """Return the checks of the newest verdict; none if the version was not judged."""
    judged = next(with_details(reversed(known.entries), GateDetails), None)
    if judged is None:
        return ()
    entry, details = judged
    text = store.journal.evidence(entry, details.evidence_sha256)
    return read_evidence(text, f"the evidence on {known.version}").checks


def summarize(comparison: Comparison) -> str:
    """Return a sentence that says how the versions and their predictions differ."""
    parts = {
        "code": comparison.code.differ,
        "settings": comparison.settings,
        "parameters": comparison.params,
        "columns": any(column.seen.differs for column in comparison.columns),
        "rows": any(pair.first.fingerprint != pair.second.fingerprint for pair in comparison.rows),
        "packages": comparison.packages,
    }
    named = [name for name, differs in parts.items() if differs]
    what = f"differ in {_listed(named)}" if named else "differ in nothing that is recorded"
    first = comparison.first.number
    return f"versions {first} and {comparison.second.number} {what}; {_predictions(comparison)}"


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _predictions(comparison: Comparison) -> str:
    same = comparison.same_rows
    if same is None:
        return f"their predictions were not compared: {comparison.trouble.removesuffix('.')}"
    agreement = same.agreement
    rows = f"on the same {agreement.rows:,} rows"
    if agreement.decisions:
        change = agreement.decisions[-1]
        return f"{rows}, {change.changed:.1%} of the decisions change"
    if agreement.labels_changed is not None:
        return f"{rows}, {agreement.labels_changed:.1%} of the labels change"
    difference = agreement.numbers[0].mean_absolute_difference
    return f"{rows}, their predictions differ by {difference:.4g} on average"


def _table(comparison: Comparison) -> Iterable[Row]:
    """Yield the rows of the terminal's table: what differs, and the figures."""
    first = comparison.first
    second = comparison.second
    yield ("estimator", first.estimator or "not known", second.estimator or "not known")
    for measure in comparison.measures:
        yield (measure.metric, _shown(measure.first), _shown(measure.second))
    yield from _same_rows_table(comparison.same_rows)
    code = comparison.code
    modules = [(each.path, f"-{each.removed}", f"+{each.added}") for each in code.modules]
    files = [(f.path, _lines("-", f.removed), _lines("+", f.added)) for f in code.files]
    columns = [
        (column.name, _used(column.seen.first), _used(column.seen.second))
        for column in comparison.columns
        if column.seen.differs
    ]
    yield from _limited("module", modules)
    yield from _limited("file", files)
    yield from _limited("setting", _texts(comparison.settings))
    yield from _limited("parameter", _texts(comparison.params))
    yield from _limited("column", columns)
    for pair in comparison.rows:
        if pair.first.fingerprint != pair.second.fingerprint:
            yield (f"{pair.side} window", pair.first.window, pair.second.window)
            yield (f"{pair.side} rows", f"{pair.first.rows:,}", f"{pair.second.rows:,}")
    yield from _limited("package", _texts(comparison.packages))


def _same_rows_table(same: SameRows | None) -> Iterable[Row]:
    if same is None:
        return
    for measure in same.measures:
        yield (f"{measure.metric}, same rows", _shown(measure.first), _shown(measure.second))
    for number in same.agreement.numbers:
        if number.rank_correlation is not None:
            yield (f"rank correlation of {number.column}", "", f"{number.rank_correlation:.4f}")
        difference = f"{number.mean_absolute_difference:.4g}"
        yield (f"mean absolute difference of {number.column}", "", difference)
    for change in same.agreement.decisions:
        name = f"decisions that change at {change.first:g}"
        if change.first != change.second:
            name = f"{name} and {change.second:g}"
        yield (name, "", f"{change.changed:.1%}")
    if same.agreement.labels_changed is not None:
        yield ("labels that change", "", f"{same.agreement.labels_changed:.1%}")


def _texts(found: Iterable[Difference]) -> list[Row]:
    return [(each.name, each.first or NOTHING, each.second or NOTHING) for each in found]


def _limited(kind: str, rows: list[Row]) -> Iterable[Row]:
    """Yield the first rows of a part, and how many more the page has."""
    for name, first, second in rows[:SHOWN]:
        yield (f"{kind} {name}", first, second)
    if len(rows) > SHOWN:
        yield (f"{kind}s: {len(rows) - SHOWN} more on the page", "", "")


def _used(seen: bool) -> str:  # noqa: FBT001 - the value that is shown
    return "used" if seen else NOTHING


def _lines(sign: str, count: int | None) -> str:
    return "not text" if count is None else f"{sign}{count}"


def _shown(figure: Figure) -> str:
    if figure.value is None:
        return "n/a"
    around = " ({:.4f} to {:.4f})".format(*figure.interval) if figure.interval else ""
    return f"{figure.value:.4f}{around}"
