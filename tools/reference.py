"""Write into docs/reference/ what the code says about settings, commands, questions and records.

The prose of these pages is written by hand. What stands between two comments is not: the first
says what is listed, `<!-- settings: as_of time -->`, and the second is `<!-- end -->`.
`./nox -s reference` writes it again. tests/test_reference.py fails if a page differs from the code,
or if a setting, a command, a question or a record is on no page.
"""

import argparse
import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from typer.main import get_command

from tools.fields import PLATFORM, ROOT, Field, bounds_in_words, one_line, platform, read_source

PAGES = sorted((ROOT / "docs/reference").glob("*.md"))
BLOCK = re.compile(
    r"^(<!-- (?!end )(\w+)(?:: ([^\n]+))? -->\n).*?(?=^<!-- end -->$)", re.MULTILINE | re.DOTALL
)
DEFAULT = re.compile(r"(?:^| )Default: (.+)\.$")

SETTINGS = read_source([PLATFORM / "base/settings.py"])
RECORDS = (
    "base/console",
    "base/settings",
    "figures/calibration",
    "figures/decision",
    "figures/delivery",
    "figures/diagnostics",
    "figures/domain",
    "figures/drift",
    "figures/profile",
    "records/anchor",
    "records/card",
    "records/details",
    "records/entry",
    "records/evidence",
    "records/lineage",
    "records/monitoring",
    "records/predictions",
)
STORED = read_source((PLATFORM / f"{name}.py" for name in RECORDS), without_base=("BuildFacts",))
NAMED = {"tables": "name", "thresholds": "metric"}  # what the keys of a mapping are
UNITS = {  # the types in base/settings.py that are a unit
    "Bytes": "in bytes",
    "Hours": "in hours",
    "MetricUnits": "in the metric's unit",
    "Milliseconds": "in milliseconds",
    "Periods": "in periods",
    "Probability": "a probability",
    "Psi": "a PSI",
    "Rows": "in rows",
    "Seconds": "in seconds",
    "Share": "a share",
    "Times": "a multiple",
    "Versions": "in versions",
}


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    columns = list(header)
    lines = [_line(columns), "|---" * len(columns) + "|\n", *map(_line, rows)]
    return "".join(lines)


def _line(cells: Iterable[str]) -> str:
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in escaped) + "\n"


# Settings


def settings(names: str) -> str:
    """Return the table of some keys at the top of conf/, each with all keys below it."""
    header = ("setting, type and unit", "default", "meaning and environment variable")
    fields = {field.name: field for field in SETTINGS.fields("Settings")}
    return table(header, (row for name in names.split() for row in keys(fields[name], "")))


def keys(field: Field, above: str) -> Iterator[tuple[str, ...]]:
    """Yield the row of a key, or those of the keys below it."""
    key = f"{above}{field.name}"
    kind = ast.unparse(field.type)
    section = re.fullmatch(r"(dict\[str, )?(\w+)\]?", kind)
    if section and section[2] in SETTINGS.classes:
        named = f".<{NAMED[field.name]}>" if section[1] else ""
        for below in SETTINGS.fields(section[2]):
            yield from keys(below, f"{key}{named}.")
        return
    meaning, default = split_default(field.meaning)
    variable = f"MLOPS_{key.upper().replace('.', '__')}"
    units = [unit for name, unit in UNITS.items() if re.search(rf"\b{name}\b", kind)]
    described = (SETTINGS.in_words(field.type), bounds_in_words(field.bounds), *units)
    yield (
        f"`{key}`<br>{', '.join(filter(None, described))}",
        default or in_yaml(field),
        f"{meaning}<br>`{variable}`",
    )


def split_default(meaning: str) -> tuple[str, str]:
    """Return a meaning without the sentence `Default: …` at its end, and what that says."""
    return DEFAULT.sub("", meaning), "".join(DEFAULT.findall(meaning))


