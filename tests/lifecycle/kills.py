"""Commands that are killed at one of their writes, or run at the same time, and what is left.

These functions run in a process of their own, in the project's folder: `project.call(stop_at, …)`.
"""

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from lifecycle import behind
from lifecycle.project import Facts

MODEL = "dev.loan-risk"
KILLED = 137
FAILED = 99  # a traceback
# The functions of MLflow's client that write to journal and registry.
CLIENT = (
    *("create_experiment", "create_registered_model", "create_model_version", "create_run"),
    *("log_dict", "log_text", "set_terminated", "delete_run", "update_run"),
    *("set_registered_model_alias", "delete_registered_model_alias", "set_registered_model_tag"),
)
NO_STATE = (".lock", ".holder", ".pyc", ".db", ".db-journal")  # locks, bytecode; rows are commits
STATE = ("mlflow.db*", "mlartifacts", "predictions", "extracts", "build")  # what commands write
OTHERS = "experiment_id NOT IN (SELECT experiment_id FROM experiments WHERE name = 'dev.loan-risk')"
# What commands read of MLflow's tables, apart from the runs of trainings.
READ = {
    "experiments": "SELECT * FROM experiments",
    "registered_models": "SELECT * FROM registered_models",
    "registered_model_tags": "SELECT * FROM registered_model_tags",
    "registered_model_aliases": "SELECT * FROM registered_model_aliases",
    "model_versions": "SELECT * FROM model_versions",
    "model_version_tags": "SELECT * FROM model_version_tags",
    "runs": f"SELECT * FROM runs WHERE {OTHERS}",  # noqa: S608 - a constant
    "tags": f"SELECT * FROM tags WHERE run_uuid IN (SELECT run_uuid FROM runs WHERE {OTHERS})",  # noqa: S608
}
BATCHES = "predictions/dev/date=*/batch-*"
PATIENCE = 300  # seconds for one command


def stop_at(number: int, words: list[str]) -> int:
    """Run a command that is killed before its call of this number; return its exit code.

    The calls are those that write to journal and registry.
    """
    return _run(words, lambda: _count_calls(_counter(number)))


def keep_states(folder: str, words: list[str], requests: list[Facts]) -> int:
    """Run a command, and copy the state before each of its writes to FOLDER/0001 and so on.

    That is what the command leaves if it is killed there. A write is a commit of the database, or a
    file or folder that the command creates, changes, moves or deletes. If it empties a file to
    write it, FOLDER/0001-opened is the state right after that. `serve` answers the requests, then
    it is stopped. Return the exit code.
    """

    def child() -> None:
        keep = _keeper(Path(folder))
        _watch_commits(keep)
        _watch_files(keep)
        _ask(words, requests)

    return _run(words, child)


def try_states(folder: str, words: list[str], requests: list[Facts]) -> list[Facts]:
    """Run a command in the states that `keep_states` kept; return the exit codes and what is left.

    Of states that follow each other and look alike to any command, it tries the first and the last.
    """
    _load(words)
    states = sorted(Path(folder).iterdir())
    views = [_view(state) for state in states]
    found: list[Facts] = []
    for number, state in enumerate(states):
        if views[number] in views[number - 1 : number] and views[number] in views[number + 1 :][:1]:
            continue
        signal.alarm(PATIENCE)
        restore(str(state))
        [code] = at_once([words], requests)
        said = Path("said").read_text(encoding="utf-8")
        found.append({"state": state.name, "code": code, "said": said, **_in_fork(left)})
    return found


def _load(words: list[str]) -> None:
    """Import the modules of a command and of `status`, for all forks of this process."""
    for name in ("cli", "steps.status", f"steps.{words[0]}", f"steps.{words[0]}.{words[0]}"):
        with contextlib.suppress(ModuleNotFoundError):
            import_module(f"loan_risk.mlops.{name}")


def _view(state: Path) -> str:
    """Return a hash of all that a command can read in a state.

    No command reads what belongs to a training whose version is not registered: its artifacts, and
    the parameters, metrics and tags of its run. MLflow writes each of these by a commit of its own.
    """
    digest = hashlib.sha256()
    files = (path for path in sorted(state.rglob("*")) if path.is_file())
    for path in files:
        name = str(path.relative_to(state))
        if not name.startswith(("mlflow.db", "mlartifacts/dev.loan-risk/")):
            digest.update(name.encode() + path.read_bytes())
    scratch = Path("said.db")  # a copy, since opening a database ends what was cut
    for path in state.glob("mlflow.db*"):
        shutil.copy(path, f"{scratch}{path.name.removeprefix('mlflow.db')}")
    if scratch.exists():
        with contextlib.closing(sqlite3.connect(scratch)) as opened:
            tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
            present = {name for (name,) in opened.execute(tables)}
            for name in sorted(present.intersection(READ)):
                digest.update(repr(opened.execute(READ[name]).fetchall()).encode())
        scratch.unlink()
    return digest.hexdigest()


