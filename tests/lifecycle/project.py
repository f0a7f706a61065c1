"""A generated project in a folder, and what a user can do with it."""

import ast
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, cast

import yaml
from rendering import PLATFORM, commit, copy_tree

VERDICTS = (3, 4)  # exit codes that only some commands have
AS_OF = "2026-01-01"  # the reference date of the tests
# MLflow sets them in a process that connects, such as that of an earlier unit test.
SET_BY_MLFLOW = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
Facts = dict[str, Any]

# What libraries print unasked: tracebacks, warnings, hints, logs, progress bars.
NOISE = re.compile(
    r"traceback|alembic|warning|deprecat|telemetry|\bINFO\b|\bit/s|\d%\||site-packages|🏃",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answer:
    """The outcome of a command: its exit code, and what it wrote for people and for programs."""

    code: int
    said: str
    printed: str

    @property
    def facts(self) -> Facts:
        """The object that --json prints."""
        return cast("Facts", json.loads(self.printed))

    @property
    def checks(self) -> dict[str, Facts]:
        """The checks of a gate by their names."""
        return {check["name"]: check for check in self.facts["evidence"]["checks"]}

    def named(self, verdict: str) -> set[str]:
        """Return the names of the checks with this verdict."""
        return {name for name, check in self.checks.items() if check["verdict"] == verdict}


class Warm:
    """The other end of `warm.py`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", Path(__file__).with_name("warm.py")],
            # As many of these run as there are cores; threads that wait for others would spin.
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._jobs, self._codes = _open(self._process.stdin), _open(self._process.stdout)
        assert self._codes.readline() == "warm\n"

    def run(self, job: Facts) -> int:
        """Do one job and return its exit code."""
        print(json.dumps(job, default=str), file=self._jobs, flush=True)
        return int(self._codes.readline())

    @contextmanager
    def twin(self, folder: Path) -> Iterator["Warm"]:
        """Fork an interpreter that does other jobs at the same time; its pipes are in a folder."""
        pipes = (folder / "jobs", folder / "codes")
        for pipe in pipes:
            os.mkfifo(pipe)
        twin = copy(self)
        twin.pid = self.run({"twin": pipes})
        with pipes[0].open("w") as twin._jobs, pipes[1].open() as twin._codes:  # noqa: SLF001
            yield twin

    def close(self) -> None:
        """End it."""
        self._jobs.close()
        self._process.wait()
        self._codes.close()


@cache
def documented_codes() -> dict[str, set[int]]:
    """Return the exit codes that the last line of each command's help explains."""
    tree = ast.parse((PLATFORM / "cli.py").read_text(encoding="utf-8"))
    return {
        function.name: {
            int(code)
            for decorator in function.decorator_list
            for code in re.findall(r"\bwith (\d)\b", ast.unparse(decorator))
        }
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
    }


def _open(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


@dataclass(frozen=True)
class Project:
    """A generated project in a folder of its own."""

    folder: Path
    warm: Warm

    @property
    def name(self) -> str:
        """The project's name."""
        return self.folder.name

    @property
    def package(self) -> Path:
        """The folder of the user's modules."""
        return self.folder / "src" / self.name.replace("-", "_")

    def run(
        self,
        *words: str,
        code: int | None = 0,
        variables: Mapping[str, str] | None = None,
        screen: str = "",
        largest: int = 0,
        person: str = "",
    ) -> Answer:
        """Run a command with --json; expect an exit code, and no output of libraries.

        `screen` is a terminal in place of stderr; `largest` is how many bytes a file may get;
        `person` is the name that the system has for the user.
        """
        job: Facts = {"function": f"{self.package.name}.mlops.cli:main", "arguments": []}
        job |= {"words": [self.name, *words, "--json"]} | ({"stderr": screen} if screen else {})
        job |= {"largest": largest, "person": person}
        answer = self._do(job, variables or {})
        assert not NOISE.search(answer.said), answer.said[-3000:]
        assert code in (None, answer.code), f"{words} ended with {answer.code}:\n{answer.said}"
        assert answer.code not in VERDICTS or answer.code in documented_codes()[words[0]], (
            f"the help of {words[0]} does not say that it can exit with {answer.code}"
        )
        return answer

    def enter(
        self, module: str, *words: str, variables: Mapping[str, str], person: str = ""
    ) -> Answer:
        """Run the `main` of one of the platform's modules, as an entry point does."""
        job: Facts = {"function": f"{self.package.name}.mlops.{module}:main", "arguments": []}
        job["person"] = person
        return self._do(job | {"words": [self.name, *words]}, variables)

    def run_file(self, path: Path, *words: str, variables: Mapping[str, str]) -> Answer:
        """Run a file of Python as a program, where the project is installed."""
        job: Facts = {"function": "lifecycle.warm:run_file", "arguments": [path]}
        return self._do(job | {"words": [path, *words]}, variables)

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start a command in a process of its own, which may be killed."""
        program = (
            f"import sys; sys.path.insert(0, 'src'); import {self.package.name}.mlops.cli as c"
        )
        return subprocess.Popen(
            [sys.executable, "-P", "-c", f"{program}; c.main()", *words],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of a test's module in another process, in this project's folder."""
        name = f"{function.__module__}:{function.__name__}"
        answer = self._do({"function": name, "arguments": arguments, "words": [name]}, {})
        assert answer.code == 0, answer.said
        return json.loads(answer.printed) if answer.printed else None

    def _do(self, job: Facts, variables: Mapping[str, str]) -> Answer:
        streams = {name: self.folder.with_name(name) for name in ("stdout", "stderr")}
        for stream in streams.values():
            stream.write_text("")
        ours = {name: text for name, text in os.environ.items() if name not in SET_BY_MLFLOW}
        here = {"folder": self.folder, "variables": {**ours, **variables}, **streams}
        code = self.warm.run(here | job)
        said, printed = (streams[name].read_text("utf-8") for name in ("stderr", "stdout"))
        return Answer(code, said, printed)

    def path(self, name: str) -> Path:
        """Return the path of a file; a bare name such as model.py is a module of the user."""
        return (self.package if name.endswith(".py") and "/" not in name else self.folder) / name

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that must be in a file."""
        text = self.path(name).read_text(encoding="utf-8")
        assert old in text, f"{name} does not hold {old!r}"
        self.write(name, text.replace(old, new))

    def configure(self, env: str = "base", **keys: Any) -> None:
        """Set keys in conf/<env>.yml; a section is merged with the existing one."""
        content = yaml.safe_load(self.path(f"conf/{env}.yml").read_text("utf-8"))
        for key, value in keys.items():
            below = content.get(key)
            content[key] = below | value if isinstance(below, dict) else value
        self.write(f"conf/{env}.yml", yaml.safe_dump(content))

    def use_store_in_prod(self) -> None:
        """Let prod use the local database, as only low risk may; a person still approves."""
        self.configure("prod", risk_tier="low", promotion="approval")
        self.commit()

    def commit(self) -> None:
        """Commit all changes."""
        commit(self.folder)

    def batches(self, env: str = "dev", date: str = AS_OF) -> list[Path]:
        """Return the published batches of a date."""
        return sorted(self.path(f"predictions/{env}/date={date}").glob("batch-*"))


def copy_project(project: Project, folder: Path) -> Project:
    """Copy a project with its store, whose addresses are absolute, to another folder."""
    copy_tree(project.folder, folder)
    if (folder / "mlflow.db").exists():
        move_addresses(folder / "mlflow.db", str(project.folder), str(folder))
    return Project(folder, project.warm)


def move_addresses(database: Path, old: str, new: str) -> None:
    """Replace a folder in all columns of MLflow's database: addresses of artifacts are absolute."""
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    with closing(sqlite3.connect(database)) as connection:
        for (table,) in connection.execute(tables).fetchall():
            for _, column, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall():
                connection.execute(
                    f"UPDATE {table} SET {column} = replace({column}, ?, ?)"  # noqa: S608 - its own
                    f" WHERE instr({column}, ?)",
                    (old, new, old),
                )
        connection.commit()
