"""The drafted `synthetic.py`: invented rows like those of the table, for machines without it.

It is written from a description of the table: rounded quantiles, and shares of frequent values. It
has no row of the table, and no value of a key or a personal column.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...base.settings import Period, Problem
from .layout import Bracketed, comment, lay_out, quote, readable
from .profile import Column, TableProfile
from .roles import ROW_NUMBER
from .splitting import SplitPlan

ENOUGH_EVENTS = 150  # in the gate window; the drafted gate wants 100 at most
ENOUGH_TRAINING = 1_000  # rows to train on
FEWEST_ROWS: dict[Period, int] = {"day": 900, "week": 400, "month": 100}  # in each month
MOST_ROWS = 150_000  # from the first day of the training window to the last one of the gate
MOST_CELLS = 10_000_000
DAYS: dict[Period, float] = {"day": 1, "week": 7, "month": 30.44}
REHEARSED = pd.Timestamp("2026-01-01")  # the date of a rehearsal

KEPT_QUANTILES = (0, 1, 3, 5, 7, 9, 10)  # of the eleven
MOST_SIGNALS = 5
INFORMATIVE = 0.5  # of what the ranks behind a column's values would say
NOISE: dict[Problem, float] = {"binary": 0.9, "multiclass": 0.6, "regression": 0.7}
COVERING = 0.95  # of the rows, which have one of the categories of numbers
OTHER = 0.005  # a smaller share of other texts is not invented

SPREAD = """\
def _spread(name: str, ranks: np.ndarray) -> np.ndarray:
    \"\"\"Return numbers of a column for ranks between 0 and 1.\"\"\"
    values = np.interp(ranks, SHARES, NUMBERS[name])
"""

LABEL = """\
def _label(name: str, numbers: np.ndarray) -> list[str]:
    \"\"\"Return invented texts, such as `customer 12`.\"\"\"
    return [f"{name} {number}" for number in numbers]
"""

CHOOSE = """\
def _choose(name: str, ranks: np.ndarray) -> np.ndarray:
    \"\"\"Return values of a column for ranks between 0 and 1.\"\"\"
    shares = np.cumsum(list(CATEGORIES[name].values()))
    positions = np.searchsorted(shares / shares[-1], ranks, side="right")
    return np.array(list(CATEGORIES[name]))[positions]
"""

RANK_TARGET = """\
def _rank_target(ranks: dict[str, np.ndarray], random: Generator) -> np.ndarray:
    \"\"\"Return the ranks of the target, which rise with those of SIGNAL.\"\"\"
    signal = np.sum([ranks[name] for name in SIGNAL], axis=0)
    strength = signal / signal.std() + NOISE * random.normal(size=ROWS)
    return (strength.argsort().argsort() + 0.5) / ROWS
