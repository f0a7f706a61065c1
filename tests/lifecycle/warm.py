"""A warm interpreter: it has imported the slow libraries, and forks for each command.

Python with MLflow takes seconds to start, so the tests would mostly wait. A fork knows nothing of
the project's own code yet, as a new process does, and starts in hundredths of a second. The gate's
clean interpreter, which may not know the project either, is another fork, made before the command.

What MLflow and matplotlib compute from the installed packages alone is computed before the fork,
too. `status` alone creates its store as MLflow does, through all of MLflow's migrations. Figures
are made, but not drawn.
"""

import gc
import io
import json
import os
import pwd
import resource
import runpy
import signal
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from contextlib import closing
from functools import cache
from importlib import import_module
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

SLOW = (
    "IPython",
    "copier",  # a test's module imports it, and a function of that module may be called
    "filelock",
    "git",
    "jinja2",
    "markdown_it",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "matplotlib.pyplot",
    "mlflow.pyfunc",
    "mlflow.pyfunc.scoring_server",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.tracing.processor.mlflow_v3",
    "mlflow.tracing.processor.otel",
    "narwhals._pandas_like.dataframe",
    "narwhals._pandas_like.expr",
    "narwhals._pandas_like.group_by",
    "narwhals._pandas_like.namespace",
    "narwhals._pandas_like.selectors",
    "narwhals.stable.v2._namespace",
    "pandas.io.formats.string",
    "pandera.accessors.pandas_accessor",
    "pandera.backends.pandas.register",
    "pandera.pandas",
    "pandera.strategies.pandas_strategies",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pydantic.dataclasses",
    "pytest",
    "rich._emoji_codes",
    "scipy.stats",
    "skops.io",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.metrics",
    "typer",
    "typer.rich_utils",
)
STATEMENTS: list[str] = []  # that create the tables of a new store
NOT_BY_A_MIGRATION = ("BEGIN", "COMMIT", 'INSERT INTO "experiments"')
PATIENCE = 300  # seconds; a command that hangs must fail its test, not the whole run


def main() -> None:
    """Do a job for each line of stdin, one after the other, and print its exit code."""
    get_warm()
    print("warm", flush=True)
    obey(sys.stdin)


def obey(jobs: TextIO) -> None:
    """Do the job of each line, and print its exit code."""
    for line in jobs:
        job = json.loads(line)
        if "twin" in job:
            print(be_twins(*job["twin"]), flush=True)
        else:
            print(do(job), flush=True)


def be_twins(requests: str, answers: str) -> int:
    """Let a fork of this interpreter do the jobs of another pipe; return its process id."""
    child = os.fork()
    if child:
        return child
    os.dup2(os.open(requests, os.O_RDONLY), 0)
    os.dup2(os.open(answers, os.O_WRONLY), 1)
    with open(0, encoding="utf-8", closefd=False) as jobs:
        obey(jobs)
    os._exit(0)


def get_warm() -> None:
    """Import what is slow."""
    for name in SLOW:
        if find_spec(name.partition(".")[0]):  # another lock may have no such package
            import_module(name)
    import_module("mlflow.utils.requirements_utils")._init_packages_to_modules_map()  # noqa: SLF001
    _know_packages()
    _know_schemas()
    _know_statements()
    _know_fonts()
    gc.collect()
    gc.freeze()  # a fork must not go through, and so copy, what it only reads


def do(job: dict[str, Any]) -> int:
    """Do a job in a fork and return its exit code."""
    with tempfile.TemporaryDirectory() as scratch:  # a fork does not delete what it leaves there
        child = os.fork()
        if child == 0:
            tempfile.tempdir = scratch
            _work(job)
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _know_packages() -> None:
    """Let MLflow look up the version of each installed package here, and not in each fork."""
    utils: Any = import_module("mlflow.utils.requirements_utils")
    utils._get_installed_version = cache(utils._get_installed_version)  # noqa: SLF001
    for distribution in distributions():
        utils._get_installed_version(distribution.name, None)  # noqa: SLF001


def _know_schemas() -> None:
    """Check a table, for which pandera loads its checks of pandas."""
    pandera: Any = import_module("pandera.pandas")
    schema = pandera.DataFrameSchema({"any": pandera.Column(int, pandera.Check.ge(0))})
    schema.validate(import_module("pandas").DataFrame({"any": [0]}))


def _know_statements() -> None:
    """Use MLflow's tables, so that SQLAlchemy maps them, which takes a third of a second."""
    from mlflow import MlflowClient

    with tempfile.TemporaryDirectory() as folder:
        client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        with closing(sqlite3.connect(f"{folder}/mlflow.db")) as connection:
            dump = connection.iterdump()
            STATEMENTS.extend(line for line in dump if not line.startswith(NOT_BY_A_MIGRATION))
        run = client.create_run(client.create_experiment("any", folder))
        client.set_tag(run.info.run_id, "any", "any")
        client.search_runs([run.info.experiment_id])
        client.create_registered_model("any")
        version = client.create_model_version("any", folder, run.info.run_id)
        client.set_registered_model_alias("any", "any", version.version)
        client.search_model_versions("name = 'any'")
    utils: Any = import_module("mlflow.store.db.utils")
    revision = utils._get_latest_schema_revision()  # noqa: SLF001
    utils._get_latest_schema_revision = lambda: revision  # noqa: SLF001


