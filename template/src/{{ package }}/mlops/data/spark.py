"""Tables of kind `spark`: rows that stay on a Spark, whose workers run the same code on them.

A worker gets Arrow batches of at most `scoring.batch_rows` rows, and gives back what a function
makes of each, pickled: predictions, counts, or the rows themselves where a command needs them.
"""

import contextlib
import io
import logging
import os
import pickle
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from ..base.console import collect_garbage_rarely
from ..base.errors import Misconfigured, MlopsError, Unreachable
from ..base.project import PACKAGE_ROOT, Project, import_extra
from ..base.windows import Window
from .files import unzoned
from .tables import Tables

SAID = re.compile(r"\[[A-Z_0-9.]{5,}\].*")
Function = Callable[[pd.DataFrame], Any]


def pieces(tables: Tables, name: str, window: Window | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of a window, brought here part by part."""
    with _told(name):
        frame = _frame(tables, name, window)
        yield unzoned(frame.limit(0).toArrow().to_pandas())
        yield from _run(frame, lambda rows: rows)


def map_pieces(
    tables: Tables, window: Window | None, folder: Path, work: Callable[[Path, pd.DataFrame], Any]
) -> Iterator[Any]:
    """Yield what `work` makes of each piece of the streamed table on Spark's workers.

    The workers get a copy of `folder`, such as the files of a version, and `work` gets its path.
    """
    name = tables.project.settings.streamed_table
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(shutil.make_archive(f"{scratch}/files", "zip", folder)).read_bytes()
    with _told(name):
        frame = _frame(tables, name, window)
        yield from _run(frame, lambda rows: work(_unpack(files), rows), at_once=True)


@contextlib.contextmanager
def started(project: Project) -> Iterator[None]:
    """Let Spark start beside what is done here, where the streamed table is Spark's.

    It takes seconds, in a process of its own. Raises Unreachable afterwards where it does not.
    """
    name, ready = project.settings.streamed_table, None
    with ThreadPoolExecutor() as aside:
        if Tables(project).table(name).kind == "spark":
            sessions = import_extra("pyspark.sql", "spark").SparkSession
            ready = None if sessions.getActiveSession() else aside.submit(_start, name)
        yield
        if ready:
            ready.result()


@cache  # a worker unpacks the same files once
def _unpack(files: bytes) -> Path:
    from pyspark import SparkFiles

    collect_garbage_rarely()
    folder = Path(tempfile.mkdtemp(dir=SparkFiles.getRootDirectory()))  # ends with the application
    zipfile.ZipFile(io.BytesIO(files)).extractall(folder)
    return folder


def _each(function: Function, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Do a worker's part; what ends a command in a sentence goes back as a result does."""
    for batch in batches:
        try:
            made = function(unzoned(batch.to_pandas()))
        except MlopsError as error:
            made = error
        yield pa.record_batch([pa.array([pickle.dumps(made)], pa.binary())], ["made"])


def _run(frame: Any, function: Function, *, at_once: bool = False) -> Iterator[Any]:
    from pyspark import StorageLevel
    from pyspark.sql.utils import is_remote

    made = frame.mapInArrow(partial(_each, function), "made binary")
    kept = at_once and not is_remote()  # whose iterator would start one part after the other
    if kept:
        made = made.persist(StorageLevel.DISK_ONLY)
        made.count()
    try:
        for row in made.toLocalIterator(prefetchPartitions=True):
            result = pickle.loads(row.made)  # noqa: S301 - our own workers pickled it
            if isinstance(result, MlopsError):
                raise result
            yield result
    finally:  # a session may outlive this command
        if kept:
            made.unpersist()


def _frame(tables: Tables, name: str, window: Window | None) -> Any:
    """Return Spark's plan of the rows: the columns and the window are left to Spark."""
    table, spark = tables.table(name), _session(tables, name)
    from pyspark.sql.functions import col, lit

    path = table.path if ":/" in table.path else str(tables.project.path(table.path))
    frame = spark.read.load(path) if table.path else spark.table(table.table)
    if window and table.time:
        time, kind = col(table.time), frame.select(table.time).schema[0].dataType
        if kind.typeName() == "string":
            time, kind = time.cast("timestamp_ntz"), "timestamp_ntz"
        start, end = (lit(str(moment)).cast(kind) for moment in (window.start, window.end))
        frame = frame.where((time >= start) & (time < end))
    return frame.select(*table.columns) if table.columns else frame


def _session(tables: Tables, name: str) -> Any:
    """Return the Spark that is there, else the one that Spark's own configuration names."""
    from pyspark import TaskContext
    from pyspark.sql import SparkSession

    streamed = tables.project.settings.streamed_table
    told = f"table {name} cannot be looked up by Spark's workers"
    Misconfigured.when(TaskContext.get(), f"{told}; let {streamed} be a view that joins it.")
    spark = SparkSession.getActiveSession() or _start(name)
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)  # it is told once
    spark.conf.set("spark.sql.session.timeZone", "UTC")  # as moments are read everywhere
    rows = tables.project.settings.scoring.batch_rows
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", rows)
    return spark


def _start(name: str) -> Any:
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    known = os.environ.get("PYTHONPATH", "")  # by which workers on this machine find this package
    os.environ["PYTHONPATH"] = f"{PACKAGE_ROOT.parent}{os.pathsep}{known}"
    kept = os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # for Java, and for all that it starts
    try:
        return SparkSession.builder.getOrCreate()
    except Exception as error:  # noqa: BLE001 - of Java, of Py4J, of gRPC
        remedy = "install Java 17 or newer, or mend Spark's own configuration"
        told = f"table {name}: no Spark answers ({_sentence(error)})"
        raise Unreachable(f"{told}; {remedy}.") from None
    finally:
        os.dup2(kept, 2)


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Tell in a sentence what Spark says; a defect of the project's code keeps its traceback."""
    pyspark_error = import_extra("pyspark", "spark").errors.PySparkException
    java_error = import_extra("py4j.protocol", "spark").Py4JJavaError
    try:
        yield
    except (pyspark_error, java_error) as error:
        if "Python worker" in str(error):
            raise
        words = f"table {name}: Spark says: {_sentence(error)}; mend tables.{name}"
        raise MlopsError(f"{words}.") from None


def _sentence(error: Exception) -> str:
    line = SAID.search(str(error))  # Spark's own words, which begin with their [CONDITION]
    return line[0].partition(" SQLSTATE")[0].strip().rstrip(".") if line else type(error).__name__