def _in_fork(function: Callable[[], Facts]) -> Facts:
    """Call a function in a process of its own, which a library's caches do not leave."""
    answer, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(answer)
        with os.fdopen(end, "w", encoding="utf-8") as file:
            json.dump(function(), file)
        os._exit(0)
    os.close(end)
    with os.fdopen(answer, encoding="utf-8") as file:
        text = file.read()
    assert _wait(child) == 0
    return dict(json.loads(text))


def at_once(commands: list[list[str]], requests: list[Facts] | None = None) -> list[int]:
    """Run commands at the same time; return their exit codes. `requests` is for `serve`."""
    children = [_fork(words, lambda: _ask(words, requests or [])) for words in commands]  # noqa: B023
    return [_wait(child) for child in children]


def save(state: str) -> None:
    """Copy what commands write to a new folder."""
    Path(state).mkdir(parents=True)
    found = [str(path) for name in STATE for path in Path().glob(name)]
    if found:
        subprocess.run(["cp", "--archive", *found, state], check=True)


def restore(state: str, *names: str) -> None:
    """Replace what commands write by the copy in a folder; with names, only these."""
    for name in names or STATE:
        for path in Path().glob(name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        found = [str(path) for path in Path(state).glob(name)]
        if found:
            subprocess.run(["cp", "--archive", *found, "."], check=True)


def hold_lock(words: list[str], seconds: float, limit: float) -> Facts:
    """Run a command while another process holds the writer's lock; return how it ended.

    `limit` is how long the command waits for a lock.
    """
    from loan_risk.mlops.records import locks

    end, ready = os.pipe(), os.pipe()
    holder = os.fork()
    if holder == 0:
        sys.argv = ["loan-risk", "hung"]
        with locks.hold(Path.cwd() / "mlflow.db.lock", "nobody"):
            os.write(ready[1], b".")
            os.close(end[1])
            os.read(end[0], 1)
        os._exit(0)
    os.close(end[0])
    os.read(ready[0], 1)
    start = time.monotonic()

    def shorten() -> None:
        locks.LOCK_SECONDS = limit

    code = _run(words, shorten)
    took = time.monotonic() - start
    os.close(end[1])
    os.waitpid(holder, 0)
    assert took < seconds, f"{words} took {took:.0f} s"
    return {"code": code, "holder": holder, "said": Path("said").read_text(encoding="utf-8")}


def remains() -> Facts:
    """Return what decides from now on: journal, aliases, pause and current batches."""
    entries = behind.entries()
    heads = ["0" * 64, *(behind.digest(entry) for entry in entries)]
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry["previous"] for entry in entries] == heads[:-1]
    assert not entries or behind.head() == f"{len(entries)}:{heads[-1]}"
    return {
        "entries": [[entry["command"], entry["outcome"], entry["subject"]] for entry in entries],
        "aliases": behind.aliases(MODEL),
        "moved": behind.moved(MODEL),
        "batches": sorted(
            f"{path.parent.parent.name}/{path.parent.name}"
            for path in Path().glob(f"{BATCHES}/_SUCCESS")
        ),
    }


def rows() -> Facts:
    """Return the number of rows of each extract and of each date's batches, and those of `serve`.

    Batches of one date that have the same number of rows count once.
    """
    from pyarrow.parquet import read_metadata

    kept = [*Path("extracts/dev").glob("*.parquet")]
    kept += [file.with_name("part.parquet") for file in Path().glob(f"{BATCHES}/_SUCCESS")]
    names = ((path.name if "extracts" in path.parts else path.parts[-3], path) for path in kept)
    online = Path("predictions/dev/online").glob("date=*/[!_]*.parquet")
    return {
        "kept": sorted({f"{name}: {read_metadata(path).num_rows}" for name, path in names}),
        "answered": sum(read_metadata(path).num_rows for path in online),
    }


