"""The page of `compare`: an HTML page that needs no other file."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ..figures.agreement import NumberAgreement
from ..records.comparison import Advantage, Comparison, Difference, Figure, Measure, SameRows
from .charts import Scale
from .templates import fill, known, number, save, share

LANES = (92, 340)  # the area of a picture of intervals, in units of the picture
BARS = (132, 346)  # the area of bars
GRID = (64, 344)  # the area of a grid, on both axes
DRAWN = 3  # numbers, those in which the versions differ most; there is one for each class
NAMED = 4  # differences of a part that the summary names

Names = tuple[str, str]  # of the two versions


def write(comparison: Comparison, path: Path) -> None:
    """Write the page, whole or not at all. Equal comparisons make equal files."""
    save(render(comparison), path)


def render(comparison: Comparison) -> str:
    """Return the page as HTML."""
    same = comparison.same_rows
    names = names_of(comparison)
    numbers = list(same.agreement.numbers) if same else []
    numbers.sort(key=lambda each: -each.mean_absolute_difference)
    pictures = [spans(measure, names) for measure in comparison.measures]
    return fill(
        "comparison.html",
        comparison=comparison,
        names=names,
        findings=findings(comparison),
        spans=[picture for picture in pictures if picture],
        numbers=[shares_of(agreement, names) for agreement in numbers[:DRAWN]],
        hidden=len(numbers[DRAWN:]),
        chance=chance(same, names) if same else None,
        exact=exact,
        figure_text=figure_text,
    )


def names_of(comparison: Comparison) -> Names:
    """Return the names of the two versions."""
    return f"version {comparison.first.number}", f"version {comparison.second.number}"


def exact(value: float | None) -> str:
    """Return a figure to four places, or as `number` if it is large: 0.0123, 46.4, 12,840."""
    if not known(value):
        return "n/a"
    return number(value) if abs(value) >= 10 else f"{value:.4f}"


def figure_text(figure: Figure) -> str:
    """Return a figure with its 95% interval: `0.7694 (0.7369 to 0.8019)`."""
    if figure.interval is None:
        return exact(figure.value)
    low, high = map(exact, figure.interval)
    return f"{exact(figure.value)} ({low} to {high})"


@dataclass(frozen=True)
class Lane:
    """The figure of one version in a picture of intervals."""

    name: str
    """Name of the version: `version 7`."""
    key: str
    """The style of its colour: `then` or `now`."""
    text: str
    """The figure as text."""
    y: float
    """Its position, in units of the picture."""
    low: float | None
    """Position of the lower end of its interval; None if that is not known."""
    at: float
    """Position of the figure."""
    high: float | None
    """Position of the upper end; None if it is not known."""


@dataclass(frozen=True)
class Spans:
    """The intervals of one metric, one lane for each version that has it."""

    metric: str
    """Name of the metric."""
    measure: Measure
    """The figures."""
    lanes: list[Lane]
    """The lanes, the first version above."""
    ticks: dict[str, float]
    """Positions of round figures, by their text."""


def spans(measure: Measure, names: Names) -> Spans | None:
    """Return the picture of a metric; None if neither version has its interval.

    Without an interval, a picture would make any difference look large.
    """
    if not (measure.first.interval or measure.second.interval):
        return None
    pairs = [(names[0], "then", measure.first), (names[1], "now", measure.second)]
    ends = [end for _, _, each in pairs for end in (each.value, *(each.interval or ()))]
    shown = list(filter(known, ends))
    room = 0.08 * (max(shown) - min(shown)) or 0.02 * abs(shown[0]) or 1.0
    scale = Scale(min(shown) - room, max(shown) + room, *LANES)
    lanes = []
    for position, (name, key, each) in enumerate(pairs):
        if not known(each.value):
            continue
        low, high = each.interval or (None, None)
        lanes.append(
            Lane(
                name=name,
                key=key,
                text=figure_text(each),
                y=18 + 30 * position,
                low=None if low is None else scale.at(low),
                at=scale.at(each.value),
                high=None if high is None else scale.at(high),
            )
        )
    return Spans(measure.metric, measure, lanes, scale.ticks(3))


@dataclass(frozen=True)
class Cell:
    """The rows in one bin of both versions."""

    x: float
    """Left end, in units of the picture."""
    y: float
    """Upper end, in units of the picture."""
    weight: float
    """How dark it is, 0 to 1."""
    text: str
    """What it contains."""


@dataclass(frozen=True)
class Shares:
    """The pictures of one number that both versions predict."""

    agreement: NumberAgreement
    """How far they agree in it."""
    labels: list[str]
    """Names of the bins."""
    bars: Scale
    """The scale of the bars, in percent."""
    cells: list[Cell]
    """The cells of the grid that have rows."""
    size: float
    """Width and height of a cell."""
    ends: list[str]
    """What is at the ends and in the middle of the grid's axes."""


