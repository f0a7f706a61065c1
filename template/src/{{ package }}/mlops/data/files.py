"""Tables of kind `files`: all files that match a pattern, Parquet or CSV."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from ..base.errors import MlopsError, reading
from . import control_files
from .contract import TEXT
from .file_formats import read_file
from .frames import with_columns
from .paths import TableFile, find_files, is_parquet
from .request import PLACE, TableRequest
from .times import read_times

BROKEN_ARCHIVE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def read_pieces(request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield the rows of all files in frames of at most `scoring.batch_rows` rows.

    Raises MlopsError if no file matches, if one cannot be read, lacks a column of an earlier one or
    disagrees with its control file.
    """
    name = request.name
    files = find_files(name, request.project, request.table.path)
    if request.table.control:
        control_files.verify(request, [file.path for file in files])
    known = set[str]()
    for file in files:
        remedy = f"replace the file, or correct tables.{name} in conf/"
        with reading(f"table {name}: {file.name}", remedy, *BROKEN_ARCHIVE):
            for frame in _read(file, request):
                if len(frame):
                    missing = sorted(known.difference(map(str, frame)))
                    if missing and not (is_parquet(file.path) or request.are_names(known)):
                        raise MlopsError(
                            f"table {name}: the first line of {file.name} is not that of an "
                            "earlier file, and neither has the name of a known column; ask whoever "
                            "delivers the table for files whose first line names the columns."
                        )
                    if missing:
                        raise MlopsError(
                            f"table {name}: {file.name} does not have all columns of an earlier "
                            f"file (missing: {', '.join(missing)}); ask whoever delivers the table "
                            "for a complete file."
                        )
                    known.update(map(str, frame))
                piece = read_times(frame, request, file.name)
                piece.attrs[PLACE] = file.name
                yield piece


def _read(file: TableFile, request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file, with the columns that the names of its folders state."""
    wanted = request.table.columns
    stated = {key: value for key, value in file.partition.items() if not wanted or key in wanted}
    if not stated:
        yield from read_file(file.path, request, file.name)
        return
    inside = tuple(column for column in wanted if column not in stated)
    table = request.table.model_copy(update={"columns": inside})
    for frame in read_file(file.path, replace(request, table=table), file.name):
        added = {key: value for key, value in stated.items() if key not in frame}
        complete = with_columns(frame, added).astype(dict.fromkeys(added, TEXT))
        yield complete[list(wanted)] if wanted else complete
