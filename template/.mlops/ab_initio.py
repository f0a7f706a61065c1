"""Write a table of schema.py as an Ab Initio record format, for graphs that deliver its file."""

from collections.abc import Mapping
from typing import Any

TYPES = {  # of a field that ends with a delimiter
    "int64": 'decimal("{}")',
    "float64": 'decimal("{}")',
    "bool": 'decimal("{}")',  # 1 or 0: the format has no Boolean type
    "str": 'utf8 string("{}")',
    "datetime": 'datetime("YYYY-MM-DD HH24:MI:SS")("{}")',
}


def record_format(side: Any, comments: Mapping[str, str]) -> str:
    """Return the record format of a file with pipes as delimiters and a header line."""
    columns = side.model.to_schema().columns
    *_, last = side.types
    lines = []
    for name, kind in side.types.items():
        delimiter = "\\n" if name == last else "|"
        field_type = TYPES[kind].format(delimiter)
        default = ' = NULL("")' if columns[name].nullable else ""
        comment = f"  // {comments[name]}" if comments[name] else ""
        lines.append(f"  {field_type} {name}{default};{comment}")
    return "\n".join(["record", *lines, "end;"]) + "\n"