def shares_of(agreement: NumberAgreement, names: Names) -> Shares:
    """Return the pictures of a number."""
    most = max(*agreement.first, *agreement.second)
    largest = max(max(row) for row in agreement.grid)
    labels = bin_labels(agreement.edges)
    size = (GRID[1] - GRID[0]) / len(labels)
    cells = [
        Cell(
            x=round(GRID[0] + size * column, 1),
            y=round(8 + size * (len(labels) - 1 - row), 1),
            weight=round(0.12 + 0.88 * (part / largest) ** 0.5, 2),
            text=f"{names[0]} {labels[row]}, {names[1]} {labels[column]}: {share(part)}",
        )
        for row, parts in enumerate(agreement.grid)
        for column, part in enumerate(parts)
        if part > 0
    ]
    edges = agreement.edges
    ends = [_edge(edges[0]), _edge(edges[len(edges) // 2]), _edge(edges[-1])]
    return Shares(agreement, labels, Scale(0, 100 * most, *BARS), cells, size, ends)


def bin_labels(edges: tuple[float, ...]) -> list[str]:
    """Return the names of bins whose first and last have no outer end."""
    inner = [_edge(edge) for edge in edges[1:-1]]
    between = [f"{low} to {high}" for low, high in pairwise(inner)]
    return [f"below {inner[0]}", *between, f"{inner[-1]} and more"]


def _edge(edge: float) -> str:
    return f"{edge:,.0f}" if abs(edge) >= 99.95 else f"{edge:#.3g}"


def chance(same: SameRows, names: Names) -> tuple[str, str]:
    """Return the colour and the words that say whether the advantage may be chance."""
    advantage = same.advantage
    if advantage is None:
        return "none", "not known"
    if any(same.seen):
        return "warn", "seen in training"
    if advantage.interval is None:
        return "none", "no interval"
    low, high = advantage.interval
    if low <= 0 <= high:
        return "none", "may be chance"
    return (
        ("good", f"{names[1]} is better") if _leads(advantage) else ("bad", f"{names[1]} is worse")
    )


def _leads(advantage: Advantage) -> bool:
    """Return whether the second version is better."""
    return (advantage.difference > 0) == (advantage.better == "higher")


def findings(comparison: Comparison) -> list[str]:
    """Return a sentence for each part in which the versions differ."""
    return list(
        filter(
            None,
            (
                _about_code(comparison),
                _about("Settings", comparison.settings),
                _about("Parameters", comparison.params),
                _about_columns(comparison),
                _about_rows(comparison),
                _about("Packages", comparison.packages),
                _about_advantage(comparison.same_rows, names_of(comparison)),
            ),
        )
    )


def _about(part: str, found: tuple[Difference, ...]) -> str:
    named = [
        f"{each.name} {each.first or 'none'} → {each.second or 'none'}" for each in found[:NAMED]
    ]
    return f"{part}: {', '.join(named)}{_more(len(found) - NAMED)}." if found else ""


def _about_code(comparison: Comparison) -> str:
    modules = comparison.code.modules
    files = comparison.code.files
    if modules:
        added = sum(module.added for module in modules)
        removed = sum(module.removed for module in modules)
        named = ", ".join(module.path for module in modules[:NAMED])
        more = _more(len(modules) - NAMED)
        return f"Code: {named}{more}; {_count(added, 'line')} added, {removed} removed."
    if files:
        return f"Code: {_count(len(files), 'file')} of the project, but none of the user's modules."
    return ""


def _about_columns(comparison: Comparison) -> str:
    new = [column.name for column in comparison.columns if not column.seen.first]
    gone = [column.name for column in comparison.columns if not column.seen.second]
    parts = [
        f"{what} {', '.join(names[:NAMED])}{_more(len(names) - NAMED)}"
        for what, names in (("new", new), ("gone", gone))
        if names
    ]
    return f"Columns: {'; '.join(parts)}." if parts else ""


def _about_rows(comparison: Comparison) -> str:
    parts = []
    for pair in comparison.rows:
        if pair.first.fingerprint == pair.second.fingerprint:
            continue
        shared = (
            ""
            if pair.shared is None
            else f", {number(pair.shared) if pair.shared else 'none'} of them the same"
        )
        parts.append(f"{pair.side} {number(pair.first.rows)} → {number(pair.second.rows)}{shared}")
    return f"Rows: {'; '.join(parts)}." if parts else ""


def _about_advantage(same: SameRows | None, names: Names) -> str:
    if same is None or same.advantage is None:
        return ""
    advantage = same.advantage
    rows = f"On the same {number(same.agreement.rows)} rows"
    size = exact(abs(advantage.difference))
    if advantage.difference == 0:
        return f"{rows}, {advantage.metric} is the same."
    way = "higher" if advantage.difference > 0 else "lower"
    sentence = f"{rows}, {advantage.metric} of {names[1]} is {size} {way}"
    if advantage.interval is None:
        return f"{sentence}."
    low, high = map(exact, advantage.interval)
    return f"{sentence} (95% interval of the difference: {low} to {high})."


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _count(count: int, what: str) -> str:
    return f"{number(count)} {what}{'' if count == 1 else 's'}"
