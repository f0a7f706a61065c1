"""Write the data contract in schema.py for those who deliver the tables, in formats that they use.

`build/contract/` receives a page that lists the columns of `Inputs` and of `Labels`, and for each a
JSON Schema of one row and a CREATE TABLE statement in SQL; ab_initio.py, where the project has it,
adds a record format. A check that a format cannot express is a comment.

What a program cannot check is in docs/data-contract.md. It is compared with the tables of conf/.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path("build/contract")
PAGE = Path("docs/data-contract.md")
# A time without a zone, as the platform reads it.
TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"
JSON_TYPES: dict[str, dict[str, str]] = {
    "int64": {"type": "integer"},
    "float64": {"type": "number"},
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "datetime": {"type": "string", "pattern": TIME},
}
SQL_TYPES = {
    "int64": "BIGINT",
    "float64": "DOUBLE PRECISION",
    "bool": "BOOLEAN",
    "str": "TEXT",
    "datetime": "TIMESTAMP",
}
BOUNDS = {  # pandera's name of a check: JSON Schema's keyword, and SQL's operator
    "greater_than": ("exclusiveMinimum", ">"),
    "greater_than_or_equal_to": ("minimum", ">="),
    "less_than": ("exclusiveMaximum", "<"),
    "less_than_or_equal_to": ("maximum", "<="),
    "equal_to": ("const", "="),
    "isin": ("enum", "IN"),
    "notin": ("not", "NOT IN"),
}


def main() -> int:
    """Write the files and print their names; report what docs/data-contract.md lacks."""
    package = next(Path("src").glob("*/mlops")).parent.name
    project = import_module(f"{package}.mlops.base.project")
    contracts = import_module(f"{package}.mlops.data.contract")
    settings = project.open_project("dev").settings
    contract = contracts.read_contract(project.user_module("schema"), settings.problem)
    sides = (contract.inputs, contract.labels)
    texts = {"columns.md": "\n".join(["# Columns\n", *map(list_columns, sides)])}
    for side in sides:
        for ending, write in WRITERS.items():
            texts[f"{side.name.lower()}{ending}"] = write(side)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print((FOLDER / name).as_posix())
    if PAGE.is_file():
        for difference in compare_tables(PAGE.read_text(encoding="utf-8"), list(settings.tables)):
            print(difference, file=sys.stderr)
    return 0


def compare_tables(page: str, configured: list[str]) -> Iterator[str]:
    """Yield a sentence for each table that only the page lists, or only conf/."""
    part = re.search(r"^## Tables\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    listed = re.findall(r"^\| `([^`]+)` \|", part[1], re.MULTILINE) if part else []
    for name in configured:
        if part and name not in listed:
            yield f"{PAGE}: the list of tables lacks {name}, which conf/ has; describe it there."
    for name in listed:
        if name not in configured:
            yield f"{PAGE}: the list of tables has {name}, which conf/ lacks; remove it there."


def list_columns(side: Any) -> str:
    """Return the columns of a table as a person reads them."""
    fields = side.model.to_schema().columns
    lines = [
        f"## {side.name}\n",
        f"{(side.model.__doc__ or '').strip()}\n",
        "| column | type | role | may be missing | allowed |",
        "|---|---|---|---|---|",
    ]
    for name, kind in side.types.items():
        field = fields[name]
        role = (field.metadata or {}).get("role", "")
        missing = "yes" if field.nullable else "no"
        allowed = [f"{BOUNDS[check][1]} {_literal(value)}" for check, value in _bounds(field)]
        allowed += _other_checks(field)
        cells = [f"`{name}`", kind, role, missing, " and ".join(allowed)]
        escaped = [cell.replace("|", r"\|") for cell in cells]
        lines.append(f"| {' | '.join(escaped)} |")
    return "\n".join(lines) + "\n"


def json_schema(side: Any) -> str:
    """Return the JSON Schema of one row."""
    fields = side.model.to_schema().columns
    properties = {name: _property(fields[name], kind) for name, kind in side.types.items()}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": side.name,
        "description": (side.model.__doc__ or "").strip(),
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }
    return json.dumps(schema, indent=2, default=str) + "\n"


def _property(field: Any, kind: str) -> dict[str, Any]:
    """Return the JSON Schema of one column."""
    schema: dict[str, Any] = dict(JSON_TYPES[kind])
    for check, value in _bounds(field):
        keyword, _ = BOUNDS[check]
        schema[keyword] = {"enum": value} if keyword == "not" else value
    if field.nullable:
        schema = {"anyOf": [schema, {"type": "null"}]}
    comment = _comment(field)
    if comment:
        schema["$comment"] = comment
    return schema


def _comment(field: Any) -> str:
    """Return the role of a column, and the checks that only the platform makes."""
    parts = []
    role = (field.metadata or {}).get("role")
    if role:
        parts.append(f"role: {role}")
    if other_checks := _other_checks(field):
        parts.append(f"also checked: {', '.join(other_checks)}")
    return "; ".join(parts)


def _other_checks(field: Any) -> list[str]:
    """Return the names of the checks that only the platform makes."""
    return [str(check.name) for check in field.checks if check.name not in (*BOUNDS, "in_range")]


def create_table(side: Any) -> str:
    """Return the SQL that creates the table."""
    fields = side.model.to_schema().columns
    lines = []
    for name, kind in side.types.items():
        field = fields[name]
        not_null = "" if field.nullable else " NOT NULL"
        conditions = [
            f'"{name}" {BOUNDS[check][1]} {_literal(value)}' for check, value in _bounds(field)
        ]
        check = f" CHECK ({' AND '.join(conditions)})" if conditions else ""
        comment = f"  -- {_comment(field)}" if _comment(field) else ""
        lines.append(f'  "{name}" {SQL_TYPES[kind]}{not_null}{check},{comment}')
    keys = ", ".join(f'"{key}"' for key in side.roles["key"])
    lines.append(f"  PRIMARY KEY ({keys})")
    return "\n".join([f'CREATE TABLE "{side.name.lower()}" (', *lines, ");"]) + "\n"


def record_format(side: Any) -> str:
    """Return the Ab Initio record format of a file; only some projects have ab_initio.py."""
    columns = side.model.to_schema().columns
    comments = {name: _comment(columns[name]) for name in side.types}
    return str(import_module("ab_initio").record_format(side, comments))


def _bounds(field: Any) -> Iterator[tuple[str, Any]]:
    """Yield the checks that JSON Schema and SQL can express, with the value of each."""
    for check in field.checks:
        statistics = dict(check.statistics)
        if check.name == "in_range":
            for side, name in (("min", "greater_than"), ("max", "less_than")):
                or_equal = "_or_equal_to" if statistics[f"include_{side}"] else ""
                yield f"{name}{or_equal}", statistics[f"{side}_value"]
        elif check.name in BOUNDS:
            value = next(iter(statistics.values()))
            yield check.name, list(value) if check.name in ("isin", "notin") else value


def _literal(value: Any) -> str:
    """Return a value, or a list of values, as SQL writes it."""
    if isinstance(value, list):
        return f"({', '.join(map(_literal, value))})"
    if isinstance(value, (str, datetime)):
        return "'" + str(value).replace("'", "''") + "'"
    if isinstance(value, bool):
        return str(value).upper()
    return str(value)


WRITERS: dict[str, Callable[[Any], str]] = {
    ".schema.json": json_schema,
    ".sql": create_table,
}
if Path(__file__).with_name("ab_initio.py").exists():
    WRITERS[".dml"] = record_format

if __name__ == "__main__":
    sys.exit(main())
