"""Write a table of schema.py as an Ab Initio record format: how a graph delivers its file."""

from collections.abc import Mapping
from typing import Any

TYPES = {  # of a field that a delimiter ends
    "int64": 'decimal("{}")',
    "float64": 'decimal("{}")',
    "bool": 'decimal("{}")',  # 1 or 0: the format has no truth values
    "str": 'utf8 string("{}")',
    "datetime": 'datetime("YYYY-MM-DD HH24:MI:SS")("{}")',
}


def record_format(side: Any, comments: Mapping[str, str]) -> str:
    """Return the record format of a file with pipes, whose first line names the fields."""
    columns = side.model.to_schema().columns
    *_, last = side.types
    lines = []
    for name, kind in side.types.items():
        type_ = TYPES[kind].format("\\n" if name == last else "|")
        empty = ' = NULL("")' if columns[name].nullable else ""
        comment = f"  // {comments[name]}" if comments[name] else ""
        lines.append(f"  {type_} {name}{empty};{comment}")
    return "\n".join(["record", *lines, "end;"]) + "\n"
