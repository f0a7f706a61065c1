"""The program as a task of a job: a verdict ends the task well, and the job branches on it."""

import contextlib
import io
import json
import os
import sys
from itertools import pairwise
from typing import Any

from .base.errors import MlopsError

VERDICTS = {3: "rejected", 4: "waiting"}
MUST = "--must"  # written first, it lets a verdict fail the task


def main() -> None:
    """Run a command of the program, and hand its outcome on to the tasks that follow."""
    from .cli import app

    words = given(sys.argv[1:])
    verdicts = {} if MUST in words[:1] else VERDICTS
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = app([*filter(MUST.__ne__, words), "--json"], standalone_mode=False)
    facts = json.loads(printed.getvalue())
    values = {"outcome": VERDICTS.get(code, facts["outcome"]), "version": facts.get("version", 0)}
    hand_on(values | {key: facts[key] for key in ("decision",) if key in facts})
    if code and code not in verdicts:
        sys.exit(code)


def given(words: list[str]) -> list[str]:
    """Return the words without those that are empty, and the options that such belong to."""
    return [word for word, after in pairwise([*words, "."]) if word and (after or word[0] != "-")]


def hand_on(values: dict[str, Any]) -> None:
    """Set task values, and print them; raises MlopsError where Databricks would lose them."""
    sys.stdout.write(f"{json.dumps(values)}\n")
    if "DATABRICKS_RUNTIME_VERSION" in os.environ:
        from databricks.sdk import runtime

        told = "this task of Databricks cannot set task values: choose another environment version."
        MlopsError.when(runtime.is_local_implementation, told)  # whose `set` does nothing
        for key, value in values.items():
            runtime.dbutils.jobs.taskValues.set(key, value)
