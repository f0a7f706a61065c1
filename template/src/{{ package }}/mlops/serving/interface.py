"""The page `/docs`, which describes the interface of `serve` and needs nothing from elsewhere."""

from typing import Any, NamedTuple

from ..pages.templates import fill
from .rows import RowParser

PATHS = (
    ("POST /predict", "predictions of rows, in order"),
    ("GET /health", "200 while the process is running"),
    ("GET /ready", "200 while /predict answers, 503 while the model is paused"),
    ("GET /model", "which version answers, and what keeps a newer one away"),
    ("GET /metrics", "metrics for Prometheus"),
)
LIMITS = {  # keys of JSON Schema
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}


class FieldFacts(NamedTuple):
    """A field of a row, as the page shows it."""

    name: str
    """Its name."""
    type: str
    """Its types, such as `number or null`."""
    required: str
    """`yes` or `no`."""
    limits: str
    """Such as `at least 1, at most 480`; may be empty."""
    description: str
    """From `schema.py`; may be empty."""


def interface_page(name: str, version: int, parser: RowParser) -> str:
    """Return the page of a version."""
    fields = _fields(parser.json_schema())
    return fill("interface.html", title=name, version=version, paths=PATHS, fields=fields)


def _fields(schema: Any) -> list[FieldFacts]:  # of JSON
    row = schema["properties"]["rows"]["items"]
    found = []
    for name, field in row["properties"].items():
        kinds = field.get("anyOf", [field])
        limits = {key: value for kind in kinds for key, value in kind.items() if key in LIMITS}
        found.append(
            FieldFacts(
                name=name,
                type=" or ".join(str(kind.get("type", "any")) for kind in kinds),
                required="yes" if name in row.get("required", []) else "no",
                limits=", ".join(f"{LIMITS[key]} {value}" for key, value in limits.items()),
                description=str(field.get("description", "")),
            )
        )
    return found
