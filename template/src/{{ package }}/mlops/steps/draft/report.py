"""The report of a proposal: what was seen in the table, and what to do next."""

from collections.abc import Iterable, Iterator

from ...data.contract import declared
from .evidence import describe
from .layout import readable, sentence
from .profile import Column, TableProfile
from .splitting import SplitPlan
from .trial import Trial

MOSTLY_MISSING = 0.5
NOT_CHECKED = "the whole table was not read with it, because it is large"


def write_report(
    profile: TableProfile, plan: SplitPlan, trial: Trial, commands: Iterable[str]
) -> str:
    """Return the report as Markdown."""
    target = profile.target
    lines = [
        f"# A draft for {profile.name}, with the target {readable(target.source)}",
        "",
        *_summary(profile, plan, trial),
        "",
        "## What to do next",
        "",
        "Read the findings and check each role in `schema.py`. Compare, copy, and train:",
        "",
        "```",
        *commands,
        "```",
        "",
        "## Findings",
        "",
        *(f"- {_cell(sentence(finding))}" for finding in find(profile, plan, trial)),
        "",
        "## Columns",
        "",
        "| column | in the table | type | role | missing | values | alone | evidence |",
        "|---|---|---|---|---|---|---|---|",
        *map(_row, profile.kept),
        "",
        "`values` is the number of different values. `alone` says how well the column predicts the",
        "target on its own, from 0 (guessing) to 1 (without error), on rows that were held out.",
        "",
    ]
    left_out = [column for column in profile.columns if column.left_out]
    if left_out:
        lines += ["## Left out", "", "| column in the table | why |", "|---|---|"]
        lines += [f"| {_cell(each.source)} | {_cell(each.left_out)} |" for each in left_out]
        lines.append("")
    return "\n".join(lines)


def _summary(profile: TableProfile, plan: SplitPlan, trial: Trial) -> list[str]:
    """Return the lines that say what there is."""
    rows = f"{profile.rows:,} rows" if profile.complete else f"the first {profile.rows:,} rows"
    table = profile.table.path or profile.table.table or profile.table.query
    texts = sum(column.type == "str" for column in profile.features)
    features = f"{len(profile.features)} features, of which {texts} are text"
    lines = [f"From {rows} of `{readable(table)}`: {features}."]
    if profile.event_time is not None:
        lines.append(
            f"The split follows {profile.event_time.name}: {plan.train} {plan.period}s to train "
            f"on, {plan.gate} for the gate, up to {plan.as_of}."
        )
    else:
        lines.append(f"The split is {plan.split}: {plan.reason}")
    if trial.train:
        lines.append(
            f"With the drafted files, {trial.train:,} rows are trained on, and {trial.gate:,} are "
            f"held out, with {trial.events:,} events (rows of the rarest class, or all rows of a "
            "regression)."
        )
    return lines


def find(profile: TableProfile, plan: SplitPlan, trial: Trial) -> Iterator[str]:
    """Yield what a person should look at, the most important first."""
    if trial.problem:
        yield f"the drafted files do not work as they are: {trial.problem}"
    elif not trial.train:
        yield NOT_CHECKED
    if not profile.complete:
        yield f"only the first {profile.rows:,} rows were read, because the table is large"
    yield from (f"{_named(profile.target)}: {note}" for note in profile.target.notes)
    yield from _about(profile.kept, ("key", "event_time", "group"))
    for column in sorted(profile.kept, key=lambda each: -each.separation):
        yield from (f"{_named(column)}: {note}" for note in column.notes if "separat" in note)
    yield from _about(profile.kept, ("personal", "protected"))
    if plan.split == "time" and not plan.label_horizon:
        yield (
            "time.label_horizon is 0, because the newest rows have labels; if a label is known "
            f"only some {plan.period}s after its event, set it"
        )
    if profile.repeated_rows:
        yield f"{profile.repeated_rows:,} rows are equal to an earlier row in all columns"
    for column in profile.kept:
        if column.missing > MOSTLY_MISSING and column.role != "target":
            yield f"{_named(column)}: {column.missing:.1%} of the values are missing"
    left_out = [column for column in profile.columns if column.left_out]
    if left_out:
        yield f"{len(left_out)} columns are left out; see below why"


def _about(columns: Iterable[Column], roles: tuple[str, ...]) -> Iterator[str]:
    for column in columns:
        if column.role in roles:
            role = column.role.replace("_", " ")
            yield f"{_named(column)} is drafted as {role}: {'; '.join(column.notes)}"


def _named(column: Column) -> str:
    return f"`{column.name}`"


def _row(column: Column) -> str:
    cells = (
        column.name,
        readable(column.source) or "made by data.py",
        declared(column.type),
        "" if column.role == "feature" else column.role,
        f"{column.missing:.1%}" if column.missing else "",
        f"{column.distinct:,}",
        f"{column.separation:.2f}" if column.role in ("feature", "excluded", "protected") else "",
        "; ".join(describe(column)),
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """Return a text that stays in its cell of a table, and that Markdown shows as it is."""
    return readable(text).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