"""


@dataclass(frozen=True)
class _Parts:
    """The columns by how their values are invented."""

    numbers: dict[Column, tuple[float, ...]]
    """Columns of numbers, with rounded quantiles."""
    categories: dict[Column, dict[Any, float]]
    """Columns of categories, with the share of each."""
    others: tuple[Column, ...]
    """Keys, times, groups, and columns whose values must not be shown."""

    @property
    def drawn(self) -> tuple[Column, ...]:
        """The columns whose values follow from a rank."""
        return (*self.numbers, *self.categories)


def write_synthetic(
    profile: TableProfile,
    plan: SplitPlan,
    outcome: object,
    key_of: tuple[str, ...],
    *,
    select: bool,
) -> str:
    """Return the text of `synthetic.py`.

    `outcome` is the value of the target that becomes 1, unless it is None; `key_of` are the columns
    of which data.py makes a key; `select` says that data.py selects the window.
    """
    parts = _sort(profile, outcome)
    rows = _count_rows(profile, plan)
    lines = [
        *_head(profile),
        *_constants(profile, plan, parts, rows, select=select),
        "",
        "",
        *_function(profile, plan, parts, key_of, rows),
    ]
    helpers = [RANK_TARGET]
    if any(each.type == "str" and each.role != "key" for each in parts.others):
        helpers.append(LABEL)
    if parts.numbers:
        helpers.append(SPREAD + _rounding(parts))
    if parts.categories:
        helpers.append(CHOOSE)
    return "\n".join(lines) + "\n" + "".join(f"\n\n{helper}" for helper in helpers)


def _sort(profile: TableProfile, outcome: object) -> _Parts:
    numbers: dict[Column, tuple[float, ...]] = {}
    categories: dict[Column, dict[Any, float]] = {}
    others = []
    for column in profile.kept:
        shares = _shares(column, outcome)
        if column.role == "key" or column.type == "datetime" or column.role == "group":
            others.append(column)
        elif shares:
            categories[column] = shares
        elif column.quantiles:
            numbers[column] = round_quantiles(column)
        else:
            others.append(column)
    return _Parts(numbers, categories, tuple(each for each in others if each.source))


def _shares(column: Column, outcome: object) -> dict[Any, float]:
    """Return the categories of a column with their shares; empty if numbers say more."""
    covered = sum(each.share for each in column.categories)
    is_number = column.type in ("int64", "float64") and column.role != "target"
    if is_number and covered < COVERING:
        return {}
    listed = list(column.categories)
    if is_number:
        listed.sort(key=lambda each: float(each.value))
    elif column.role == "target":
        last = 1 if outcome is None else outcome
        listed.sort(key=lambda each: each.value == last)
    shares = {_typed(each.value, column): max(round(each.share, 3), 0.001) for each in listed}
    if listed and column.type == "str" and column.role != "target" and 1 - covered > OTHER:
        shares.setdefault("other", round(1 - covered, 3))
    return shares


def _typed(value: Any, column: Column) -> Any:
    """Return a category as the table has it; flags with missing values are 1 and 0."""
    if column.role == "target" or isinstance(value, str):
        return value
    if column.type == "float64":
        return float(value)
    return int(value) if column.type == "int64" else value


def round_quantiles(column: Column) -> tuple[float, ...]:
    """Return some quantiles of a column, rounded to about a tenth of the distance to the next one.

    The least and the greatest are rounded inwards, to more, so that they are not those of one row.
    A quantile that is equal to its neighbours is the value of many rows, and stays.
    """
    exact = [column.quantiles[number] for number in KEPT_QUANTILES]
    ends = {0: math.ceil, len(exact) - 1: math.floor}
    rounded = []
    for number, value in enumerate(exact):
        near = exact[max(0, number - 1) : number + 2]
        gaps = [abs(each - value) for each in near if each != value]
        if not gaps or (number in ends and near[0] == near[-1]):
            rounded.append(_short(value, 6))
            continue
        step = 10.0 ** (math.floor(math.log10(min(gaps))) - 1)
        if number in ends:
            step *= 2
        if column.whole:
            step = max(step, 1.0)
        rounded.append(_short(ends.get(number, round)(value / step) * step, 12))
    rising = np.maximum.accumulate(np.clip(rounded, rounded[0], rounded[-1]))
    return tuple(int(each) if column.whole else float(each) for each in rising)


def _short(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _count_rows(profile: TableProfile, plan: SplitPlan) -> int:
    """Return how many rows a month must have, or the table if it has no dates."""
    shares = [category.share for category in profile.target.categories]
    rarest = min(shares, default=1.0) if profile.problem != "regression" else 1.0
    events = ENOUGH_EVENTS / (rarest * max(1 - profile.target.missing, 0.01))
    most = min(MOST_ROWS, MOST_CELLS // len(profile.kept))
    if plan.split != "time":
        gate = plan.gate / (plan.train + plan.gate)
        return _round_up(min(max(events / gate, ENOUGH_TRAINING / (1 - gate)), most))
    months = DAYS[plan.period] / DAYS["month"]
    wanted = max(
        events / (plan.gate * months),
        ENOUGH_TRAINING / (plan.train * months),
        FEWEST_ROWS[plan.period],
    )
    return _round_up(min(wanted, most / ((plan.train + plan.gate) * months)))


def _round_up(value: float) -> int:
    """Return a whole number with two digits that are not 0."""
    step = int(10 ** max(0, math.floor(math.log10(value)) - 1))
    return math.ceil(value / step) * step


def _head(profile: TableProfile) -> list[str]:
    return [
        f'"""Invented rows of the table {readable(profile.name)}, for machines without the data.',
        "",
        "`draft` has written this from a description of the table: rounded quantiles of its",
        "numbers, and shares of its categories and of missing values. No row of the table is here,",
        "and no value of a key or a personal column. Each column is invented on its own; only the",
        "target depends on others.",
        '"""',
        "",
        "from typing import Any",
        "",
        "import numpy as np",
        "import pandas as pd",
        "from numpy.random import PCG64, Generator",
        "",
    ]


