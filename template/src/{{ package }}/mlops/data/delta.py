"""Tables of kind `delta`: a command reads one version of each, whoever writes meanwhile."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from ..base.errors import readable
from ..base.project import Project, import_extra
from ..base.settings import Table
from ..base.windows import Window
from .files import scan, unzoned
from .tables import Tables


def pieces(tables: Tables, name: str, window: Window | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of a window in frames of at most `scoring.batch_rows`."""
    project, table = tables.project, tables.table(name)
    with readable(f"table {name}", import_extra("deltalake", "delta").exceptions.DeltaError):
        dataset = _open(project.root, name, table).to_pyarrow_dataset()
        for frame in scan(dataset, table, window, project.settings.scoring.batch_rows):
            yield unzoned(frame)  # Delta keeps moments in UTC


def versions(project: Project) -> dict[str, dict[str, int]]:
    """Return the version of each Delta table, as this command reads it."""
    tables = ((n, t) for n, t in project.settings.tables.items() if t.kind == "delta")
    return {n: {"delta_version": _open(project.root, n, t).version()} for n, t in tables}


@cache
def _open(root: Path, name: str, table: Table) -> Any:
    deltalake = import_extra("deltalake", "delta")
    path = table.path if "://" in table.path else str(root / table.path)
    with readable(f"table {name}: the Delta table {path}", deltalake.exceptions.DeltaError):
        return deltalake.DeltaTable(path, version=table.version)