def in_yaml(field: Field) -> str:
    """Return a field's default as YAML writes it; empty if there is nothing to write."""
    if field.default is None:
        return "required"
    try:
        default = ast.literal_eval(field.default)
    except ValueError:  # float("inf"): no limit
        return ""
    if default in (None, ""):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{list(default) if isinstance(default, tuple) else default}`"


# Commands


@cache
def program() -> Any:  # Any: Typer's classes of commands differ from version to version
    """Return the program of a project, with its commands."""
    return get_command(platform("cli").app)


def commands(_: str) -> str:
    """Return the table of all commands, each with the first paragraph of its help."""
    rows = []
    panel = ""
    for name, each in program().commands.items():
        first = "" if each.rich_help_panel == panel else each.rich_help_panel
        panel = each.rich_help_panel
        rows.append((first, f"[`{name}`](#{name})", paragraphs(each.help)[0]))
    return table(("", "command", "what it does"), rows)


def command(name: str) -> str:
    """Return the usage of a command, its help, its own arguments and options, and exit codes."""
    described = program().commands[name]
    own = [each for each in described.params if each.opts[0] not in shared_options()]
    usage = " ".join(["loan-risk", name, *map(in_usage, own)])
    parts = [f"```\n{usage}\n```", *paragraphs(described.help)]
    if own:
        parts.append(parameters(own).rstrip())
    return "\n\n".join([*parts, *paragraphs(described.epilog or "")]) + "\n"


def options(_: str) -> str:
    """Return the table of the options that all commands have."""
    first = next(iter(program().commands.values()))
    return parameters([each for each in first.params if each.opts[0] in shared_options()])


@cache
def shared_options() -> set[str]:
    """Return the options that all commands have."""
    taken = [{each.opts[0] for each in one.params} for one in program().commands.values()]
    return {name for name in set.intersection(*taken) if name.startswith("--")}


def in_usage(parameter: Any) -> str:
    """Return a parameter as the first line of a help shows it: `[--as-of YYYY-MM-DD]`."""
    written = " ".join(filter(None, (option_name(parameter), parameter.metavar)))
    return written if parameter.required else f"[{written}]"


def option_name(parameter: Any) -> str:
    """Return the name of an option; empty for an argument."""
    name: str = parameter.opts[0]
    return name if name.startswith("--") else ""


def parameters(given: Iterable[Any]) -> str:
    """Return the table of arguments and options."""
    rows = []
    for each in given:
        meaning, default = split_default(one_line(each.help))
        if each.required:
            default = "required"
        elif not default and each.default not in (None, "") and each.default is not False:
            default = f"`{each.default}`"
        if each.envvar:
            meaning += f" The variable `{each.envvar}` sets it, too."
        rows.append((f"`{in_usage(each).strip('[]')}`", default, meaning))
    return table(("argument or option", "default", "meaning"), rows)


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text, each in one line."""
    return [one_line(each) for each in text.split("\n\n") if each.strip()]


# Records


def records(names: str) -> str:
    """Return what each of some records is, and its fields."""
    return "\n".join(record(name) for name in names.split())


def record(name: str) -> str:
    """Return what a record is, with its format and command, and its own fields."""
    described = STORED.classes[name]
    lines = described.meaning.split("\n")
    if number := described.constants.get("FORMAT"):
        lines[0] += f" Its format is {number}."
    if writer := described.constants.get("COMMAND"):
        lines[0] += f" Its `command` is `{writer}`."
    above = [f"[{base}](#{base.lower()})" for base in described.bases if base in STORED.classes]
    if above:
        lines.append(f"It also has the fields of {' and '.join(above)}.")
    text = f"### {name}\n\n" + "\n\n".join(lines) + "\n"
    rows = [
        (
            f"`{each.bounds.get('alias', each.name)}`",
            STORED.in_words(each.type, null=True),
            re.sub(r"\bNone\b", "`null`", each.meaning),
        )
        for each in described.fields
        if not each.bounds.get("exclude")  # computed when the record is read
    ]
    return text + ("\n" + table(("field", "type", "meaning"), rows) if rows else "")


# Questions


def questions(_: str) -> str:
    """Return the table of the questions in copier.yml that Copier asks."""
    documents = yaml.safe_load_all((ROOT / "copier.yml").read_text(encoding="utf-8"))
    written = {name: part for document in documents for name, part in document.items()}
    shown_questions = {
        name: question
        for name, question in written.items()
        if not name.startswith("_") and question.get("when") is not False
    }
    header = ("question", "what it asks", "answers", "default", "fixed")
    return table(
        header, (question_row(name, question) for name, question in shown_questions.items())
    )


def question_row(name: str, question: dict[str, Any]) -> tuple[str, ...]:
    """Return the row of a question; its validators say what a text must be, and what is fixed."""
    choices = {
        label.removesuffix(f" ({value_of(choice)})"): value_of(choice)
        for label, choice in question.get("choices", {}).items()
    }
    validators = [question, *question.get("choices", {}).values()]
    refusals = one_line(" ".join(v["validator"] for v in validators if "validator" in v))
    answers = [f"`{value}`: {label}" for label, value in choices.items()]
    answers += re.findall(r"Write (.+?)\.(?= {%)", refusals)
    help_text = question["help"] + "".join(
        f" Asked only if {condition}." for condition in re.findall("asked only if (.+?);", refusals)
    )
    default = question["default"]
    is_computed = "_folder_name" in default
    return (
        f"`{name}`",
        help_text,
        "<br>".join(answers).replace("<credit@bank.example>", "`<credit@bank.example>`"),
        "from the folder's name" if is_computed else f"`{default}`",
        "yes" if "cannot change" in refusals else "no",
    )


def value_of(choice: str | dict[str, str]) -> str:
    """Return the answer that a choice stands for."""
    return choice["value"] if isinstance(choice, dict) else choice


BLOCKS: dict[str, Callable[[str], str]] = {
    "settings": settings,
    "commands": commands,
    "command": command,
    "options": options,
    "records": records,
    "questions": questions,
}


def page(text: str) -> str:
    """Return the text of a page with what the code says between its comments."""
    return BLOCK.sub(lambda block: f"{block[1]}\n{BLOCKS[block[2]](block[3] or '')}\n", text)


def listed(kind: str) -> list[str]:
    """Return what the comments of one kind list, on all pages."""
    blocks = [block for path in PAGES for block in BLOCK.findall(text_of(path))]
    return [names for _, written, names in blocks if written == kind]


def main() -> None:
    """Write the pages that differ from the code, or only name them."""
    parser = argparse.ArgumentParser(prog="python -m tools.reference", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the pages that differ")
    arguments = parser.parse_args()
    differing = [path for path in PAGES if page(text_of(path)) != text_of(path)]
    for path in differing:
        print(path.relative_to(ROOT))
        if arguments.write:
            path.write_text(page(text_of(path)), encoding="utf-8")
    if differing and not arguments.write:
        sys.exit("These pages differ from the code; run `./nox -s reference`.")


def text_of(path: Path) -> str:
    """Return the text of a page."""
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
