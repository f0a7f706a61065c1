"""What differs between two versions according to what they carry: settings, rows, packages."""

import re
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from ...records.card import VersionCard
from ...records.comparison import (
    ComparedColumn,
    Difference,
    Figure,
    Measure,
    Pair,
    WindowFacts,
    WindowPair,
)
from ...records.evidence import Check
from ...records.registry import Version

NOT_RECORDED = "not recorded"  # by the older template that trained the version
PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)")
CREDENTIALS = re.compile(r"//[^/@\s]*@")  # in an address

Values = Mapping[str, object]  # by name


def differences(first: Values, second: Values) -> tuple[Difference, ...]:
    """Return the names whose values differ, as text; a missing value is an empty text."""
    names = sorted(first.keys() | second.keys())
    shown = [(name, _text(first.get(name)), _text(second.get(name))) for name in names]
    return tuple(
        Difference(name=name, first=one, second=other) for name, one, other in shown if one != other
    )


def compare_params(first: Values, second: Values) -> tuple[Difference, ...]:
    """Return the parameters that differ; of one that conf sets, only what the estimator got."""
    passed_on = {
        name.removeprefix("estimator.") for name in first.keys() & second.keys() if "." in name
    }
    return tuple(each for each in differences(first, second) if each.name not in passed_on)


def _text(value: object) -> str:
    """Return a value as text, without the credentials of an address."""
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return "" if value is None else CREDENTIALS.sub("//", str(value))


def compare_settings(
    first: Version, second: Version, overrides: Pair[tuple[str, ...]]
) -> tuple[Difference, ...]:
    """Return the settings that shape a model and differ, by their keys in conf.

    `overrides` names the variables and options that overrode settings when each was trained.
    """
    both = [
        settings_of(version.card) | {"overridden by": names}
        for version, names in zip((first, second), overrides, strict=True)
    ]
    if not (first.card.tables and second.card.tables):
        both = [_without_tables(settings) for settings in both]
    return differences(*both)


def settings_of(card: VersionCard) -> dict[str, object]:
    """Return the settings on a card, by their keys in conf."""
    binary = {"model.cutoff": card.cutoff} if card.problem == "binary" else {}
    settings: dict[str, object] = {
        "as_of": card.time.as_of,
        "risk_tier": card.risk_tier or NOT_RECORDED,
        "trusted_types": _foreign_types(card),
        **binary,
    }
    for part, keys in (("tables", card.tables), ("time", card.time.model_dump(exclude={"as_of"}))):
        settings |= _flat(part, keys)
    return settings


def _foreign_types(card: VersionCard) -> list[str]:
    """Return the trusted types without those of the version's own modules, which code compares."""
    return sorted(name for name in card.trusted_types if not name.startswith(f"{card.snapshot}."))


def _flat(name: str, value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        return {name: value}
    found: dict[str, object] = {}
    for key, inner in value.items():
        found |= _flat(f"{name}.{key}", inner)
    return found


def _without_tables(settings: Values) -> dict[str, object]:
    """Return settings with one key for all tables: one of the versions does not know its own."""
    others = {name: value for name, value in settings.items() if not name.startswith("tables.")}
    known = len(others) < len(settings)
    return others | {"tables": "recorded" if known else NOT_RECORDED}


def compare_rows(first: Version, second: Version) -> tuple[WindowPair, ...]:
    """Return the rows that the versions were trained and judged on."""
    training = WindowPair(
        side="training",
        first=_window(first.card, "train"),
        second=_window(second.card, "train"),
        shared=_shared(first, second, "train"),
    )
    gate = WindowPair(
        side="gate",
        first=_window(first.card, "gate"),
        second=_window(second.card, "gate"),
        shared=_shared(first, second, "gate"),
    )
    return training, gate


def _window(card: VersionCard, side: str) -> WindowFacts:
    return WindowFacts(
        window=getattr(card.windows, side),
        rows=getattr(card.rows, side),
        coverage=getattr(card.coverage, side),
        fingerprint=getattr(card.lineage.data, side),
    )


def _shared(first: Version, second: Version, side: str) -> int | None:
    before = stored_hashes(first, side)
    after = stored_hashes(second, side)
    if before is None or after is None:
        return None
    return int(np.isin(after, before).sum())


def stored_hashes(version: Version, name: str) -> npt.NDArray[np.uint64] | None:
    """Return the hashes that a version keeps under a name, or None if it keeps none.

    `train` and `gate` are of the rows of each window, `keys` of those of the training rows.
    """
    with np.load(version.artifact("seen.npz")) as stored:
        found: npt.NDArray[np.uint64] | None = stored.get(name)
        return found


def compare_packages(first: Version, second: Version) -> tuple[Difference, ...]:
    """Return the packages of the lockfiles that differ, with Python and the template."""
    return differences(_environment_of(first), _environment_of(second))


def _environment_of(version: Version) -> dict[str, object]:
    lineage = version.card.lineage
    locked = version.folder / "requirements.txt"
    text = locked.read_text(encoding="utf-8") if locked.is_file() else ""
    packages: dict[str, object] = dict(lineage.packages)
    packages |= pinned(text)
    threads = {f"threads ({kind})": count for kind, count in lineage.threads.items()}
    python = {"Python": lineage.python} if lineage.python else {}
    return {**packages, **threads, **python, "template": lineage.template}


def pinned(requirements: str) -> dict[str, str]:
    """Return the version of each package in the text of locked requirements.

    A package may be there several times, for different systems.
    """
    found: dict[str, list[str]] = {}
    for name, number in PINNED.findall(requirements):
        found.setdefault(name.lower(), []).append(number)
    return {name: ", ".join(dict.fromkeys(numbers)) for name, numbers in found.items()}


def compare_columns(first: VersionCard, second: VersionCard) -> tuple[ComparedColumn, ...]:
    """Return the columns that one or both of the models see, the most important first."""
    names = dict.fromkeys([*first.features, *second.features])
    columns = [
        ComparedColumn(
            name=name,
            seen=Pair(first=name in first.features, second=name in second.features),
            importance=Pair(first=first.importance.get(name), second=second.importance.get(name)),
        )
        for name in names
    ]
    return tuple(sorted(columns, key=lambda column: -max(_known(column.importance))))


def _known(importance: Iterable[float | None]) -> list[float]:
    return [0.0 if each is None else each for each in importance]


def compare_figures(
    first: VersionCard, second: VersionCard, checks: Pair[tuple[Check, ...]]
) -> tuple[Measure, ...]:
    """Return the metrics of the gate windows, with the intervals of the gate's checks."""
    names = dict.fromkeys([*first.figures, *second.figures])
    return tuple(
        Measure(
            metric=name,
            first=_figure(name, first, checks.first),
            second=_figure(name, second, checks.second),
        )
        for name in names
    )


def _figure(name: str, card: VersionCard, checks: tuple[Check, ...]) -> Figure:
    check = next((each for each in checks if each.name == name), None)
    value = card.figures.get(name)
    if check is None:
        return Figure(value=value)
    return Figure(value=value, interval=check.ends, verdict=check.verdict)
