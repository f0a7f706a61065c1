"""The drafted `data.py`: it reads the table, and makes of it what `schema.py` declares."""

from .layout import Bracketed, comment, lay_out, quote
from .profile import Column, TableProfile
from .roles import ROW_KEY, ROW_NUMBER

ASSIGNED = "    rows = "

HEAD = '''"""Where the rows come from. Read, join and filter them here, but learn nothing from them.

`tables.read(name, window)` reads a table that `conf/` names. A window has a `start`, which belongs
to it, and an `end`, which does not. Without a window, the whole table is read.
"""

from typing import Any

import pandas as pd

from .schema import Inputs, Labels
'''


def write_data(
    profile: TableProfile, outcome: object, key_of: tuple[str, ...], *, select: bool
) -> str:
    """Return the text of `data.py`.

    `outcome` is the value of the target that becomes 1, unless it is None; `key_of` are the columns
    of which a key is made; `select` says that the window is not selected by the table.
    """
    constants = [*_names(profile), *_missing(profile), *_target(profile, outcome)]
    lines = [
        *HEAD.splitlines(),
        *constants,
        "",
        "",
        "def inputs(tables: Any, window: Any) -> pd.DataFrame:",
        '    """Return what is known when the model predicts, also when scoring."""',
        "    return _rows(tables, window)[list(Inputs.to_schema().columns)]",
        "",
        "",
        *_labels(profile, outcome),
        "",
        "",
        *_rows(profile, key_of, select=select),
    ]
    return "\n".join(lines) + "\n"


def is_renamed(column: Column) -> bool:
    """Return whether schema.py has another name for a column than the table."""
    return bool(column.source) and column.source != column.name


def _names(profile: TableProfile) -> list[str]:
    """Return the lines of the table of names."""
    renamed = [column for column in profile.kept if is_renamed(column)]
    if not renamed:
        return []
    items = tuple(f"{quote(each.source)}: {quote(each.name)}" for each in renamed)
    about = comment(["The names in the table of columns that have others in schema.py"], "")
    return ["", *about, *_lay_out_always("NAMES = ", Bracketed("{", items, "}"))]


def _missing(profile: TableProfile) -> list[str]:
    """Return the lines of the texts that stand for a missing value, and of their columns."""
    markers = sorted({marker for column in profile.kept for marker in column.markers})
    if not markers:
        return []
    about = comment(["Texts that stand for a missing value, and the columns that have them"], "")
    texts = lay_out("MISSING = ", Bracketed("[", tuple(map(quote, markers)), "]"))
    marked = tuple(quote(each.name) for each in _marked(profile))
    columns = lay_out("MARKED = ", Bracketed("[", marked, "]")) if marked else []
    return ["", *about, *texts, *columns]


def _marked(profile: TableProfile) -> list[Column]:
    """Return the inputs with texts that stand for a missing value."""
    return [each for each in profile.kept if each.markers and each.role != "target"]


def _target(profile: TableProfile, outcome: object) -> list[str]:
    if outcome is None:
        return []
    values = sorted((each.value for each in profile.target.categories), key=lambda v: v == outcome)
    items = tuple(f"{quote(value)}: {int(value == outcome)}" for value in values)
    about = comment(["1 is the outcome that the model predicts"], "")
    return ["", *about, *lay_out("TARGET = ", Bracketed("{", items, "}"))]


def _lay_out_always(before: str, code: Bracketed) -> list[str]:
    """Return a table with one entry on each line."""
    return [f"{before}{code.opening}", *(f"    {item}," for item in code.items), code.closing]


def _labels(profile: TableProfile, outcome: object) -> list[str]:
    """Return the lines of the function `labels`."""
    target = profile.target
    lines = [
        "def labels(tables: Any, window: Any) -> pd.DataFrame:",
        f'    """{_meaning(profile, outcome)}"""',
        "    rows = _rows(tables, window)",
    ]
    if target.missing or outcome is not None:
        lines.append(f"    target = rows[{quote(target.name)}]")
    if target.markers:
        lines.append("    target = target.mask(target.isin(MISSING))")
    if outcome is not None:
        lines += _assign(target.name, "target.map(TARGET)")
    if target.missing:
        lines.append("    rows = rows[target.notna()]")
    return [*lines, "    return rows[list(Labels.to_schema().columns)]"]


