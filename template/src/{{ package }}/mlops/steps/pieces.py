"""The streamed table in pieces: read by today's data.py, cleaned by a version's own schema.

On one machine the pieces are processed one after the other. The rows of a table of kind `spark`
are not moved: Spark's workers process them in place, and only the results come back.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from ..base.errors import MlopsError, user_function
from ..base.project import Project, user_module
from ..base.windows import Window
from ..data import spark
from ..data.contract import Contract
from ..data.labelled_rows import in_window
from ..data.tables import Tables
from ..records.integrity import FilesChanged, VersionFiles, check_shape
from ..records.registry import LoadedVersion, Version, load_version

Subject = TypeVar("Subject", Version, LoadedVersion)
Result = TypeVar("Result")
PieceResult = tuple[Result | None, dict[str, int]]
"""A result, None without rows in the window; and how many rows without a time were left out."""


@dataclass(frozen=True)
class _OnWorker:
    """What a worker needs besides the files of the version, which `spark.map_pieces` copies."""

    project: Project = field(compare=False)
    """The project in one environment."""
    version: Version = field(compare=False)
    """The version, whose folder is elsewhere on the worker."""
    loads: bool
    """Whether the work needs the model as well."""


def work_on_pieces(
    project: Project,
    subject: Subject,
    window: Window | None,
    work: Callable[[Subject, pd.DataFrame], Result],
    undated: dict[str, int],
) -> Iterator[Result]:
    """Yield the result of `work` for each piece of cleaned rows.

    `subject` is the version whose schema cleans the rows, loaded if `work` predicts. `work` must be
    a function of a module, because Spark's workers unpickle it. How many rows are left out because
    their time is missing is added to `undated`, as in `LabelledRows.undated`. Raises MlopsError if
    the table has no rows in the window.
    """
    name = project.settings.streamed_table
    empty = True
    for result, left_out in _results(project, subject, window, work):
        for column, count in left_out.items():
            undated[column] = undated.get(column, 0) + count
        if result is not None:
            empty = False
            yield result
    if empty and window:
        raise MlopsError(
            f"table {name} has no rows in {window}; check the reference date, tables.{name} in "
            "conf/, and the filters in data.py."
        )
    if empty:
        raise MlopsError(
            f"table {name} has no rows; check tables.{name} in conf/, and the filters in data.py."
        )


def first_rows(
    project: Project, contract: Contract, window: Window | None, count: int
) -> pd.DataFrame | None:
    """Return up to `count` cleaned rows of the streamed table; None if it has none in the window.

    They are read here, also if the table's kind is `spark`.
    """
    name = project.settings.streamed_table
    for piece in _tables(project, contract).pieces(name, window):
        for part in (piece.head(count), piece):  # data.py may filter
            rows, _ = _clean_piece(project, contract, window, part)
            if rows is not None:
                return rows.head(count)
    return None


def _tables(project: Project, contract: Contract) -> Tables:
    return Tables(project, contract.text, nullable_times=contract.nullable_times)


def _results(
    project: Project,
    subject: Subject,
    window: Window | None,
    work: Callable[[Subject, pd.DataFrame], Result],
) -> Iterator[PieceResult[Result]]:
    """Yield the result of each piece, and last how many rows the streamed table has left out."""
    name = project.settings.streamed_table
    tables = _tables(project, subject.contract)
    if tables.table(name).kind == "spark":
        loads = isinstance(subject, LoadedVersion)
        version = subject.version if isinstance(subject, LoadedVersion) else subject
        shipped = _OnWorker(project, replace(version), loads)  # a copy without the cached contract
        job = partial(_work_on_worker, shipped, window, work)
        request = tables.request(name, window)
        tables.count_undated(request)
        yield from spark.map_pieces(request, version.folder, job)
    else:
        for piece in tables.pieces(name, window):
            yield _work_on_piece(project, window, work, subject, piece)
    yield None, tables.undated


def _work_on_worker(
    shipped: _OnWorker,
    window: Window | None,
    work: Callable[[Subject, pd.DataFrame], Result],
    folder: Path,
    piece: pd.DataFrame,
) -> PieceResult[Result]:
    subject: Subject = _subject_on_worker(shipped, folder)
    return _work_on_piece(shipped.project, window, work, subject, piece)


@cache  # a worker gets many pieces
def _subject_on_worker(shipped: _OnWorker, folder: Path) -> Any:  # what `work` takes
    version = replace(shipped.version, files=VersionFiles(folder))
    _check_files(folder, shipped.version.digest, f"{version} on a worker")
    if shipped.loads:
        return load_version(version, shipped.project.settings.trusted_types)
    return version


@cache  # only before the first import, which leaves bytecode in the folder
def _check_files(folder: Path, digest: str, version: str) -> None:
    """Raise FilesChanged unless the files on a worker are those that the command has sent."""
    check_shape(folder, version)
    if not VersionFiles(folder).has(digest):
        raise FilesChanged(
            f"the files of {version} are not those that this command has sent there; run it again, "
            "and if the message returns, find out who can write to the folders of Spark's workers."
        )


def _work_on_piece(
    project: Project,
    window: Window | None,
    work: Callable[[Subject, pd.DataFrame], Result],
    subject: Subject,
    piece: pd.DataFrame,
) -> PieceResult[Result]:
    """Return the result of `work` for a piece, and how many rows have no event time."""
    rows, undated = _clean_piece(project, subject.contract, window, piece)
    return (None if rows is None else work(subject, rows)), undated


def _clean_piece(
    project: Project, contract: Contract, window: Window | None, piece: pd.DataFrame
) -> PieceResult[pd.DataFrame]:
    """Return what data.py makes of a piece, cleaned, and how many rows have no event time."""
    name = project.settings.streamed_table
    nullable = contract.nullable_times
    tables = Tables(project, contract.text, {name: piece}, window, nullable)
    with user_function("data.inputs", contract.columns):
        raw = piece if piece.empty else user_module("data").inputs(tables, window)
    if raw.empty:  # data.py may filter
        return None, {}
    rows = contract.inputs.clean(raw.reset_index(drop=True), f"table {name}", tables.explain)
    kept, undated = in_window(rows, contract, window)
    return (None if kept.empty else kept), undated
