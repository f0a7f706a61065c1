"""Write what schema.py asks of each table for those who deliver it, in their own words.

`build/contract/` gets, for `Inputs` and for `Labels`, a JSON Schema of one row and the SQL of a
table; ab_initio.py, where the project has it, adds a record format. What a dialect cannot say of a
check is a comment.
"""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path("build/contract")
TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"  # without a zone, as we read it
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
    """Write the files and name them."""
    mlops = f"{next(Path('src').glob('*/mlops')).parent.name}.mlops"
    project = import_module(f"{mlops}.base.project")
    problem = project.open_project("dev").settings.problem
    contract = import_module(f"{mlops}.data.contract").read_contract(
        project.user_module("schema"), problem
    )
    FOLDER.mkdir(parents=True, exist_ok=True)
    for side in (contract.inputs, contract.labels):
        for ending, write in WRITERS.items():
            file = FOLDER / f"{side.name.lower()}{ending}"
            file.write_text(write(side), encoding="utf-8")
            print(file.as_posix())
    return 0


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
    found: dict[str, Any] = dict(JSON_TYPES[kind])
    for name, value in _bounds(field):
        keyword = BOUNDS[name][0]
        found[keyword] = {"enum": value} if keyword == "not" else value
    if not field.nullable:
        return found | _comment(field)
    return {"anyOf": [found, {"type": "null"}], **_comment(field)}


def _comment(field: Any) -> dict[str, str]:
    """Return the column's role, and the checks that only our own program makes."""
    role, others = (field.metadata or {}).get("role"), [check.name for check in _others(field)]
    words = [f"role: {role}"] if role else []
    words += [f"also checked: {', '.join(map(str, others))}"] if others else []
    return {"$comment": "; ".join(words)} if words else {}


def table(side: Any) -> str:
    """Return the SQL that makes the table."""
    fields, lines = side.model.to_schema().columns, []
    for name, kind in side.types.items():
        needed = "" if fields[name].nullable else " NOT NULL"
        tests = [f'"{name}" {BOUNDS[check][1]} {_literal(v)}' for check, v in _bounds(fields[name])]
        checks = f" CHECK ({' AND '.join(tests)})" if tests else ""
        said = _comment(fields[name]).get("$comment")
        lines.append((f'"{name}" {SQL_TYPES[kind]}{needed}{checks}', said))
    keys = ", ".join(f'"{key}"' for key in side.roles["key"])
    lines.append((f"PRIMARY KEY ({keys})", None))
    return f'CREATE TABLE "{side.name.lower()}" (\n{_joined(lines)}\n);\n'


def record_format(side: Any) -> str:
    """Return the Ab Initio record format of a file, where the project is fed by such graphs."""
    columns = side.model.to_schema().columns
    comments = {name: _comment(columns[name]).get("$comment", "") for name in side.types}
    return str(import_module("ab_initio").record_format(side, comments))


def _joined(lines: list[tuple[str, str | None]]) -> str:
    last = len(lines) - 1
    texts = (f"  {line}{',' if number < last else ''}" for number, (line, _) in enumerate(lines))
    comments = (f"  -- {comment}" if comment else "" for _, comment in lines)
    return "\n".join(map("".join, zip(texts, comments, strict=True)))


def _bounds(field: Any) -> Iterator[tuple[str, Any]]:
    """Yield the checks that JSON Schema and SQL know, with the value that they compare with."""
    for check in field.checks:
        facts = dict(check.statistics)
        if check.name == "in_range":
            for side, name in (("min", "greater_than"), ("max", "less_than")):
                equal = "_or_equal_to" if facts[f"include_{side}"] else ""
                yield f"{name}{equal}", facts[f"{side}_value"]
        elif check.name in BOUNDS:
            value = next(iter(facts.values()))
            yield check.name, list(value) if check.name in ("isin", "notin") else value


def _others(field: Any) -> list[Any]:
    return [check for check in field.checks if check.name not in (*BOUNDS, "in_range")]


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"({', '.join(map(_literal, value))})"
    if isinstance(value, (str, datetime)):
        return "'" + str(value).replace("'", "''") + "'"
    return str(value).upper() if isinstance(value, bool) else str(value)


WRITERS: dict[str, Callable[[Any], str]] = {
    ".schema.json": json_schema,
    ".sql": table,
}
if Path(__file__).with_name("ab_initio.py").exists():
    WRITERS[".dml"] = record_format

if __name__ == "__main__":
    sys.exit(main())
