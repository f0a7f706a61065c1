"""Tables of kind `spark`: the rows stay there, and Spark's workers run the same code on them.

A worker gets Arrow batches of at most `scoring.batch_rows` rows, and returns the pickled result of
a function for each: predictions, counts, or the rows themselves if a command needs them.
"""

import contextlib
import io
import logging
import os
import pickle
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from ..base.console import collect_garbage_rarely
from ..base.errors import Misconfigured, MlopsError, Unreachable
from ..base.project import PACKAGE_ROOT, Project, import_extra
from .frames import drop_zones
from .request import TableRequest

# pyspark is an extra, which mypy may not find: its sessions and frames are `Any`.

# Spark's own message, after its [CONDITION]; SQLSTATE follows it, and is 42 for names and syntax.
CONDITION = re.compile(r"(\[[A-Z_0-9.]{5,}\])(.*?)(?:SQLSTATE: (\w+)|$)", re.DOTALL)
Result = TypeVar("Result")  # what a function returns on a worker; it must be picklable


def read_pieces(request: TableRequest) -> Iterator[pd.DataFrame]:
    """Yield the rows of a window, brought here part by part."""
    with _readable_errors(request.name):
        frame = _frame(request)
        yield drop_zones(frame.limit(0).toArrow().to_pandas())
        yield from _run(frame, lambda rows: rows)


def count_undated(request: TableRequest) -> int:
    """Return the number of rows without a time, which no window selects."""
    with _readable_errors(request.name):
        frame = _load(request)
        time, _ = _time(frame, str(request.table.time))
        return int(frame.where(time.isNull()).count())


def map_pieces(
    request: TableRequest, folder: Path, function: Callable[[Path, pd.DataFrame], Result]
) -> Iterator[Result]:
    """Yield what a function returns for each piece of a table, on Spark's workers.

    The workers get a copy of `folder`, such as the files of a version; its path is the function's
    first argument.
    """
    files = _pack(folder)
    with _readable_errors(request.name):
        frame = _frame(request)
        yield from _run(frame, lambda rows: function(_unpack(files), rows), at_once=True)


@contextlib.contextmanager
def started(project: Project) -> Iterator[None]:
    """Start Spark in a thread while the body runs, if the streamed table is Spark's.

    It takes seconds. Raises Unreachable after the body if Spark does not start.
    """
    name = project.settings.streamed_table
    starting: Future[object] | None = None
    with ThreadPoolExecutor() as executor:
        if project.settings.tables[name].kind == "spark":
            sessions = import_extra("pyspark.sql", "spark").SparkSession
            if not sessions.getActiveSession():
                starting = executor.submit(_start, name)
        yield
        if starting is not None:
            starting.result()


def _pack(folder: Path) -> bytes:
    """Return a ZIP archive of a folder, without the bytecode that this process has cached in it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                files.write(path, path.relative_to(folder))
    return archive.getvalue()


@cache  # a worker unpacks the same files only once
def _unpack(files: bytes) -> Path:
    from pyspark import SparkFiles

    collect_garbage_rarely()
    # Spark deletes this folder when the application ends.
    folder = Path(tempfile.mkdtemp(dir=SparkFiles.getRootDirectory()))
    zipfile.ZipFile(io.BytesIO(files)).extractall(folder)
    return folder


def _run_on_worker(
    function: Callable[[pd.DataFrame], object], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Yield the pickled result of each batch; an MlopsError counts as a result."""
    for batch in batches:
        try:
            result: object = function(drop_zones(batch.to_pandas()))
        except MlopsError as error:
            result = error
        pickled = pa.array([pickle.dumps(result)], pa.binary())
        yield pa.record_batch([pickled], ["result"])


def _run(
    frame: Any, function: Callable[[pd.DataFrame], Result], *, at_once: bool = False
) -> Iterator[Result]:
    """Yield the results of all batches; `at_once` starts all partitions together."""
    from pyspark import StorageLevel
    from pyspark.sql.utils import is_remote

    results = frame.mapInArrow(partial(_run_on_worker, function), "result binary")
    # Without Spark Connect, the iterator would start one partition after the other.
    persisted = at_once and not is_remote()
    if persisted:
        results = results.persist(StorageLevel.DISK_ONLY)
        results.count()
    try:
        for row in results.toLocalIterator(prefetchPartitions=True):
            result = pickle.loads(row.result)  # noqa: S301 - our own workers pickled it
            if isinstance(result, MlopsError):
                raise result
            yield result
    finally:  # a session may outlive this command
        if persisted:
            results.unpersist()


