"""The drafted files of `conf/`: those of the project, with the sections that the data decides."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from ...base.configuration import read_yaml
from ...base.settings import DEFAULT_METRIC, Problem, Table
from .data_file import is_renamed
from .evidence import number
from .layout import comment, quote
from .profile import Column, TableProfile
from .splitting import SplitPlan

ORDER = ("kind", "origin", "path", "table", "query", "address", "time")  # of the keys of a table
SECTION = re.compile(r"^[A-Za-z_]\w*:")
MOST_EVENTS = 100


def write_conf(
    conf: Path, profile: TableProfile, plan: SplitPlan, truth: pd.Series, *, select: bool
) -> dict[str, str]:
    """Return the text of each file of conf/ that changes, by its name.

    `select` says that data.py selects the window, so that the table must be read as a whole.
    """
    path = conf / "base.yml"
    values = read_yaml(path, "conf/base.yml")
    base = path.read_text(encoding="utf-8")
    tables = [*_tables(profile, select=select), *_other_tables(values.get("tables") or {}, profile)]
    base = replace_section(base, "tables", tables)
    base = replace_section(base, "time", _time(plan))
    base = _replace_scored_table(base, profile.name)
    base = replace_section(base, "model", _model(profile.problem, values.get("model") or {}))
    base = replace_section(base, "gate", _gate(profile, plan, truth))
    files = {"base.yml": base}
    if plan.as_of is not None:
        dev = (conf / "dev.yml").read_text(encoding="utf-8")
        files["dev.yml"] = replace_section(dev, "as_of", [f"as_of: {plan.as_of}"], keep=True)
    for name in ("test.yml", "prod.yml"):
        text = (conf / name).read_text(encoding="utf-8")
        if "time" in read_yaml(conf / name, f"conf/{name}"):
            files[name] = replace_section(text, "time", [])
    return files


def replace_section(text: str, key: str, lines: list[str], *, keep: bool = False) -> str:
    """Return YAML with other lines for a key at its top level, and for the comment above it.

    With `keep` the comment stays. A section that is missing is added at the end.
    """
    blocks = _split(text)
    own = [number for number, block in enumerate(blocks) if _key_of(block) == key]
    if not own:
        return text.rstrip("\n") + "\n\n" + "\n".join(lines) + "\n" if lines else text
    if keep:
        lines = [*(line for line in blocks[own[0]] if line.startswith("#")), *lines]
    blocks[own[0]] = [*lines, ""] if lines else []
    return "\n".join(line for block in blocks for line in block).rstrip("\n") + "\n"


def _split(text: str) -> list[list[str]]:
    """Return the lines of YAML in blocks: one for each top-level key, with the comment above it."""
    blocks: list[list[str]] = [[]]
    comments: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            comments.append(line)
        elif SECTION.match(line):
            blocks.append([*comments, line])
            comments = []
        else:
            blocks[-1] += [*comments, line]
            comments = []
    blocks[-1] += comments
    return blocks


def _key_of(block: list[str]) -> str:
    return next((line.partition(":")[0] for line in block if SECTION.match(line)), "")


def _replace_scored_table(text: str, name: str) -> str:
    blocks = _split(text)
    for block in blocks:
        if _key_of(block) == "scoring":
            block[:] = [re.sub(r"^(\s+table:).*", rf"\1 {name}", line) for line in block]
    return "\n".join(line for block in blocks for line in block) + "\n"


def _tables(profile: TableProfile, *, select: bool) -> list[str]:
    table = profile.table
    event_time = profile.event_time
    update: dict[str, Any] = {"time": None}
    about = (
        "data.py reads a table by its name; only conf/ says where its rows are. `origin` says how "
        "real they are, from `synthetic` through `masked` to `production`: a version cannot be "
        "promoted where the tables are more real than the rows it was trained on."
    )
    if event_time is not None and not select:
        update["time"] = event_time.source
        about += " `time` is the column that selects the rows of a window."
    if table.kind == "files":
        update["text"] = tuple(dict.fromkeys((*table.text, *_read_as_text(profile))))
    keys = _dump(table.model_copy(update=update))
    return ["tables:", *_about(about), f"  {profile.name}:", *(f"    {line}" for line in keys)]


def _other_tables(tables: Mapping[str, Any], profile: TableProfile) -> list[str]:
    """Return the lines of the tables that stay: all but those of the example."""
    others = {
        name: table
        for name, table in tables.items()
        if name != profile.name and table.get("kind") != "synthetic"
    }
    if not others:
        return []
    text = yaml.safe_dump(others, sort_keys=False, allow_unicode=True, width=90)
    return [f"  {line}" for line in text.splitlines()]


def _about(text: str, level: int = 1) -> list[str]:
    """Return a comment on the next key of a section."""
    return comment([text], "  " * level)


def _read_as_text(profile: TableProfile) -> list[str]:
    """Return the columns that a reader of CSV must not turn into numbers, but does not know."""
    if profile.table.path.endswith(".parquet"):
        return []
    return [column.source for column in profile.kept if column.source and _must_be_text(column)]


def _must_be_text(column: Column) -> bool:
    if column.role == "target":
        return False
    return (column.type == "str" and is_renamed(column)) or column.date_format == "%Y%m%d"


def _dump(table: Table) -> list[str]:
    """Return the keys of a table that differ from the defaults, as lines of YAML."""
    values = table.model_dump(mode="json", exclude_defaults=True)
    order = [*(key for key in ORDER if key in values), *(k for k in values if k not in ORDER)]
    ordered = {key: values[key] for key in order}
    text = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=90)
    return text.splitlines()


def _time(plan: SplitPlan) -> list[str]:
    if plan.split != "time":
        return [
            "time:",
            f"  split: {plan.split}",
            f"  reason: {plan.reason}",
            *_about("Seven parts to train on, three for the gate."),
            f"  train: {plan.train}",
            f"  gate: {plan.gate}",
        ]
    unit = f"{plan.period}s"
    return [
        "time:",
        *_about(
            f"The gate judges a version on {unit} after those it was trained on, as in real use."
        ),
        "  split: time",
        f"  period: {plan.period}",
        *_about(f"All complete {unit} before the gate window; fewer if old rows mislead."),
        f"  train: {plan.train}",
        *_about(f"These {unit} have about {plan.events:,} events."),
        f"  gate: {plan.gate}",
        *_about(
            f"How many {unit} it takes until a label is known. The table shows it only by newest "
            "rows without a label: correct it."
        ),
        f"  label_horizon: {plan.label_horizon}",
    ]


def _model(problem: Problem, values: Mapping[str, Any]) -> list[str]:
    """Return the section `model` with the seed and the parameters that it has."""
    params = yaml.safe_dump(values.get("params") or {}, default_flow_style=True, width=1_000)
    lines = [
        "model:",
        *_about("The seed of everything random, so that the same rows give the same model."),
        f"  seed: {values.get('seed', 7)}",
        *_about("Overrides entries of DEFAULTS in model.py, such as `max_iter: 400`."),
        f"  params: {params.strip()}",
    ]
    if problem != "binary":
        return lines
    return [
        *lines,
        *_about(
            "At this probability or above, the decision is true. Choose it by what the two kinds "
            "of errors cost."
        ),
        "  cutoff: 0.5",
    ]


def _gate(profile: TableProfile, plan: SplitPlan, truth: pd.Series) -> list[str]:
    """Return the section `gate`, with thresholds that a constant prediction does not reach."""
    kind = "rows" if profile.problem == "regression" else "rows of the rarest class"
    rows = plan.events if profile.problem == "regression" else round(len(truth) * 0.3)
    return [
        "gate:",
        f"  metric: {DEFAULT_METRIC[profile.problem]}",
        "  thresholds:",
        *_thresholds(profile, truth),
        *_about(
            "`auto`: a version with the same code must not be worse, one with new code must be "
            "better."
        ),
        "  comparison: auto",
        *_about('How much loss still counts as "not worse": two equal models differ by chance.'),
        f"  margin: {_margin(rows)}",
        *_about(f"About {plan.events:,} {kind} are held out. With too few, metrics are chance."),
        f"  min_events: {_min_events(plan.events)}",
        *_about(
            "How many versions may be tried on the same window; with enough attempts one passes by "
            "luck."
        ),
        "  attempts: 10",
    ]


def _thresholds(profile: TableProfile, truth: pd.Series) -> list[str]:
    known = truth.dropna()
    easy = "the model knows something it should not know, or the problem is easy: then raise it."
    if profile.problem == "regression":
        error = float(np.abs(known - known.mean()).mean())
        return [
            *_about(f"Predicting the average gives 0. Above `suspicious_above`, {easy}", 2),
            _limit("r2", min=0.1, suspicious_above=0.9),
            *_about(
                f"The mean error; predicting the average for everyone gives {number(error)}.", 2
            ),
            _limit("mae", max=_short(error)),
        ]
    shares = known.value_counts(normalize=True)
    if profile.problem == "multiclass":
        guess = float(shares.iloc[0])
        least = round(guess + 0.2 * (1 - guess), 2)
        most = _short(max(0.9, (1 + least) / 2))
        frequent = quote(str(shares.index[0]))
        return [
            *_about(f"Always predicting {frequent} gives {guess:.2f}. Above {most}, {easy}", 2),
            _limit("accuracy", min=least, suspicious_above=most),
        ]
    share = float(known.mean())
    error = _short(share * (1 - share))
    return [
        *_about(f"Guessing gives 0.5. Above 0.95, {easy}", 2),
        _limit("auc", min=0.6, suspicious_above=0.95),
        *_about(
            f"Errors of the probabilities; the average for everyone gives {error}. The limit is "
            "higher, because chance must not break it: the gate also tests their level.",
            2,
        ),
        _limit("brier", max=_short(1.1 * share * (1 - share))),
    ]


def _limit(metric: str, **bounds: float) -> str:
    """Return the line of a metric with its bounds."""
    listed = ", ".join(f"{name}: {bound}" for name, bound in bounds.items())
    return f"    {metric}: " + "{" + listed + "}"


def _short(value: float) -> float:
    """Return a number with three digits."""
    return float(f"{value:.3g}")


def _min_events(expected: int) -> int:
    """Return a number of events that nearly every split with so many expected ones has."""
    return max(1, min(MOST_EVENTS, int(expected - 2 * expected**0.5)))


def _margin(rows: int) -> float:
    """Return by how much two equal models differ, with so many rows in the gate window."""
    if rows >= 1_000:
        return 0.02
    return 0.03 if rows >= 250 else 0.05
