"""Tables of kind `delta`: a command reads one version of each, even if others write meanwhile."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from ..base.errors import reading
from ..base.project import Project, import_extra
from ..base.settings import Table
from .file_formats import scan
from .frames import drop_zones
from .request import TableRequest


def read_pieces(request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield the rows of a window in frames of at most `scoring.batch_rows` rows."""
    delta_error = import_extra("deltalake", "delta").exceptions.DeltaError
    remedy = f"correct tables.{request.name} in conf/, or the table"
    with reading(f"table {request.name}", remedy, delta_error):
        table = _open(request.project.root, request.name, request.table)
        for frame in scan(table.to_pyarrow_dataset(), request):
            yield drop_zones(frame)


def versions(project: Project) -> dict[str, dict[str, int]]:
    """Return the version of each Delta table, as this command reads it."""
    return {
        name: {"delta_version": _open(project.root, name, table).version()}
        for name, table in project.settings.tables.items()
        if table.kind == "delta"
    }


@cache  # so that a command reads the same version each time
def _open(root: Path, name: str, table: Table) -> Any:  # a type of an extra
    deltalake = import_extra("deltalake", "delta")
    path = table.path if "://" in table.path else str(root / table.path)
    where = f"table {name}: the Delta table {path}"
    remedy = f"correct tables.{name} in conf/, or the table"
    with reading(where, remedy, deltalake.exceptions.DeltaError):
        return deltalake.DeltaTable(path, version=table.version)