def _constants(
    profile: TableProfile, plan: SplitPlan, parts: _Parts, rows: int, *, select: bool
) -> list[str]:
    """Return the lines of the figures from which the rows are invented."""
    of_what = "of each month" if plan.split == "time" else "of the table, which has no dates"
    lines = [f"ROWS = {rows:_}  # {of_what}"]
    numbered = any(column.name == ROW_NUMBER for column in profile.of_role("key"))
    if plan.split == "time" and select and numbered:
        about = "data.py numbers the rows, so the table is read from this month on."
        lines += ["", f"# {about}", f'FIRST_MONTH = pd.Timestamp("{_first_month(profile, plan)}")']
    if parts.numbers:
        lines += ["", *_number_lines(parts)]
    if parts.categories:
        lines += ["", *comment(["The values of other columns, and the share of each"], "")]
        entries = (
            _entry(
                column, Bracketed("{", tuple(map(_pair, *zip(*shares.items(), strict=True))), "}")
            )
            for column, shares in parts.categories.items()
        )
        lines += ["CATEGORIES: dict[str, dict[Any, float]] = {", *_flatten(entries), "}"]
    missing = [column for column in profile.kept if column.missing and column.source]
    if missing:
        lines += ["", *comment(["The share of the rows in which a value is missing"], "")]
        shares = (
            f"    {quote(each.source)}: {max(round(each.missing, 3), 0.001)}," for each in missing
        )
        lines += ["MISSING = {", *shares, "}"]
    about = (
        "the target rises with the sum of these columns, and with chance: if the gate rejects the "
        "model of a rehearsal, lower NOISE; if its figures are too good to be true, raise it"
    )
    signals = tuple(quote(column.source) for column in choose_signals(profile, parts.drawn))
    return [
        *lines,
        "",
        *comment([about], ""),
        *lay_out("SIGNAL = ", Bracketed("[", signals, "]")),
        f"NOISE = {_noise(profile):g}",
    ]


def _number_lines(parts: _Parts) -> list[str]:
    """Return the lines of the quantiles, and of the decimals of numbers that are not whole."""
    about = "Numbers: the least, the greatest, and those below which these shares of the rows are"
    shares = ", ".join(f"{number / 10:g}" for number in KEPT_QUANTILES)
    entries = (
        _entry(column, Bracketed("[", _numbers(quantiles), "]"))
        for column, quantiles in parts.numbers.items()
    )
    lines = [
        *comment([about], ""),
        f"SHARES = [{shares}]",
        "NUMBERS: dict[str, list[float]] = {",
        *_flatten(entries),
        "}",
    ]
    fractions = {
        each: count_decimals(parts.numbers[each]) for each in parts.numbers if not each.whole
    }
    if not fractions:
        return lines
    others = "" if len(fractions) == len(parts.numbers) else "; all other numbers are whole"
    decimals = (f"    {quote(each.source)}: {count}," for each, count in fractions.items())
    return [*lines, "", *comment([f"Decimals{others}"], ""), "DECIMALS = {", *decimals, "}"]


