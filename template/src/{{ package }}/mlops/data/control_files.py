r"""Control files: what a sourcing job states about each file that it delivers.

A control file states `rows=660`, `sha256=…` (or sha512, sha1, md5) and perhaps
`delivered=2026-01-01T04:00`, each on its own line, or all on one line between pipes, commas or
semicolons.
"""

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from ..base.errors import MlopsError, reading
from ..base.settings import Table
from .file_formats import count_rows
from .paths import pattern_of
from .request import TableRequest

CHECKSUMS = ("sha256", "sha512", "sha1", "md5")
STATEMENT = re.compile(r"(\w+)[ \t]*=[ \t]*([^|,;\n]*[^|,;\s])")


def verify(request: TableRequest, paths: Sequence[Path]) -> None:
    """Compare every file with its control file, before any of its rows is used.

    Raises MlopsError if a file or its control file is missing, if they disagree, or if the newest
    delivery came too early to have all rows up to the window's end.
    """
    name = request.name
    table = request.table
    _refuse_missing_files(request, paths)
    deliveries = [_compare(name, table, path, path.stat().st_mtime_ns) for path in paths]
    if table.max_late is None or request.window is None:
        return
    newest = pd.Series(deliveries).max()
    due = request.window.end - pd.Timedelta(hours=table.max_late)
    if pd.isna(newest):
        raise MlopsError(
            f"table {name}: no control file states when its file was delivered (delivered=…), "
            f"which tables.{name}.max_late needs; ask whoever delivers the table to state it."
        )
    if newest < due:
        raise MlopsError(
            f"table {name} is late: its newest delivery is from {newest}, but "
            f"tables.{name}.max_late requires one from {due} or later; ask whoever delivers the "
            "table for a newer one."
        )


def _refuse_missing_files(request: TableRequest, paths: Sequence[Path]) -> None:
    """Raise MlopsError for a control file whose data file is missing."""
    name = request.name
    control_pattern = request.table.control
    before, star, after = control_pattern.partition("*")
    if not (star and after):
        return
    pattern = pattern_of(request.project, request.table.path)
    for control in sorted({each for path in paths for each in path.parent.glob(control_pattern)}):
        stem = control.name.removeprefix(before).removesuffix(after)
        data = control.with_name(f"{stem}{paths[0].suffix}")
        expected = data.match(pattern) or request.project.path(request.table.path) in data.parents
        if expected and not data.exists():
            raise MlopsError(
                f"table {name}: the control file {control.name} is there, but its data file "
                f"{data.name} is not; ask whoever delivers the table for the data file."
            )


@cache  # a command reads a table many times
def _compare(name: str, table: Table, path: Path, _modified: int) -> pd.Timestamp:
    """Compare a file with its control file; return when it was delivered, NaT if not stated."""
    control = path.parent / table.control.replace("*", path.stem)
    remedy = (
        f"correct tables.{name}.control in conf/, or ask whoever delivers the table for a correct "
        "control file"
    )
    with reading(f"table {name}: the control file {control.name}", remedy):
        text = control.read_text("utf-8", errors="replace")  # only ASCII in it counts
        stated = {key.lower(): value for key, value in STATEMENT.findall(text)}
        checksum = next((kind for kind in CHECKSUMS if kind in stated), "sha256")
        missing = ", ".join(sorted({"rows", checksum} - stated.keys()))
        if missing:
            raise MlopsError(
                f"table {name}: the control file {control.name} does not state {missing}; ask "
                "whoever delivers the table for a complete control file."
            )
        rows = int(stated["rows"])
        delivered = _moment(stated.get("delivered"))
    remedy = f"replace the file, or correct tables.{name} in conf/"
    with reading(f"table {name}: {path.name}", remedy), path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(checksum, usedforsecurity=False))
        count = count_rows(path, table)
    if count != rows:
        raise MlopsError(
            f"table {name}: {path.name} has {count} rows, but its control file {control.name} "
            f"states {rows}; ask whoever delivers the table to deliver both files again."
        )
    if digest.hexdigest() != stated[checksum].lower():
        raise MlopsError(
            f"table {name}: the {checksum} of {path.name} is not the one that its control file "
            f"{control.name} states; ask whoever delivers the table to deliver both files again."
        )
    return delivered


def _moment(stated: str | None) -> pd.Timestamp:
    """Return when a file was delivered; 01.02.2026 would be taken for 2 January, so it is refused.

    Raises ValueError for what is not as 2026-01-31T04:00.
    """
    moment: pd.Timestamp = pd.to_datetime(stated or "NaT", format="ISO8601")
    return moment.tz_localize(None)
