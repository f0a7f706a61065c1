"""Tables of kind `files`: all files that match a pattern, Parquet or CSV."""

import glob
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ..base.errors import MlopsError, reading
from . import control_files
from .file_formats import read_file
from .request import PLACE, TableRequest


def read_pieces(request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield the rows of all files in frames of at most `scoring.batch_rows` rows.

    Raises MlopsError if no file matches, if one cannot be read, lacks a column of an earlier one or
    disagrees with its control file.
    """
    name = request.name
    table = request.table
    paths = _find(str(request.project.path(table.path)))
    if not paths:
        raise MlopsError(
            f"table {name}: no file matches {table.path}; add one, or correct tables.{name}.path."
        )
    if table.control:
        control_files.verify(request, paths)
    known = set[str]()
    for path in paths:
        with reading(
            f"table {name}: {path.name}", f"replace the file, or correct tables.{name} in conf/"
        ):
            for frame in read_file(path, request):
                if len(frame):
                    missing = ", ".join(sorted(known.difference(map(str, frame))))
                    if missing:
                        raise MlopsError(
                            f"table {name}: {path.name} does not have all columns of an earlier "
                            f"file (missing: {missing}); ask whoever delivers the table for a "
                            "complete file."
                        )
                    known.update(map(str, frame))
                frame.attrs[PLACE] = path.name
                yield frame


def _find(pattern: str) -> list[Path]:
    """Return the files that match; Spark writes a folder of parts in place of each file."""
    paths: list[Path] = []
    for path in map(Path, sorted(glob.glob(pattern))):
        if path.is_dir():
            paths.extend(sorted(path.rglob("[!_.]*.parquet")))
        else:
            paths.append(path)
    return paths
