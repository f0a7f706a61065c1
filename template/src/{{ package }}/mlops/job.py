"""The program as a task of a job: after a verdict the task succeeds, and the job branches on it."""

import contextlib
import io
import json
import os
import sys
from itertools import pairwise

from .base.errors import MlopsError

VERDICTS = {3: "rejected", 4: "waiting"}  # exit codes that do not mean failure
MUST = "--must"  # as the first argument: a verdict fails the task

TaskValues = dict[str, str | int]


def main() -> None:
    """Run a command of the program, and pass its outcome to the tasks that follow."""
    from .cli import app

    arguments = without_empty(sys.argv[1:])
    verdict_fails = arguments[:1] == [MUST]
    command = [argument for argument in arguments if argument != MUST]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = app([*command, "--json"], standalone_mode=False)
    facts = json.loads(printed.getvalue())
    values: TaskValues = {
        "outcome": VERDICTS.get(code, facts["outcome"]),
        "version": facts.get("version", 0),
    }
    if "decision" in facts:
        values["decision"] = facts["decision"]
    pass_on(values)
    if code and (verdict_fails or code not in VERDICTS):
        sys.exit(code)


def without_empty(arguments: list[str]) -> list[str]:
    """Return the arguments without empty ones, and without the options of empty values.

    A job passes each of its parameters, so `--as-of ""` means no date.
    """
    return [
        argument
        for argument, value in pairwise([*arguments, "no value"])
        if argument and (value or not argument.startswith("-"))
    ]


def pass_on(values: TaskValues) -> None:
    """Print the task values, and set them if the task runs on Databricks.

    Raises MlopsError for an environment version in which Databricks would lose them.
    """
    sys.stdout.write(f"{json.dumps(values)}\n")
    if "DATABRICKS_RUNTIME_VERSION" not in os.environ:
        return
    from databricks.sdk import runtime

    if runtime.is_local_implementation:  # its `set` does nothing
        raise MlopsError(
            "this Databricks task cannot set task values, because its environment has no dbutils; "
            "choose another environment_version in deploy/databricks/runtime.yml, from the list at "
            "the address in that file."
        )
    for key, value in values.items():
        runtime.dbutils.jobs.taskValues.set(key, value)