def _load(request: TableRequest) -> Any:
    """Return Spark's plan of all rows."""
    table = request.table
    spark = _session(request)
    if not table.path:
        return spark.table(table.table)
    remote = ":/" in table.path
    return spark.read.load(table.path if remote else str(request.project.path(table.path)))


def _time(frame: Any, name: str) -> tuple[Any, Any]:
    """Return a column of times and its type; text is cast."""
    from pyspark.sql.functions import col

    kind = frame.select(name).schema[0].dataType
    if kind.typeName() != "string":
        return col(name), kind
    return col(name).cast("timestamp_ntz"), "timestamp_ntz"


def _frame(request: TableRequest) -> Any:
    """Return Spark's plan of the rows: Spark selects the columns and the window."""
    table = request.table
    frame = _load(request)
    if request.window and table.time:
        from pyspark.sql.functions import lit

        time, kind = _time(frame, table.time)
        start = lit(str(request.window.start)).cast(kind)
        end = lit(str(request.window.end)).cast(kind)
        frame = frame.where((time >= start) & (time < end))
    return frame.select(*table.columns) if table.columns else frame


def _session(request: TableRequest) -> Any:
    """Return the active Spark session, or else a new one by Spark's own configuration."""
    from pyspark import TaskContext
    from pyspark.sql import SparkSession

    if TaskContext.get():
        raise Misconfigured(
            f"table {request.name} cannot be read by Spark's workers; create a view in Spark that "
            f"joins it to {request.project.settings.streamed_table}, and name the view in "
            f"tables.{request.project.settings.streamed_table}.table."
        )
    spark = SparkSession.getActiveSession() or _start(request.name)
    # the error that is raised says the same as its log
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)
    spark.conf.set("spark.sql.session.timeZone", "UTC")  # as for all other tables
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", request.batch_rows)
    return spark


def _start(name: str) -> Any:
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    path = os.environ.get("PYTHONPATH", "")  # so that workers on this machine find this package
    os.environ["PYTHONPATH"] = f"{PACKAGE_ROOT.parent}{os.pathsep}{path}"
    stderr = os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # silences Java and all that it starts
    try:
        return SparkSession.builder.getOrCreate()
    except Exception as error:  # noqa: BLE001 - from Java, Py4J or gRPC
        raise Unreachable(
            f"table {name}: Spark does not answer ({_reason(error)}); install Java 17 or newer, or "
            "correct Spark's own configuration."
        ) from None
    finally:
        os.dup2(stderr, 2)


@contextlib.contextmanager
def _readable_errors(name: str) -> Iterator[None]:
    """Turn an error of Spark into a message; errors of the project's code keep their traceback."""
    pyspark_error = import_extra("pyspark", "spark").errors.PySparkException
    java_error = import_extra("py4j.protocol", "spark").Py4JJavaError
    try:
        yield
    except (pyspark_error, java_error) as error:
        if "Python worker" in str(error):
            raise
        raise MlopsError(
            f"table {name}: Spark reports: {_reason(error)}; correct tables.{name} in conf/, or "
            "ask whoever runs Spark."
        ) from None


def _reason(error: Exception) -> str:
    """Return Spark's own message in an error, or else the error's type; never a value of a row.

    Of an error that is not about names or the syntax, it is only the condition and the SQLSTATE.
    """
    found = CONDITION.search(str(error))
    if found is None:
        return type(error).__name__
    condition, message, state = found[1], found[2], found[3] or ""
    if not state.startswith("42"):
        return f"{condition} {state}".rstrip()
    first_line = re.sub("'.*'", "'…'", message, flags=re.DOTALL).strip().split("\n", maxsplit=1)[0]
    return f"{condition} {first_line}".rstrip(". ")