def count_decimals(quantiles: Iterable[float]) -> int:
    """Return how many decimals numbers between these have."""
    most = max(len(f"{value:.10f}".rstrip("0").partition(".")[2]) for value in quantiles)
    return most + 1 if most else 2


def _rounding(parts: _Parts) -> str:
    whole = sum(column.whole for column in parts.numbers)
    if not whole:
        return "    return values.round(DECIMALS[name])\n"
    if whole == len(parts.numbers):
        return '    return values.round().astype("int64")\n'
    return (
        "    if name in DECIMALS:\n"
        "        return values.round(DECIMALS[name])\n"
        '    return values.round().astype("int64")\n'
    )


def choose_signals(profile: TableProfile, drawn: tuple[Column, ...]) -> list[Column]:
    """Return the features that the target depends on: those that say most about it in the table.

    Columns that are nearly always the same come last, because they can say little.
    """
    features = [column for column in profile.features if column in drawn]
    features.sort(key=lambda each: (_informs(each) < INFORMATIVE, -each.separation))
    return features[:MOST_SIGNALS]


def _noise(profile: TableProfile) -> float:
    """Return the noise with which a model passes the drafted gate: many classes need less."""
    noise = NOISE[profile.problem]
    if profile.problem != "multiclass":
        return noise
    return max(0.05, round(noise / len(profile.target.categories), 2))


def _informs(column: Column) -> float:
    """Return how much of the variance of the ranks the values of a column still show."""
    present = 1 - column.missing
    if not column.categories:
        return present
    return present * (1 - sum(category.share**3 for category in column.categories))


def _first_month(profile: TableProfile, plan: SplitPlan) -> str:
    """Return a month before the first one that any window of the project begins with."""
    days = (plan.train + plan.gate + 2 * plan.label_horizon + 1) * DAYS[plan.period]
    dates = [REHEARSED, pd.Timestamp(plan.as_of)] if plan.as_of else [REHEARSED]
    start = min(dates) - pd.Timedelta(days=math.ceil(days))
    first = profile.event_time.first if profile.event_time else None
    return f"{min(start, first) if first is not None else start:%Y-%m}-01"


def _entry(column: Column, values: Bracketed) -> list[str]:
    """Return the lines of an entry of a table of columns."""
    return lay_out(f"    {quote(column.source)}: ", values, ",")


def _flatten(entries: Iterable[list[str]]) -> Iterator[str]:
    return (line for entry in entries for line in entry)


def _pair(value: object, share: float) -> str:
    return f"{quote(value)}: {share:g}"


def _numbers(values: tuple[float, ...]) -> tuple[str, ...]:
    """Return numbers as people write them, with underscores if one of them is large."""
    if max(map(abs, values)) < 10_000:
        return tuple(map(repr, values))
    return tuple(f"{value:_}" for value in values)


def _function(
    profile: TableProfile,
    plan: SplitPlan,
    parts: _Parts,
    key_of: tuple[str, ...],
    rows: int,
) -> list[str]:
    """Return the lines of the function `rows`."""
    dated = plan.split == "time"
    about = "a month" if dated else "the table"
    drawn = [
        name
        for name, some in (("NUMBERS", parts.numbers), ("CATEGORIES", parts.categories))
        if some
    ]
    both = f"[*{', *'.join(drawn)}]" if len(drawn) == 2 else drawn[0]
    lines = [
        "def rows(month: pd.Timestamp, seed: int) -> dict[str, pd.DataFrame]:",
        f'    """Return rows of {about}; the same month and seed give the same rows."""',
        "    random = Generator(PCG64([seed, month.year, month.month]))",
        "    ranks = {name: random.random(ROWS) for name in " + both + "}",
        f"    ranks[{quote(profile.target.source)}] = _rank_target(ranks, random)",
        "    columns: dict[str, Any] = {}",
    ]
    if dated and profile.event_time is not None:
        lines += _event_lines(profile.event_time)
    total = rows
    if dated:
        total = round(rows * (plan.train + plan.gate) * DAYS[plan.period] / DAYS["month"])
    for column in parts.others:
        if column.role != "event_time":
            lines += _other_lines(column, profile, key_of, max(1, total))
    if parts.numbers:
        lines.append("    columns |= {name: _spread(name, ranks[name]) for name in NUMBERS}")
    if parts.categories:
        lines.append("    columns |= {name: _choose(name, ranks[name]) for name in CATEGORIES}")
    lines.append("    frame = pd.DataFrame(columns)")
    if any(column.missing and column.source for column in profile.kept):
        lines += [
            "    for name, share in MISSING.items():",
            "        frame[name] = frame[name].mask(random.random(ROWS) < share)",
        ]
    return [*lines, "    return {" + quote(profile.name) + ": frame}"]