def _know_fonts() -> None:
    """Draw a figure, for which matplotlib reads its fonts."""
    figure = import_module("matplotlib.figure").Figure()
    figure.subplots().set_title("any")
    figure.savefig(io.BytesIO())


def _spare_drawing() -> None:
    """Save each figure as an empty picture: the demo draws them."""

    def save(_: Any, file: Any, **__: Any) -> None:
        Path(file).touch()

    import_module("matplotlib.figure").Figure.savefig = save


def _spare_migrations() -> None:
    """Create the tables of a new SQLite database at once, not by one migration after the other."""
    utils: Any = import_module("mlflow.store.db.utils")
    migrate = utils._initialize_tables  # noqa: SLF001

    def initialize(engine: Any) -> None:
        if engine.dialect.name != "sqlite" or not _is_empty(engine):
            migrate(engine)
            return
        with engine.begin() as connection:
            for statement in STATEMENTS:
                connection.exec_driver_sql(statement)

    utils._initialize_tables = initialize  # noqa: SLF001


def _is_empty(engine: Any) -> bool:
    with engine.connect() as connection:
        return not connection.exec_driver_sql("SELECT name FROM sqlite_master").fetchall()


def _work(job: dict[str, Any]) -> None:
    """Call one function as if this process had just been started for it; never return."""
    code: Any = 1
    try:
        signal.alarm(PATIENCE)
        if {"gate", "retrain"}.intersection(job["words"]):
            _spare_a_start()
        if "status" not in job["words"]:
            _spare_migrations()
        _spare_drawing()
        _enter(job)
        module, name = job["function"].split(":")
        result = getattr(import_module(module), name)(*job["arguments"])
        if result is not None:
            print(json.dumps(result))
        code = 0
    except SystemExit as end:
        code = end.code or 0
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def _spare_a_start() -> None:
    """Let this process run its first `python -I -c` in a fork that has not loaded a project."""
    asks, told = os.pipe(), os.pipe()
    clean = os.fork()
    if clean == 0:
        for end in (asks[1], told[0]):
            os.close(end)
        _be_clean(asks[0], told[1])
    for end in (asks[0], told[1]):
        os.close(end)
    really: Any = subprocess.run

    def run(command: Any, **options: Any) -> Any:
        nonlocal clean
        if not clean or command[1:3] != ["-I", "-c"]:
            return really(command, **options)
        clean = 0
        with os.fdopen(asks[1], "w") as ask, os.fdopen(told[0]) as answer:
            ask.write(json.dumps({"words": command[2:], "folder": str(options["cwd"])}))
            ask.close()
            code, error = json.loads(answer.read() or '[1, "it died"]')
        return subprocess.CompletedProcess(command, code, "", error)

    subprocess.run = run  # type: ignore[assignment]


def _be_clean(asked: int, tell: int) -> None:
    """Wait for a program and run it, as a new interpreter does; never return."""
    signal.alarm(PATIENCE)
    for stream in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), stream)
    with os.fdopen(asked) as file:
        text = file.read()
    if text:
        job, error, code = json.loads(text), "", 0
        os.chdir(job["folder"])
        sys.argv = ["-c", *job["words"][2:]]
        try:
            exec(job["words"][1], {"__name__": "__main__"})  # noqa: S102 - the gate's own program
        except BaseException:  # noqa: BLE001 - as the interpreter does
            error, code = traceback.format_exc(), 1
        with os.fdopen(tell, "w") as file:
            file.write(json.dumps([code, error]))
    os._exit(0)


def run_file(path: str) -> None:
    """Run a file of Python as a program."""
    sys.path.insert(0, str(Path(path).parent.resolve()))
    runpy.run_path(path, run_name="__main__")


def _enter(job: dict[str, Any]) -> None:
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["variables"])
    for stream, to in ((0, os.devnull), (1, job["stdout"]), (2, job["stderr"])):
        opened = to if isinstance(to, int) else os.open(to, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, stream)
    if job.get("largest"):  # as on a full disk, writing fails
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest"], job["largest"]))
        sys.dont_write_bytecode = True  # else Python itself keeps a cut file of bytecode
    if job.get("person"):
        _become(job["person"])
    sys.argv = job["words"]
    tests = Path(__file__).parent.parent
    found = [str(Path(job["folder"]) / "src"), str(tests), str(tests.parent)]  # for `tools`
    sys.path[:0] = job.get("path", found)


def _become(person: str) -> None:
    """Let the system have this name for the user, which no variable can change."""
    user = pwd.getpwuid(os.getuid())
    pwd.getpwuid = lambda _: pwd.struct_passwd((person, *user[1:]))


if __name__ == "__main__":
    main()