def left() -> Facts:
    """Return all that a command leaves: `remains`, `rows`, and what `status` finds wrong."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.steps.status import status

    problems = status(open_project("dev")).facts["problems"]
    return {**remains(), **rows(), "problems": problems}


def _run(words: list[str], prepare: Callable[[], None]) -> int:
    return _wait(_fork(words, prepare))


def _wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _fork(words: list[str], prepare: Callable[[], None]) -> int:
    """Run a command in a fork; what it says is in the file `said`."""
    from loan_risk.mlops.cli import main

    child = os.fork()
    if child:
        return child
    said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 2)
    os.dup2(said, 1)
    code: Any = FAILED
    try:
        prepare()
        sys.argv = ["loan-risk", *words]
        main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001 - as the interpreter does
        import traceback

        traceback.print_exc()
    sys.stderr.flush()
    os._exit(int(code))


def _counter(number: int) -> Callable[[], None]:
    """Return a function that kills this process when it is called for this time."""
    calls = 0
    main = os.getpid()

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == number and os.getpid() == main:
            os._exit(KILLED)

    return count


def _keeper(folder: Path) -> Callable[[str], None]:
    """Return a function that copies the state before a write, and after a file was emptied."""
    main = os.getpid()
    one = threading.Lock()
    number = 0
    copying = threading.local()

    def keep(emptied: str = "") -> None:
        nonlocal number
        if os.getpid() != main or getattr(copying, "now", False):
            return
        with one:
            copying.now = True
            number += 1
            save(f"{folder}/{number:04d}")
            opened = Path(f"{folder}/{number:04d}-opened")
            if emptied and Path(emptied).parent.is_dir():
                save(str(opened))
                (opened / emptied).write_bytes(b"")
            copying.now = False

    return keep


def _ask(words: list[str], requests: list[Facts]) -> None:
    """If the command is `serve`, have a thread ask it for predictions, then stop it."""
    if words[0] == "serve":
        port = int(words[words.index("--port") + 1])
        threading.Thread(target=_predict_and_stop, args=(port, requests), daemon=True).start()


def _predict_and_stop(port: int, requests: list[Facts]) -> None:
    body = json.dumps({"rows": requests})
    headers = {"Content-Type": "application/json"}
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with contextlib.closing(connection), contextlib.suppress(ConnectionError):
            connection.request("POST", "/predict", body, headers)
            answer = connection.getresponse()
            answer.read()
            os.kill(os.getpid(), signal.SIGTERM if answer.status == 200 else signal.SIGKILL)
            return
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)


def _count_calls(count: Callable[[], None]) -> None:
    from mlflow import MlflowClient

    for name in CLIENT:
        setattr(MlflowClient, name, _counted(getattr(MlflowClient, name), count))


def _counted(function: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        count()
        return function(*arguments, **options)

    return call


def _watch_commits(keep: Callable[[str], None]) -> None:
    from sqlalchemy import Engine, event

    written: set[int] = set()

    def execute(connection: Any, _: Any, statement: str, *__: Any) -> None:
        if statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            written.add(id(connection))

    def commit(connection: Any) -> None:
        if id(connection) in written:
            written.discard(id(connection))
            keep("")

    event.listen(Engine, "before_cursor_execute", execute)
    event.listen(Engine, "commit", commit)


def _watch_files(keep: Callable[[str], None]) -> None:
    here = Path.cwd()

    def audit(name: str, arguments: Any) -> None:
        empties = False
        if name == "open":
            path, mode, flags = arguments
            if not (set(str(mode or "")) & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR)):
                return
            empties = "a" not in str(mode or "") and bool((flags or 0) & os.O_TRUNC)
        elif name in ("os.rename", "os.remove", "os.rmdir", "os.mkdir"):
            path = arguments[0]
        elif name == "sqlite3.connect" and "?mode=rw" in str(arguments[0]):  # of `relocate`
            path = "mlflow.db-relocated"
        else:
            return
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        place = here / text
        if place.is_relative_to(here) and place != here and _is_state(text):
            keep(str(place.relative_to(here)) if empties else "")

    sys.addaudithook(audit)


def _is_state(path: str) -> bool:
    return not path.endswith(NO_STATE) and "__pycache__" not in path and not path.endswith("said")


def damage(path: str, how: str) -> None:
    """Cut a file in half, empty it, or delete it."""
    file = Path(path)
    content = file.read_bytes()
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(content[: len(content) // 2] if how == "half" else b"")


def files_of_store() -> list[str]:
    """Return the files of the store's artifacts."""
    return sorted(str(path) for path in Path("mlartifacts").rglob("*") if path.is_file())