def _event_lines(column: Column) -> list[str]:
    """Return the lines that invent the event times of a month, in their order."""
    unit, code, count = "days", "D", "month.days_in_month"
    if not column.whole:
        unit, code, count = "seconds", "s", "month.days_in_month * 86_400"
    return [
        "    start = pd.Timestamp(year=month.year, month=month.month, day=1)",
        f"    {unit} = np.sort(random.integers({count}, size=ROWS))",
        f'    event = start + pd.to_timedelta({unit}, unit="{code}")',
        f"    columns[{quote(column.source)}] = event{_written(column)}",
    ]


def _written(column: Column) -> str:
    """Return the call that writes times in the form of the table."""
    return f".strftime({quote(column.date_format)})" if column.conversion == "date" else ""


def _other_lines(
    column: Column, profile: TableProfile, key_of: tuple[str, ...], total: int
) -> list[str]:
    """Return the lines that invent a key, a time, an identifier or a value that must not be shown.

    `total` is how many rows all windows have.
    """
    if column.type == "datetime":
        return _time_lines(column, profile.event_time)
    dated = profile.event_time is not None
    if column.role == "key":
        if column.type == "int64":
            before = "(12 * start.year + start.month) * 1_000_000 + " if dated else "1 + "
            return _assign(column, f"{before}np.arange(ROWS)")
        form = "{start:%Y-%m}-{number:06d}" if dated else "{number:06d}"
        return _assign(column, f'[f"{form}" for number in range(1, ROWS + 1)]')
    different = max(2, round(total * min(1, column.distinct / column.rows)))
    drawn = f"random.integers({different:_}, size=ROWS)"
    if column.name in key_of:  # with the time it identifies a row
        drawn = f"random.permutation({max(different, total):_})[:ROWS]"
    if column.type == "str":
        before = f"    columns[{quote(column.source)}] = "
        return lay_out(before, Bracketed("_label(", (quote(column.name), drawn), ")"))
    return _assign(column, drawn)


def _time_lines(column: Column, event_time: Column | None) -> list[str]:
    """Return the lines that invent other times, about as far from the event as in the table."""
    start, least, most = ('pd.Timestamp("1950-01-01")', 0, 20_000)  # of a date of birth
    if column.first is not None and column.last is not None:
        start, least, most = (
            f'pd.Timestamp("{column.first:%Y-%m}-01")',
            0,
            (column.last - column.first).days,
        )
        if event_time is not None and event_time.first is not None and event_time.last is not None:
            ends = ((column.first - event_time.first).days, (column.last - event_time.last).days)
            start, least, most = ("event", min(ends), max(ends))
    low = f"{least:_}, " if least else ""
    days = f"random.integers({low}{most + 1:_}, size=ROWS)"
    return [
        f"    days = {days}",
        f'    times = {start} + pd.to_timedelta(days, unit="D")',
        f"    columns[{quote(column.source)}] = times{_written(column)}",
    ]


def _assign(column: Column, value: str) -> list[str]:
    return [f"    columns[{quote(column.source)}] = {value}"]
