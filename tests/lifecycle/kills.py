"""Commands that are killed at one of their writes, or run at the same time, and what is left.

These functions run in a process of their own, in the project's folder: `project.call(stop_at, …)`.
"""

import os
import sys
from collections.abc import Callable
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
    *("log_dict", "log_text", "set_terminated", "delete_run"),
    *("set_registered_model_alias", "delete_registered_model_alias", "set_registered_model_tag"),
)
NO_STATE = (".lock", ".holder", ".pyc", ".db", ".db-journal")  # locks, bytecode; rows are commits


def stop_at(number: int, kind: str, words: list[str]) -> int:
    """Run a command that is killed before its write of this number; return its exit code.

    `kind` is "calls" for the calls that write to journal and registry, "commits" for those of the
    database, or "all" for the latter, and the files and folders that the command creates, changes,
    moves or deletes.
    """

    def child() -> None:
        count = _counter(number)
        if kind == "calls":
            _count_calls(count)
            return
        _count_commits(count)
        if kind == "all":
            _count_files(count)

    return _run(words, child)


def at_once(commands: list[list[str]]) -> list[int]:
    """Run commands at the same time; return their exit codes."""
    children = [_fork(words, lambda: None) for words in commands]
    return [_wait(child) for child in children]


def hold_lock(words: list[str], seconds: float, limit: float) -> Facts:
    """Run a command while another process holds the writer's lock; return how it ended.

    `limit` is how long the command waits for a lock.
    """
    import time

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
    assert behind.head() == f"{len(entries)}:{heads[-1]}"
    return {
        "entries": [[entry["command"], entry["outcome"], entry["subject"]] for entry in entries],
        "aliases": behind.aliases(MODEL),
        "moved": behind.moved(MODEL),
        "batches": sorted(
            f"{path.parent.parent.name}/{path.parent.name}"
            for path in Path("predictions").glob("dev/date=*/batch-*/_SUCCESS")
        ),
    }


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


def _count_calls(count: Callable[[], None]) -> None:
    from mlflow import MlflowClient

    for name in CLIENT:
        setattr(MlflowClient, name, _counted(getattr(MlflowClient, name), count))


def _counted(function: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        count()
        return function(*arguments, **options)

    return call


def _count_commits(count: Callable[[], None]) -> None:
    from sqlalchemy import Engine, event

    written: set[int] = set()

    def execute(connection: Any, _: Any, statement: str, *__: Any) -> None:
        if statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            written.add(id(connection))

    def commit(connection: Any) -> None:
        if id(connection) in written:
            written.discard(id(connection))
            count()

    event.listen(Engine, "before_cursor_execute", execute)
    event.listen(Engine, "commit", commit)


def _count_files(count: Callable[[], None]) -> None:
    here = str(Path.cwd())

    def audit(name: str, arguments: Any) -> None:
        if name == "open":
            path, mode, flags = arguments
            writes = bool(set(str(mode or "")) & set("wax+")) or bool(
                (flags or 0) & (os.O_WRONLY | os.O_RDWR)
            )
        elif name in ("os.rename", "os.remove", "os.rmdir", "os.mkdir"):
            path, writes = arguments[0], True
        else:
            return
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        if writes and str(Path(here, text)).startswith(f"{here}/") and _is_state(text):
            count()

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