def _meaning(profile: TableProfile, outcome: object) -> str:
    rows = "the rows that have one" if profile.target.missing else "each row"
    one = f": 1 stands for {quote(outcome)}" if outcome is not None else ""
    return f"Return the target of {rows}{one}."


def _assign(name: str, value: str) -> list[str]:
    """Return the lines that replace or add a column."""
    return lay_out(ASSIGNED, Bracketed("rows.assign(", (f"{name}={value}",), ")"))


def _rows(profile: TableProfile, key_of: tuple[str, ...], *, select: bool) -> list[str]:
    """Return the lines of the function that reads the table."""
    steps = _steps(profile, key_of)
    event_time = profile.event_time
    if select and event_time is not None:
        times = f"rows[{quote(event_time.name)}]"
        if event_time.conversion == "none":  # a CSV file gives text
            arguments = (times, 'format="ISO8601"')
            steps.append(lay_out("    times = ", Bracketed("pd.to_datetime(", arguments, ")")))
            times = "times"
        selected = f"rows[window.contains({times})]"
        steps.append([f"    return rows if window is None else {selected}"])
    elif steps and steps[-1][0].startswith(ASSIGNED):
        steps[-1][0] = steps[-1][0].replace(ASSIGNED, "    return ", 1)
    else:
        steps.append(["    return rows"])
    return [
        "def _rows(tables: Any, window: Any) -> pd.DataFrame:",
        f'    """{_purpose(profile, select=select)}"""',
        f"    rows: pd.DataFrame = tables.read({quote(profile.name)}, window)",
        *(line for step in steps for line in step),
    ]


def _steps(profile: TableProfile, key_of: tuple[str, ...]) -> list[list[str]]:
    """Return the lines of each statement that changes the rows."""
    steps: list[list[str]] = []
    if any(is_renamed(column) for column in profile.kept):
        steps.append([f"{ASSIGNED}rows.rename(columns=NAMES)"])
    if _marked(profile):
        steps.append(["    rows[MARKED] = rows[MARKED].mask(rows[MARKED].isin(MISSING))"])
    for column in profile.kept:
        steps += _conversion(column)
    return [*steps, *_key(profile, key_of)]


def _purpose(profile: TableProfile, *, select: bool) -> str:
    made = [column.name for column in profile.of_role("key") if not column.source]
    number = ", and number the rows before the window is selected" if select else ""
    if made == [ROW_NUMBER]:
        return f"Read the table{number or ', and use the row number as the key'}."
    if made == [ROW_KEY]:
        return "Read the table, and make a key of two columns."
    return "Read the table."


def _conversion(column: Column) -> list[list[str]]:
    """Return the statements that make times of a column."""
    if column.conversion == "none":
        return []
    source = f"rows[{quote(column.name)}]"
    if column.conversion == "zone":
        arguments: tuple[str, ...] = (source, 'format="ISO8601"', "utc=True")
        times = "times.dt.tz_localize(None)"
    else:
        text = f'{source}.astype("str")' if column.date_format == "%Y%m%d" else source
        arguments = (text, f'format="{column.date_format}"')
        times = "times"
    read = lay_out("    times = ", Bracketed("pd.to_datetime(", arguments, ")"))
    return [read, _assign(column.name, times)]


def _key(profile: TableProfile, key_of: tuple[str, ...]) -> list[list[str]]:
    """Return the statements that make a key."""
    made = [column for column in profile.of_role("key") if not column.source]
    if not made:
        return []
    if not key_of:
        return [_assign(ROW_NUMBER, "rows.index + 1")]
    identifier, time = map(quote, key_of)
    event_time = profile.event_time
    form = "%Y-%m-%d" if event_time is None or event_time.whole else "%Y-%m-%dT%H:%M:%S"
    arguments = (f"rows[{time}]", 'format="ISO8601"')
    return [
        lay_out("    times = ", Bracketed("pd.to_datetime(", arguments, ")")),
        [f'    identifier = rows[{identifier}].astype("str")'],
        _assign(ROW_KEY, f'identifier + "_" + times.dt.strftime("{form}")'),
    ]
